"""Rules in words, one line for each thing that holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bybot.bot.ruletext import KINDS, refused_kinds
from bybot.bot.texts import Html, Language, plain, t
from bybot.bot.texts.formats import number, short
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Duplicates, Extensions, Filter, Languages, Matching, Senders, Size, Words
from bybot.mirror.rules.schedule import Schedule
from bybot.mirror.rules.slots import slot_of
from bybot.mirror.rules.transforms import Add, Replace

#: A line, and the slot that it is about.
Fact = tuple[str, Html]

_SHOWN: Final = 5
LONGEST: Final = 60
#: Languages by their own names.
LANGUAGE_NAMES: Final = {
    "zh": "中文", "en": "English", "ar": "العربية", "es": "Español", "hi": "हिन्दी", "pt": "Português", "ru": "Русский",
    "ja": "日本語", "de": "Deutsch", "fr": "Français", "tr": "Türkçe", "ko": "한국어", "it": "Italiano",
    "vi": "Tiếng Việt", "fa": "فارسی", "id": "Indonesia", "ur": "اردو", "pl": "Polski", "uk": "Українська",
    "nl": "Nederlands", "th": "ไทย", "el": "Ελληνικά", "he": "עברית", "sv": "Svenska", "cs": "Čeština",
    "ro": "Română", "bg": "Български",
}  # fmt: skip


def facts(language: Language, held: Rules) -> Iterable[Fact]:
    """What holds, filters first."""
    for each in held.filters:
        if (line := _filter(language, each)) is not None:
            yield slot_of(each), line
    kinds = [kind for kind in KINDS if kind in refused_kinds(held)]
    if kinds:
        what = listed(language, [plain(language, f"media.{kind}") for kind in kinds])
        yield "kinds", t(language, "rules.without", what=what)
    for transform in held.transforms:
        if isinstance(transform, Replace):
            line = t(language, "rules.replaced", old=short(transform.find, 30), new=short(transform.by, 30))
            yield slot_of(transform), line
        elif isinstance(transform, Add):
            yield slot_of(transform), _added(language, transform)
    if held.buttons == "allow":
        yield "buttons", t(language, "rules.only_links", what=listed(language, held.domains))
    yield from (("schedule", line) for line in _times(language, held.schedule))


def _filter(language: Language, each: Filter) -> Html | None:
    match each:
        case Words():
            allow, words = each.allow, list(each.words)
        case Matching():
            allow, words = each.allow, [f"/{each.pattern}/"]
        case Extensions():
            allow, words = each.allow, [f".{name}" for name in sorted(each.extensions)]
        case Senders():
            allow, words = each.allow, [f"👤 {sender}" for sender in sorted(each.senders)]
        case Languages():
            allow, words = each.allow, [name for code, name in LANGUAGE_NAMES.items() if code in each.languages]
        case Size():
            return _sizes(language, each)
        case Duplicates():
            return t(language, "rules.same_again", posts=number(each.posts), days=number(each.days))
        case _:
            return None
    return t(language, "rules.only" if allow else "rules.without", what=listed(language, words))


def _sizes(language: Language, each: Size) -> Html:
    least, most = _bytes(each.least), _bytes(each.most or 0)
    if each.most is None:
        return t(language, "rules.size_from", least=least)
    return t(language, "rules.size_between" if each.least else "rules.size_to", least=least, most=most)


def _bytes(size: int) -> str:
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} B"


def _added(language: Language, add: Add) -> Html:
    what = short(add.text.text.replace("\n", " "), LONGEST)
    if add.every > 1:
        return t(language, f"rules.{add.where}_every", every=number(add.every), what=what)
    if add.chance < 1:
        return t(language, f"rules.{add.where}_share", share=f"{add.chance * 100:.3g}", what=what)
    return t(language, f"rules.{add.where}", what=what)


def _times(language: Language, times: Schedule) -> Iterable[Html]:
    if times.delay:
        yield t(language, "rules.delay", minutes=number(times.delay))
    if times.quiet_from != times.quiet_until:
        hours, minutes = divmod(abs(times.offset), 60)
        zone = f"UTC{'-' if times.offset < 0 else '+'}{hours}" + (f":{minutes:02}" if minutes else "")
        span = [f"{at // 60}:{at % 60:02}" for at in (times.quiet_from, times.quiet_until)]
        yield t(language, "rules.quiet", first=span[0], last=span[1], zone=zone)
    if times.per_hour:
        yield t(language, "rules.per_hour", count=number(times.per_hour))


def listed(language: Language, words: Sequence[str]) -> str:
    """The first of some words."""
    shown = plain(language, "list.join").join(short(word, LONGEST) for word in words[:_SHOWN])
    return f"{shown} …" if len(words) > _SHOWN else shown
