"""Further screens of rules: more filters, languages, and what is a pair's own."""

from __future__ import annotations

from bybot.bot.filtertext import duplicates_of, languages_of
from bybot.bot.texts import Html, Language, lines, plain, t
from bybot.bot.texts.formats import number
from bybot.bot.views.base import Rows, View, button, grid, labelled
from bybot.bot.views.rulefacts import LANGUAGE_NAMES, facts
from bybot.bot.views.rules import Held
from bybot.mirror.rules.slots import SLOTS

MORE = frozenset({"languages", "duplicates", "extensions", "size", "senders"})


def more(language: Language, held: Held) -> View:
    """Filters that are not needed every day."""
    same = duplicates_of(held.rules)
    again = (
        button(language, "rules_duplicates_off", held.press("again"))
        if same is None
        else button(
            language, "rules_duplicates_on", held.press("again"), posts=number(same.posts), days=number(same.days)
        )
    )
    rows: Rows = (
        (button(language, "rules_languages", held.press("languages")),),
        (again,),
        (
            button(language, "rules_extensions", held.press("extensions")),
            button(language, "rules_size", held.press("size")),
        ),
        (button(language, "rules_senders", held.press("senders")),),
        (button(language, "back", held.press("view")),),
    )
    told = [line for slot, line in facts(language, held.rules) if slot in MORE]
    return View(Html("\n\n".join([t(language, "rules.more"), lines(*told)]).strip()), rows)


def languages(language: Language, held: Held) -> View:
    """Which languages are copied, or left out."""
    rule = languages_of(held.rules)
    named = frozenset[str]() if rule is None else rule.languages
    mark = "✅" if rule is None or rule.allow else "🚫"
    choices = [
        labelled(f"{mark if code in named else '▫️'} {name}", held.press(f"lang_{code}"))
        for code, name in LANGUAGE_NAMES.items()
    ]
    turn: Rows = ()
    if rule is not None:
        key = "rules_languages_only" if rule.allow else "rules_languages_without"
        turn = ((button(language, key, held.press("turn")),),)
    back = (button(language, "back", held.press("more")),)
    return View(t(language, "rules.languages"), (*turn, *grid(choices, 3), back))


def own(language: Language, held: Held) -> View:
    """What a pair sets itself, and what it inherits."""
    slots = frozenset[str]() if held.pair is None else held.pair.own_slots
    choices = [
        labelled(f"{'✏️' if slot in slots else '🔗'} {plain(language, f'slot.{slot}')}", held.press(f"own_{slot}"))
        for slot in SLOTS
    ]
    return View(t(language, "rules.own"), (*grid(choices, 2), (button(language, "back", held.press("view")),)))
