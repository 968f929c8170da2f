"""How requests go out: one after another, or several under way in one ordered chain.

Exactly-once and order come first. The paced lane keeps one send under way and uses nothing but ``client(request)``.
The chained lane, used only where nothing is paced (the sandbox, the bench), keeps several under way and ties each to
the one before with invokeAfterMsg, so that Telegram carries out none of them when one before it failed
(https://core.telegram.org/method/invokeAfterMsg).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from functools import partial
from typing import Any, Protocol

from telethon.network.requeststate import RequestState

#: Seconds that a send may take, reconnects included, before its outcome counts as unknown.
SEND_TIMEOUT = 60.0


class Lane(Protocol):
    """Takes requests in order; each future ends with Telegram's answer or error, or cancelled: nobody knows."""

    client: Any
    depth: int

    def submit(self, request: Any) -> asyncio.Future[Any]:
        """Send it. The future ends within SEND_TIMEOUT, or cancelled when there is no answer by then."""

    def restart(self) -> None:
        """Nothing is under way, and what failed was dealt with: what comes next does not wait for it."""

    async def close(self) -> None:
        """Stop waiting for what is still under way."""


async def call(client: Any, request: Any, *, timeout: float = SEND_TIMEOUT) -> Any:
    """``client(request)`` with a time limit. Raises as :func:`answer_of`."""
    return await answer_of(client(request), timeout=timeout)


async def answer_of(asked: Awaitable[Any], *, timeout: float = SEND_TIMEOUT) -> Any:
    """The answer to a request, with a time limit.

    Raises:
        TimeoutError: no answer in time; it may have been carried out.
        ConnectionError: the client was disconnected meanwhile. (Telethon cancels what waits; that must not look as if
            the caller had been cancelled.)
    """
    try:
        async with asyncio.timeout(timeout):
            return await asked
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise ConnectionError("the client was disconnected") from None


class PacedLane:
    """One request at a time, through the client's public call."""

    depth = 1

    __slots__ = ("_tasks", "_timeout", "client")

    def __init__(self, client: Any, *, timeout: float = SEND_TIMEOUT) -> None:
        self.client = client
        self._timeout = timeout
        self._tasks: set[asyncio.Task[Any]] = set()

    def submit(self, request: Any) -> asyncio.Future[Any]:
        task = asyncio.ensure_future(call(self.client, request, timeout=self._timeout))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def restart(self) -> None:
        """Nothing to do: no request waits for another."""

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class ChainedLane:
    """Several requests under way, in one chain, on one connection.

    Telethon chains only what is given to it in one call, whose answers come all together; a reply needs the answer
    for one post while later ones are still under way. So this puts requests into Telethon's send queue itself, as
    ``MTProtoSender.send`` does. After an automatic reconnect Telethon sends what is unanswered again, in order and
    with the same random ids, before what waits already (see :func:`_again_first`); a link to a request that was
    answered on the old connection is cut before, because the new one does not know its message id.
    """

    __slots__ = ("_last", "_sender", "_timeout", "_timer", "_waiting", "client", "depth")

    def __init__(self, client: Any, *, depth: int = 16, timeout: float = SEND_TIMEOUT) -> None:
        self.client = client
        self.depth = depth
        self._sender = client._sender
        self._timeout = timeout
        self._last: RequestState | None = None
        self._waiting: list[tuple[float, asyncio.Future[Any]]] = []  # oldest first, at most ``depth``
        self._timer: asyncio.TimerHandle | None = None
        _again_first(self._sender._send_queue)

    def submit(self, request: Any) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        if not self._sender._user_connected:
            refused: asyncio.Future[Any] = loop.create_future()
            refused.set_exception(ConnectionError("not connected"))
            return refused
        before = self._last if self._last is not None and not _answered(self._last.future) else None
        state = self._last = RequestState(request, after=before)
        if before is not None:
            before.future.add_done_callback(partial(_unlink, state))
        answer: asyncio.Future[Any] = state.future
        while self._waiting and self._waiting[0][1].done():
            self._waiting.pop(0)
        self._waiting.append((loop.time() + self._timeout, answer))
        if self._timer is None:
            self._timer = loop.call_later(self._timeout, self._give_up_old)
        self._sender._send_queue.append(state)
        return answer

    def _give_up_old(self) -> None:
        """What was not answered in time is cancelled. One timer looks at all: most requests are answered at once."""
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._waiting and (self._waiting[0][0] <= loop.time() or self._waiting[0][1].done()):
            # Cancelled, not failed: Telethon tolerates a late answer to a cancelled future only.
            self._waiting.pop(0)[1].cancel()
        if self._waiting:
            self._timer = loop.call_at(self._waiting[0][0], self._give_up_old)

    def restart(self) -> None:
        self._last = None

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for _, answer in self._waiting:
            answer.cancel()
        self._waiting.clear()
        self._last = self._timer = None


def _again_first(queue: Any) -> None:
    """Let a send queue of Telethon put what it sends again before what was not sent yet.

    By itself it puts that behind, so that after a reconnect a later request would overtake an earlier one, whose new
    message id its link cannot name yet. A request whose link names one that failed must not go at all: on the new
    connection that id means nothing, and nothing would hold it back. Nor must one that nobody waits for any more.
    """

    def extend(states: Iterable[RequestState]) -> None:
        waiting = [*queue._deque, *states]
        again = [state for state in waiting if state.msg_id is not None]
        again.sort(key=lambda state: state.msg_id)  # earlier ones may stand in the queue still
        ordered = [*again, *(state for state in waiting if state.msg_id is None)]
        queue._deque.clear()
        queue._deque.extend(state for state in ordered if _may_go(state))
        queue._ready.set()

    queue.extend = extend


def _may_go(state: RequestState) -> bool:
    """Whether a request still has a sense on another connection; it is failed when what it follows on was."""
    before = state.after
    if before is not None and before.future.done() and not _answered(before.future) and not state.future.done():
        state.future.set_exception(ConnectionError("what it follows on failed"))
    return not state.future.done()


def _answered(future: asyncio.Future[Any]) -> bool:
    """Whether Telegram carried it out: then nothing needs to wait for it any more."""
    return future.done() and not future.cancelled() and future.exception() is None


def _unlink(state: RequestState, before: asyncio.Future[Any]) -> None:
    if _answered(before):
        state.after = None
