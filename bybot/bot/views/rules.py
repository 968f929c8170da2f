"""The screens of a pair's rules: what holds, what to write, and what the rules would do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bybot.bot.callbacks import Press
from bybot.bot.ruletext import KINDS, SWITCHES, refused_kinds
from bybot.bot.texts import Html, Language, lines, plain, t
from bybot.bot.texts.formats import number, short
from bybot.bot.views.base import Rows, View, button, labelled
from bybot.bot.views.pairs import names
from bybot.mirror.model import ChannelPair
from bybot.mirror.rulecalls import Sample
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Matching, Words
from bybot.mirror.rules.schedule import Schedule
from bybot.mirror.rules.transforms import Add, Replace

AREA: Final = "ru"
_SHOWN: Final = 5
_LONGEST: Final = 60


def rules(language: Language, pair: ChannelPair) -> View:
    """What holds for a pair, with everything that can be changed."""
    held = pair.rules
    facts = lines(*_facts(language, held)) or t(language, "rules.none")
    removed = {kind for kind in SWITCHES.values() if any(isinstance(each, kind) for each in held.transforms)}
    switches = tuple(
        button(language, f"rules_{name}_{'on' if kind in removed else 'off'}", _press(pair, f"no_{name}"))
        for name, kind in SWITCHES.items()
    )
    policies = (
        (button(language, f"rules_edits_{held.edits}", _press(pair, "edits")),),
        (button(language, f"rules_deletions_{held.deletions}", _press(pair, "deletions")),),
        (button(language, f"rules_pins_{held.pins}", _press(pair, "pins")),),
        (button(language, f"rules_buttons_{held.buttons}", _press(pair, "buttons")),),
    )
    rows: Rows = (
        (
            button(language, "rules_words", _press(pair, "words")),
            button(language, "rules_kinds", _press(pair, "kinds")),
        ),
        switches[:2],
        switches[2:],
        (button(language, "rules_replace", _press(pair, "replace")),),
        (
            button(language, "rules_above", _press(pair, "above")),
            button(language, "rules_below", _press(pair, "below")),
        ),
        (
            button(language, "rules_domains", _press(pair, "domains")),
            button(language, "rules_times", _press(pair, "times")),
        ),
        *policies,
        (button(language, "rules_try", _press(pair, "try")),),
        (button(language, "back", Press("pr", "view", argument=pair.id)),),
    )
    return View(Html(f"{t(language, 'rules.title', **names(pair, 40))}\n\n{facts}"), rows)


def _press(pair: ChannelPair, action: str) -> Press:
    return Press(AREA, action, argument=pair.id)


def _facts(language: Language, held: Rules) -> Iterable[Html | None]:
    for each in held.filters:
        if isinstance(each, Words):
            yield t(language, "rules.only" if each.allow else "rules.without", what=_listed(language, each.words))
        elif isinstance(each, Matching):
            yield t(
                language, "rules.only" if each.allow else "rules.without", what=short(f"/{each.pattern}/", _LONGEST)
            )
    kinds = [kind for kind in KINDS if kind in refused_kinds(held)]
    if kinds:
        yield t(language, "rules.without", what=_listed(language, [plain(language, f"media.{kind}") for kind in kinds]))
    for transform in held.transforms:
        if isinstance(transform, Replace):
            yield t(language, "rules.replaced", old=short(transform.find, 30), new=short(transform.by, 30))
        elif isinstance(transform, Add):
            yield t(language, f"rules.{transform.where}", what=short(transform.text.text.replace("\n", " "), _LONGEST))
    if held.buttons == "allow":
        yield t(language, "rules.only_links", what=_listed(language, held.domains))
    yield from _times(language, held.schedule)


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


def _listed(language: Language, words: Sequence[str]) -> str:
    shown = plain(language, "list.join").join(short(word, 30) for word in words[:_SHOWN])
    return f"{shown} …" if len(words) > _SHOWN else shown


def kinds(language: Language, pair: ChannelPair) -> View:
    """Which kinds of posts are copied."""
    refused = refused_kinds(pair.rules)
    marks = [
        labelled(
            f"{'🚫' if kind in refused else '✅'} {plain(language, f'media.{kind}')}", _press(pair, f"kind_{kind}")
        )
        for kind in KINDS
    ]
    rows = tuple(tuple(marks[at : at + 2]) for at in range(0, len(marks), 2))
    return View(t(language, "rules.kinds"), (*rows, (button(language, "back", _press(pair, "view")),)))


def ask(language: Language, ticket: str, step: str) -> View:
    """What to write for one kind of rule."""
    return View(t(language, f"rules.ask_{step}"), ((button(language, "cancel", Press(AREA, "stop", ticket)),),))


def tried(language: Language, pair: ChannelPair, samples: Sequence[Sample]) -> View:
    """What the rules would make of the last posts."""
    left_out = [sample for sample in samples if sample.left_out]
    changed = [sample for sample in samples if not sample.left_out and sample.after != sample.before]
    same = len(samples) - len(left_out) - len(changed)
    summary = t(
        language,
        "rules.tried",
        count=number(len(samples)),
        same=number(same),
        changed=number(len(changed)),
        left_out=number(len(left_out)),
    )
    shown = [
        t(language, "rules.sample_changed", id=str(s.id), before=_short(s.before), after=_short(s.after))
        for s in changed[:_SHOWN]
    ]
    shown += [
        t(
            language,
            "rules.sample_left_out",
            id=str(s.id),
            before=_short(s.before),
            why=plain(language, f"rules.why_{s.left_out}"),
        )
        for s in left_out[:_SHOWN]
    ]
    back = ((button(language, "back", _press(pair, "view")),),)
    return View(Html("\n\n".join([summary, *shown])), back)


def _short(text: str) -> str:
    return short(text.replace("\n", " "), _LONGEST) or "—"
