"""/start, /help, /language, /cancel, and what was not understood."""

from __future__ import annotations

from bybot.bot.handlers import login_buttons, login_steps
from bybot.bot.handlers.account import working_accounts
from bybot.bot.handlers.login import consent_view
from bybot.bot.handlers.wizards import dialogue
from bybot.bot.texts import LANGUAGES, Language
from bybot.bot.turn import Turn
from bybot.bot.views import info
from bybot.bot.views.base import View


async def start(turn: Turn) -> None:
    """What this is; before the first login also the notice that asks for consent."""
    account = turn.joined(each.name for each in await working_accounts(turn)) or None
    profile = await turn.services.profiles.get(turn.user_id)
    greeting = info.greeting(turn.language, turn.name, account)
    if account or profile.consented:
        await turn.reply(greeting)
        return
    await turn.reply(View(greeting.text))
    await turn.reply(consent_view(turn, then="login"))


async def help_(turn: Turn) -> None:
    await turn.reply(info.help_(turn.language, admin=turn.is_admin))


async def language(turn: Turn) -> None:
    """/language, or /language zh at once."""
    wanted = turn.arguments[0].lower() if turn.arguments else ""
    if wanted in LANGUAGES:
        await _set_language(turn, wanted)
    else:
        await turn.reply(info.languages(turn.language))


async def on_language(turn: Turn) -> None:
    wanted = turn.press.argument if turn.press else ""
    if wanted in LANGUAGES:
        await _set_language(turn, wanted)


async def _set_language(turn: Turn, wanted: Language) -> None:
    await turn.services.profiles.set_language(turn.user_id, wanted)
    turn.speak(wanted)
    await turn.show(View(turn.t("language.done")))


async def cancel(turn: Turn) -> None:
    """/cancel: whatever dialogue is under way."""
    wizard = turn.wizard
    if wizard is None:
        await turn.say("nothing_to_cancel")
    elif wizard.kind == login_steps.KIND:
        await login_buttons.cancel(turn, wizard)
    else:
        await dialogue(wizard).cancel(turn, wizard)


async def not_understood(turn: Turn) -> None:
    """A message that no dialogue waits for."""
    await turn.say("fallback")
