"""The screens of rules, a pair's or a person's defaults: what holds, what to write, and what the rules would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bybot.bot.callbacks import Press
from bybot.bot.ruletext import KINDS, SWITCHES, refused_kinds
from bybot.bot.texts import Html, Language, lines, plain, t
from bybot.bot.texts.formats import number, short
from bybot.bot.views.base import Rows, View, button, labelled
from bybot.bot.views.pairs import names
from bybot.bot.views.rulefacts import LONGEST, facts
from bybot.mirror.model import ChannelPair
from bybot.mirror.rules.book import Rules
from bybot.mirror.samples import Sample

AREA: Final = "ru"
#: Stands in buttons where a pair's id would, for the defaults of a person.
MINE: Final = "mine"
_SHOWN: Final = 5


@dataclass(frozen=True)
class Held:
    """The rules on the screen: a pair's, or the defaults of a person when there is no pair."""

    rules: Rules
    pair: ChannelPair | None = None

    @classmethod
    def of(cls, pair: ChannelPair) -> Held:
        """Those of a pair."""
        return cls(pair.rules, pair)

    def press(self, action: str) -> Press:
        """A button about these rules."""
        return Press(AREA, action, argument=MINE if self.pair is None else self.pair.id)


def rules(language: Language, held: Held) -> View:
    """What holds, with everything that can be changed."""
    own = None if held.pair is None else held.pair.own_slots
    told = [
        (line if own is None or slot in own else Html(f"{line}  {t(language, 'rules.from_mine')}"))
        for slot, line in facts(language, held.rules)
    ]
    body = lines(*told) or t(language, "rules.none")
    title = t(language, "rules.title_mine") if held.pair is None else t(language, "rules.title", **names(held.pair, 40))
    return View(Html(f"{title}\n\n{body}"), (*_changing(language, held), *_leading_on(language, held)))


def _changing(language: Language, held: Held) -> Rows:
    rules = held.rules
    removed = {kind for kind in SWITCHES.values() if any(isinstance(each, kind) for each in rules.transforms)}
    switches = tuple(
        button(language, f"rules_{name}_{'on' if kind in removed else 'off'}", held.press(f"no_{name}"))
        for name, kind in SWITCHES.items()
    )
    return (
        (button(language, "rules_words", held.press("words")), button(language, "rules_kinds", held.press("kinds"))),
        (button(language, "rules_more", held.press("more")),),
        switches[:2],
        switches[2:],
        (button(language, "rules_replace", held.press("replace")),),
        (button(language, "rules_above", held.press("above")), button(language, "rules_below", held.press("below"))),
        (button(language, "rules_times", held.press("times")),),
        (button(language, f"rules_edits_{rules.edits}", held.press("edits")),),
        (button(language, f"rules_deletions_{rules.deletions}", held.press("deletions")),),
        (button(language, f"rules_pins_{rules.pins}", held.press("pins")),),
        (button(language, f"rules_buttons_{rules.buttons}", held.press("buttons")),),
        (button(language, "rules_domains", held.press("domains")),),
        (button(language, f"rules_files_{rules.files}", held.press("files")),),
    )


def _leading_on(language: Language, held: Held) -> Rows:
    if held.pair is None:
        return ((button(language, "pairs", Press("pr", "list")),),)
    return (
        (button(language, "rules_own", held.press("own")),),
        (button(language, "rules_try", held.press("try")),),
        (button(language, "back", Press("pr", "view", argument=held.pair.id)),),
    )


def kinds(language: Language, held: Held) -> View:
    """Which kinds of posts are copied."""
    refused = refused_kinds(held.rules)
    marks = [
        labelled(f"{'🚫' if kind in refused else '✅'} {plain(language, f'media.{kind}')}", held.press(f"kind_{kind}"))
        for kind in KINDS
    ]
    rows = tuple(tuple(marks[at : at + 2]) for at in range(0, len(marks), 2))
    return View(t(language, "rules.kinds"), (*rows, (button(language, "back", held.press("view")),)))


def ask(language: Language, ticket: str, step: str) -> View:
    """What to write for one kind of rule."""
    return View(t(language, f"rules.ask_{step}"), ((button(language, "cancel", Press(AREA, "stop", ticket)),),))


def cancelled(language: Language, which: str) -> View:
    """Nothing was changed; the way back to the rules of that pair, or to the defaults."""
    back = button(language, "rules", Press(AREA, "view", argument=which))
    return View(t(language, "rules.cancelled"), ((back,),))


def tried(language: Language, held: Held, samples: Sequence[Sample]) -> View:
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
    back = ((button(language, "back", held.press("view")),),)
    return View(Html("\n\n".join([summary, *shown])), back)


def _short(text: str) -> str:
    return short(text.replace("\n", " "), LONGEST) or "—"
