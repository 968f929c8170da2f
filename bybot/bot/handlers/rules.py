"""A pair's rules: buttons that switch, and texts that are written."""

from __future__ import annotations

from typing import Final

from bybot.bot.formatting import rich_of
from bybot.bot.handlers.pairs import find
from bybot.bot.ruletext import (
    SWITCHES,
    next_buttons,
    next_deletions,
    next_edits,
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
from bybot.bot.texts import Html
from bybot.bot.turn import Turn
from bybot.bot.views import rules as views
from bybot.bot.views.base import View
from bybot.bot.wizard import Wizard
from bybot.errors import BadPattern, PairNotFound
from bybot.mirror.model import ChannelPair
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.post import Media

KIND: Final = "rules"
_STEPS: Final = frozenset({"words", "replace", "above", "below", "times", "domains"})
_TRIED: Final = 50


async def on_press(turn: Turn) -> None:
    """A button of the rules of a pair."""
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
    pair = await _find(turn, press.argument)
    if pair is None:
        await turn.answer("pair.gone")
        return
    await _act(turn, pair, press.action)


async def _find(turn: Turn, pair_id: str) -> ChannelPair | None:
    status = await find(turn, pair_id)
    return None if status is None else status.pair


async def _act(turn: Turn, pair: ChannelPair, action: str) -> None:
    held = pair.rules
    if action in _STEPS:
        await _ask(turn, pair, action)
    elif action == "try":
        await turn.answer()
        await turn.chat.typing()
        samples = await turn.mirror.try_rules(pair.user, pair.id, held, _TRIED)
        await turn.show(views.tried(turn.language, pair, samples))
    elif action == "kinds":
        await turn.show(views.kinds(turn.language, pair))
    elif action.startswith("kind_") and action.removeprefix("kind_") in set(Media):
        await _set(turn, pair, without_kind(held, Media(action.removeprefix("kind_"))), kinds=True)
    elif action.startswith("no_") and action.removeprefix("no_") in SWITCHES:
        await _set(turn, pair, switched(held, action.removeprefix("no_")))
    elif action == "edits":
        await _set(turn, pair, next_edits(held))
    elif action == "deletions":
        await _set(turn, pair, next_deletions(held))
    elif action == "pins":
        await _set(turn, pair, next_pins(held))
    elif action == "buttons":
        await _set(turn, pair, next_buttons(held))
    else:
        await turn.show(views.rules(turn.language, pair))


async def _set(turn: Turn, pair: ChannelPair, rules: Rules, *, kinds: bool = False) -> None:
    await turn.mirror.set_rules(pair.user, pair.id, rules)
    await turn.answer("rules.set")
    changed = await _find(turn, pair.id)
    if changed is not None:
        await turn.show((views.kinds if kinds else views.rules)(turn.language, changed))


# Written rules --------------------------------------------------------------------------------------------------


async def _ask(turn: Turn, pair: ChannelPair, step: str) -> None:
    wizard = turn.new_wizard(KIND, step)
    wizard.account, wizard.facts = pair.user, {"pair": pair.id}
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
    pair = await _find(turn, str(wizard.facts.get("pair")))
    if pair is None:
        turn.drop()
        raise PairNotFound("There is no such pair.")
    try:
        rules = _read(turn, wizard.step, pair.rules)
    except BadPattern as error:
        await _again(turn, wizard, turn.t("rules.bad_pattern", position=error.position + 1))
        return
    except ValueError:
        await _again(turn, wizard, turn.t("rules.not_understood"))
        return
    await turn.mirror.set_rules(pair.user, pair.id, rules)
    if wizard.message is not None:
        await turn.chat.delete(wizard.message)
    turn.drop()
    changed = await _find(turn, pair.id)
    if changed is not None:
        await turn.reply(views.rules(turn.language, changed).below(turn.t("rules.set")))


def _read(turn: Turn, step: str, held: Rules) -> Rules:
    """Raises BadPattern, ValueError."""
    if step == "words":
        return with_words(held, turn.text)
    if step == "replace":
        return with_replacements(held, turn.text)
    if step == "times":
        return with_schedule(held, turn.text)
    if step == "domains":
        return with_domains(held, turn.text)
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
    pair = await _find(turn, str(wizard.facts.get("pair")))
    if pair is None:
        await turn.answer("pair.gone")
        return
    await turn.show(views.rules(turn.language, pair))


async def cancel(person: Person, wizard: Wizard) -> None:
    """Nothing is changed."""
    person.drop()
    await person.chat.show(wizard.message, View(person.t("rules.cancelled")))


async def timed_out(person: Person, wizard: Wizard) -> None:
    """Nobody wrote anything."""
    await cancel(person, wizard)
