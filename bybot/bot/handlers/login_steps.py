"""The steps of a login, whoever calls them: an update, the watcher of a QR picture, or the start after a restart."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from bybot.bot.handlers.account import names, remember, working_accounts
from bybot.bot.services import Person
from bybot.bot.texts import Html
from bybot.bot.texts.errors import error_text
from bybot.bot.texts.formats import duration
from bybot.bot.views import login as views
from bybot.bot.views.base import View
from bybot.bot.wizard import Wizard
from bybot.errors import (
    AccountMismatch,
    AlreadyLoggedIn,
    BybotError,
    CodeExpired,
    InvalidCode,
    LoginBanned,
    LoginCancelled,
    LoginFlood,
    LoginTimeout,
    NoLogin,
    TooManyAccounts,
    WrongPassword,
)
from bybot.ids import another_key
from bybot.sessions.login import CodeSent, LoggedIn, PasswordNeeded

KIND: Final = "login"
#: Digits of a code when Telegram does not say.
_USUAL_LENGTH: Final = 5
#: After these nothing of the login is left to go on with.
FINAL: Final = (
    LoginFlood,
    LoginBanned,
    LoginTimeout,
    LoginCancelled,
    NoLogin,
    AlreadyLoggedIn,
    AccountMismatch,
    TooManyAccounts,
)


async def put(person: Person, wizard: Wizard, view: View, *, seconds: float | None = None) -> None:
    """Show the step in the dialogue's message and remember both."""
    wizard.message = await person.chat.show(wizard.message, view)
    person.keep(wizard, seconds=person.services.options.login_seconds if seconds is None else max(1.0, seconds))


async def end(person: Person, wizard: Wizard, text: Html) -> None:
    """The login is over without success: say why in the dialogue's message."""
    person.services.tasks.cancel(qr_task(person.user_id))
    person.drop()
    rows = views.to_accounts(person.language) if names(person) else views.start_login(person.language)
    await person.chat.show(wizard.message, View(text, rows))


def login_of(person: Person, wizard: Wizard) -> str:
    """What the manager knows this login by: an account, or the next one, whichever it will be."""
    return wizard.account or another_key(str(person.user_id))


def qr_task(user_id: int) -> str:
    """The name of the task that watches a person's QR picture."""
    return f"qr:{user_id}"


# The number -----------------------------------------------------------------------------------------------------


async def ask_phone(person: Person, wizard: Wizard, note: Html | None = None) -> None:
    wizard.step = "phone"
    await put(person, wizard, views.phone(person.language, wizard.ticket).below(note))


async def send_code(person: Person, wizard: Wizard, phone: str) -> None:
    """Ask Telegram for a code.

    Raises:
        BybotError: as the manager says; the dialogue is unchanged.
    """
    await person.chat.typing()
    sent = await person.sessions.begin_login(login_of(person, wizard), phone)
    await code_sent(person, wizard, sent)


# The code -------------------------------------------------------------------------------------------------------


async def code_sent(person: Person, wizard: Wizard, sent: CodeSent, note: Html | None = None) -> None:
    """A code is on its way: show where it went, and an empty keypad."""
    now = person.now
    wizard.step = "code"
    wizard.facts = {
        "where": sent.where,
        "length": sent.length or _USUAL_LENGTH,
        "expires": now + timedelta(seconds=sent.seconds_left),
        "resend_from": now + timedelta(seconds=sent.can_resend_after),
        "usable": True,
    }
    person.services.keypads[person.user_id] = ""
    await show_keypad(person, wizard, note)


async def show_keypad(person: Person, wizard: Wizard, note: Html | None = None) -> None:
    """The keypad as it stands now."""
    facts = wizard.facts
    left = (facts["expires"] - person.now).total_seconds()
    view = views.keypad(
        person.language,
        wizard.ticket,
        where=str(facts["where"]),
        entered=len(person.services.keypads.get(person.user_id, "")),
        length=int(facts["length"]),
        seconds_left=left,
        usable=bool(facts.get("usable", True)),
    )
    await put(person, wizard, view.below(note), seconds=left)


async def submit_code(person: Person, wizard: Wizard, code: str) -> None:
    """Try the code; every outcome ends in a screen that says what to do next."""
    await person.chat.typing()
    try:
        outcome = await person.sessions.submit_code(login_of(person, wizard), code)
    except InvalidCode:
        await retry(person, wizard, person.t("login.code_wrong"))
    except CodeExpired:
        wizard.facts["usable"] = False
        await retry(person, wizard, person.t("login.code_expired"))
    except FINAL as error:
        await fail(person, wizard, error)
    except BybotError as error:
        await retry(person, wizard, error_text(person.language, error))
    else:
        await accept(person, wizard, outcome)


async def retry(person: Person, wizard: Wizard, note: Html) -> None:
    """An empty keypad again."""
    person.services.keypads[person.user_id] = ""
    await show_keypad(person, wizard, note)


async def resend(person: Person, wizard: Wizard) -> str | None:
    """Ask for another code, when Telegram's waiting time is over.

    Returns:
        How long it still takes, when it is too early; otherwise None.
    """
    early = _wait(wizard.facts.get("resend_from"), person.now)
    if early > 0 and wizard.facts.get("usable", True):
        return duration(person.language, early)
    await person.chat.typing()
    try:
        sent = await person.sessions.resend_code(login_of(person, wizard))
    except FINAL as error:
        await fail(person, wizard, error)
    except CodeExpired:
        # The whole attempt is dead: begin anew with the number, which is not kept here.
        await ask_phone(person, wizard, person.t("login.code_expired"))
    else:
        await code_sent(person, wizard, sent, person.t("login.code_resent"))
    return None


def _wait(moment: Any, now: datetime) -> float:
    return (moment - now).total_seconds() if isinstance(moment, datetime) else 0.0


# The password ---------------------------------------------------------------------------------------------------


async def ask_password(person: Person, wizard: Wizard, hint: str | None, note: Html | None = None) -> None:
    wizard.step = "password"
    wizard.facts = {"hint": hint}
    await put(person, wizard, views.password(person.language, wizard.ticket, hint=hint).below(note))


async def submit_password(person: Person, wizard: Wizard, password: str) -> None:
    """Try the password; every outcome ends in a screen that says what to do next."""
    await person.chat.typing()
    hint = wizard.facts.get("hint")
    try:
        outcome = await person.sessions.submit_password(login_of(person, wizard), password)
    except WrongPassword:
        await ask_password(person, wizard, hint, person.t("login.password_wrong"))
    except FINAL as error:
        await fail(person, wizard, error)
    except BybotError as error:
        await ask_password(person, wizard, hint, error_text(person.language, error))
    else:
        await accept(person, wizard, outcome)


# The end --------------------------------------------------------------------------------------------------------


async def accept(person: Person, wizard: Wizard, outcome: LoggedIn | PasswordNeeded) -> None:
    """The code or QR picture was right: logged in, or the second password is due."""
    person.services.keypads.pop(person.user_id, None)
    if isinstance(outcome, PasswordNeeded):
        await ask_password(person, wizard, outcome.hint)
        return
    await _done(person, wizard, outcome.user, account_name(outcome))


async def _done(person: Person, wizard: Wizard, user: str, name: str) -> None:
    person.drop()
    remember(person, user, name)
    person.services.lists.drop(user)
    await person.chat.show(wizard.message, views.done(person.language, name))


async def fail(person: Person, wizard: Wizard, error: BybotError) -> None:
    """Nothing of the login is left: because of the error, or because it was completed while the process restarted."""
    if isinstance(error, NoLogin | LoginTimeout):
        known = set(names(person))
        for account in await working_accounts(person):
            if account.user == wizard.account or account.user not in known:
                await _done(person, wizard, account.user, account.name)
                return
    await end(person, wizard, error_text(person.language, error))


def account_name(account: LoggedIn) -> str:
    """The account as its owner knows it: name and @name."""
    name = account.name or str(account.account_id)
    return f"{name} (@{account.username})" if account.username else name
