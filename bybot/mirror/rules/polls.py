"""The words of a poll: what rules make of them, and the poll to send in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from telethon.tl import types

from bybot.mirror.rules.rich import Rich, from_telegram, stripped, to_telegram, units

#: What Telegram takes, in UTF-16 units.
MOST_QUESTION: Final = 255
MOST_ANSWER: Final = 100

_FLAGS: Final = (
    "closed",
    "public_voters",
    "multiple_choice",
    "revoting_disabled",
    "shuffle_answers",
    "hide_results_until_close",
)
#: What a poll that is sent anew cannot have, or would lose.
_LOST: Final = ("quiz", "closed", "open_answers", "subscribers_only", "close_period", "close_date", "countries_iso2")


def words_of(media: Any) -> list[str]:
    """The question, the answers, and the explanation of a quiz that was answered."""
    poll = media.poll
    solution = media.results.solution
    return [poll.question.text, *(answer.text.text for answer in poll.answers), *([solution] if solution else ())]


def rewritten(media: Any, rewrite: Callable[[Rich], Rich]) -> tuple[bool, Any | None]:
    """What rules make of a poll.

    Args:
        media: MessageMediaPoll.
        rewrite: the rules, over one text.

    Returns:
        Whether anything changes; and the new poll to send, None where there is nothing to change or it cannot be sent
        anew: a quiz, whose right answer only its author knows, one with pictures, or words that do not fit.
    """
    poll = media.poll
    given = [poll.question, *(answer.text for answer in poll.answers)]
    before = [from_telegram(each.text, each.entities) for each in given]
    after = [rewrite(each) for each in before]
    if after == before:
        return False, None
    pictures = media.attached_media is not None or any(answer.media is not None for answer in poll.answers)
    fits = all(0 < units(stripped(each).text) <= MOST_ANSWER for each in after[1:])
    if poll.quiz or pictures or not fits or not 0 < units(stripped(after[0]).text) <= MOST_QUESTION:
        return True, None
    question, *answers = [_words(stripped(each)) for each in after]
    return True, _new(poll, question, answers)


def again(media: Any) -> Any | None:
    """A poll as a new one, to send where a forward will not do; None when something of it would be lost.

    That is: votes, the right answer of a quiz (which only its author knows), the end of a poll that is closed or will
    be by itself, pictures, and what a user cannot ask for.
    """
    poll = media.poll
    pictures = media.attached_media is not None or any(answer.media is not None for answer in poll.answers)
    if pictures or media.results.total_voters or any(getattr(poll, name) for name in _LOST):
        return None
    return _new(poll, poll.question, [answer.text for answer in poll.answers])


def _new(poll: Any, question: Any, answers: Sequence[Any]) -> Any:
    flags = {name: getattr(poll, name) for name in _FLAGS}
    inputs = [types.InputPollAnswer(text=answer) for answer in answers]
    return types.InputMediaPoll(types.Poll(id=0, question=question, answers=inputs, hash=0, **flags))


def _words(rich: Rich) -> Any:
    text, entities = to_telegram(rich)
    return types.TextWithEntities(text=text, entities=entities)
