"""/devices: where an account is logged in, as Telegram tells, and ending one of those logins."""

from __future__ import annotations

from bybot.bot.handlers.account import Account, account_named, working_accounts
from bybot.bot.texts import Html
from bybot.bot.texts.errors import error_text
from bybot.bot.turn import Turn
from bybot.bot.views import accounts as choices
from bybot.bot.views import devices as views
from bybot.bot.views.base import View
from bybot.bot.views.login import start_login
from bybot.errors import BybotError
from bybot.sessions.devices import Device


async def devices(turn: Turn) -> None:
    """/devices: of the one account, or of the one that is chosen."""
    accounts = await working_accounts(turn)
    if not accounts:
        await turn.show(View(turn.t("error.no_session"), start_login(turn.language)))
    elif len(accounts) == 1:
        await _list(turn, accounts[0])
    else:
        await turn.show(choices.choose(turn.language, accounts, "devices.choose_account", views.AREA, "list"))


async def on_press(turn: Turn) -> None:
    """A button of the list: look anew, ask before ending a login, end it."""
    press = turn.press
    if press is None:
        return
    user, _, number = press.argument.partition("/")
    account = await account_named(turn, user)
    if account is None or not account.working:
        await turn.answer("account.gone")
        await devices(turn)
        return
    await turn.answer()
    if press.action == "ask":
        await _ask(turn, account, number)
    elif press.action == "end":
        await _list(turn, account, await _end(turn, account, number))
    else:
        await _list(turn, account)


async def _list(turn: Turn, account: Account, note: Html | None = None) -> None:
    await turn.chat.typing()
    found = await turn.sessions.list_user_devices(account.user)
    await turn.show(views.device_list(turn.language, account, found, turn.now).below(note))


async def _find(turn: Turn, account: Account, number: str) -> Device | None:
    found = await turn.sessions.list_user_devices(account.user)
    return next((device for device in found if str(device.id) == number and not device.current), None)


async def _ask(turn: Turn, account: Account, number: str) -> None:
    device = await _find(turn, account, number)
    if device is None:
        await _list(turn, account, turn.t("devices.gone"))
    else:
        await turn.show(views.ask(turn.language, account, device))


async def _end(turn: Turn, account: Account, number: str) -> Html:
    """Returns what became of it."""
    device = await _find(turn, account, number)
    if device is None:
        return turn.t("devices.gone")
    try:
        ended = await turn.sessions.kick_user_device(account.user, device.id)
    except BybotError as error:
        return error_text(turn.language, error, turn.now)
    return turn.t("devices.ended" if ended else "devices.gone", device=views.title(device))
