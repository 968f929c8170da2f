"""Telegram's limits for bots: spread sends to one chat, and wait as long as a 429 asks before trying again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, Final

from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

from bybot.clock import Clock

_REMEMBERED: Final = 10_000
_Result = bool | dict[str, Any] | list[dict[str, Any]]


class PatientLimiter(BaseRateLimiter[dict[str, Any]]):
    """Reacts to ``retry_after``: the chat that was refused waits, other chats go on.

    Args:
        clock: source of time.
        longest: seconds; a longer wait is raised to the caller, who then drops or delays its message.
        tries: calls of one request before RetryAfter is raised.
    """

    def __init__(self, clock: Clock, *, longest: float = 60.0, tries: int = 4) -> None:
        self._clock = clock
        self._longest = longest
        self._tries = tries
        self._not_before: OrderedDict[object, float] = OrderedDict()

    async def initialize(self) -> None:
        """Nothing to make ready."""

    async def shutdown(self) -> None:
        """Nothing to let go."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, _Result]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: dict[str, Any] | None,
    ) -> _Result:
        """Carry the request out; ``rate_limit_args={"patient": False}`` raises at the first refusal."""
        chat = data.get("chat_id")
        patient = (rate_limit_args or {}).get("patient", True)
        for attempt in range(1, self._tries + 1):
            await self._wait(chat, patient)
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as refused:
                seconds = seconds_of(refused)
                self._remember(chat, seconds)
                if not patient or attempt == self._tries or seconds > self._longest:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _wait(self, chat: object, patient: bool) -> None:
        if chat is None:
            return
        left = self._not_before.get(chat, 0.0) - self._clock.elapsed()
        if left <= 0:
            return
        if not patient or left > self._longest:
            raise RetryAfter(max(1, round(left)))
        await self._clock.sleep(left)

    def _remember(self, chat: object, seconds: float) -> None:
        if chat is None:
            return
        self._not_before[chat] = self._clock.elapsed() + seconds
        self._not_before.move_to_end(chat)
        if len(self._not_before) > _REMEMBERED:
            self._not_before.popitem(last=False)


def seconds_of(refused: RetryAfter) -> float:
    """How long a 429 asks to wait, in seconds."""
    after = refused.retry_after
    return float(after) if isinstance(after, int | float) else after.total_seconds()
