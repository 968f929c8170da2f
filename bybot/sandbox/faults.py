"""Misbehaviour on purpose, and the counters that tests assert on.

A fault is one dictionary with a ``kind``; :meth:`Faults.add` checks it. Matching is by account and request name (both
optional: every account, every request); request names are compared without namespace, ``Request`` suffix and case, so
``messages.forwardMessages``, ``ForwardMessagesRequest`` and ``forwardmessages`` are the same.

- ``flood``: 420 FLOOD_WAIT_{seconds} (``error`` chooses another prefix) for ``times`` requests; with
  ``until_over`` instead for every request until the seconds have passed.
- ``error``: an RPC error ``code`` and ``message`` (500 INTERNAL by default).
- ``latency``: a request waits ``seconds`` before it is handled.
- ``cut``: the ``nth`` matching request is applied, then the connection is closed before the reply; with ``hold``
  the account gets no answer to anything afterwards, until the fault is cleared.
- ``lost_push``: ``times`` pushes are not delivered (they stay in the differences).
- ``reversed_push``: two pushes at a time are delivered in the wrong order.
- ``difference_too_long``: ``times`` differences of ``channel`` (or of any) are answered with "too long".
- ``clock_skew``: the server's clock is ``seconds`` ahead.
- ``bot_flood``: Bot API 429 with retry_after ``seconds``; ``account`` is the bot's id in these four.
- ``bot_error``: a Bot API error ``code`` and ``message`` (502 Bad Gateway by default).
- ``bot_latency``: a Bot API call waits ``seconds``.
- ``bot_cut``: a Bot API call is applied and its connection closed before the reply.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from bybot.clock import Clock, SystemClock
from bybot.sandbox.world.errors import TelegramError

KINDS = frozenset(
    {"flood", "error", "latency", "cut", "lost_push", "reversed_push", "difference_too_long", "clock_skew"}
    | {"bot_flood", "bot_error", "bot_latency", "bot_cut"}
)

#: Requests without a handler, summed over every sandbox of this process: a test suite ends with it empty.
PROCESS_UNKNOWN: Counter[str] = Counter()


class _Unknown(Counter[str]):
    """Counts unknown requests, and keeps :data:`PROCESS_UNKNOWN` in step."""

    def __setitem__(self, name: str, count: int) -> None:
        _move(name, count - self[name])
        super().__setitem__(name, count)

    def clear(self) -> None:
        """Forget them, here and in the process-wide count: a test that provoked them on purpose calls this."""
        for name, count in self.items():
            _move(name, -count)
        super().clear()


def _move(name: str, change: int) -> None:
    PROCESS_UNKNOWN[name] += change
    if PROCESS_UNKNOWN[name] <= 0:
        del PROCESS_UNKNOWN[name]


class Counters:
    """What was asked of one sandbox.

    Attributes:
        calls: requests by (request name, account id or None before login).
        unknown: requests and Bot API methods that have no handler, by name.
        duplicate_violations: requests on an older connection of an auth key after one on a newer connection.
        bot_calls: Bot API calls by (method, bot id).
    """

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, int | None]] = Counter()
        self.unknown: Counter[str] = _Unknown()
        self.duplicate_violations = 0
        self.bot_calls: Counter[tuple[str, int]] = Counter()

    def calls_of(self, method: str, account_id: int | None = None) -> int:
        """How often a request was made, by one account or (None) by all."""
        wanted = plain_name(method)
        return sum(
            count
            for (name, account), count in self.calls.items()
            if plain_name(name) == wanted and account_id in (None, account)
        )

    def as_json(self) -> dict[str, Any]:
        """Everything, in a form that JSON holds."""
        return {
            "calls": [{"method": m, "account": a, "count": c} for (m, a), c in sorted_calls(self.calls)],
            "bot_calls": [{"method": m, "bot": b, "count": c} for (m, b), c in sorted_calls(self.bot_calls)],
            "unknown": dict(self.unknown),
            "duplicate_violations": self.duplicate_violations,
        }

    def reset(self) -> None:
        """Start again from zero. The process-wide count forgets this sandbox's unknown requests too."""
        self.unknown.clear()
        self.calls.clear()
        self.bot_calls.clear()
        self.duplicate_violations = 0


def sorted_calls(calls: Mapping[tuple[str, Any], int]) -> list[tuple[tuple[str, Any], int]]:
    """The counts in a stable order; account None comes first."""
    return sorted(calls.items(), key=lambda item: (item[0][0], item[0][1] or 0))


def plain_name(method: str) -> str:
    """A request's name for comparison: no namespace, no ``Request``, lower case."""
    return method.rsplit(".", 1)[-1].removesuffix("Request").lower()


class Outcome(Enum):
    """What becomes of the reply to a request that was carried out."""

    ANSWER = "answer"
    CUT = "cut"


@dataclass
class Fault:
    """One active fault; see the module's list. ``fired`` counts how often it took effect."""

    id: int
    kind: str
    account: int | None = None
    method: str | None = None
    channel: int | None = None
    times: int | None = 1
    seconds: float = 0
    nth: int = 1
    hold: bool = False
    until_over: bool = False
    error: str = "FLOOD_WAIT"
    code: int = 500
    message: str = "INTERNAL"
    fired: int = 0
    seen: int = field(default=0, repr=False)
    over_at: float | None = field(default=None, repr=False)

    def matches(self, kind: str, account_id: int | None, method: str | None) -> bool:
        """Whether it applies to this request or push and has not been used up."""
        return (
            self.kind == kind
            and (self.times is None or self.fired < self.times)
            and self.account in (None, account_id)
            and (self.method is None or (method is not None and plain_name(self.method) == plain_name(method)))
        )


@dataclass(frozen=True)
class BotFault:
    """What a Bot API call is to be answered instead of being carried out (or, for ``cut``, after it)."""

    code: int = 0
    description: str = ""
    retry_after: int | None = None
    cut: bool = False


class Faults:
    """The faults of one sandbox. The servers ask at each request, reply and push."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)
        self._held: dict[int | None, asyncio.Event] = {}
        self._waiting_push: dict[int, Any] = {}
        self._changed = asyncio.Event()

    def add(self, **spec: Any) -> Fault:
        """Put a fault in place.

        Args:
            **spec: fields of :class:`Fault`; ``kind`` is required. ``times=None`` means until cleared.

        Raises:
            ValueError: unknown kind or field.
        """
        kind = spec.get("kind")
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}; known: {', '.join(sorted(KINDS))}")
        if kind in ("latency", "bot_latency", "clock_skew"):
            spec.setdefault("times", None)
        if kind == "bot_error":
            spec = {"code": 502, "message": "Bad Gateway", **spec}
        try:
            fault = Fault(id=next(self._ids), **spec)
        except TypeError as error:
            raise ValueError(f"a fault has no such field: {error}") from None
        if fault.until_over:
            fault.times, fault.over_at = None, self._clock.elapsed() + fault.seconds
        self._faults.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        """Remove one fault or all; whoever is held goes on."""
        self._faults = [f for f in self._faults if fault_id is not None and f.id != fault_id]
        if not any(f.kind == "cut" and f.hold for f in self._faults):
            for event in self._held.values():
                event.set()
            self._held.clear()
        if fault_id is None:
            self._waiting_push.clear()

    def active(self) -> list[dict[str, Any]]:
        """All faults as JSON, used-up ones included, with their ``fired`` counts."""
        return [asdict(fault) for fault in self._faults]

    async def wait_fired(self, fault_id: int, timeout: float = 30.0) -> bool:
        """Wait until a fault has taken effect; False when it did not within ``timeout`` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while not any(f.id == fault_id and f.fired for f in self._faults):
                    changed = self._changed
                    await changed.wait()
        except TimeoutError:
            return False
        return True

    def _fire(self, fault: Fault) -> None:
        fault.fired += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def _take(self, kind: str, account_id: int | None, method: str | None) -> Fault | None:
        for fault in self._faults:
            if fault.matches(kind, account_id, method):
                self._fire(fault)
                return fault
        return None

    # What the MTProto server asks ----------------------------------------------------------------------------

    async def before_rpc(self, ctx: Any, method: str) -> None:
        """Delay or refuse a request before it is carried out.

        Args:
            ctx: the request's context; its ``account`` may be None.
            method: the request's name.

        Raises:
            TelegramError: the error of a matching fault.
        """
        if not self._faults and not self._held:
            return
        account = _account_id(ctx)
        while (held := self._held.get(account)) is not None:
            await held.wait()
        if latency := self._take("latency", account, method):
            await self._clock.sleep(latency.seconds)
        for fault in self._faults:
            if not fault.matches("flood", account, method):
                continue
            seconds = fault.seconds
            if fault.over_at is not None:
                seconds = fault.over_at - self._clock.elapsed()
                if seconds <= 0:
                    continue
            self._fire(fault)
            raise TelegramError(420, f"{fault.error}_{max(1, math.ceil(seconds))}")
        if error := self._take("error", account, method):
            raise TelegramError(error.code, error.message)

    def after_rpc(self, ctx: Any, method: str) -> Outcome:
        """Whether the reply to a request that was carried out may be sent."""
        account = _account_id(ctx)
        for fault in self._faults:
            if fault.matches("cut", account, method):
                fault.seen += 1
                if fault.seen >= fault.nth:
                    self._fire(fault)
                    if fault.hold:
                        self._held.setdefault(account, asyncio.Event())
                    return Outcome.CUT
        return Outcome.ANSWER

    def push(self, account_id: int, updates: Any) -> list[Any]:
        """What is delivered in place of one push: nothing, itself, or two in the wrong order."""
        if not self._faults:
            return [updates]
        if self._take("lost_push", account_id, None):
            return []
        if account_id in self._waiting_push:
            return [updates, self._waiting_push.pop(account_id)]
        if self._take("reversed_push", account_id, None):
            self._waiting_push[account_id] = updates
            return []
        return [updates]

    def difference_too_long(self, account_id: int, channel_id: int | None = None) -> bool:
        """Whether this difference (of a channel, or None: of the account) is answered with "too long"."""
        for fault in self._faults:
            if fault.matches("difference_too_long", account_id, None) and fault.channel in (None, channel_id):
                self._fire(fault)
                return True
        return False

    @property
    def clock_skew(self) -> float:
        """Seconds by which the server's clock is ahead."""
        return sum(fault.seconds for fault in self._faults if fault.kind == "clock_skew")

    # What the Bot API asks -----------------------------------------------------------------------------------

    async def before_bot_call(self, bot_id: int, method: str) -> BotFault | None:
        """Delay a Bot API call, and tell whether it is refused (or cut after it was carried out)."""
        if not self._faults:
            return None
        if latency := self._take("bot_latency", bot_id, method):
            await self._clock.sleep(latency.seconds)
        if flood := self._take("bot_flood", bot_id, method):
            seconds = max(1, round(flood.seconds))
            return BotFault(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        if error := self._take("bot_error", bot_id, method):
            return BotFault(error.code, error.message)
        if self._take("bot_cut", bot_id, method):
            return BotFault(cut=True)
        return None


def _account_id(ctx: Any) -> int | None:
    account = getattr(ctx, "account", None)
    return None if account is None else account.id
