"""What files of other programs have in common: their settings in bybot's words, and what has no equivalent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import regex
from telethon.extensions import markdown

from bybot.errors import BadPattern
from bybot.mirror.exchange.located import Located, Path, shown
from bybot.mirror.exchange.model import Chat, Spot, Trouble, Wrong
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Filter, Matching
from bybot.mirror.rules.patterns import MOST, compiled
from bybot.mirror.rules.rich import Rich, from_telegram, stripped
from bybot.mirror.rules.transforms import Transform

T = TypeVar("T")
#: The longest text of another program's file that is looked at, in characters.
_MOST_TEXT: Final = 4096


@dataclass
class Draft:
    """Rules while a file is read, and what was noticed on the way.

    Attributes:
        remarks: what has no equivalent, or nearly one.
        paused: a rule is missing, so that posts might be copied which the file leaves out: pairs are made paused.
    """

    where: Located
    filters: list[Filter] = field(default_factory=list)
    transforms: list[Transform] = field(default_factory=list)
    policies: dict[str, Any] = field(default_factory=dict)
    remarks: list[Trouble] = field(default_factory=list)
    paused: bool = False

    def note(self, code: Wrong, path: Path, detail: str = "") -> None:
        """Something that is not taken over, or only nearly."""
        spot = Spot(self.where.line(path), shown(path))
        remark = Trouble(code, spot, detail or str(path[-1]))
        if remark not in self.remarks:
            self.remarks.append(remark)

    def keep(self, kind: list[T], path: Path, make: Callable[..., T], *facts: Any) -> None:
        """A rule, unless it cannot be made."""
        try:
            kind.append(make(*facts))
            return
        except BadPattern as error:
            self.note(Wrong.PATTERN, path, str(error.position + 1))
        except (ValueError, TypeError):
            self.note(Wrong.VALUE, path)
        self.paused = True

    def rules(self) -> Rules:
        """All of it."""
        return Rules(tuple(self.filters), tuple(self.transforms), **self.policies)


def texts_of(value: Any) -> list[str]:
    """Texts of a list or set, or a single one; numbers as texts."""
    if isinstance(value, str | int):
        value = [value]
    if not isinstance(value, list | tuple | set | frozenset | Mapping):
        return []
    return [str(item)[:_MOST_TEXT] for item in value if isinstance(item, str | int) and str(item).strip()]


def mapping_of(value: Any) -> dict[str, Any]:
    """A mapping with texts as names; empty when it is none."""
    return {str(name): item for name, item in value.items()} if isinstance(value, Mapping) else {}


def chat_of(value: Any) -> Chat | None:
    """A chat as other programs name it: an id, a @name, a name without @, or a link."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    if not text or len(text) > 200:
        return None
    if text.lstrip("-").isdecimal() and int(text) < 0:
        return Chat(int(text))
    return Chat(name=text)


def matching(draft: Draft, path: Path, patterns: Iterable[str], *, allow: bool, ignore_case: bool) -> None:
    """Posts that any of these find: only those, or all others."""
    good = []
    for pattern in patterns:
        try:
            compiled(pattern)
            good.append(pattern)
        except BadPattern as error:
            draft.note(Wrong.PATTERN, path, str(error.position + 1))
            draft.paused = True
    joined = good[0] if len(good) == 1 else "|".join(f"(?:{pattern})" for pattern in good)
    if good and len(joined) <= MOST:
        draft.keep(draft.filters, path, Matching, joined, allow, ignore_case)
    elif good and not allow:
        for pattern in good:  # each by itself leaves out as much
            draft.keep(draft.filters, path, Matching, pattern, False, ignore_case)
    elif good:
        draft.note(Wrong.NO_EQUIVALENT, path)
        draft.paused = True


def literal(text: str) -> str:
    """A pattern that finds just this text."""
    return str(regex.escape(text, literal_spaces=True))


def whole_word(text: str) -> str:
    """A pattern that finds this text where no letter or digit goes on."""
    return rf"(?<!\w){literal(text)}(?!\w)"


def template(text: str) -> str:
    """A replacement that stands for itself."""
    return text.replace("\\", "\\\\")


def marked(text: str) -> Rich:
    """A text with Markdown as Telethon understands it."""
    plain, entities = markdown.parse(text[:_MOST_TEXT])
    return stripped(from_telegram(plain, entities))
