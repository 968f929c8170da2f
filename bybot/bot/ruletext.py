"""What people write about rules, read into them. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Final, Literal

from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Filter, Kinds, Matching, Words
from bybot.mirror.rules.post import Media
from bybot.mirror.rules.rich import Edit, Rich, edited, stripped
from bybot.mirror.rules.schedule import Schedule
from bybot.mirror.rules.slots import in_order
from bybot.mirror.rules.transforms import (
    Add,
    RemoveHashtags,
    RemoveLinks,
    RemoveMagnets,
    RemoveMentions,
    Replace,
    Transform,
)

#: Written instead of a rule, it takes the rule away.
NONE: Final = "-"
#: At most so many lines of one kind, and characters in a header or footer.
MOST_LINES: Final = 50
MOST_ADDED: Final = 500
_ARROW: Final = re.compile(r"\s*(?:=>|->|→|⇒)\s*")
_PATTERN: Final = re.compile(r"/(.+)/\Z", re.DOTALL)
_DELAY: Final = re.compile(r"(\d{1,6})\s*(?:min|minutes?|m|分|分钟)?\Z")
_RATE: Final = re.compile(r"(\d{1,4})\s*/\s*(?:h|hour|时|小时)\Z")
_QUIET: Final = re.compile(
    r"(?P<h1>\d{1,2})(?::(?P<m1>[0-5]\d))?\s*[-–—~]\s*(?P<h2>\d{1,2})(?::(?P<m2>[0-5]\d))?"
    r"(?:\s*(?:UTC|GMT)?\s*(?P<sign>[+−-])(?P<h3>\d{1,2})(?::(?P<m3>[0-5]\d))?|\s*UTC)?\Z"
)

_SOMETIMES: Final = re.compile(
    r"(?:(?:every|每)\s*(?P<every>\d{1,4})\s*条?|(?P<share>\d{1,2})\s*[%％])[ \t]*\n", re.IGNORECASE
)
_SITE: Final = re.compile(r"(?:https?://)?(?:www\.)?((?:[\w-]+\.)+[\w-]+)/?\Z")

SWITCHES: Final[dict[str, type[Transform]]] = {
    "links": RemoveLinks,
    "hashtags": RemoveHashtags,
    "mentions": RemoveMentions,
    "magnets": RemoveMagnets,
}
#: What is offered to be left out, by kind.
KINDS: Final = (
    Media.PHOTO, Media.VIDEO, Media.ROUND, Media.VOICE, Media.AUDIO, Media.ANIMATION, Media.STICKER, Media.DOCUMENT,
    Media.POLL, Media.CONTACT, Media.LOCATION, Media.DICE, Media.TEXT,
)  # fmt: skip
_EDITS: Final = ("edit", "new", "ignore")
_BUTTONS: Final = ("keep", "text", "drop")


def with_words(rules: Rules, text: str) -> Rules:
    """Words and patterns from what was written, one in a line or separated by commas.

    ``+word``: only posts with one of these; ``/pattern/``: a regular expression; ``-`` alone: none.

    Raises:
        BadPattern: a pattern is none.
        ValueError: nothing is named, or too much.
    """
    others = [each for each in rules.filters if not isinstance(each, Words | Matching)]
    if text.strip() == NONE:
        return replace(rules, filters=tuple(others))
    blocked: list[str] = []
    wanted: list[str] = []
    made: list[Matching] = []
    for line in _lines(text):
        allow, plain = line.startswith("+"), line.removeprefix("+").strip()
        if pattern := _PATTERN.match(plain):
            made.append(Matching(pattern.group(1), allow))
            continue
        words = [word.strip() for word in re.split("[,，、;；]", plain) if word.strip()]
        (wanted if allow else blocked).extend(words)
    found: list[Filter] = [*made]
    found += [Words(tuple(words), allow) for words, allow in ((blocked, False), (wanted, True)) if words]
    if not found:
        raise ValueError("no words")
    return replace(rules, filters=(*others, *found))


def with_replacements(rules: Rules, text: str) -> Rules:
    """Replacements, one in a line: ``old => new``; ``/pattern/ => new`` with its groups as ``\\1``; ``-``: none.

    Raises:
        BadPattern: a pattern is none, or the replacement does not fit it.
        ValueError: a line is no replacement.
    """
    others = [each for each in rules.transforms if not isinstance(each, Replace)]
    if text.strip() == NONE:
        return _ordered(rules, others)
    made: list[Transform] = []
    for line in _lines(text):
        parts = _ARROW.split(line, maxsplit=1)
        if len(parts) != 2 or not parts[0]:
            raise ValueError(line)
        pattern = _PATTERN.match(parts[0])
        made.append(Replace(pattern.group(1), parts[1], True) if pattern else Replace(parts[0], parts[1]))
    if not made:
        raise ValueError("no replacement")
    return _ordered(rules, [*others, *made])


def with_added(rules: Rules, where: Literal["above", "below"], text: Rich) -> Rules:
    """A header or footer in place of the one before; ``-``: none.

    A first line ``every 5`` or ``30%`` lets it stand at every fifth post, or at some posts that chance picks.

    Raises:
        ValueError: it is too long, or empty.
    """
    others = [each for each in rules.transforms if not (isinstance(each, Add) and each.where == where)]
    if text.text.strip() == NONE:
        return _ordered(rules, others)
    every, chance = 1, 1.0
    if found := _SOMETIMES.match(text.text):
        every, chance = int(found["every"] or 1), int(found["share"] or 100) / 100
        text = stripped(edited(text, [Edit(0, found.end())]))
    if not text.text or len(text) > MOST_ADDED:
        raise ValueError("too long")
    return _ordered(rules, [*others, Add(text, where, every, chance)])


def switched(rules: Rules, name: str) -> Rules:
    """Removing links, hashtags, mentions or magnet links: on or off."""
    kind = SWITCHES[name]
    others = [each for each in rules.transforms if not isinstance(each, kind)]
    return _ordered(rules, others if len(others) < len(rules.transforms) else [*others, kind()])


def without_kind(rules: Rules, media: Media) -> Rules:
    """Leave posts of a kind out, or copy them again."""
    left_out = refused_kinds(rules) ^ {media}
    others = [each for each in rules.filters if not isinstance(each, Kinds)]
    return replace(rules, filters=(*others, *([Kinds(left_out, allow=False)] if left_out else [])))


def refused_kinds(rules: Rules) -> frozenset[Media]:
    """The kinds of posts that are left out."""
    return next((each.media for each in rules.filters if isinstance(each, Kinds) and not each.allow), frozenset())


def with_schedule(rules: Rules, text: str) -> Rules:
    """When posts may go, one in a line or separated by commas, in place of what held before.

    ``30``: minutes after their source; ``23:00-7:00 +2``: quiet hours, in a place two hours ahead of UTC; ``20/h``: so
    many in an hour; ``-`` alone: at once.

    Raises:
        ValueError: it says something else, or too much.
    """
    facts: dict[str, int] = {}
    if text.strip() != NONE:
        for part in parts_of(text):
            facts |= _time(unicodedata.normalize("NFKC", part))
    return replace(rules, schedule=Schedule(**facts))


def _time(text: str) -> dict[str, int]:
    if found := _DELAY.match(text):
        return {"delay": int(found[1])}
    if found := _RATE.match(text):
        return {"per_hour": int(found[1])}
    if found := _QUIET.match(text):
        sign = -1 if (found["sign"] or "+") in "-−" else 1
        return {
            "quiet_from": int(found["h1"]) * 60 + int(found["m1"] or 0),
            "quiet_until": int(found["h2"].replace("24", "0")) * 60 + int(found["m2"] or 0),
            "offset": sign * (int(found["h3"] or 0) * 60 + int(found["m3"] or 0)),
        }
    raise ValueError(text)


def next_edits(rules: Rules) -> Rules:
    """The next of the three policies for edits."""
    at = (_EDITS.index(rules.edits) + 1) % len(_EDITS)
    return replace(rules, edits=_EDITS[at])


def next_pins(rules: Rules) -> Rules:
    """The other policy for pinned posts."""
    return replace(rules, pins="ignore" if rules.pins == "follow" else "follow")


def next_files(rules: Rules) -> Rules:
    """The other way for files to travel."""
    return replace(rules, files="reference" if rules.files == "upload" else "upload")


def next_buttons(rules: Rules) -> Rules:
    """The next policy for buttons below posts."""
    at = (_BUTTONS.index(rules.buttons) + 1) % len(_BUTTONS) if rules.buttons in _BUTTONS else 0
    return replace(rules, buttons=_BUTTONS[at], domains=())


def with_domains(rules: Rules, text: str) -> Rules:
    """The sites that links of buttons may lead to, in lines or separated by commas; ``-``: buttons are kept.

    Raises:
        ValueError: something in it is no name of a site.
    """
    if text.strip() == NONE:
        return replace(rules, buttons="keep", domains=())
    names = [part for line in _lines(text) for part in re.split(r"[\s,，、;；]+", line) if part]
    found = [_SITE.match(name.lower()) for name in names]
    if not found or any(match is None for match in found):
        raise ValueError("no site")
    return replace(rules, buttons="allow", domains=tuple(dict.fromkeys(match[1] for match in found if match)))


def next_deletions(rules: Rules) -> Rules:
    """The other policy for deletions."""
    return replace(rules, deletions="keep" if rules.deletions == "delete" else "delete")


def parts_of(text: str) -> list[str]:
    """What stands in lines or between commas. Raises ValueError: too many lines."""
    return [part.strip() for line in _lines(text) for part in re.split("[,，、;；]", line) if part.strip()]


def _lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise ValueError("too many lines")
    return lines


def _ordered(rules: Rules, transforms: list[Transform]) -> Rules:
    return replace(rules, transforms=in_order(transforms))
