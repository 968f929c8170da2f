"""Login by QR picture: sent, renewed when its token expires, taken away when it was used."""

from __future__ import annotations

import io

import segno

from bybot.bot.handlers import login_steps as steps
from bybot.bot.services import Person, Services
from bybot.bot.texts.errors import error_text
from bybot.bot.views import login as views
from bybot.bot.wizard import Wizard
from bybot.errors import BybotError
from bybot.sessions.login import LoggedIn, PasswordNeeded, QrShown

#: Seconds for one wait at the manager; then the dialogue is looked at again.
_ROUND = 30.0
_Outcome = LoggedIn | PasswordNeeded | QrShown | BybotError


def picture(url: str) -> bytes:
    """A PNG that any phone reads from another screen: large modules and a full quiet zone."""
    buffer = io.BytesIO()
    segno.make(url, error="m").save(buffer, kind="png", scale=8, border=4)
    return buffer.getvalue()


async def begin(person: Person, wizard: Wizard) -> None:
    """Show a QR picture instead of the dialogue's message and watch it.

    Raises:
        BybotError: as the manager says; the dialogue is unchanged.
    """
    await person.chat.typing()
    login = steps.login_of(person, wizard)
    shown = await person.sessions.begin_qr(login)
    wizard.step, wizard.facts = "qr", {}
    await show(person, wizard, shown)
    watch(person.services, person.user_id, login, wizard.ticket, shown.url)


async def show(person: Person, wizard: Wizard, shown: QrShown) -> None:
    """Put the picture in place of what the dialogue showed before. Its deadline stays when it is only renewed."""
    left = (shown.expires_at - person.now).total_seconds()
    view = views.qr(person.language, wizard.ticket, seconds_left=max(1.0, left))
    old, wizard.message = wizard.message, await person.chat.photo(picture(shown.url), view)
    if old is not None:
        await person.chat.delete(old)
    renewed = wizard.facts.get("renewed", 0)
    wizard.facts["renewed"] = renewed + 1
    if renewed:
        wizard.save(person.state)
    else:
        person.keep(wizard, seconds=person.services.options.login_seconds)


def watch(services: Services, user_id: int, login: str, ticket: str, url: str) -> None:
    """Follow the picture in the background until it was used, renewed for the last time, or left."""
    services.tasks.start(steps.qr_task(user_id), _watch(services, user_id, login, ticket, url))


async def _watch(services: Services, user_id: int, login: str, ticket: str, url: str) -> None:
    sessions = services.manager.acting_as(user_id)
    going = True
    while going:
        outcome: _Outcome
        try:
            outcome = await sessions.wait_qr(login, _ROUND)
        except BybotError as error:
            outcome = error
        async with services.person(user_id) as person:
            going = await _step(person, ticket, url, outcome)
        url = outcome.url if isinstance(outcome, QrShown) else url


async def _step(
    person: Person, ticket: str, url: str, outcome: LoggedIn | PasswordNeeded | QrShown | BybotError
) -> bool:
    """Act on what became of the picture.

    Returns:
        Whether to go on watching.
    """
    wizard = person.wizard
    if wizard is None or wizard.ticket != ticket or wizard.step != "qr":
        return False
    if isinstance(outcome, QrShown):
        if outcome.url != url:
            await show(person, wizard, outcome)
        return True
    await remove(person, wizard)
    if isinstance(outcome, BybotError):
        await steps.end(person, wizard, error_text(person.language, outcome))
    else:
        await steps.accept(person, wizard, outcome)
    return False


async def remove(person: Person, wizard: Wizard) -> None:
    """Take the picture out of the chat."""
    if wizard.message is not None:
        await person.chat.delete(wizard.message)
        wizard.message = None


async def leave(person: Person, wizard: Wizard) -> None:
    """Stop watching and take the picture away: the person chose another way, or to stop."""
    person.services.tasks.cancel(steps.qr_task(person.user_id))
    if wizard.step == "qr":
        await remove(person, wizard)
