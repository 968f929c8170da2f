"""What people are told without having asked: one message of progress per pair, edited; and notices.

The mirror reports as often as it likes and never waits for Telegram: what was not shown yet is replaced by what is
newer, every chat is written to at most once in a few seconds, and a 429 puts its chat off for as long as it asks.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final

from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

from bybot.bot.limiter import seconds_of
from bybot.bot.services import ACCOUNTS, Person, Services
from bybot.bot.views import notices as views
from bybot.bot.views import sessionnews
from bybot.errors import BybotError
from bybot.ids import person_of, user_id_from_key, user_key
from bybot.mirror.model import ChannelPair, Notice, NoticeKind, Progress
from bybot.sessions.news import NewsKind, SessionNews

_log = logging.getLogger(__name__)

#: The state's name for the messages that show progress: pair id to message id.
PROGRESS: Final = "progress"
#: Seconds between two edits in one chat.
_PAUSE: Final = 2.0
#: Seconds for one chat's round; Telegram's own waits are handled by time, not by waiting.
_ROUND: Final = 30.0
#: Notices kept for a person who cannot be told now.
_MOST_NOTICES: Final = 20
#: These concern the account, not one pair: told once, not once per pair, within this many seconds.
_ONCE: Final = frozenset({NoticeKind.SESSION_LOST, NoticeKind.LIMITED, NoticeKind.FLOOD})
_ONCE_SECONDS: Final = 60.0
#: The mirror notices the end of a login, too: the person is told once.
_SAME: Final = {NewsKind.OVER: NoticeKind.SESSION_LOST}
#: After these there is no progress to show any more.
_ENDS: Final = frozenset({NoticeKind.HISTORY_DONE, NoticeKind.FINISHED})


@dataclass(frozen=True)
class _Report:
    progress: Progress


class _Digest:
    """What an administrator has not been told yet: one message for all of it."""

    def __init__(self) -> None:
        self.news: list[SessionNews] = []
        self.more = 0
        self.said = False

    def add(self, news: SessionNews) -> None:
        if len(self.news) < _MOST_NOTICES:
            self.news.append(news)
        else:
            self.more += 1


class _Box:
    """What one person has not been told yet."""

    def __init__(self) -> None:
        self.progress: OrderedDict[str, _Report] = OrderedDict()
        self.notices: deque[SessionNews | Notice | _Digest] = deque(maxlen=_MOST_NOTICES)
        self.not_before = 0.0
        self.busy = False

    @property
    def empty(self) -> bool:
        return not self.progress and not self.notices

    def forget(self) -> list[str]:
        """The person cannot be told. Returns the sessions of which something was to be told."""
        news = [each.user_id for each in self.notices if isinstance(each, SessionNews) and each.user_id is not None]
        self.progress.clear()
        self.notices.clear()
        return news


class ChatNotices:
    """Tells people in their chats. Made before the bot, bound to it later; reports that come earlier are kept.

    Users whose id is no Telegram id (sessions made by scripts) have no chat and are left out.
    """

    def __init__(self) -> None:
        self._services: Services | None = None
        self._admins: frozenset[int] = frozenset()
        self._boxes: dict[int, _Box] = {}
        self._told: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._news = asyncio.Event()
        # Sessions whose owners know what happened, or cannot be told.
        self._settled: deque[str] = deque(maxlen=1000)

    def bind(self, services: Services) -> None:
        """From now on there is a bot to speak through."""
        self._services = services
        self._admins = services.options.admin_ids
        self._news.set()

    # Reports ------------------------------------------------------------------------------------------------

    def progress(self, user_id: int | str, pair_id: str, progress: Progress) -> None:
        """How far a pair is. Never waits."""
        box = self._box(user_id)
        if box is not None:
            box.progress[pair_id] = _Report(progress)
            self._news.set()

    def notice(self, user_id: int | str, notice: Notice) -> None:
        """Something happened. Never waits."""
        box = self._box(user_id)
        if box is not None:
            box.notices.append(notice)
            self._news.set()

    def session_news(self, news: SessionNews) -> None:
        """Something happened to a session: its owner is told, and what needs the operator the administrators."""
        box = None if news.user_id is None else self._box(news.user_id)
        if box is not None and sessionnews.concerns_owner(news):
            box.notices.append(news)
        elif news.user_id is not None:
            self._settled.append(news.user_id)  # there is nobody to tell
        if sessionnews.concerns_admins(news):
            for admin in self._admins:
                if news.user_id is None or str(admin) != user_id_from_key(person_of(user_key(news.user_id))):
                    self._digest(admin).add(news)
        self._news.set()

    def _digest(self, admin: int) -> _Digest:
        box = self._boxes.setdefault(admin, _Box())
        last = box.notices[-1] if box.notices else None
        if isinstance(last, _Digest) and not last.said:
            return last
        digest = _Digest()
        box.notices.append(digest)
        return digest

    def _box(self, user_id: int | str) -> _Box | None:
        text = user_id_from_key(person_of(str(user_id)))  # further accounts are told in the same chat
        return self._boxes.setdefault(int(text), _Box()) if text.isdecimal() else None

    # Telling ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Tell people until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._news.clear()
                if self._settled and self._services is not None:
                    group.create_task(self._settle(self._services))
                for user_id, box in list(self._boxes.items()):
                    if box.busy:
                        continue
                    if box.empty:
                        if box.not_before <= self._elapsed():
                            del self._boxes[user_id]
                    elif box.not_before <= self._elapsed():
                        box.busy = True
                        group.create_task(self._tell(user_id, box))
                await self._sleep()

    async def _settle(self, services: Services) -> None:
        """No later process needs to tell this again."""
        while self._settled:
            user_id = self._settled.popleft()
            try:
                await services.manager.news_told(user_id)
            except BybotError as error:
                _log.info("what session %s met may be told again: %s", user_id, error.code)

    def _elapsed(self) -> float:
        return self._services.clock.elapsed() if self._services else 0.0

    async def _sleep(self) -> None:
        """Until there is news, or a chat may be written to again."""
        due = [box.not_before for box in self._boxes.values() if not box.busy]
        wait = max(0.02, min(due) - self._elapsed()) if due and self._services else None
        try:
            async with asyncio.timeout(wait):
                await self._news.wait()
        except TimeoutError:
            return

    async def _tell(self, user_id: int, box: _Box) -> None:
        services = self._services
        try:
            if services is None:
                return
            async with asyncio.timeout(_ROUND), services.person(user_id) as person:
                await self._round(person, box)
            box.not_before = self._elapsed() + _PAUSE
        except RetryAfter as refused:
            box.not_before = self._elapsed() + max(_PAUSE, seconds_of(refused))
        except Forbidden:
            self._settled.extend(box.forget())
            _log.info("user %s has blocked the bot; what was to be told is dropped", user_id)
        except (TelegramError, BybotError, TimeoutError) as error:
            if isinstance(error, BadRequest) and "not found" in error.message.lower():
                self._settled.extend(box.forget())  # such as an administrator who has never written to the bot
            box.not_before = self._elapsed() + _ROUND
            _log.warning("user %s could not be told: %s", user_id, type(error).__name__)
        finally:
            box.busy = False
            self._news.set()

    async def _round(self, person: Person, box: _Box) -> None:
        while box.notices:
            news = box.notices[0]
            if isinstance(news, Notice) and news.kind in _ENDS:
                box.progress.pop(news.pair.id, None)  # older than the end that is told now
            await self._say(person, news)
            box.notices.popleft()
        while box.progress:
            pair_id, report = next(iter(box.progress.items()))
            await self._show(person, pair_id, report.progress)
            if box.progress.get(pair_id) is report:
                del box.progress[pair_id]
        if not person.state.get(PROGRESS):  # of somebody who was forgotten meanwhile not even an empty list is kept
            person.state.pop(PROGRESS, None)

    async def _say(self, person: Person, news: SessionNews | Notice | _Digest) -> None:
        if isinstance(news, _Digest):
            news.said = True  # what comes from now on is for the next one
            await person.chat.send(sessionnews.for_admins(person.language, news.news, news.more))
        elif isinstance(news, Notice):
            account = user_key(news.pair.user)
            if news.kind in _ONCE and not self._first(account, news.kind):
                return
            view = views.notice(person.language, news, person.now, account=_called(person, account))
            if news.kind in _ENDS:
                # A new message, so that the phone rings, in place of the one that showed the progress.
                await person.chat.move(_progress_messages(person).pop(news.pair.id, None), view)
            else:
                await person.chat.send(view)
        elif news.user_id is not None:
            account = user_key(news.user_id)
            if self._first(account, _SAME.get(news.kind, news.kind)):
                called = _called(person, account)
                await person.chat.send(sessionnews.session_news(person.language, news, person.now, account=called))
            self._settled.append(news.user_id)

    def _first(self, account: str, kind: str) -> bool:
        now, key = self._elapsed(), (account, str(kind))
        before = self._told.get(key)
        self._told[key] = now
        self._told.move_to_end(key)
        if len(self._told) > 10_000:
            self._told.popitem(last=False)
        return before is None or now - before > _ONCE_SECONDS

    async def _show(self, person: Person, pair_id: str, progress: Progress) -> None:
        """Edit the pair's message; a new one only when there is none yet, or it is gone."""
        messages = _progress_messages(person)
        if progress.phase != "history" and pair_id not in messages:
            return  # nothing was being shown: there is nothing to finish
        pair = await self._pair(person, pair_id)
        if pair is None:
            messages.pop(pair_id, None)
            return
        view = views.progress(person.language, pair, progress, person.now)
        try:
            messages[pair_id] = await person.chat.show(messages.get(pair_id), view)
        except BadRequest as error:
            _log.warning("progress of user %s could not be shown: %s", person.user_id, error.message)
        if progress.phase != "history":
            messages.pop(pair_id, None)

    async def _pair(self, person: Person, pair_id: str) -> ChannelPair | None:
        status = await person.mirror.find(person.user_id, pair_id)
        return None if status is None else status.pair


def _called(person: Person, account: str) -> str | None:
    """The account's name, when the person has several."""
    known = person.state.get(ACCOUNTS) or {}
    return str(known.get(account) or account) if len(known) > 1 else None


def _progress_messages(person: Person) -> dict[str, int]:
    messages = person.state.setdefault(PROGRESS, {})
    assert isinstance(messages, dict)
    return messages
