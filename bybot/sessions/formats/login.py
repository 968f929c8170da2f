"""What any session boils down to: an auth key of a data centre, and what else is known about the login."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bybot.errors import UnreadableSession
from bybot.sessions.datacenter import PRODUCTION, DataCenter
from bybot.sessions.image import Entity, Image, UpdateState

KEY_BYTES: Final = 256

# Of Telegram's test servers.
_TEST: Final = {
    1: DataCenter(1, "149.154.175.10", 80),
    2: DataCenter(2, "149.154.167.40", 80),
    3: DataCenter(3, "149.154.175.117", 80),
}


@dataclass(frozen=True)
class Login:
    """A login as another program stored it.

    Attributes:
        form: in which form it was.
        account_id, is_bot, api_id: None where the form does not tell.
        entities: users, groups and channels that are known, the one used last at the end.
    """

    form: str
    dc_id: int
    server_address: str
    port: int
    auth_key: bytes = field(repr=False)
    account_id: int | None = None
    is_bot: bool | None = None
    api_id: int | None = None
    takeout_id: int | None = None
    entities: tuple[Entity, ...] = field(default=(), repr=False)
    states: Mapping[int, UpdateState] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if len(self.auth_key) != KEY_BYTES or not any(self.auth_key):
            raise UnreadableSession("This session is not logged in: it holds no auth key.")
        if not 0 < self.dc_id < 1000 or not self.server_address or not 0 < self.port < 65536:
            raise UnreadableSession("This session names no data centre.")

    def image(self) -> Image:
        """As it is stored here."""
        return Image(
            self.dc_id,
            self.server_address,
            self.port,
            self.auth_key,
            self.takeout_id,
            list(self.entities),
            dict(self.states),
        )


def address_of(dc_id: int, *, test: bool) -> tuple[str, int]:
    """Host and port of a data centre of Telegram, for forms that name it by its number alone.

    Raises:
        UnreadableSession: there is none of that number.
    """
    dc = (_TEST if test else PRODUCTION).get(dc_id)
    if dc is None:
        raise UnreadableSession(f"This session names the data centre {dc_id}, which does not exist.")
    return dc.host, dc.port


def account_in(entities: tuple[Entity, ...]) -> int | None:
    """The account's own id, which Telethon notes as the access hash of entity 0."""
    return next((entity.hash for entity in entities if entity.id == 0), None)
