"""/export and /import: pairs and settings to a file and from one. Nothing is made before the person has seen it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from telegram import Document as TelegramDocument
from telegram.error import BadRequest

from bybot.bot.handlers.account import account_named, working_accounts
from bybot.bot.services import Person
from bybot.bot.texts import Html
from bybot.bot.texts.errors import error_text
from bybot.bot.turn import Turn
from bybot.bot.views import exchange as views
from bybot.bot.views.base import View
from bybot.bot.views.login import start_login
from bybot.bot.wizard import Wizard
from bybot.errors import BybotError, UnreadablePairs
from bybot.mirror.exchange.model import MOST_BYTES, Document, Fate, Report, Start
from bybot.mirror.exchange.reading import read

KIND: Final = "import"


async def export(turn: Turn) -> None:
    """/export"""
    profile = await turn.services.profiles.get(turn.user_id)
    text, count = await turn.mirror.export_pairs(turn.user_id, profile.language)
    name = f"bybot-pairs-{turn.now:%Y-%m-%d}.json"
    await turn.chat.document(text.encode(), name, views.exported(turn.language, count))


async def import_(turn: Turn) -> None:
    """/import"""
    accounts = await working_accounts(turn)
    if not accounts:
        await turn.show(View(turn.t("error.no_session"), start_login(turn.language)))
        return
    before = turn.wizard
    if before is not None and before.kind == KIND:
        await _forget_file(turn, before)
    wizard = turn.new_wizard(KIND, "file" if len(accounts) == 1 else "account")
    wizard.account = accounts[0].user if len(accounts) == 1 else ""
    await _show(turn, wizard)


async def _show(person: Person, wizard: Wizard, note: Html | None = None) -> None:
    view = views.send(person.language, wizard.ticket)
    if wizard.step == "account":
        view = views.account(person.language, wizard.ticket, await working_accounts(person))
    wizard.message = await person.chat.show(wizard.message, view.below(note))
    person.keep(wizard)


# The file -------------------------------------------------------------------------------------------------------


async def on_message(turn: Turn, wizard: Wizard) -> None:
    """The file, or something else while it is awaited."""
    sent = turn.message.document if turn.message else None
    if sent is None or turn.message is None or wizard.step == "account":
        if wizard.message is not None and wizard.step != "check":
            await turn.chat.delete(wizard.message)
            wizard.message = None
            await _show(turn, wizard, turn.t("wizard.choose" if wizard.step == "account" else "exchange.no_document"))
        else:
            await turn.say("exchange.no_document")
        return
    await _forget_file(turn, wizard)  # an earlier one
    wizard.facts = {"file": sent.file_id, "name": sent.file_name or "", "sent": turn.message.message_id}
    wizard.step = "file"
    wizard.message = await turn.chat.move(wizard.message, View(turn.t("exchange.looking")))
    turn.keep(wizard)
    try:
        await _look(turn, wizard, sent)
    except BybotError as error:  # the file is awaited again: nothing was made
        await _show(turn, wizard, error_text(turn.language, error, turn.now))


async def _look(turn: Turn, wizard: Wizard, sent: TelegramDocument) -> None:
    if (sent.file_size or 0) > MOST_BYTES:
        raise UnreadablePairs("The file is too large.", why="too_large")
    document = await _read(turn, wizard)
    wizard.facts |= {"secrets": document.secrets, "settings": bool(document.preferences)}
    turn.keep(wizard)
    report = await turn.mirror.plan_import(wizard.account, document)
    wizard.step = "check"
    wizard.facts |= {
        "new": bool(report.of(Fate.NEW)),
        "history": any(item.history for item in report.of(Fate.NEW)),
        "preferences": bool(report.preferences),
    }
    view = views.planned(turn.language, wizard.ticket, str(wizard.facts["name"]), report)
    if views.is_cut(report):
        await _send_whole(turn, report)
        wizard.message = await turn.chat.move(wizard.message, view)
    else:
        wizard.message = await turn.chat.show(wizard.message, view)
    turn.keep(wizard)


async def _read(turn: Turn, wizard: Wizard) -> Document:
    """The file, anew from Telegram each time: nothing of it is kept here."""
    try:
        data = await turn.chat.download(str(wizard.facts["file"]))
    except BadRequest as error:
        raise UnreadablePairs("Telegram does not give the file any more.", why="gone") from error
    return await asyncio.to_thread(read, data)


async def _send_whole(turn: Turn, report: Report) -> None:
    text = views.whole(turn.language, report)
    await turn.chat.document(text.encode(), "import.txt", View(turn.t("exchange.whole")))


# Buttons --------------------------------------------------------------------------------------------------------


async def on_press(turn: Turn) -> None:
    """A button of the import."""
    press, wizard = turn.press, turn.wizard
    if press is None:
        return
    if wizard is None or wizard.kind != KIND or wizard.ticket != press.ticket:
        await turn.stale()
        return
    wizard.message = turn.pressed_message or wizard.message
    if press.action == "cancel":
        await cancel(turn, wizard)
    elif press.action == "account" and wizard.step == "account":
        await _with_account(turn, wizard, press.argument)
    elif press.action == "settings" and wizard.step == "check":
        await _switch_settings(turn, wizard)
    elif press.action in ("new", "file", "only") and wizard.step == "check":
        await _carry_out(turn, wizard, "file" if press.action == "file" else "new")
    else:
        await turn.answer("stale")


async def _with_account(turn: Turn, wizard: Wizard, user: str) -> None:
    account = await account_named(turn, user)
    if account is not None and account.working:
        wizard.account, wizard.step = user, "file"
    await turn.answer()
    await _show(turn, wizard)


async def _switch_settings(turn: Turn, wizard: Wizard) -> None:
    settings = wizard.facts["settings"] = not wizard.facts.get("settings")
    rows = views.switches(
        turn.language,
        wizard.ticket,
        new=bool(wizard.facts.get("new")),
        history=bool(wizard.facts.get("history")),
        preferences=bool(wizard.facts.get("preferences")),
        settings=settings,
    )
    await turn.answer()
    if wizard.message is not None:
        await turn.chat.buttons(wizard.message, rows)
    turn.keep(wizard)


async def _carry_out(turn: Turn, wizard: Wizard, start: Start) -> None:
    await turn.answer()
    settings = bool(wizard.facts.get("settings"))
    await turn.chat.show(wizard.message, View(turn.t("exchange.working")))
    try:
        document = await _read(turn, wizard)
        report = await turn.mirror.import_pairs(wizard.account, document, start, settings=settings)
    except BybotError as error:
        wizard.step = "file"
        await _show(turn, wizard, error_text(turn.language, error, turn.now))
        return
    if settings and document.preferences.language is not None:
        await turn.services.profiles.set_language(turn.user_id, document.preferences.language)
        report = replace(report, preferences=("language", *report.preferences))
        turn.speak(document.preferences.language)
    turn.drop()
    if views.is_cut(report):
        await _send_whole(turn, report)
    await turn.chat.move(wizard.message, views.done(turn.language, report))
    await _forget_file(turn, wizard)


# Ends -----------------------------------------------------------------------------------------------------------


async def _forget_file(person: Person, wizard: Wizard) -> None:
    """A file with logins of another program does not stay in the chat."""
    if wizard.facts.get("secrets"):
        await person.chat.delete(int(wizard.facts["sent"]))


async def cancel(person: Person, wizard: Wizard) -> None:
    """Stop: nothing is made."""
    person.drop()
    await person.chat.show(wizard.message, views.ended(person.language, "exchange.cancelled"))
    await _forget_file(person, wizard)


async def timed_out(person: Person, wizard: Wizard) -> None:
    """Nobody answered."""
    person.drop()
    await person.chat.show(wizard.message, views.ended(person.language, "exchange.timeout"))
    await _forget_file(person, wizard)
