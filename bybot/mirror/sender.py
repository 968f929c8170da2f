"""Carries out steps in order: exactly once, at the account's pace, whatever Telegram answers.

What is refused is taken apart until the one post is found that is in the way. What may or may not have been carried
out ends in :class:`Unsure`: whoever drives the sender then reads on from its cursor and repeats the uncertain posts
with the same random ids, each alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bybot.mirror.answers import Answers
from bybot.mirror.lane import Lane
from bybot.mirror.ledger import Ledger, Why
from bybot.mirror.model import Lack
from bybot.mirror.outcome import Judgement, Meaning, judge, stop_error
from bybot.mirror.pacing import Pacing
from bybot.mirror.planner import How, Step
from bybot.mirror.requests import (
    ANEW,
    FORWARD,
    RandomId,
    anew_request,
    carries_files,
    copies,
    forward_request,
    new_messages,
    random_ids_in,
)
from bybot.mirror.sabotage import Sabotage
from bybot.mirror.topics import Topics

log = logging.getLogger(__name__)

#: What Telegram says when it does not give a file by reference although the post can be copied.
_NO_REFERENCE: Final = frozenset(
    {"MediaEmptyError", "MediaInvalidError", "DocumentInvalidError", "PhotoInvalidError", "PhotoIdInvalidError"}
    | {"FileIdInvalidError"}
)
#: Requests that are given away before others have their turn.
_TOGETHER: Final = 4
#: Telegram named no copy of a post, for whatever reason.
_NO_COPY: Final = Judgement(Meaning.UNKNOWN, "no copy")


class Unsure(Exception):
    """What was under way may have been carried out. Repeat it with the same random ids, one post at a time."""

    def __init__(self, judgement: Judgement) -> None:
        super().__init__(judgement.name)
        self.judgement = judgement


class NotCarried(Exception):
    """The files of a post are not uploaded anew: they are protected, or Telegram does not give or take them."""

    def __init__(self, judgement: Judgement) -> None:
        super().__init__(judgement.name)
        self.judgement = judgement


@dataclass(slots=True)
class _Flight:
    step: Step
    future: asyncio.Future[Any]
    sent: dict[int, int]  # random id to source id
    kind: str


@dataclass(slots=True)
class Sender:
    """The sending side of one pair, for one connection.

    Attributes:
        source, target: input peers.
        random_id: from :func:`bybot.mirror.random_ids.random_ids`.
        chat_key: names the target for waits that belong to a chat.
        source_protected: asks Telegram whether the source forbids forwarding now.
        topics: knows the topics of the target; None: posts go where they go.
        on_wait: told about every wait.
        on_refused: told which posts Telegram did not take.
        on_lacking: told which posts were sent without something.
        lost_buttons: whether a copy (its second argument) lacks a button that it should have.
        on_answer: told when an answer came, so that whoever listens can call :meth:`land_answered`.
        stopping: set it to land what is under way and send nothing more.
        check_target: raises ChatMoved when the target is not there any more; None: it cannot move.
        may_send: returns once so many posts may be sent.
        carry: uploads the files of messages anew, see :meth:`bybot.mirror.transfer.Transfer.carry`.
    """

    source: Any
    target: Any
    random_id: RandomId
    lane: Lane
    pacing: Pacing
    ledger: Ledger
    chat_key: str
    source_protected: Callable[[], Awaitable[bool]]
    on_wait: Callable[[Judgement], None] = lambda _: None
    on_answer: Callable[[], None] = lambda: None
    on_refused: Callable[[Sequence[Any]], None] = lambda _: None
    on_lacking: Callable[[Sequence[Any], Lack], None] = lambda *_: None
    lost_buttons: Callable[[Any, Any], bool] = lambda *_: False
    topics: Topics | None = None
    sabotage: Sabotage = field(default_factory=Sabotage)
    stopping: bool = False
    check_target: Callable[[], Awaitable[None]] | None = None
    may_send: Callable[[int], Awaitable[None]] | None = None
    carry: Callable[[Sequence[Any]], Awaitable[Mapping[int, Any]]] | None = None
    # Short lists, and no deques: every live pair has both, and an empty deque takes 600 bytes.
    _todo: list[Step] = field(default_factory=list)
    _flying: list[_Flight] = field(default_factory=list)
    _stale: frozenset[int] = frozenset()
    _not_carried: frozenset[int] = frozenset()
    _answers: Answers | None = field(init=False)

    def __post_init__(self) -> None:
        self._answers = Answers.of(self.lane.client, self.target)

    def will_copy(self, source_id: int) -> bool:
        """Whether it is under way, so that a reply to it may wait for its copy."""
        return any(source_id in flight.sent.values() for flight in self._flying)

    async def feed(self, steps: Sequence[Step]) -> None:
        """Send these after what was fed before. Some may still be under way when it returns: see :meth:`drain`.

        Raises:
            Unsure: repeat from the cursor.
            AccountLimited, ChatNotWritable, ChatNotReadable, SessionRevoked: nothing can be sent until that changes.
            StaleWrite: another process took the pair over.
        """
        self._todo.extend(self.sabotage.spoil(steps, self.ledger) if self.sabotage else steps)
        made = 0
        while self._todo and not self.stopping:
            if len(self._flying) >= self.lane.depth or self._must_land_first(self._todo[0]):
                await self._land()
            else:
                await self._launch(self._todo.pop(0))
                made += 1
                if made % _TOGETHER == 0:
                    await asyncio.sleep(0)  # they go out now: Telegram is busy with them while the next are made

    async def drain(self) -> None:
        """Wait until everything fed is done, or with ``stopping`` until nothing is under way. Raises as feed."""
        while self._flying or (self._todo and not self.stopping):
            if self._flying:
                await self._land()
            else:
                await self.feed(())

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._flying)

    def abandon(self) -> None:
        """Whoever drove this was cancelled: what is under way stays uncertain."""
        if self._flying:
            self.ledger.uncertain(max(flight.step.last_id for flight in self._flying))
        self._flying.clear()
        self._todo.clear()

    async def land_answered(self) -> None:
        """Note what was answered so far; wait for nothing. Raises as feed."""
        while self._flying and self._flying[0].future.done():
            await self._land()
        if self._todo:
            await self.feed(())

    # Sending --------------------------------------------------------------------------------------------------

    def _must_land_first(self, step: Step) -> bool:
        """A reply needs the id of the copy that it replies to; a file may take long, and nothing waits for it.

        Nothing overtakes what may be on its way from an earlier connection too: it may be refused for that.
        """
        if step.ids[0] <= self.ledger.contested_until:
            return bool(self._flying)
        if step.how is How.CARRIED and not step.made:
            return bool(self._flying)
        wanted = step.reply_to
        return wanted is not None and self.ledger.target_of(wanted) is None and self.will_copy(wanted)

    async def _launch(self, step: Step) -> None:
        if step.how is How.CARRIED and not step.made:
            await self._carry(step)
            return
        reply_to = None
        if step.reply_to is not None:
            reply_to = self.ledger.nearest(step.reply_to)
            if reply_to is None:
                self.ledger.reply_lost()
                step = step.without_reply()
        topic = None if step.topic is None else await self._topic(step)
        await self.ledger.reserve(step.last_id)
        if step.how is not How.FORWARD:
            kind, request = ANEW, anew_request(step, self.target, reply_to, self.random_id, topic=topic)
        else:
            kind = FORWARD
            request = forward_request(step, self.source, self.target, self.random_id, part=step.part, topic=topic)
        sent = dict(zip(random_ids_in(request), step.ids, strict=True))
        if self._answers is not None and not any(message.reply_markup for message in step.messages):
            request.read_result = self._answers.read
        if self.may_send is not None:
            await self.may_send(len(sent))
        if self.pacing.unpaced:
            await self.pacing.ready(kind, self.chat_key)
            future = self.lane.submit(request)
            future.add_done_callback(lambda _: self.on_answer())
            self._flying.append(_Flight(step, future, sent, kind))
            return
        async with self.pacing.turn(kind, self.chat_key, posts=len(sent)):
            if self.stopping:
                self._todo.insert(0, step)
                return
            flight = _Flight(step, self.lane.submit(request), sent, kind)
            self._flying.append(flight)
            await asyncio.wait((flight.future,))

    async def _carry(self, step: Step) -> None:
        """Put a step back with its files uploaded anew, or, where that cannot be, as one by reference."""
        try:
            made = {} if self.carry is None else await self.carry(step.messages)
        except NotCarried as reason:
            self._todo.insert(0, step.by_reference())
            if reason.judgement.meaning is Meaning.PROTECTED:
                await self._protected()
            else:
                log.info("a file was not uploaded anew (%s)", reason)
                self._not_carried |= {step.last_id}
            return
        self._todo.insert(0, replace(step, made=made) if made else step.by_reference())

    async def _topic(self, step: Step) -> int | None:
        if step.topic is None or self.topics is None:
            return None
        return await self.topics.target_of(step.topic)

    async def _land(self) -> None:
        """Take the oldest answer; on an error, settle all that is under way before deciding."""
        flight = self._flying[0]
        if not flight.future.done():
            await asyncio.wait((flight.future,))  # Telethon cancels what waits when it is disconnected: not us
        error = _error_of(flight.future)
        if error is not None:
            await self._settle(judge(error))
            return
        self._flying.pop(0)
        if not self._note(flight, flight.future.result()):
            await self._settle(_NO_COPY)

    def _note(self, flight: _Flight, answer: Any) -> bool:
        """Note what an answer says. False: some posts have no copy, although others of the same request have.

        Those may be gone by now, or were held back since what they travelled with had been sent before, or cannot be
        copied: each of them alone will tell.
        """
        self.pacing.sent(len(flight.sent))
        if flight.step.part:
            return True
        found = copies(answer, flight.sent)
        self.ledger.copied(found)
        self._look_for_buttons(flight, answer, found)
        if len(found) == len(flight.sent):
            return True
        units = flight.step.units
        apart = [unit for unit in units if found.keys().isdisjoint(unit.ids)] if len(units) > 1 else []
        again = {id_ for unit in apart for id_ in unit.ids}
        self.ledger.skipped([id_ for id_ in flight.sent.values() if id_ not in found and id_ not in again], "gone")
        if again:
            self.ledger.uncertain(max(again))
        return not again

    def _look_for_buttons(self, flight: _Flight, answer: Any, found: Mapping[int, int]) -> None:
        """A user sends no buttons, and a forward keeps some at most: what is lost is counted and told."""
        posts = [message for message in flight.step.messages if message.reply_markup and message.id in found]
        if not posts:
            return
        shown = new_messages(answer)
        lost = [m for m in posts if (copy := shown.get(found[m.id])) is not None and self.lost_buttons(m, copy)]
        if lost:
            self.ledger.buttons_lost(len(lost))
            self.on_lacking(lost, "buttons")

    # When something failed ------------------------------------------------------------------------------------

    async def _settle(self, first: Judgement) -> None:
        """The oldest under way failed. Learn what became of the others, put back what was not sent, decide."""
        flights = list(self._flying)
        if flights:
            await asyncio.wait([flight.future for flight in flights])
        self._flying.clear()
        self.lane.restart()
        failed, unsure = [], first.meaning in (Meaning.UNKNOWN, Meaning.BUSY)
        for flight in flights:
            error = _error_of(flight.future)
            if error is None:
                unsure = not self._note(flight, flight.future.result()) or unsure
                continue
            failed.append(flight)
            unsure = unsure or judge(error).meaning in (Meaning.UNKNOWN, Meaning.BUSY)
        self._todo[:0] = [flight.step for flight in failed]
        if unsure:
            self.ledger.uncertain(max((flight.step.last_id for flight in flights), default=0))
            self._todo.clear()
            raise Unsure(first)
        await self._decide(first, failed[0])

    async def _decide(self, judgement: Judgement, flight: _Flight) -> None:
        if self.check_target is not None and judgement.may_have_moved:
            await self.check_target()
        match judgement.meaning:
            case Meaning.WAIT:
                self.pacing.flooded(flight.kind, judgement.seconds)
                self.on_wait(judgement)
            case Meaning.SLOW_CHAT:
                self.pacing.hold(self.chat_key, judgement.seconds)
                self.on_wait(judgement)
            case Meaning.PROTECTED:
                await self._protected()
            case Meaning.REFUSED if self._lost_topic(judgement):
                pass  # send it again, into another one
            case Meaning.REFUSED if judgement.name in _NO_REFERENCE and self._carry_instead():
                pass  # send it again, with its file uploaded anew
            case Meaning.REFUSED:
                self._refused("refused")
            case Meaning.STALE_FILE:
                self._stale_file(judgement)
            case Meaning.NOT_SENT:
                pass  # what it waited for was sent by an earlier call; send it again
            case _:
                self._todo.clear()
                raise stop_error(judgement) from _error_of(flight.future)

    def _lost_topic(self, judgement: Judgement) -> bool:
        topic = self._todo[0].topic
        gone = judgement.name in ("TopicDeletedError", "TOPIC_CLOSED")
        return gone and topic is not None and self.topics is not None and self.topics.forget(topic)

    async def _protected(self) -> None:
        if await self.source_protected():
            for step in self._todo:
                self.ledger.skipped(step.ids, "protected")
            self._todo.clear()
        else:
            self._refused("protected")

    def _refused(self, why: Why) -> None:
        """The next step cannot be sent as it is: without the header, in halves, or not at all."""
        step = self._todo.pop(0)
        if step.reply_to is not None:
            self.ledger.reply_lost()
            self.on_lacking(step.messages, "reply")
            self._todo.insert(0, step.without_reply())
        elif step.made and not step.texts:
            self._todo.insert(0, step.by_id())
        elif halves := step.split():
            self._todo[:0] = halves
        elif not step.part:
            self.ledger.skipped(step.ids, why)
            if why == "refused":
                self.on_refused(step.messages)

    def _stale_file(self, judgement: Judgement) -> None:
        """Read the post again for a fresh file reference; when that did not help, carry the file, or forward it."""
        step = self._todo[0]
        if step.last_id in self._stale:
            if not self._carry_instead():
                self._refused("refused")
            return
        self._stale |= {step.last_id}
        self._todo.clear()
        raise Unsure(judgement)

    def _carry_instead(self) -> bool:
        """Telegram does not give the file of the next step by reference: upload it anew, if that can be."""
        step = self._todo[0]
        able = self.carry is not None and step.last_id not in self._not_carried
        if not able or step.how is not How.ANEW or step.made or not carries_files(step.units[0]):
            return False
        self._todo[0] = replace(step, how=How.CARRIED)
        return True


def _error_of(future: asyncio.Future[Any]) -> BaseException | None:
    if future.cancelled():
        return ConnectionError("given up")
    return future.exception()
