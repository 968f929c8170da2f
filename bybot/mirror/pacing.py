"""How fast one account may send, and when not at all.

Telegram answers too many requests with a wait. That wait becomes a "not before" for the account and the kind of
request (for a slow chat: the account and the chat), and whoever wants to send waits it out, however long it is. So that
waits stay rare, sends are paced: each costs some seconds of the account's time, a small burst is free, and every flood
wait makes the account slower for a while. Turns are handed out in the order of asking, and a pair asks for one turn at
a time, so pairs take turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bybot.clock import Clock
from bybot.mirror.model import ChatRef

PaceName = Literal["safe", "off"]


@dataclass(frozen=True)
class Pace:
    """Seconds of the account's time that sending costs.

    ``per_request`` is what a request costs at least, ``per_post`` what each post in it costs, and ``per_part`` what a
    part of a file costs, down or up; ``burst`` seconds may be spent ahead. A flood wait multiplies the cost by
    ``slow_down`` (at most to ``slowest``); every ``recover_after`` posts without one divide it by the same.
    ``per_day`` posts go in a day, 0: any number.
    """

    per_request: float = 1.0
    per_post: float = 0.06
    per_part: float = 0.05
    burst: float = 8.0
    slow_down: float = 1.5
    slowest: float = 16.0
    recover_after: int = 500
    per_day: int = 0

    def seconds(self, posts: int, *, in_one: int = 60) -> float:
        """What so many posts cost when about ``in_one`` of them travel together."""
        pure = posts * max(self.per_post, self.per_request / max(1, in_one))
        days = posts // self.per_day if self.per_day else 0
        return max(pure, days * 86_400.0)


#: On by default: about 1,000 posts a minute in batches, one post a second one by one, 50,000 a day.
SAFE = Pace(per_day=50_000)
#: For the sandbox and the bench only; the configuration refuses it against the real Telegram.
OFF = Pace(per_request=0.0, per_post=0.0, per_part=0.0, burst=0.0)

PACES: dict[str, Pace] = {"safe": SAFE, "off": OFF}


def chat_key(chat: ChatRef) -> str:
    """Names a chat for waits that belong to it."""
    return f"chat {chat.id}"


class Pacing:
    """The turns of one account.

    Args:
        clock: where time comes from.
        pace: what sending costs.

    Attributes:
        on_hold: told about every new wait, in seconds, when :meth:`waits` knows it.
    """

    def __init__(self, clock: Clock, pace: Pace = SAFE) -> None:
        self.pace = pace
        self._clock = clock
        self._turn = asyncio.Lock()  # asyncio's locks are fair: first come, first served
        self._spent_until = clock.elapsed()
        self._factor = 1.0
        self._good_posts = 0
        self._not_before: dict[str, float] = {}
        self.on_hold: Callable[[float], None] = lambda _: None

    @property
    def unpaced(self) -> bool:
        """Whether sending costs nothing, so that several sends may be under way at once."""
        return self.pace.per_request == 0 and self.pace.per_post == 0

    @property
    def factor(self) -> float:
        """How many times slower than normal the account is kept at present."""
        return self._factor

    def not_before(self, *keys: str) -> datetime | None:
        """The wall-clock time before which these kinds must not be sent; None when they may be sent now."""
        left = self._wait(keys)
        return self._clock.now() + timedelta(seconds=left) if left > 0 else None

    def flooded(self, key: str, seconds: float) -> None:
        """Telegram said to wait that long with this kind (a request's name, or a chat)."""
        self.hold(key, seconds)
        self._factor = min(self.pace.slowest, self._factor * self.pace.slow_down)
        self._good_posts = 0

    def hold(self, key: str, seconds: float) -> None:
        """Not before that, through no fault of the account's pace: a slow chat, or Telegram's speed of files."""
        self.restore(key, seconds)
        self.on_hold(seconds)

    def restore(self, key: str, seconds: float) -> None:
        """Not before that, as Telegram said to an earlier process."""
        self._not_before[key] = max(self._not_before.get(key, 0.0), self._clock.elapsed() + seconds)

    def waits(self) -> dict[str, float]:
        """The kinds that must not be sent now, and for how many seconds."""
        now = self._clock.elapsed()
        return {key: due - now for key, due in self._not_before.items() if due > now}

    def sent(self, posts: int) -> None:
        """So many posts went well."""
        self._good_posts += posts
        while self._good_posts >= self.pace.recover_after and self._factor > 1.0:
            self._good_posts -= self.pace.recover_after
            self._factor = max(1.0, self._factor / self.pace.slow_down)
        self._good_posts = min(self._good_posts, self.pace.recover_after)

    async def ready(self, *keys: str) -> None:
        """Wait until these kinds may be sent, without holding the turn."""
        while (left := self._wait(keys)) > 0:
            await self._clock.sleep(left)

    @asynccontextmanager
    async def turn(self, *keys: str, posts: int) -> AsyncIterator[None]:
        """Hold the account's turn for one send: waits for the kind, for the pace, and for others' turns.

        Args:
            keys: the kinds of the request (its name, the target chat) whose "not before" counts.
            posts: how many posts it carries.
        """
        while True:
            await self.ready(*keys)
            async with self._turn:
                if self._wait(keys) > 0:
                    continue
                await self._pay(max(self.pace.per_request, posts * self.pace.per_post))
                yield
                return

    async def part(self, key: str) -> None:
        """Returns once a part of a file may go, down or up. Several may be under way at once.

        Args:
            key: the kind of the request.
        """
        while True:
            await self.ready(key)
            async with self._turn:
                if self._wait((key,)) <= 0:
                    await self._pay(self.pace.per_part)
                    return

    async def _pay(self, seconds: float) -> None:
        cost = seconds * self._factor
        if cost <= 0:
            return
        now = self._clock.elapsed()
        self._spent_until = max(self._spent_until, now - self.pace.burst)
        # A request may begin once what was spent before is paid for; its own cost delays the next one.
        if self._spent_until > now:
            await self._clock.sleep(self._spent_until - now)
        self._spent_until += cost

    def _wait(self, keys: tuple[str, ...]) -> float:
        if not self._not_before:
            return 0.0
        now = self._clock.elapsed()
        for key in [key for key, due in self._not_before.items() if due <= now]:
            del self._not_before[key]
        return max((self._not_before.get(key, now) - now for key in keys), default=0.0)
