"""/accounts: a person's Telegram accounts, one or several, and what can be done with each."""

from __future__ import annotations

from bybot.bot.handlers.account import Account, account_named, accounts_of
from bybot.bot.handlers.login import begin_login
from bybot.bot.handlers.session import ask_logout
from bybot.bot.turn import Turn
from bybot.bot.views import accounts as views


async def accounts(turn: Turn) -> None:
    """/accounts"""
    await turn.show(views.account_list(turn.language, await accounts_of(turn)))


async def on_press(turn: Turn) -> None:
    """A button of the list or of one account."""
    press = turn.press
    if press is None:
        return
    if press.action == "list":
        await turn.answer()
        await accounts(turn)
    elif press.action == "add":
        await turn.answer()
        await begin_login(turn)
    else:
        account = await account_named(turn, press.argument)
        if account is None:
            await turn.answer("account.gone")
            await accounts(turn)
        else:
            await turn.answer()
            await _act(turn, press.action, account)


async def _act(turn: Turn, action: str, account: Account) -> None:
    if action == "logout":
        await ask_logout(turn, account)
    elif action == "login" and not account.working:
        await begin_login(turn, account.user)
    else:
        pairs = await turn.mirror.list_pairs(account.user)
        await turn.show(views.account(turn.language, account, pairs=len(pairs)))
