"""bybot's own file of pairs: JSON, described in docs/pairs-file.md. Nothing in it is secret."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)

from bybot.errors import UnreadablePairs
from bybot.mirror.exchange.located import Located, Path, shown
from bybot.mirror.exchange.model import (
    MOST_PAIRS,
    Chat,
    Document,
    Entry,
    Preferences,
    Spot,
    Task,
    Wrong,
)
from bybot.mirror.exchange.rulesfile import Mistake, rules_of
from bybot.mirror.model import ChannelPair, ChatRef, Mode, mode_from_value, mode_to_value
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.slots import SLOTS, merged

FORMAT: Final = "bybot-pairs"
VERSION: Final = 1
_MOST_TASKS: Final = 50


def _text_only(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a time is a text")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_text_only)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class _Chat(_Strict):
    id: StrictInt | None = Field(None, lt=0)
    name: Annotated[StrictStr, Field(min_length=1, max_length=200)] | None = None
    title: Annotated[StrictStr, Field(max_length=300)] = ""

    @model_validator(mode="after")
    def _named(self) -> _Chat:
        if self.id is None and self.name is None:
            raise ValueError("neither id nor name")
        return self


class _New(_Strict):
    kind: Literal["new"]


class _Everything(_Strict):
    kind: Literal["everything"]


class _Last(_Strict):
    kind: Literal["last"]
    count: StrictInt = Field(ge=1)


class _Ids(_Strict):
    kind: Literal["ids"]
    first: StrictInt = Field(ge=1)
    last: StrictInt | None = None


class _Dates(_Strict):
    kind: Literal["dates"]
    since: Moment
    until: Moment | None = None


_AnyMode = Annotated[_New | _Everything | _Last | _Ids | _Dates, Field(discriminator="kind")]


class _Task(_Strict):
    mode: _AnyMode
    enabled: StrictBool = True


class _Pair(_Strict):
    source: _Chat
    target: _Chat
    mode: _AnyMode = Field(default_factory=lambda: _New(kind="new"))
    enabled: StrictBool = True
    rules: dict[str, Any] = Field(default_factory=dict)
    own: list[Literal[*SLOTS]] | None = None  # type: ignore[valid-type]
    comments: StrictBool = False
    tasks: list[_Task] = Field(default_factory=list, max_length=_MOST_TASKS)


class _Settings(_Strict):
    language: Literal["en", "zh"] | None = None
    rules: dict[str, Any] | None = None


class _File(_Strict):
    format: Literal["bybot-pairs"]
    version: Literal[1]
    made_at: Moment | None = None
    settings: _Settings = Field(default_factory=_Settings)
    pairs: list[Any] = Field(default_factory=list)


# Reading --------------------------------------------------------------------------------------------------------


def read(where: Located) -> Document:
    """What a file of this format says. What is wrong with one pair stands with that pair.

    Raises:
        UnreadablePairs: a newer version wrote it, it has unknown parts, or too many pairs.
    """
    version = where.value.get("version")
    if isinstance(version, int) and version > VERSION:
        raise UnreadablePairs(
            f"The file has version {version}; this bybot reads up to {VERSION}.",
            why="newer",
            line=where.line(("version",)),
        )
    try:
        file = _File.model_validate(where.value)
    except ValidationError as error:
        first = _mistakes(error, (), where)[0]
        raise UnreadablePairs(
            f"{shown(first.path)}: {_WORDS[first.code]}.", why="fields", line=where.line(first.path)
        ) from None
    if len(file.pairs) > MOST_PAIRS:
        raise UnreadablePairs(
            f"The file has more than {MOST_PAIRS} pairs.", why="too_many", line=where.line(("pairs",))
        )
    rules, mistakes = (
        (None, []) if file.settings.rules is None else rules_of(file.settings.rules, ("settings", "rules"))
    )
    return Document(
        "bybot",
        tuple(_entry(item, ("pairs", number), where) for number, item in enumerate(file.pairs)),
        Preferences(file.settings.language, None if mistakes else rules),
        tuple(mistake.at(where) for mistake in mistakes),
    )


_WORDS: Final = {
    Wrong.MISSING: "it is missing",
    Wrong.UNKNOWN: "there is no such field",
    Wrong.VALUE: "this is not what it takes",
}


def _entry(item: Any, path: Path, where: Located) -> Entry:
    spot = Spot(where.line(path), shown(path))
    try:
        pair = _Pair.model_validate(item)
        mode, tasks = _mode(pair.mode, (*path, "mode")), _tasks(pair.tasks, (*path, "tasks"))
    except ValidationError as error:
        named = item if isinstance(item, Mapping) else {}
        troubles = tuple(mistake.at(where) for mistake in _mistakes(error, path, where))
        return Entry(spot, _named(named.get("source")), _named(named.get("target")), troubles=troubles)
    except Mistake as mistake:
        return Entry(spot, _chat(pair.source), _chat(pair.target), troubles=(mistake.at(where),))
    rules, mistakes = rules_of(pair.rules, (*path, "rules"))
    return Entry(
        spot,
        _chat(pair.source),
        _chat(pair.target),
        mode,
        pair.enabled,
        rules,
        None if pair.own is None else frozenset(pair.own),
        pair.comments,
        tasks,
        tuple(mistake.at(where) for mistake in mistakes),
    )


def _mistakes(error: ValidationError, path: Path, where: Located) -> list[Mistake]:
    found = []
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        whole = (*path, *each["loc"])
        known = where.known(whole)
        missing = each["type"] in ("missing", "union_tag_not_found")
        code = Wrong.MISSING if missing else Wrong.UNKNOWN if each["type"] == "extra_forbidden" else Wrong.VALUE
        if each["type"] == "missing":
            known = (*known, whole[-1])
        found.append(Mistake(code, known))
    return found


def _tasks(tasks: Sequence[_Task], path: Path) -> tuple[Task, ...]:
    for number, task in enumerate(tasks):
        if task.mode.kind == "new":  # a task copies posts that are there
            raise Mistake(Wrong.VALUE, (*path, number, "mode"))
    return tuple(Task(_mode(task.mode, (*path, n, "mode")), task.enabled) for n, task in enumerate(tasks))


def _mode(mode: _New | _Everything | _Last | _Ids | _Dates, path: Path) -> Mode:
    try:
        return mode_from_value(mode.model_dump())
    except ValueError:
        raise Mistake(Wrong.VALUE, path) from None


def _chat(chat: _Chat) -> Chat:
    return Chat(chat.id, chat.name, chat.title)


def _named(value: Any) -> Chat:
    """What an entry that is wrong calls its chat, to show people which one it is."""
    facts = value if isinstance(value, Mapping) else {}
    id_, name, title = (facts.get(key) for key in ("id", "name", "title"))
    return Chat(
        id_ if isinstance(id_, int) else None,
        name[:200] if isinstance(name, str) else None,
        title[:300] if isinstance(title, str) else "?" if not isinstance(id_, int) else "",
    )


# Writing --------------------------------------------------------------------------------------------------------


def written(
    pairs: Sequence[ChannelPair],
    preferences: Preferences,
    made_at: datetime,
    children: Mapping[str, Sequence[ChannelPair]],
) -> str:
    """The file of these pairs.

    Args:
        pairs: the main ones, in the order they were added.
        preferences: of the person.
        made_at: UTC-aware.
        children: parts of pairs, by the id of their pair.
    """
    settings: dict[str, Any] = {}
    if preferences.language is not None:
        settings["language"] = preferences.language
    if preferences.rules is not None:
        settings["rules"] = preferences.rules.to_value()
    value = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": made_at.isoformat(timespec="seconds"),
        "settings": settings,
        "pairs": [_pair_value(pair, children.get(pair.id, ())) for pair in pairs],
    }
    return json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n"


def _pair_value(pair: ChannelPair, children: Sequence[ChannelPair]) -> dict[str, Any]:
    tasks = [child for child in children if child.role == "task" and child.ended is None]
    value: dict[str, Any] = {
        "source": _chat_value(pair.source),
        "target": _chat_value(pair.target),
        "mode": mode_to_value(pair.mode),
        "enabled": pair.enabled,
    }
    own = pair.own_slots
    if own:  # all others follow the person's rules for all pairs
        value |= {"rules": merged(Rules(), pair.rules, own).to_value(), "own": sorted(own)}
    if any(child.role == "comments" and (child.enabled or child.along) for child in children):
        value["comments"] = True
    if tasks:
        value["tasks"] = [{"mode": mode_to_value(task.mode), "enabled": task.enabled} for task in tasks]
    return value


def _chat_value(chat: ChatRef) -> dict[str, Any]:
    """Without what only the present account can use."""
    return {"id": chat.id, **({"name": f"@{chat.username}"} if chat.username else {}), "title": chat.title}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} stands in no file")
