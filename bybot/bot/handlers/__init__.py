"""What people write and press, and who handles it: one handler for each update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bybot.bot.handlers import (
    accounts,
    audit,
    basics,
    devices,
    exchange,
    forget,
    keepsession,
    login,
    login_buttons,
    numbers,
    pair_wizard,
    pairs,
    rules,
    session,
    tasks,
)
from bybot.bot.handlers.login_steps import KIND as LOGIN
from bybot.bot.handlers.wizards import dialogue
from bybot.bot.turn import Handler, Turn

#: Commands shown in the menu, in this order.
MENU: Final = (
    "start",
    "login",
    "pairs",
    "rules",
    "stats",
    "my_channels",
    "export",
    "import",
    "accounts",
    "status",
    "logout",
    "cancel",
    "language",
    "forget_me",
    "help",
)

COMMANDS: Final[Mapping[str, Handler]] = {
    "start": basics.start,
    "help": basics.help_,
    "language": basics.language,
    "cancel": basics.cancel,
    "login": login.login,
    "logout": session.logout,
    "accounts": accounts.accounts,
    "devices": devices.devices,
    "create_session": session.create_session,
    "status": session.status,
    "session_stats": session.session_stats,
    "my_channels": pairs.my_channels,
    "pairs": pairs.pairs,
    "rules": rules.rules,
    "stats": numbers.stats,
    "export": exchange.export,
    "import": exchange.import_,
    "forget_me": forget.forget_me,
    "forget_user": forget.forget_user,
}

#: The first part of a button's data, and who handles it.
BUTTONS: Final[Mapping[str, Handler]] = {
    "lg": login_buttons.on_press,
    "lo": session.on_logout,
    "sn": keepsession.on_press,
    "ac": accounts.on_press,
    "dv": devices.on_press,
    "la": basics.on_language,
    "pw": pair_wizard.on_press,
    "ru": rules.on_press,
    "pr": pairs.on_press,
    "au": audit.on_press,
    "ch": pairs.on_channels,
    "fg": forget.on_forget,
    "ex": exchange.on_press,
    "nu": numbers.on_press,
    "tk": tasks.on_press,
}


async def on_press(turn: Turn) -> None:
    """A button: to whoever made it; one of an unknown kind is from an older program."""
    handler = BUTTONS.get(turn.press.area) if turn.press else None
    if handler is None:
        await turn.stale()
    else:
        await handler(turn)


async def on_message(turn: Turn) -> None:
    """A message that is no command: to the dialogue under way, or to nobody."""
    wizard = turn.wizard
    if wizard is None:
        await basics.not_understood(turn)
    elif wizard.kind == LOGIN:
        await login.on_message(turn, wizard)
    else:
        await dialogue(wizard).on_message(turn, wizard)
