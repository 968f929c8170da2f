"""A new pair, step by step: account (when there are several), source, target, which posts, confirmation."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

from bybot.bot.handlers.account import account_named, working_accounts
from bybot.bot.services import Person
from bybot.bot.spans import read_span
from bybot.bot.texts import Html
from bybot.bot.texts.errors import error_text
from bybot.bot.texts.formats import number
from bybot.bot.turn import Turn
from bybot.bot.views import tasks as taskviews
from bybot.bot.views import wizard as views
from bybot.bot.views.base import View
from bybot.bot.views.login import start_login
from bybot.bot.wizard import Wizard
from bybot.errors import ChatNotWritable, MirrorError, SameChat
from bybot.mirror.model import (
    ByDates,
    ByIds,
    ChannelPair,
    ChatRef,
    Everything,
    Last,
    Mode,
    New,
    mode_from_value,
    mode_to_value,
)
from bybot.mirror.paircalls import History

KIND: Final = "pair"
#: What "back" leads to. Picking from the list is a face of its step and goes back to it.
_BEFORE: Final = {
    "source": "account",
    "target": "source",
    "range": "target",
    "number": "range",
    "span": "range",
    "confirm": "range",
}


async def begin(turn: Turn) -> None:
    """The button or command for a new pair."""
    wizard = turn.wizard
    if wizard is not None and wizard.kind == KIND:
        if wizard.message is not None:
            await turn.chat.delete(wizard.message)
            wizard.message = None
        await show(turn, wizard, turn.t("wizard.busy"))
        return
    accounts = await working_accounts(turn)
    if not accounts:
        await turn.show(View(turn.t("error.no_session"), start_login(turn.language)))
        return
    wizard = turn.new_wizard(KIND, "source" if len(accounts) == 1 else "account")
    wizard.account = accounts[0].user if len(accounts) == 1 else ""
    wizard.facts["several"] = len(accounts) > 1
    wizard.message = turn.pressed_message
    await show(turn, wizard)


async def begin_task(turn: Turn, pair: ChannelPair) -> None:
    """A further range of a pair that is there: the same questions, from the range on."""
    wizard = turn.wizard
    if wizard is not None:
        await turn.answer("wizard.other", alert=True)
        return
    wizard = turn.new_wizard(KIND, "range")
    wizard.account, wizard.message = pair.user, turn.pressed_message
    wizard.facts = {"source": pair.source.to_value(), "target": pair.target.to_value(), "task_of": pair.id}
    await show(turn, wizard)


# Screens --------------------------------------------------------------------------------------------------------


async def show(person: Person, wizard: Wizard, note: Html | None = None) -> None:
    """Show the step under way in the dialogue's message and remember both."""
    view = await _view(person, wizard)
    wizard.message = await person.chat.show(wizard.message, view.below(note))
    person.keep(wizard)


async def _view(person: Person, wizard: Wizard) -> View:
    language, ticket, facts = person.language, wizard.ticket, wizard.facts
    if wizard.step in {"source", "target"} and "page" in facts:
        chats = await _choices(person, wizard)
        return views.pick(language, ticket, wizard.step, chats, int(facts["page"]))
    match wizard.step:
        case "account":
            return views.account(language, ticket, await working_accounts(person))
        case "target":
            return views.target(language, ticket, _chat(wizard, "source"))
        case "range":
            chats = _chat(wizard, "source"), _chat(wizard, "target")
            return views.choose_range(language, ticket, *chats, task="task_of" in facts)
        case "number":
            return views.ask_number(language, ticket)
        case "span":
            return views.ask_span(language, ticket)
        case "confirm":
            return await _confirm_view(person, wizard)
    return views.source(language, ticket, back=bool(facts.get("several")))


async def _confirm_view(person: Person, wizard: Wizard) -> View:
    source, target, mode = _chat(wizard, "source"), _chat(wizard, "target"), mode_from_value(wizard.facts["mode"])
    guess = None
    if not isinstance(mode, New):
        await person.chat.typing()
        guess = await person.mirror.estimate(wizard.account, source, mode)
    task, history = "task_of" in wizard.facts, _history(wizard)
    return views.confirm(person.language, wizard.ticket, source, target, mode, guess, history=history, task=task)


def _history(wizard: Wizard) -> History:
    """Whether history goes before new posts or beside them."""
    return "beside" if wizard.facts.get("history") == "beside" else "first"


def _chat(wizard: Wizard, end: str) -> ChatRef:
    return ChatRef.from_value(wizard.facts[end])


async def channels_of(person: Person, account: str, *, fresh: bool = False) -> Sequence[ChatRef]:
    """The channels of one of the person's accounts, read once and kept for turning pages.

    Raises:
        BybotError: the account cannot be asked now.
    """
    known = person.services.lists.get(account)
    if known is None or fresh:
        await person.chat.typing()
        known = await person.mirror.list_channels(account)
        person.services.lists.put(account, known)
    return known


async def _choices(person: Person, wizard: Wizard) -> Sequence[ChatRef]:
    chats = await channels_of(person, wizard.account)
    if wizard.step == "source":
        return [chat for chat in chats if chat.can_read]
    return [chat for chat in chats if chat.can_post and chat.id != wizard.facts["source"]["id"]]


# Messages -------------------------------------------------------------------------------------------------------


async def on_message(turn: Turn, wizard: Wizard) -> None:
    """What was written while a pair is being added. It reaches nobody else."""
    if wizard.step in {"source", "target"}:
        await _on_chat_text(turn, wizard)
    elif wizard.step in {"number", "range"} and (count := _count_in(turn.text)) is not None:
        await _chosen(turn, wizard, Last(count), below=True)
    elif wizard.step == "number":
        await _below(turn, wizard, turn.t("wizard.number_again", most=number(views.MOST_LAST)))
    elif wizard.step in {"span", "range"} and (span := read_span(turn.text)) is not None:
        await _with_span(turn, wizard, span)
    elif wizard.step == "span":
        await _below(turn, wizard, turn.t("wizard.span_again"))
    elif wizard.step == "range":
        await _below(turn, wizard, turn.t("wizard.range_again", most=number(views.MOST_LAST)))
    else:
        await _below(turn, wizard, turn.t("wizard.choose"))


async def _with_span(turn: Turn, wizard: Wizard, span: ByIds | ByDates) -> None:
    if isinstance(span, ByDates) and span.until is not None and span.until > turn.now:
        await _below(turn, wizard, turn.t("wizard.span_future"))
    else:
        await _chosen(turn, wizard, span, below=True)


async def _on_chat_text(turn: Turn, wizard: Wizard) -> None:
    await turn.chat.typing()
    try:
        found = await turn.mirror.resolve(wizard.account, _reference(turn))
        _take(wizard, found)
    except MirrorError as error:
        await _below(turn, wizard, error_text(turn.language, error, turn.now))
        return
    await _below(turn, wizard, None)


def _reference(turn: Turn) -> str:
    """What names the chat: the text, or the channel that a forwarded post comes from."""
    origin = turn.message.forward_origin if turn.message else None
    chat = getattr(origin, "chat", None)
    return str(chat.id) if chat is not None else turn.text.strip()


def _take(wizard: Wizard, chat: ChatRef) -> None:
    """Remember the chat for the step under way and go to the next.

    Raises:
        SameChat, ChatNotWritable: it cannot be the target.
    """
    if wizard.step == "target":
        if chat.id == wizard.facts["source"]["id"]:
            raise SameChat("source and target are the same chat")
        if not chat.can_post:
            raise ChatNotWritable("the account may not post there")
    wizard.facts[wizard.step] = chat.to_value()
    wizard.facts.pop("page", None)
    wizard.step = "target" if wizard.step == "source" else "range"


async def _below(turn: Turn, wizard: Wizard, note: Html | None) -> None:
    """Show the step below what the person just wrote."""
    if wizard.message is not None:
        await turn.chat.delete(wizard.message)
        wizard.message = None
    await show(turn, wizard, note)


def _count_in(text: str) -> int | None:
    """A whole number within the limits, in any script's digits; None when it is not one."""
    plain = unicodedata.normalize("NFKC", text).strip().replace(",", "").replace(" ", "")
    if not plain.isdecimal() or len(plain) > 9:
        return None
    return count if 1 <= (count := int(plain)) <= views.MOST_LAST else None


# Buttons --------------------------------------------------------------------------------------------------------


async def on_press(turn: Turn) -> None:
    """A button of the new pair's screens."""
    press = turn.press
    if press is None:
        return
    if press.action == "new":
        await turn.answer()
        await begin(turn)
        return
    wizard = turn.wizard
    if wizard is None or wizard.kind != KIND or wizard.ticket != press.ticket:
        await turn.stale()
        return
    wizard.message = turn.pressed_message or wizard.message
    try:
        await _act(turn, wizard, press.action, press.argument)
    except MirrorError as error:
        await show(turn, wizard, error_text(turn.language, error, turn.now))


async def _act(turn: Turn, wizard: Wizard, action: str, argument: str) -> None:
    step = wizard.step
    if action == "cancel":
        await cancel(turn, wizard)
    elif action == "back":
        await _back(turn, wizard)
    elif action == "account" and step == "account":
        await _with_account(turn, wizard, argument)
    elif action == "pick" and step in {"source", "target"}:
        wizard.facts["page"] = int(argument) if argument.isdigit() else 0
        await show(turn, wizard)
    elif action == "chat" and step in {"source", "target"}:
        await _picked(turn, wizard, argument)
    elif action == "new_only" and step == "range" and "task_of" not in wizard.facts:
        await _chosen(turn, wizard, New())
    elif action == "all" and step == "range":
        await _chosen(turn, wizard, Everything())
    elif action == "last" and step == "range" and argument.isdigit():
        await _chosen(turn, wizard, Last(int(argument)))
    elif action in {"number", "span"} and step == "range":
        wizard.step = action
        await show(turn, wizard)
    elif action == "order" and step == "confirm":
        wizard.facts["history"] = "first" if _history(wizard) == "beside" else "beside"
        await show(turn, wizard)
    elif action == "start" and step == "confirm":
        await _start(turn, wizard)
    else:
        await turn.answer("stale")


async def _with_account(turn: Turn, wizard: Wizard, user: str) -> None:
    account = await account_named(turn, user)
    if account is not None and account.working:
        wizard.account, wizard.step = user, "source"
    await show(turn, wizard)


async def _back(turn: Turn, wizard: Wizard) -> None:
    if "page" in wizard.facts:
        del wizard.facts["page"]
    else:
        wizard.step = _BEFORE.get(wizard.step, "source")
        if wizard.step == "account":  # another account sees other chats
            wizard.facts = {"several": True}
    await show(turn, wizard)


async def _picked(turn: Turn, wizard: Wizard, chat_id: str) -> None:
    chats = await channels_of(turn, wizard.account)
    found = next((chat for chat in chats if str(chat.id) == chat_id), None)
    if found is None:
        found = await turn.mirror.resolve(wizard.account, chat_id)
    _take(wizard, found)
    await show(turn, wizard)


async def _chosen(turn: Turn, wizard: Wizard, mode: Mode, *, below: bool = False) -> None:
    wizard.facts["mode"] = mode_to_value(mode)
    wizard.step = "confirm"
    if below:
        await _below(turn, wizard, None)
    else:
        await turn.answer()
        await show(turn, wizard)


async def _start(turn: Turn, wizard: Wizard) -> None:
    await turn.answer()
    source, target = _chat(wizard, "source"), _chat(wizard, "target")
    mode = mode_from_value(wizard.facts["mode"])
    if "task_of" in wizard.facts:
        task = await turn.mirror.add_task(wizard.account, str(wizard.facts["task_of"]), mode)
        turn.drop()
        await turn.chat.show(wizard.message, taskviews.added(turn.language, task))
        return
    await turn.mirror.add_pair(wizard.account, source, target, mode, history=_history(wizard))
    turn.drop()
    await turn.chat.show(wizard.message, views.added(turn.language, source, target, mode))


async def cancel(person: Person, wizard: Wizard) -> None:
    """Stop: no pair is added, or no task."""
    person.drop()
    key = "task.cancelled" if "task_of" in wizard.facts else "wizard.cancelled"
    await person.chat.show(wizard.message, _end(person, wizard, key))


async def timed_out(person: Person, wizard: Wizard) -> None:
    """Nobody answered."""
    person.drop()
    key = "task.timeout" if "task_of" in wizard.facts else "wizard.timeout"
    await person.chat.show(wizard.message, _end(person, wizard, key))


def _end(person: Person, wizard: Wizard, key: str) -> View:
    """The last word of the dialogue, with the way back."""
    if "task_of" in wizard.facts:
        return taskviews.ended(person.language, key, str(wizard.facts["task_of"]))
    return views.ended(person.language, key)


async def resumed(person: Person, wizard: Wizard) -> None:
    """The process was restarted in the middle: the buttons on the screen still work; only the deadline is needed."""
    person.services.timeouts.set(person.user_id, wizard.deadline)
