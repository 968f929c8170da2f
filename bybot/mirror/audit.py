"""What a target lacks of its source, and what it has twice. Pure: what was read comes in, ids come out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bybot.mirror.files import file_id, looks
from bybot.mirror.planner import units_of
from bybot.mirror.rules.book import Verdict


@dataclass(frozen=True)
class Audit:
    """How a target compares with its source.

    Attributes:
        looked: so many posts of the source should have copies.
        missing: those that have none, by their ids in the source, rising.
        doubled: second copies, by their ids in the target, rising.
    """

    looked: int = 0
    missing: tuple[int, ...] = ()
    doubled: tuple[int, ...] = ()


def wanted_of(posts: Iterable[Any], verdicts: Mapping[int, Verdict] | None) -> dict[int, str]:
    """The posts that the rules let through, by id, with the text that their copies have.

    Args:
        posts: no service messages and no protected ones, ids rising.
        verdicts: what the rules make of them, by the last id of the post; None: there are no rules.
    """
    wanted: dict[int, str] = {}
    for unit in units_of(list(posts)):
        verdict = Verdict() if verdicts is None else verdicts[unit.last_id]
        for message in unit.messages if verdict.keep else ():
            written = verdict.texts.get(message.id)
            wanted[message.id] = (message.message or "") if written is None else written.text
    return wanted


def compare(
    posts: Iterable[Any],
    wanted: Mapping[int, str],
    copies: Mapping[int, int],
    there: Mapping[int, Any],
    own: Collection[int],
    others: Collection[int] = (),
    *,
    carried: bool = False,
) -> Audit:
    """Compare.

    Args:
        posts: messages of the source.
        wanted: from :func:`wanted_of`.
        copies: source id to target id, as far as the pair knows.
        there: messages of the target by id: the copies as far as they are there, and whatever stands around them.
        own: those of ``there`` that the pair knows as copies.
        others: those that other pairs know as theirs.
        carried: files were uploaded anew, so that those of copies have ids of their own.
    """
    strangers: dict[bytes | None, list[int]] = {}
    for id_, message in sorted(there.items()):
        if id_ not in own and id_ not in others and getattr(message, "out", False):
            strangers.setdefault(content_of(message, carried=carried), []).append(id_)
    strangers.pop(None, None)
    seen = {content_of(there[id_], carried=carried) for id_ in own if id_ in there}
    missing = []
    for post in posts:
        if post.id not in wanted or copies.get(post.id) in there:
            continue
        content = content_of(post, wanted[post.id], carried=carried)
        if strangers.get(content):
            strangers[content].pop(0)  # a copy that nobody noted
            seen.add(content)
        else:
            missing.append(post.id)
    doubled = [id_ for content, ids in strangers.items() if content in seen for id_ in ids]
    return Audit(len(wanted), tuple(missing), tuple(sorted(doubled)))


def content_of(message: Any, text: str | None = None, *, carried: bool = False) -> bytes | None:
    """What tells two messages apart: text and file. None when there is neither, as in a poll.

    Args:
        text: in place of the message's own.
        carried: the file may have been uploaded anew, so that it is told by its looks; then a photo without a text
            cannot be told from others.
    """
    file: Any = looks(message) if carried else file_id(message)
    written = (getattr(message, "message", None) or "") if text is None else text
    if not written and (file is None or (carried and file[0] == "photo")):
        return None
    return f"{'' if file is None else file}|{written}".encode("utf-8", "surrogatepass")
