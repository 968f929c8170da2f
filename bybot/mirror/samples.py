"""What rules would make of the last posts of a source. Nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bybot.mirror.beside import beside
from bybot.mirror.planner import is_service, units_of
from bybot.mirror.reader import HISTORY, PAGE, Reader, history_request
from bybot.mirror.rules.book import Rules, Verdict
from bybot.mirror.seen import Seen, duplicates_rule, without_repeats

#: The most posts that rules are tried on.
MOST_TRIED: Final = 100


@dataclass(frozen=True)
class Sample:
    """What rules would make of one post or album.

    Attributes:
        id: of its first message.
        before, after: its first text; the same when nothing changes.
        left_out: the kind of the filter that leaves it out, or "fixed": what rules would change cannot be sent with
            other words. Empty: it is copied.
        shortened: what rules add was left out, since the text would be too long.
    """

    id: int
    before: str
    after: str
    left_out: str = ""
    shortened: bool = False


async def samples_of(reader: Reader, rules: Rules, pair_id: str, count: int) -> list[Sample]:
    """Try rules on the last posts, oldest first.

    Args:
        reader: of the source.
        pair_id: what rules by chance depend on.
        count: messages, at most MOST_TRIED.

    Raises:
        ChatNotReadable, SessionRevoked, ConnectionError: as the reader does.
    """
    limit = max(1, min(count, MOST_TRIED, PAGE))
    answer = await reader.ask(history_request(reader.peer, limit=limit), HISTORY)
    posts = [message for message in reversed(answer.messages) if not is_service(message)]
    return await beside(pair_id, _samples, posts, rules, pair_id)


def _samples(posts: Sequence[Any], rules: Rules, pair_id: str) -> list[Sample]:
    samples = []
    units = units_of(posts)
    verdicts: Mapping[int, Verdict] = {unit.last_id: rules.judge(unit.messages, pair_id) for unit in units}
    rule = duplicates_rule(rules.filters)
    if rule is not None:
        verdicts = without_repeats(posts, verdicts, Seen(), rule)
    for unit in units:
        verdict = verdicts[unit.last_id]
        first = next((m for m in unit.messages if m.message or m.id in verdict.texts), unit.messages[0])
        written = verdict.texts.get(first.id)
        before = first.message or ""
        after = before if written is None else written.text
        why = "fixed" if verdict.fixed else "" if verdict.keep else verdict.why
        samples.append(Sample(unit.messages[0].id, before, after, why, verdict.shortened))
    return samples
