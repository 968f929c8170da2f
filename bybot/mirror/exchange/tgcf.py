"""The configuration of tgcf: tgcf.config.json, and the older tgcf.config.yml.

Read as https://github.com/aahnik/tgcf stores it: ``forwards`` (source, dest, offset, end, use_this), ``plugins``
(filter, replace, caption and others, each with ``check`` when it may be off), ``mode`` (0 live, 1 past), ``live``,
``past``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bybot.mirror.exchange.foreign import Draft, chat_of, literal, mapping_of, marked, matching, texts_of
from bybot.mirror.exchange.located import Located, Path, shown
from bybot.mirror.exchange.model import Chat, Document, Entry, Spot, Trouble, Wrong
from bybot.mirror.model import ByIds, Everything, Mode, New
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Kinds, Senders, Words
from bybot.mirror.rules.post import Media
from bybot.mirror.rules.transforms import Add, Replace

#: tgcf's kinds of files. A voice message is a document there; what carries no file is "nofile".
_KINDS: Final[Mapping[str, frozenset[Media]]] = {
    "audio": frozenset({Media.AUDIO}),
    "gif": frozenset({Media.ANIMATION}),
    "video": frozenset({Media.VIDEO}),
    "video_note": frozenset({Media.ROUND}),
    "sticker": frozenset({Media.STICKER}),
    "contact": frozenset({Media.CONTACT}),
    "photo": frozenset({Media.PHOTO}),
    "document": frozenset({Media.DOCUMENT, Media.VOICE}),
    "nofile": frozenset({Media.TEXT, Media.POLL, Media.LOCATION, Media.DICE, Media.OTHER}),
}
#: Words that stand for a style instead of a replacement, where tgcf replaces by patterns.
_STYLES: Final = frozenset({"bold", "italics", "code", "strike", "plain"})
_TOP: Final = frozenset({"forwards", "plugins", "mode", "live", "past", "show_forwarded_from", "login"})
_FORWARD: Final = frozenset({"source", "dest", "offset", "end", "use_this", "con_name"})
_PLUGINS: Final = frozenset({"filter", "replace", "caption", "fmt", "format"})
#: Where tgcf keeps logins.
_SECRET: Final = frozenset({"API_HASH", "SESSION_STRING", "BOT_TOKEN", "session_string", "sessions"})
#: Settings without an equivalent, with the value at which they say nothing.
_SILENT: Final[Mapping[str, Any]] = {"pid": 0, "theme": "light", "admins": [], "bot_messages": None, "auto_run": None}


def is_tgcf(value: Any) -> bool:
    """Whether a file's value looks like one."""
    return isinstance(value, Mapping) and isinstance(value.get("forwards"), list)


def read(where: Located) -> Document:
    """Its forwards as pairs, one for each destination, all with the rules of its plugins."""
    config = mapping_of(where.value)
    draft = Draft(where)
    plugins = mapping_of(config.get("plugins"))
    secrets = _holds_login(config.get("login")) or _holds_login(plugins.get("sender"))
    _settings(draft, config)
    for name, plugin in plugins.items():
        facts = mapping_of(plugin)
        if facts.get("check", True) and facts:
            _plugin(draft, name, facts, ("plugins", name))
    rules = draft.rules()
    past = config.get("mode") == 1
    entries: list[Entry] = []
    for number, forward in enumerate(config["forwards"]):
        entries += _forward(draft, mapping_of(forward), ("forwards", number), rules, past=past)
    return Document("tgcf", tuple(entries), remarks=tuple(draft.remarks), secrets=secrets)


def _holds_login(value: Any) -> bool:
    return any(name in _SECRET and item for name, item in mapping_of(value).items())


def _settings(draft: Draft, config: dict[str, Any]) -> None:
    live, past = mapping_of(config.get("live")), mapping_of(config.get("past"))
    draft.policies["deletions"] = "delete" if live.get("delete_sync") else "keep"
    if config.get("show_forwarded_from"):
        draft.note(Wrong.NO_EQUIVALENT, ("show_forwarded_from",))
    for name, item in live.items():
        if name not in ("delete_sync", "sequential_updates") and item and item != ".deleteMe":
            draft.note(Wrong.NO_EQUIVALENT, ("live", name))
    for name, item in past.items():
        if item:
            draft.note(Wrong.NO_EQUIVALENT, ("past", name))
    for name, item in config.items():
        if name not in _TOP and item and item != _SILENT.get(name):
            draft.note(Wrong.NO_EQUIVALENT, (name,))


def _plugin(draft: Draft, name: str, facts: dict[str, Any], path: Path) -> None:
    match name:
        case "filter":
            _text_filter(draft, mapping_of(facts.get("text")), (*path, "text"))
            _file_filter(draft, mapping_of(facts.get("files")), (*path, "files"))
            _user_filter(draft, mapping_of(facts.get("users")), (*path, "users"))
        case "replace":
            _replace(draft, facts, path)
        case "caption":
            for part, where in (("header", "above"), ("footer", "below")):
                text = facts.get(part)
                if isinstance(text, str) and text.strip():
                    draft.keep(draft.transforms, (*path, part), Add, marked(text), where)
        case "fmt" | "format":
            if facts.get("style", "preserve") != "preserve":
                draft.note(Wrong.NO_EQUIVALENT, path)
        case _:
            draft.note(Wrong.NO_EQUIVALENT, path)


def _text_filter(draft: Draft, facts: dict[str, Any], path: Path) -> None:
    exact, patterns = bool(facts.get("case_sensitive")), bool(facts.get("regex"))
    for name, allow in (("blacklist", False), ("whitelist", True)):
        words = texts_of(facts.get(name))
        if not words:
            continue
        if patterns or exact:
            made = words if patterns else [literal(word) for word in words]
            matching(draft, (*path, name), made, allow=allow, ignore_case=not exact)
        else:
            draft.keep(draft.filters, (*path, name), Words, tuple(words), allow)


def _file_filter(draft: Draft, facts: dict[str, Any], path: Path) -> None:
    for name, allow in (("blacklist", False), ("whitelist", True)):
        listed = texts_of(facts.get(name))
        unknown = next((item for item in listed if item not in _KINDS), None)
        if unknown is not None:
            draft.note(Wrong.VALUE, (*path, name))
            draft.paused = True
        media = frozenset(kind for item in listed for kind in _KINDS.get(item, ()))
        if media:
            draft.filters.append(Kinds(media, allow))


def _user_filter(draft: Draft, facts: dict[str, Any], path: Path) -> None:
    for name, allow in (("blacklist", False), ("whitelist", True)):
        listed = texts_of(facts.get(name))
        numbers = frozenset(int(item) for item in listed if item.lstrip("-").isdecimal())
        if len(numbers) < len(set(listed)):
            draft.note(Wrong.VALUE, (*path, name))
            draft.paused = True
        if numbers:
            draft.filters.append(Senders(numbers, allow))


def _replace(draft: Draft, facts: dict[str, Any], path: Path) -> None:
    patterns = bool(facts.get("regex"))
    for find, by in mapping_of(facts.get("text")).items():
        here = (*path, "text", find)
        if not isinstance(by, str | int | float) or (patterns and by in _STYLES):
            draft.note(Wrong.NO_EQUIVALENT, here, "replace")
            continue
        draft.keep(draft.transforms, here, Replace, find, str(by), patterns, False)


def _forward(draft: Draft, facts: dict[str, Any], path: Path, rules: Rules, *, past: bool) -> list[Entry]:
    source = chat_of(facts.get("source"))
    named = facts.get("dest")
    targets = [chat_of(each) for each in (named if isinstance(named, list) else [named])]
    for name, item in facts.items():
        if (name not in _FORWARD or name == "con_name") and item:
            draft.note(Wrong.NO_EQUIVALENT, (*path, name))
    mode = _mode(facts, past=past)
    entries = []
    for number, target in enumerate(targets):
        here = (*path, "dest", number)
        troubles = []
        if source is None:
            troubles.append(_lacking(draft, (*path, "source")))
        if target is None:
            troubles.append(_lacking(draft, here))
        enabled = facts.get("use_this") is not False and not draft.paused
        spot = Spot(draft.where.line(here), shown(here))
        ends = source or Chat(title="?"), target or Chat(title="?")
        entries.append(Entry(spot, *ends, mode, enabled, rules, troubles=tuple(troubles)))
    return entries


def _lacking(draft: Draft, path: Path) -> Trouble:
    return Trouble(Wrong.MISSING, Spot(draft.where.line(path), shown(path)))


def _mode(facts: dict[str, Any], *, past: bool) -> Mode:
    """tgcf copies what is above ``offset``, up to ``end``. Its past mode ends there; bybot goes on without an end."""
    offset, end = (item if isinstance(item := facts.get(name), int) else 0 for name in ("offset", "end"))
    if end > offset >= 0:
        return ByIds(offset + 1, end)
    if offset > 0:
        return ByIds(offset + 1)
    return Everything() if past else New()
