"""/login: what the person writes and presses while logging in."""

from __future__ import annotations

import re
import unicodedata

from bybot.bot.handlers import login_steps as steps
from bybot.bot.handlers.account import working_accounts
from bybot.bot.services import Person
from bybot.bot.texts.errors import error_text
from bybot.bot.turn import Turn
from bybot.bot.typed import looks_like_code
from bybot.bot.views import login as views
from bybot.bot.views.base import View
from bybot.bot.wizard import Wizard
from bybot.errors import BybotError

_PHONE = re.compile(r"\+?\d{7,15}\Z")


async def login(turn: Turn) -> None:
    """/login and its button: consent first, then the number; a login under way is shown again."""
    wizard = turn.wizard
    if wizard is not None and wizard.kind == steps.KIND:
        await again(turn, wizard)
        return
    working = await working_accounts(turn)
    if working:
        text = turn.t("login.already", account=turn.joined(account.name for account in working))
        await turn.show(View(text, views.already(turn.language)))
        return
    await begin_login(turn)


async def begin_login(turn: Turn, account: str = "") -> None:
    """Consent first, then the number.

    Args:
        account: the account that is logged in again; empty: whichever it will be.
    """
    wizard = turn.wizard
    if wizard is not None and wizard.kind == steps.KIND and wizard.account == account:
        await again(turn, wizard)
        return
    profile = await turn.services.profiles.get(turn.user_id)
    if not profile.consented:
        await turn.show(consent_view(turn, then="login"))
        return
    await _begin(turn, account)


def consent_view(turn: Turn, *, then: str) -> View:
    """The notice before the first login."""
    options = turn.services.options
    return views.consent(
        turn.language, storage=options.storage, sealed=options.sealed, device=options.device_model, then=then
    )


async def _begin(turn: Turn, account: str) -> None:
    old = turn.wizard
    if old is not None and old.kind == steps.KIND:
        await turn.sessions.cancel_login(steps.login_of(turn, old))
    wizard = turn.new_wizard(steps.KIND, "phone")
    wizard.account = account
    wizard.message = turn.pressed_message
    if old is not None and old.message is not None and old.message != wizard.message:
        await turn.chat.delete(old.message)
    await steps.ask_phone(turn, wizard)


async def again(person: Person, wizard: Wizard) -> None:
    """Show the step under way at the end of the chat, where the person is looking."""
    note = person.t("login.busy")
    if wizard.step == "qr":
        await person.chat.send(View(person.t("login.qr_waiting")))
        return
    if wizard.message is not None:
        await person.chat.delete(wizard.message)
        wizard.message = None
    if wizard.step == "code":
        await steps.show_keypad(person, wizard, note)
    elif wizard.step == "password":
        await steps.ask_password(person, wizard, wizard.facts.get("hint"), note)
    else:
        await steps.ask_phone(person, wizard, note)


# Messages -------------------------------------------------------------------------------------------------------


async def on_message(turn: Turn, wizard: Wizard) -> None:
    """What was written while a login is under way. It reaches nobody else."""
    match wizard.step:
        case "phone":
            await _on_phone(turn, wizard)
        case "password":
            await _on_password(turn, wizard)
        case _:
            await _on_stray(turn, wizard)


async def _on_phone(turn: Turn, wizard: Wizard) -> None:
    phone = _phone_in(turn)
    if looks_like_number(turn.text) or phone:
        await _delete(turn)
    if phone is None:
        await _again_below(turn, wizard)
        return
    try:
        await steps.send_code(turn, wizard, phone)
    except steps.FINAL as error:
        await steps.fail(turn, wizard, error)
    except BybotError as error:
        await steps.ask_phone(turn, wizard, error_text(turn.language, error))


async def _again_below(turn: Turn, wizard: Wizard) -> None:
    if wizard.message is not None:
        await turn.chat.delete(wizard.message)
        wizard.message = None
    await steps.ask_phone(turn, wizard, turn.t("login.phone_again"))


def looks_like_number(text: str) -> bool:
    """Whether the text may hold a phone number, so that it must not stay in the chat."""
    return sum(char.isdigit() for char in text) >= 6


def _phone_in(turn: Turn) -> str | None:
    """The number in the message, or in the contact that was shared; None when there is none."""
    contact = turn.message.contact if turn.message else None
    raw = contact.phone_number if contact else unicodedata.normalize("NFKC", turn.text)
    bare = re.sub(r"[\s()\-.·/]", "", raw)
    bare = f"+{bare[2:]}" if bare.startswith("00") else bare
    if not _PHONE.match(bare):
        return None
    return "+" + "".join(str(unicodedata.digit(c)) for c in bare if c.isdigit())


async def _on_password(turn: Turn, wizard: Wizard) -> None:
    await _delete(turn)
    if not turn.text:
        await steps.ask_password(turn, wizard, wizard.facts.get("hint"))
        return
    await steps.submit_password(turn, wizard, turn.text)


async def _on_stray(turn: Turn, wizard: Wizard) -> None:
    """While the keypad or the QR picture is shown nothing may be typed: above all not the code."""
    if looks_like_code(turn.text):
        await _delete(turn)
        wizard.facts["usable"] = wizard.step == "qr"
        turn.services.keypads[turn.user_id] = ""
        view = views.typed(turn.language, wizard.ticket)
        if wizard.step == "qr":
            await turn.reply(View(view.text))
            return
        old, wizard.message = wizard.message, await turn.reply(view)
        if old is not None:
            await turn.chat.delete(old)
        turn.keep(wizard, seconds=turn.services.options.login_seconds)
        return
    await turn.say("login.qr_waiting" if wizard.step == "qr" else "login.keypad_please")


async def _delete(turn: Turn) -> None:
    if not await turn.delete_message():
        await turn.say("login.not_deleted")
