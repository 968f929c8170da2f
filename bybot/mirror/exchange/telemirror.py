"""The configuration of telemirror: mirror.config.yml, and the variables of its .env file.

Read as https://github.com/khoben/telemirror stores it: ``directions`` (from, to, filters, mode, disable_edit,
disable_delete) with global settings above them; or ``CHAT_MAPPING=[from,from:to,to];[...]`` with REMOVE_URLS and
others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bybot.errors import UnreadablePairs
from bybot.mirror.exchange.foreign import (
    Draft,
    chat_of,
    literal,
    mapping_of,
    marked,
    matching,
    template,
    texts_of,
    whole_word,
)
from bybot.mirror.exchange.located import Located, Path, from_yaml, shown
from bybot.mirror.exchange.model import MOST_PAIRS, Chat, Document, Entry, Spot, Trouble, Wrong
from bybot.mirror.rules.transforms import Add, RemoveLinks, RemoveMentions, Replace

_TOP: Final = frozenset({"directions", "targets", "filters", "mode", "disable_edit", "disable_delete"})
_DIRECTION: Final = frozenset({"from", "to", "id", "filters", "mode", "disable_edit", "disable_delete"})
_LINK: Final = r"(?:https?://|www\.|(?<![\w@.])t\.me/)\S+"
_MENTION: Final = r"(?<![\w@/.])@[A-Za-z]\w{3,31}"
_PATTERN: Final = re.compile(r"r(['\"])(.*)\1\Z", re.DOTALL)
_SECRET: Final = ("SESSION_STRING", "API_HASH", "DATABASE_URL", "DB_PASS", "BOT_TOKEN")
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_TEXT: Final = "{message_text}"


def is_telemirror(value: Any) -> bool:
    """Whether a file's value looks like its YAML."""
    return isinstance(value, Mapping) and isinstance(value.get("directions"), list)


def is_environment(variables: Mapping[str, str]) -> bool:
    """Whether variables look like its own."""
    return bool(variables.get("CHAT_MAPPING") or variables.get("YAML_CONFIG_ENV"))


# YAML -----------------------------------------------------------------------------------------------------------


def read(where: Located) -> Document:
    """Its directions as pairs, each source with each target."""
    config = mapping_of(where.value)
    remarks: list[Trouble] = []
    entries: list[Entry] = []
    top = Draft(where)
    for name, item in config.items():
        if name not in _TOP and item:
            top.note(Wrong.NO_EQUIVALENT, (name,))
    remarks += top.remarks
    for direction in _directions(where, config):
        entries += direction.entries()
        remarks += [each for each in direction.draft.remarks if each not in remarks]
    return Document("telemirror", tuple(entries), remarks=tuple(remarks), secrets=False)


def _directions(where: Located, config: dict[str, Any]) -> Iterator[_Direction]:
    """Each direction, or a part of one: older files have settings of their own for some targets."""
    listed = config.get("targets")
    special = {str(mapping_of(each).get("id")): (mapping_of(each), ("targets", number))
               for number, each in enumerate(listed if isinstance(listed, list) else [])}  # fmt: skip
    for number, item in enumerate(config["directions"]):
        facts, path = mapping_of(item), ("directions", number)
        sources, targets = (_chats(facts.get(end), (*path, end)) for end in ("from", "to"))
        if len(sources) * len(targets) > MOST_PAIRS:
            line = where.line(path)
            raise UnreadablePairs(f"This stands for more than {MOST_PAIRS} pairs.", why="too_many", line=line)
        plain = [target for target in targets if str(target[0]) not in special]
        yield _Direction(where, config, facts, path, sources, plain)
        for target in targets:
            if str(target[0]) in special:
                yield _Direction(where, config, *special[str(target[0])], sources, [target])


def _chats(value: Any, path: Path) -> list[tuple[Any, Path]]:
    listed = value if isinstance(value, list) else [value]
    return [(item, (*path, number)) for number, item in enumerate(listed)]


@dataclass
class _Direction:
    """Sources and targets with the same settings: ``facts``, which stand at ``path``."""

    where: Located
    config: dict[str, Any]
    facts: dict[str, Any]
    path: Path
    sources: list[tuple[Any, Path]]
    targets: list[tuple[Any, Path]]

    def __post_init__(self) -> None:
        self.draft = Draft(self.where)
        for name, item in self.facts.items():
            if name not in _DIRECTION and item:
                self.draft.note(Wrong.NO_EQUIVALENT, (*self.path, name))

    def entries(self) -> list[Entry]:
        self._policies(self.facts, self.path)
        self._filters((self.facts.get("filters") and self.facts) or self.config, self.path)
        return [self._entry(source, target) for source in self.sources for target in self.targets]

    def _policies(self, facts: Mapping[str, Any], path: Path) -> None:
        def set_to(name: str) -> Any:
            return facts.get(name, self.config.get(name))

        self.draft.policies["edits"] = "ignore" if set_to("disable_edit") else "edit"
        self.draft.policies["deletions"] = "keep" if set_to("disable_delete") else "delete"
        if set_to("mode") == "forward":
            self.draft.note(Wrong.NO_EQUIVALENT, (*path, "mode") if "mode" in facts else ("mode",), "mode: forward")

    def _filters(self, facts: Mapping[str, Any], path: Path) -> None:
        own = facts is self.facts
        listed = facts.get("filters")
        for number, item in enumerate(listed if isinstance(listed, list) else []):
            here = (*path, "filters", number) if own else ("filters", number)
            names = mapping_of(item) or {str(item): {}}
            for name, arguments in names.items():
                convert(self.draft, name, mapping_of(arguments), (*here, name) if isinstance(item, Mapping) else here)

    def _entry(self, source: tuple[Any, Path], target: tuple[Any, Path]) -> Entry:
        troubles, ends = [], []
        for value, path in (source, target):
            spot = Spot(self.where.line(path), shown(path))
            chat = chat_of(value)
            if isinstance(value, str) and "#" in value:  # one topic of a group: bybot copies all topics
                troubles.append(Trouble(Wrong.NO_EQUIVALENT, spot, "topic"))
            elif chat is None:
                troubles.append(Trouble(Wrong.MISSING, spot))
            ends.append(chat or Chat(title="?"))
        spot = Spot(self.where.line(target[1]), shown(target[1]))
        entry = Entry(spot, ends[0], ends[1], enabled=not self.draft.paused, rules=self.draft.rules())
        return replace(entry, troubles=tuple(troubles))


# Variables ------------------------------------------------------------------------------------------------------


def read_variables(where: Located) -> Document:
    """The same, from variables. Logins and passwords among them are not looked at."""
    variables: dict[str, str] = where.value
    secrets = any(variables.get(name) for name in _SECRET)
    inner = variables.get("YAML_CONFIG_ENV")
    if inner:
        first = where.line(("YAML_CONFIG_ENV",)) - 1
        located = from_yaml(inner.replace("\\n", "\n"))
        moved = Located(located.value, dict.fromkeys(located.lines, first + 1))
        document = read(moved) if is_telemirror(located.value) else Document("telemirror", ())
        return replace(document, secrets=secrets)
    directions = list(_pairings(variables["CHAT_MAPPING"]))
    filters: list[Any] = []
    if _on(variables.get("REMOVE_URLS")):
        lists = {"blacklist": "REMOVE_URLS_LIST", "whitelist": "REMOVE_URLS_WL"}
        named = {key: [each.strip() for each in variables.get(name, "").split(",")] for key, name in lists.items()}
        filters.append({"UrlMessageFilter": named})
    value = {
        "filters": filters,
        "disable_edit": _on(variables.get("DISABLE_EDIT")),
        "disable_delete": _on(variables.get("DISABLE_DELETE")),
        "directions": directions,
    }
    line = where.line(("CHAT_MAPPING",))
    lines: dict[Path, int] = {(): line, ("filters",): where.line(("REMOVE_URLS",))}
    return replace(read(Located(value, lines)), secrets=secrets)


def _pairings(text: str) -> Iterator[dict[str, list[str]]]:
    """``[from,from:to,to];[...]``, the brackets being optional."""
    for part in text.split(";"):
        sources, colon, targets = part.strip().strip("[]").partition(":")
        if colon:
            sides = ([each.strip() for each in side.split(",") if each.strip()] for side in (sources, targets))
            yield dict(zip(("from", "to"), sides, strict=True))


def _on(value: str | None) -> bool:
    return (value or "").strip().lower() in ("1", "true", "yes", "on", "y", "t")


# Filters --------------------------------------------------------------------------------------------------------


def convert(draft: Draft, name: str, facts: dict[str, Any], path: Path) -> None:
    """One filter of telemirror's as rules, or a remark.

    Args:
        draft: where the rules go.
        name: of its class.
        facts: its arguments.
        path: where it stands.
    """
    match name:
        case "EmptyMessageFilter":
            return
        case "SkipAllFilter":
            draft.paused = True
            draft.note(Wrong.PARTLY, path, name)
        case "UrlMessageFilter":
            _links(draft, facts, path)
        case "SkipUrlFilter":
            patterns = [_LINK, _MENTION] if facts.get("skip_mention", True) else [_LINK]
            matching(draft, path, patterns, allow=False, ignore_case=True)
            draft.note(Wrong.PARTLY, path, name)  # links behind words are not in the text
        case "KeywordReplaceFilter":
            _replacements(draft, facts, path)
        case "SkipWithKeywordsFilter" | "AllowWithKeywordsFilter":
            words = [_keyword(word, facts) for word in texts_of(facts.get("keywords"))]
            matching(draft, (*path, "keywords"), words, allow=name.startswith("Allow"), ignore_case=True)
        case "ForwardFormatFilter" | "MappedNameForwardFormat":
            _around(draft, facts, path, name)
        case "RestrictSavingContentBypassFilter":
            draft.note(Wrong.REFUSED, path, name)
        case _:
            draft.note(Wrong.NO_EQUIVALENT, path, name)
            draft.paused = True  # it may have left posts out


def _keyword(word: str, facts: Mapping[str, Any]) -> str:
    quoted = _PATTERN.match(word)
    if quoted is not None:
        return quoted.group(2)
    return word if facts.get("regex") else whole_word(word)


def _links(draft: Draft, facts: dict[str, Any], path: Path) -> None:
    placeholder = str(facts.get("placeholder", "***"))
    only, spared = texts_of(facts.get("blacklist")), texts_of(facts.get("whitelist"))
    if only:
        hosts = "|".join(literal(host) for host in only)
        find = rf"(?:https?://|(?<![\w.@/-]))(?:www\.)?(?:{hosts})(?:/\S*)?(?![\w.])"
        draft.keep(draft.transforms, path, Replace, find, template(placeholder), True)
        draft.note(Wrong.PARTLY, path, "UrlMessageFilter")  # links behind words stay
    else:
        hosts_kept = frozenset(host.lower().split("/")[0] for host in spared)
        draft.transforms.append(RemoveLinks(hosts_kept))
        draft.note(Wrong.PARTLY, path, "UrlMessageFilter")  # they go; nothing stands in their place
    mentions = facts.get("filter_mention")
    if mentions is True or (facts.get("filter_by_id_mention") and not mentions):
        draft.transforms.append(RemoveMentions())
    for name in texts_of(mentions) if not isinstance(mentions, bool) else []:
        find_name = rf"(?<!\w)@?{literal(name.removeprefix('@'))}\b"
        draft.keep(draft.transforms, (*path, "filter_mention"), Replace, find_name, template(placeholder), True)


def _replacements(draft: Draft, facts: dict[str, Any], path: Path) -> None:
    for word, by in mapping_of(facts.get("keywords")).items():
        here = (*path, "keywords", word)
        draft.keep(draft.transforms, here, Replace, _keyword(word, facts), template(str(by)), True)


def _around(draft: Draft, facts: dict[str, Any], path: Path, name: str) -> None:
    """A text above and below. What differs from post to post, such as a link to the source, has no equivalent."""
    form = facts.get("format")
    if not isinstance(form, str) or _TEXT not in form:
        draft.note(Wrong.NO_EQUIVALENT, path, name)
        return
    for text, where in zip(form.split(_TEXT, 1), ("above", "below"), strict=True):
        if _PLACEHOLDER.search(text):
            draft.note(Wrong.NO_EQUIVALENT, (*path, "format"), f"{name}: {', '.join(_PLACEHOLDER.findall(text))}")
        elif text.strip():
            draft.keep(draft.transforms, path, Add, marked(text), where)
