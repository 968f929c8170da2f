"""Accounts: who exists, by id, phone, name and token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bybot.sandbox.world.errors import bad
from bybot.sandbox.world.events import Log
from bybot.sandbox.world.model import HOME_DC, SERVICE_ACCOUNT, Account, Box, Channel, derived_hash

if TYPE_CHECKING:
    from bybot.sandbox.world.world import World

_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,31}")
FIRST_ACCOUNT_ID = 5_000_001


def check_username(username: str) -> str:
    """The name without ``@``.

    Raises:
        TelegramError: USERNAME_INVALID.
    """
    bare = username.removeprefix("@")
    if not _USERNAME.fullmatch(bare):
        raise bad("USERNAME_INVALID")
    return bare


class Names:
    """Public names, shared by accounts and channels; case does not matter."""

    def __init__(self) -> None:
        self._owners: dict[str, Account | Channel] = {}

    def find(self, username: str) -> Account | Channel | None:
        """Who has that name."""
        return self._owners.get(username.removeprefix("@").lower())

    def claim(self, owner: Account | Channel, username: str | None) -> None:
        """Give a name, or take it away with None.

        Raises:
            TelegramError: USERNAME_INVALID or USERNAME_OCCUPIED.
        """
        if username is not None:
            username = check_username(username)
            if self.find(username) not in (None, owner):
                raise bad("USERNAME_OCCUPIED")
        if owner.username is not None:
            self._owners.pop(owner.username.lower(), None)
        owner.username = username
        if username is not None:
            self._owners[username.lower()] = owner


class Accounts:
    """People and bots."""

    def __init__(self, world: World, names: Names) -> None:
        self._world = world
        self._names = names
        self._by_id: dict[int, Account] = {}
        self._by_phone: dict[str, Account] = {}
        self._by_token: dict[str, Account] = {}
        self._next_id = FIRST_ACCOUNT_ID
        self.create("Telegram", id=SERVICE_ACCOUNT)

    def all(self) -> list[Account]:
        """Everybody, in order of creation, the service account first."""
        return list(self._by_id.values())

    def get(self, id_: int) -> Account | None:
        """By id."""
        return self._by_id.get(id_)

    def by_phone(self, phone: str) -> Account | None:
        """By phone number in any spelling."""
        return self._by_phone.get(re.sub(r"\D", "", phone))

    def by_token(self, token: str) -> Account | None:
        """A bot by its token."""
        return self._by_token.get(token)

    def create(
        self,
        first_name: str,
        *,
        phone: str | None = None,
        username: str | None = None,
        id: int | None = None,
        lang_code: str = "en",
        last_name: str = "",
        is_bot: bool = False,
        token: str | None = None,
        dc_id: int = HOME_DC,
    ) -> Account:
        """A new account.

        Raises:
            ValueError: the id or phone is taken.
        """
        digits = re.sub(r"\D", "", phone) if phone else None
        if digits and digits in self._by_phone:
            raise ValueError("the phone number is taken")
        if id is None:
            while self._next_id in self._by_id:
                self._next_id += 1
            id = self._next_id
        if id in self._by_id:
            raise ValueError(f"the id {id} is taken")
        account = Account(
            id=id,
            access_hash=derived_hash("user", id),
            first_name=first_name,
            last_name=last_name,
            phone=digits,
            lang_code=lang_code,
            is_bot=is_bot,
            bot_token=token,
            dc_id=dc_id,
            box=Box(Log(self._world.first_pts("user"), limit=self._world.account_log_limit)),
            created=self._world.now(),
        )
        if username:
            self._names.claim(account, username)
        self._by_id[id] = account
        if digits:
            self._by_phone[digits] = account
        if token:
            self._by_token[token] = account
        return account
