"""From messages to send steps. Pure: no network, no clock, no store.

A run of posts that nothing changes travels as one forward of up to 100 ids. What cannot be in such a batch stands
alone: a reply to a post that has a copy (the reply header is one per call), what the pair's rules change, and
everything in the uncertain window after an unclean stop, where a post may have been sent before and must not share a
request with one that was not. An album is never cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from bybot.mirror.files import is_guarded
from bybot.mirror.rules.book import Rules, Verdict, Written

#: messages.forwardMessages takes at most so many ids.
MAX_IDS = 100

Message = Any  # telethon.tl.types.Message, or anything with its fields
_UNCHANGED = Verdict()


class How(Enum):
    """How a step sends."""

    FORWARD = "forward"  # by id, without author, without download
    ANEW = "anew"  # as a new message that names its media by reference: replies, and what rules change
    CARRIED = "carried"  # as a new message whose files are uploaded anew


@dataclass(frozen=True)
class Unit:
    """What must not be cut: one post, or one album (with whatever stands between its parts)."""

    messages: tuple[Message, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(m.id for m in self.messages)

    @property
    def last_id(self) -> int:
        return int(self.messages[-1].id)

    @property
    def topic(self) -> int | None:
        """The topic of the source's forum that it is in; None: none, or the general one."""
        return topic_of(self.messages[0])

    @property
    def reply_to(self) -> int | None:
        """The message of the same chat that this unit replies to."""
        return next((to for to in map(reply_target, self.messages) if to is not None), None)


@dataclass(frozen=True)
class Step:
    """One request, whose units are of one topic.

    ``reply_to`` is a source id; ``alone`` forbids to share the request with other units.

    ``part`` goes into the random ids: everything but 0 is a further message of the same post. ``texts``: what the
    rules made of the texts, by message id; such a step is never forwarded, since that would carry the old text.
    ``made``: media to send in place of the post's own: what a new message cannot name (see
    :func:`bybot.mirror.living.made_anew`), and files that were uploaded anew.
    """

    how: How
    units: tuple[Unit, ...]
    reply_to: int | None = None
    alone: bool = False
    part: int = 0
    texts: Mapping[int, Written] = field(default_factory=dict)
    made: Mapping[int, Any] = field(default_factory=dict)

    @property
    def ids(self) -> list[int]:
        return [source_id for unit in self.units for source_id in unit.ids]

    @property
    def messages(self) -> list[Message]:
        return [message for unit in self.units for message in unit.messages]

    @property
    def last_id(self) -> int:
        return self.units[-1].last_id

    @property
    def topic(self) -> int | None:
        """As of its units."""
        return self.units[0].topic

    def without_reply(self) -> Step:
        """The same posts without the reply header: by id, unless rules changed them or their media is another."""
        by_id = self.how is How.ANEW and not self.texts and not self.made
        return replace(self, how=How.FORWARD if by_id else self.how, reply_to=None)

    def by_id(self) -> Step:
        """The same posts, forwarded: what was made in their place is not sent."""
        return replace(self, how=How.FORWARD, made={})

    def by_reference(self) -> Step:
        """The same posts, no file of which is uploaded anew."""
        return replace(self, how=How.ANEW, made={}) if self.texts or self.reply_to is not None else self.by_id()

    def split(self) -> list[Step]:
        """Two halves, for a step that was refused; nothing when it is a single unit."""
        if len(self.units) < 2:
            return []
        middle = len(self.units) // 2
        return [replace(self, units=self.units[:middle]), replace(self, units=self.units[middle:])]


@dataclass
class Plan:
    """What to send, in order, and what to skip and why. Replies without their header are counted.

    ``unsendable``: the posts behind ``refused``. ``headless``: those replies whose target has a copy, but whose kind
    cannot be sent with a header.
    """

    steps: list[Step] = field(default_factory=list)
    service: list[int] = field(default_factory=list)
    protected: list[int] = field(default_factory=list)
    filtered: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    unsendable: list[Message] = field(default_factory=list)
    headless: list[Message] = field(default_factory=list)
    reply_lost: int = 0
    shortened: int = 0


def reply_target(message: Message) -> int | None:
    """The id of the message in the same chat that this one replies to, or None."""
    header = getattr(message, "reply_to", None)
    if header is None or getattr(header, "reply_to_peer_id", None) is not None:
        return None
    if getattr(header, "forum_topic", None) and header.reply_to_top_id is None:
        return None  # it names the topic, no message
    return getattr(header, "reply_to_msg_id", None)


def topic_of(message: Message) -> int | None:
    """The topic of a forum that a message is in; None: none, or the general one."""
    header = getattr(message, "reply_to", None)
    if header is None or not getattr(header, "forum_topic", None):
        return None
    return header.reply_to_top_id or header.reply_to_msg_id


def units_of(messages: Sequence[Message]) -> list[Unit]:
    """Group messages (in order) into units: the parts of an album, and what stands between them, are one."""
    last_of: dict[int, int] = {}
    for at, message in enumerate(messages):
        if message.grouped_id:
            last_of[message.grouped_id] = at
    units = []
    start = 0
    while start < len(messages):
        end = start
        at = start
        while at <= end:
            group = messages[at].grouped_id
            if group:
                end = max(end, last_of[group])
            at += 1
        units.append(Unit(tuple(messages[start : end + 1])))
        start = end + 1
    return units


def plan(
    messages: Iterable[Message],
    *,
    copied: Callable[[int], bool],
    may_reply: Callable[[Unit], bool],
    uncertain_until: int = 0,
    chat_protected: bool = False,
    verdicts: Mapping[int, Verdict] | None = None,
    made_anew: Callable[[Unit], Mapping[int, Any]] = lambda _: {},
    instead: Callable[[Unit], int | None] = lambda _: None,
    carries: Callable[[Unit], bool] = lambda _: False,
) -> Plan:
    """Decide how these messages travel.

    Args:
        messages: of one chat, ids rising, albums whole.
        copied: whether a source id has a copy already (those of this plan count by themselves).
        may_reply: whether a unit can be sent as a new message; others are forwarded and lose the header.
        uncertain_until: up to this id, every unit goes alone.
        chat_protected: the chat forbids forwarding.
        verdicts: what the rules make of the units, by their last ids; None: there are no rules.
        instead: a source id that has a copy, to answer when what a unit answers has none.
        made_anew: media that must be sent as new messages, by message id; nothing for most units.
        carries: whether the files of a unit are to be uploaded anew.
    """
    result = Plan()
    posts = sort_out(messages, result, chat_protected=chat_protected)
    planned: set[int] = set()
    batch: list[Unit] = []
    size = 0

    def close() -> None:
        nonlocal size
        if batch:
            result.steps.append(Step(How.FORWARD, tuple(batch)))
            batch.clear()
            size = 0

    for unit in units_of(posts):
        verdict = _UNCHANGED if verdicts is None else verdicts[unit.last_id]
        if not verdict.keep or verdict.fixed or (verdict.texts and not _can_write(unit, verdict.texts, may_reply)):
            _leave_out(unit, verdict, result)
            continue
        result.shortened += verdict.shortened
        answered = unit.reply_to
        if answered is not None and not (answered in planned or copied(answered)):
            answered = instead(unit)
        uncertain = unit.last_id <= uncertain_until
        step = _alone(unit, answered, may_reply, uncertain, result, verdict.texts, made_anew(unit), carries(unit))
        if step is not None:
            close()
            result.steps.append(step)
        else:
            if size + len(unit.messages) > MAX_IDS or (batch and batch[0].topic != unit.topic):
                close()
            batch.append(unit)
            size += len(unit.messages)
        planned.update(unit.ids)
    close()
    return result


def _leave_out(unit: Unit, verdict: Verdict, result: Plan) -> None:
    """What cannot be sent anew cannot be changed, and must not slip through as it was."""
    (result.refused if verdict.keep else result.filtered).extend(unit.ids)
    result.unsendable += unit.messages if verdict.keep else ()


def _alone(
    unit: Unit,
    answered: int | None,
    may_reply: Callable[[Unit], bool],
    uncertain: bool,
    result: Plan,
    texts: Mapping[int, Written],
    made: Mapping[int, Any],
    carried: bool,
) -> Step | None:
    """The step of a unit that cannot be in a batch, or None. ``answered``: what it answers, if that has a copy."""
    how = How.CARRIED if carried else How.ANEW
    if unit.reply_to is not None:
        if answered is not None and (made or _can_write(unit, texts, may_reply)):
            return Step(how, (unit,), answered, alone=uncertain, texts=texts, made=made)
        result.reply_lost += 1
        result.headless += unit.messages if answered is not None else ()
    if texts or made or carried:
        return Step(how, (unit,), alone=uncertain, texts=texts, made=made)
    return Step(How.FORWARD, (unit,), alone=True) if uncertain else None


def _can_write(unit: Unit, texts: Mapping[int, Written], may_reply: Callable[[Unit], bool]) -> bool:
    """Whether a unit can be sent as a new message: as it is, or because rules made another poll of it."""
    return may_reply(unit) or any(written.media is not None for written in texts.values())


def judged(messages: Sequence[Message], rules: Rules, pair_id: str, chat_protected: bool) -> dict[int, Verdict]:
    """What the rules make of every unit, by its last id. Patterns may take their time: call it in a thread."""
    posts = sort_out(messages, Plan(), chat_protected=chat_protected)
    return {unit.last_id: rules.judge(unit.messages, pair_id) for unit in units_of(posts)}


def sort_out(messages: Iterable[Message], result: Plan, *, chat_protected: bool) -> list[Message]:
    """The posts that may be copied; service messages and protected posts are noted in the result."""
    posts = []
    for message in messages:
        if is_service(message):
            result.service.append(message.id)
        elif chat_protected or is_guarded(message):
            result.protected.append(message.id)
        else:
            posts.append(message)
    return posts


def is_service(message: Message) -> bool:
    """Whether it is no post: an action (joined, pinned), or an empty place."""
    return getattr(message, "action", None) is not None or not hasattr(message, "message")
