"""What the handlers work with, and the person they work for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from telegram import Bot

from bybot.bot.access import Access
from bybot.bot.chat import Chat
from bybot.bot.options import BotOptions
from bybot.bot.profile import Profiles
from bybot.bot.state import State, UserStates
from bybot.bot.tasks import Tasks
from bybot.bot.texts import Html, Language, language_of, plain, t
from bybot.bot.timeouts import Timeouts
from bybot.bot.wizard import Wizard
from bybot.clock import Clock
from bybot.ids import person_of
from bybot.mirror.model import ChatRef

if TYPE_CHECKING:
    from bybot.mirror.supervisor import ActingMirror, Supervisor
    from bybot.sessions.manager import ActingManager, UserSessionManager

#: The state's names for the language last used and for what the accounts are called.
LANGUAGE: Final = "language"
ACCOUNTS: Final = "accounts"
_LISTS: Final = 500


@dataclass
class Services:
    """Everything the handlers need, built once in :func:`bybot.bot.app.build_application`.

    Attributes:
        keypads: digits tapped so far, per person; in memory only, for a code is never written down.
    """

    options: BotOptions
    clock: Clock
    bot: Bot
    manager: UserSessionManager
    mirror: Supervisor
    states: UserStates
    profiles: Profiles
    access: Access
    timeouts: Timeouts
    tasks: Tasks = field(default_factory=Tasks)
    keypads: dict[int, str] = field(default_factory=dict, repr=False)
    lists: ChannelLists = field(default_factory=lambda: ChannelLists())

    @asynccontextmanager
    async def person(self, user_id: int) -> AsyncIterator[Person]:
        """Work for a person outside of an update: holds their lock, saves their state at the end.

        Raises:
            StoreUnavailable: the state could not be read or written.
        """
        async with self.states.lock(user_id):
            state = await self.states.load(user_id)
            yield Person(self, Chat(self.bot, user_id, language_of(state.get(LANGUAGE))), user_id, state)
            await self.states.save(user_id)


class ChannelLists:
    """The channels of the last accounts that were asked, so that turning a page needs no request to Telegram."""

    def __init__(self) -> None:
        self._lists: OrderedDict[str, Sequence[ChatRef]] = OrderedDict()

    def put(self, account: str, chats: Sequence[ChatRef]) -> None:
        self._lists[account] = chats
        self._lists.move_to_end(account)
        if len(self._lists) > _LISTS:
            self._lists.popitem(last=False)

    def get(self, account: str) -> Sequence[ChatRef] | None:
        return self._lists.get(account)

    def drop(self, account: str) -> None:
        self._lists.pop(account, None)

    def drop_all(self, user_id: int) -> None:
        """Those of all accounts of a person."""
        for account in [key for key in self._lists if person_of(key) == str(user_id)]:
            del self._lists[account]


@dataclass
class Person:
    """Somebody the bot works for: their chat, their state, and what they may do.

    Attributes:
        state: the live state; changes are stored when the update (or the ``person`` block) ends.
    """

    services: Services
    chat: Chat
    user_id: int
    state: State

    @property
    def language(self) -> Language:
        return self.chat.language

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    @property
    def sessions(self) -> ActingManager:
        """The manager with this person's rights."""
        return self.services.manager.acting_as(self.user_id)

    @property
    def mirror(self) -> ActingMirror:
        """The mirror with this person's rights."""
        return self.services.mirror.acting_as(self.user_id)

    def t(self, key: str, **facts: object) -> Html:
        """A sentence in the person's language."""
        return t(self.language, key, **facts)

    def joined(self, parts: Iterable[str]) -> str:
        """A list in one line."""
        return plain(self.language, "list.join").join(parts)

    @property
    def wizard(self) -> Wizard | None:
        """The dialogue under way."""
        return Wizard.of(self.state)

    def new_wizard(self, kind: str, step: str) -> Wizard:
        """A fresh dialogue; :meth:`keep` makes it the one under way."""
        return Wizard(kind, step, self.now)

    def keep(self, wizard: Wizard, *, seconds: float | None = None) -> None:
        """Remember the dialogue; it ends by itself after ``seconds`` (default: as configured) without an answer."""
        patience = self.services.options.wizard_seconds if seconds is None else seconds
        wizard.deadline = self.now + timedelta(seconds=patience)
        wizard.save(self.state)
        self.services.timeouts.set(self.user_id, wizard.deadline)

    def drop(self) -> None:
        """The dialogue is over."""
        Wizard.clear(self.state)
        self.services.timeouts.clear(self.user_id)
        self.services.keypads.pop(self.user_id, None)
