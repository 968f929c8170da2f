"""The buttons of the login's screens: keypad, new code, QR picture, and the ways out."""

from __future__ import annotations

from bybot.bot.handlers import login_steps as steps
from bybot.bot.handlers import qr
from bybot.bot.handlers.login import login
from bybot.bot.services import Person
from bybot.bot.texts.errors import error_text
from bybot.bot.turn import Turn
from bybot.bot.views.base import View
from bybot.bot.wizard import Wizard
from bybot.errors import BybotError, LoginTimeout


async def on_press(turn: Turn) -> None:
    """A button of the login's screens."""
    press = turn.press
    if press is None:
        return
    if press.action == "start":
        await login(turn)
    elif press.action == "agree":
        await _agree(turn, press.argument)
    elif press.action == "decline":
        await turn.show(View(turn.t("login.cancelled")))
    else:
        wizard = turn.wizard
        if wizard is None or wizard.kind != steps.KIND or wizard.ticket != press.ticket:
            await turn.stale()
            return
        await _in_dialogue(turn, wizard, press.action, press.argument)


async def _agree(turn: Turn, then: str) -> None:
    await turn.services.profiles.consent(turn.user_id, turn.now)
    await turn.answer("consent.thanks")
    if then:
        await login(turn)
    else:
        await turn.show(View(turn.t("consent.thanks")))


async def _in_dialogue(turn: Turn, wizard: Wizard, action: str, argument: str) -> None:
    if action in {"digit", "back", "clear"}:
        await _on_keypad(turn, wizard, action, argument)
    elif action == "resend" and wizard.step == "code":
        wait = await steps.resend(turn, wizard)
        if wait is not None:
            await turn.answer("login.resend_wait", seconds=wait, alert=True)
    elif action == "qr" and wizard.step != "qr":
        await _to_qr(turn, wizard)
    elif action == "phone" and wizard.step != "phone":
        await turn.answer()
        turn.services.keypads.pop(turn.user_id, None)
        await qr.leave(turn, wizard)
        await turn.sessions.cancel_login(steps.login_of(turn, wizard))
        await steps.ask_phone(turn, wizard)
    elif action == "cancel":
        await turn.answer()
        await cancel(turn, wizard)
    else:
        await turn.answer("stale_keypad")


async def _on_keypad(turn: Turn, wizard: Wizard, action: str, digit: str) -> None:
    """Digits travel as presses, never as messages; with the last one the code is tried."""
    if wizard.step != "code" or not wizard.facts.get("usable", True):
        await turn.answer("stale_keypad")
        return
    await turn.answer()
    keypads, length = turn.services.keypads, int(wizard.facts["length"])
    entered = keypads.get(turn.user_id, "")
    if action == "digit" and digit.isdigit() and len(digit) == 1:
        entered = (entered + digit)[:length]
    elif action == "back":
        entered = entered[:-1]
    elif action == "clear":
        entered = ""
    keypads[turn.user_id] = entered
    wizard.message = turn.pressed_message or wizard.message
    await steps.show_keypad(turn, wizard)
    if len(entered) == length:
        await steps.submit_code(turn, wizard, entered)


async def _to_qr(turn: Turn, wizard: Wizard) -> None:
    await turn.answer()
    turn.services.keypads.pop(turn.user_id, None)
    try:
        await qr.begin(turn, wizard)
    except steps.FINAL as error:
        await steps.fail(turn, wizard, error)
    except BybotError as error:
        await steps.ask_phone(turn, wizard, error_text(turn.language, error))


async def cancel(person: Person, wizard: Wizard) -> None:
    """Stop the login: nothing of it is kept."""
    await qr.leave(person, wizard)
    await person.sessions.cancel_login(steps.login_of(person, wizard))
    await steps.end(person, wizard, person.t("login.cancelled"))


async def timed_out(person: Person, wizard: Wizard) -> None:
    """Nobody answered: stop the login and say so."""
    await qr.leave(person, wizard)
    await person.sessions.cancel_login(steps.login_of(person, wizard))
    await steps.end(person, wizard, person.t("login.timeout"))


async def resumed(person: Person, wizard: Wizard) -> None:
    """The process was restarted in the middle: go on where the person was, when the login is still alive."""
    note = person.t("login.restarted")
    if wizard.step == "phone":
        person.services.timeouts.set(person.user_id, wizard.deadline)
        return
    pending = await person.sessions.pending_login(steps.login_of(person, wizard))
    if pending is None and wizard.step != "qr":
        await steps.fail(person, wizard, LoginTimeout("The time for this login is over."))
    elif wizard.step == "code":
        await steps.retry(person, wizard, note)
    elif wizard.step == "password":
        await steps.ask_password(person, wizard, wizard.facts.get("hint"), note)
    else:
        await _to_qr_again(person, wizard)


async def _to_qr_again(person: Person, wizard: Wizard) -> None:
    try:
        await qr.begin(person, wizard)
    except BybotError as error:
        await qr.leave(person, wizard)
        await steps.end(person, wizard, error_text(person.language, error))
