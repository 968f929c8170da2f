"""Rules, a pair's or a person's defaults: buttons that switch, and texts that are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bybot.bot.filtertext import (
    next_duplicates,
    turned_languages,
    with_extensions,
    with_language,
    with_senders,
    with_size,
)
from bybot.bot.formatting import rich_of
from bybot.bot.handlers.pairs import find
from bybot.bot.ruletext import (
    MOST_ADDED,
    SWITCHES,
    next_buttons,
    next_deletions,
    next_edits,
    next_files,
    next_pins,
    switched,
    with_added,
    with_domains,
    with_replacements,
    with_schedule,
    with_words,
    without_kind,
)
from bybot.bot.services import Person
from bybot.bot.texts import Html, Language
from bybot.bot.texts.formats import number
from bybot.bot.turn import Turn
from bybot.bot.views import rulefilters
from bybot.bot.views import rules as views
from bybot.bot.views.base import View
from bybot.bot.views.rules import MINE, Held
from bybot.bot.wizard import Wizard
from bybot.errors import BadPattern, PairNotFound
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.language import LANGUAGES
from bybot.mirror.rules.post import Media
from bybot.mirror.rules.slots import SLOTS

KIND: Final = "rules"
_TRIED: Final = 50

Change = Callable[[Rules], Rules]
Screen = Callable[[Language, Held], View]

#: What is written, by step.
_WRITTEN: Final[Mapping[str, Callable[[Rules, str], Rules]]] = {
    "words": with_words,
    "replace": with_replacements,
    "times": with_schedule,
    "domains": with_domains,
    "extensions": with_extensions,
    "size": with_size,
    "senders": with_senders,
}
_STEPS: Final = frozenset({*_WRITTEN, "above", "below"})
#: What a press changes at once, and the screen that shows it.
_SWITCHED: Final[Mapping[str, tuple[Change, Screen]]] = {
    "edits": (next_edits, views.rules),
    "deletions": (next_deletions, views.rules),
    "pins": (next_pins, views.rules),
    "buttons": (next_buttons, views.rules),
    "files": (next_files, views.rules),
    "again": (next_duplicates, rulefilters.more),
    "turn": (turned_languages, rulefilters.languages),
}
_SCREENS: Final[Mapping[str, Screen]] = {
    "kinds": views.kinds,
    "more": rulefilters.more,
    "languages": rulefilters.languages,
    "own": rulefilters.own,
}


async def rules(turn: Turn) -> None:
    """/rules: the defaults of all pairs."""
    held = await _find(turn, MINE)
    if held is not None:
        await turn.show(views.rules(turn.language, held))


async def on_press(turn: Turn) -> None:
    """A button of rules."""
    press = turn.press
    if press is None:
        return
    if press.action == "stop":
        wizard = turn.wizard
        if wizard is None or wizard.kind != KIND or wizard.ticket != press.ticket:
            await turn.stale()
            return
        await _leave(turn, wizard)
        return
    held = await _find(turn, press.argument)
    if held is None:
        await turn.answer("pair.gone")
        return
    await _act(turn, held, press.action)


async def _find(turn: Turn, which: str) -> Held | None:
    """A pair's rules, or the person's defaults; None: the pair is gone."""
    if which == MINE:
        return Held(await turn.mirror.default_rules(turn.user_id))
    status = await find(turn, which)
    return None if status is None else Held.of(status.pair)


async def _act(turn: Turn, held: Held, action: str) -> None:
    name, _, what = action.partition("_")
    if action in _STEPS:
        await _ask(turn, held, action)
    elif action in _SWITCHED:
        change, screen = _SWITCHED[action]
        await _set(turn, held, change(held.rules), screen)
    elif name == "kind" and what in set(Media):
        await _set(turn, held, without_kind(held.rules, Media(what)), views.kinds)
    elif name == "lang" and what in LANGUAGES:
        await _set(turn, held, with_language(held.rules, what), rulefilters.languages)
    elif name == "no" and what in SWITCHES:
        await _set(turn, held, switched(held.rules, what))
    elif held.pair is not None and (action == "try" or (name == "own" and what in SLOTS)):
        await (_try(turn, held) if action == "try" else _own(turn, held, what))
    else:
        await turn.show(_SCREENS.get(action, views.rules)(turn.language, held))


async def _try(turn: Turn, held: Held) -> None:
    assert held.pair is not None
    await turn.answer()
    await turn.chat.typing()
    samples = await turn.mirror.try_rules(held.pair.user, held.pair.id, held.rules, _TRIED)
    await turn.show(views.tried(turn.language, held, samples))


async def _own(turn: Turn, held: Held, slot: str) -> None:
    """Let a pair set something itself, or follow the defaults in it."""
    assert held.pair is not None
    await turn.mirror.set_own(held.pair.user, held.pair.id, held.pair.own_slots ^ {slot})
    await turn.answer("rules.set")
    changed = await _find(turn, held.pair.id)
    if changed is not None:
        await turn.show(rulefilters.own(turn.language, changed))


async def _set(turn: Turn, held: Held, rules: Rules, screen: Screen = views.rules) -> None:
    await _store(turn, held, rules)
    await turn.answer(_done(held))
    changed = await _find(turn, _which(held))
    if changed is not None:
        await turn.show(screen(turn.language, changed))


async def _store(turn: Turn, held: Held, rules: Rules) -> None:
    if held.pair is None:
        await turn.mirror.set_default_rules(turn.user_id, rules)
    else:
        await turn.mirror.set_rules(held.pair.user, held.pair.id, rules)


def _which(held: Held) -> str:
    return MINE if held.pair is None else held.pair.id


def _done(held: Held) -> str:
    return "rules.set_mine" if held.pair is None else "rules.set"


# Written rules --------------------------------------------------------------------------------------------------


async def _ask(turn: Turn, held: Held, step: str) -> None:
    wizard = turn.new_wizard(KIND, step)
    wizard.facts = {"pair": _which(held)}
    if held.pair is not None:
        wizard.account = held.pair.user
    wizard.message = turn.pressed_message
    await turn.answer()
    await show(turn, wizard)


async def show(person: Person, wizard: Wizard, note: Html | None = None) -> None:
    """What is to be written now."""
    view = views.ask(person.language, wizard.ticket, wizard.step)
    wizard.message = await person.chat.show(wizard.message, view.below(note))
    person.keep(wizard)


async def on_message(turn: Turn, wizard: Wizard) -> None:
    """The rule that was asked for."""
    held = await _find(turn, str(wizard.facts.get("pair")))
    if held is None:
        turn.drop()
        raise PairNotFound("There is no such pair.")
    try:
        rules = _read(turn, wizard.step, held.rules)
    except BadPattern as error:
        await _again(turn, wizard, turn.t("rules.bad_pattern", position=error.position + 1))
        return
    except ValueError:
        too_long = wizard.step in {"above", "below"} and len(turn.text) > MOST_ADDED
        key = "rules.added_too_long" if too_long else "rules.not_understood"
        await _again(turn, wizard, turn.t(key, most=number(MOST_ADDED)))
        return
    await _store(turn, held, rules)
    if wizard.message is not None:
        await turn.chat.delete(wizard.message)
    turn.drop()
    changed = await _find(turn, _which(held))
    if changed is not None:
        await turn.reply(views.rules(turn.language, changed).below(turn.t(_done(held))))


def _read(turn: Turn, step: str, held: Rules) -> Rules:
    """Raises BadPattern, ValueError."""
    if step in _WRITTEN:
        return _WRITTEN[step](held, turn.text)
    if turn.message is None:
        raise ValueError("no text")
    return with_added(held, "above" if step == "above" else "below", rich_of(turn.message))


async def _again(turn: Turn, wizard: Wizard, note: Html) -> None:
    if wizard.message is not None:
        await turn.chat.delete(wizard.message)
        wizard.message = None
    await show(turn, wizard, note)


async def _leave(turn: Turn, wizard: Wizard) -> None:
    turn.drop()
    held = await _find(turn, str(wizard.facts.get("pair")))
    if held is None:
        await turn.answer("pair.gone")
        return
    await turn.show(views.rules(turn.language, held))


async def cancel(person: Person, wizard: Wizard) -> None:
    """Nothing is changed."""
    person.drop()
    view = views.cancelled(person.language, str(wizard.facts.get("pair", MINE)))
    await person.chat.show(wizard.message, view)


async def timed_out(person: Person, wizard: Wizard) -> None:
    """Nobody wrote anything."""
    await cancel(person, wizard)
