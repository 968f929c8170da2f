"""How updates reach a bot: long polling and the webhook, with stock python-telegram-bot."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, Conflict
from telegram.ext import Application, ApplicationBuilder, CallbackQueryHandler, CommandHandler, ContextTypes

from bybot.sandbox.control_client import ControlClient, ControlError
from bybot.sandbox.http import HttpServer
from bybot.sandbox.samples import KINDS, media_of
from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.model import Media
from tests.sandbox.botapi_support import people, running_bot, seen
from tests.sandbox.conftest import BOT_TOKEN
from tests.sandbox.support import until


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[Bot]:
    async with running_bot(sandbox) as running:
        yield running


async def test_updates_stay_until_they_are_confirmed(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    for text in ("one", "two", "three"):
        sandbox.world.send_message(ann, account.peer, text=text)
    first = await bot.get_updates(limit=2)
    assert [u.message.text for u in first if u.message] == ["one", "two"]
    assert [u.update_id for u in await bot.get_updates()][:2] == [u.update_id for u in first]
    rest = await bot.get_updates(offset=first[-1].update_id + 1)
    assert [u.message.text for u in rest if u.message] == ["three"]
    assert rest[0].update_id == first[-1].update_id + 1
    assert len(await bot.get_updates()) == 1
    sandbox.world.send_message(ann, account.peer, text="four")
    newest = await bot.get_updates(offset=-1)
    assert [u.message.text for u in newest if u.message] == ["four"]
    assert await bot.get_updates(offset=newest[0].update_id + 1) == ()


async def test_a_message_carries_the_bots_numbering_and_the_persons_language(sandbox: Sandbox, bot: Bot) -> None:
    _, wei, account = people(sandbox)
    sandbox.world.send_message(wei, sandbox.world.account(5000100).peer, text="moves ids on")
    sent = sandbox.world.send_message(wei, account.peer, text="/start now")
    message = (await bot.get_updates())[0].message
    assert message is not None
    assert message.from_user is not None
    assert sent.twin is not None
    assert message.message_id == sent.twin.id != sent.id
    assert (message.from_user.id, message.from_user.language_code) == (wei.id, "zh-hans")
    assert (message.chat.id, message.chat.type) == (wei.id, "private")
    assert message.entities[0].type == "bot_command"


async def test_a_poll_waits_for_the_first_update(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    polling = asyncio.create_task(bot.get_updates(timeout=20))
    await until(lambda: sandbox.bot_api.inbox(account)._poller)
    start = time.monotonic()
    sandbox.world.send_message(ann, account.peer, text="late")
    updates = await polling
    assert updates[0].message is not None
    assert updates[0].message.text == "late"
    assert time.monotonic() - start < 15  # the poll itself would take 20


async def test_only_wanted_kinds_are_kept(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    await bot.get_updates(allowed_updates=["edited_message"])
    sent = sandbox.world.send_message(ann, account.peer, text="a")
    sandbox.world.edit_message(ann, account.peer, sent.id, text="b")
    updates = await bot.get_updates()
    assert [u.edited_message.text for u in updates if u.edited_message] == ["b"]
    assert len(updates) == 1


async def test_the_older_of_two_pollers_is_ended(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    older = asyncio.create_task(bot.get_updates(timeout=20))
    await until(lambda: sandbox.bot_api.inbox(account)._poller)
    async with running_bot(sandbox) as other:
        newer = asyncio.create_task(other.get_updates(timeout=20))
        with pytest.raises(Conflict, match="terminated by other getUpdates request; make sure that only one bot"):
            await older
        sandbox.world.send_message(ann, account.peer, text="x")
        assert len(await newer) == 1


async def test_a_press_reaches_the_bot_and_its_answer_the_person(
    sandbox: Sandbox, bot: Bot, control: ControlClient
) -> None:
    ann, wei, account = people(sandbox)
    sandbox.world.send_message(ann, wei.peer, text="moves ids on")
    sandbox.world.send_message(ann, account.peer, text="/start")
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]])
    sent = await bot.send_message(ann.id, "Sure?", reply_markup=markup)
    shown = await control.wait_message("@ann", "@tiny_bot", lambda m: bool(m["buttons"]))
    assert shown["id"] != sent.message_id
    pressing = asyncio.create_task(control.press("@ann", "@tiny_bot", shown["id"], label="Yes"))
    update = (await bot.get_updates(offset=-1, timeout=10, allowed_updates=["callback_query"]))[-1]
    if update.callback_query is None:
        update = (await bot.get_updates(offset=update.update_id + 1, timeout=10))[-1]
    query = update.callback_query
    assert query is not None
    assert query.message is not None
    assert (query.data, query.message.message_id, query.from_user.id) == ("y", sent.message_id, ann.id)
    await query.answer("Done", show_alert=True)
    assert await pressing == {"answered": True, "text": "Done", "alert": True, "url": None}
    with pytest.raises(BadRequest, match="Query is too old"):
        await query.answer()


async def test_being_made_an_administrator_is_an_update(sandbox: Sandbox, bot: Bot) -> None:
    _, wei, account = people(sandbox)
    channel = sandbox.world.channel(1000000100)
    sandbox.world.set_admin(channel, account)
    member = (await bot.get_updates())[0].my_chat_member
    assert member is not None
    assert (member.chat.id, member.new_chat_member.status) == (-1001000000100, "administrator")
    sandbox.world.send_message(wei, channel.peer, text="a post")
    post = (await bot.get_updates(offset=-1))[0].channel_post
    assert post is not None
    assert (post.text, post.chat.title) == ("a post", "Source")


# The webhook --------------------------------------------------------------------------------------------------


class Hook:
    """A web server that takes updates; it fails as often as it is told to."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.failures = 0
        self.calls = 0
        self.url = ""

    async def take(self, request: Request) -> Response:
        self.calls += 1
        if self.failures:
            self.failures -= 1
            return Response(status_code=500)
        self.secrets.append(request.headers.get("x-telegram-bot-api-secret-token"))
        self.bodies.append(await request.json())
        return Response()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    taken = Hook()
    server = HttpServer(Starlette(routes=[Route("/hook", taken.take, methods=["POST"])]))
    taken.url = f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}/hook"
    yield taken
    await server.stop()


async def test_the_webhook_gets_updates_in_order_with_the_secret(sandbox: Sandbox, bot: Bot, hook: Hook) -> None:
    ann, _, account = people(sandbox)
    sandbox.world.send_message(ann, account.peer, text="before")
    await bot.set_webhook(hook.url, secret_token="abc_DEF-123", max_connections=7)
    for n in range(3):
        sandbox.world.send_message(ann, account.peer, text=str(n))
    await until(lambda: len(hook.bodies) == 4)
    assert [body["message"]["text"] for body in hook.bodies] == ["before", "0", "1", "2"]
    assert set(hook.secrets) == {"abc_DEF-123"}
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count, info.max_connections) == (hook.url, 0, 7)
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active; use deleteWebhook"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert (await bot.get_webhook_info()).url == ""
    assert await bot.get_updates() == ()


async def test_a_failed_delivery_is_tried_again(sandbox: Sandbox, bot: Bot, hook: Hook) -> None:
    ann, _, account = people(sandbox)
    hook.failures = 2
    await bot.set_webhook(hook.url)
    sandbox.world.send_message(ann, account.peer, text="x")
    await until(lambda: hook.bodies)
    info = await bot.get_webhook_info()
    assert hook.calls == 3
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"


async def test_pending_updates_can_be_dropped(sandbox: Sandbox, bot: Bot, hook: Hook) -> None:
    ann, _, account = people(sandbox)
    sandbox.world.send_message(ann, account.peer, text="old")
    assert (await bot.get_webhook_info()).pending_update_count == 1
    await bot.set_webhook(hook.url, drop_pending_updates=True)
    sandbox.world.send_message(ann, account.peer, text="new")
    await until(lambda: hook.bodies)
    assert [body["message"]["text"] for body in hook.bodies] == ["new"]


async def test_bad_webhooks_are_refused(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Secret token contains unallowed characters"):
        await bot.set_webhook("https://example.org/", secret_token="no spaces")
    with pytest.raises(BadRequest, match="Bad webhook"):
        await bot.set_webhook("not an address")


# A whole application ------------------------------------------------------------------------------------------


async def test_a_stock_application_talks_to_a_person(sandbox: Sandbox, control: ControlClient) -> None:
    async def start(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.effective_message is not None
        buttons = InlineKeyboardMarkup([[InlineKeyboardButton("+", callback_data="+")]])
        await update.effective_message.reply_text("0", reply_markup=buttons)

    async def more(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        assert query is not None
        await query.answer()
        await query.edit_message_text("1")

    builder = ApplicationBuilder().token(BOT_TOKEN).base_url(sandbox.bot_api_url)
    application: Application[Any, Any, Any, Any, Any, Any] = builder.build()
    application.add_handler(CommandHandler("start", start))
    application.add_handler(CallbackQueryHandler(more))
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(timeout=5)
        await control.say("@ann", "@tiny_bot", "/start")
        shown = await control.wait_message("@ann", "@tiny_bot", lambda m: m["text"] == "0")
        answer = await control.press("@ann", "@tiny_bot", shown["id"], label="+")
        assert answer["answered"]
        edited = await control.wait_message("@ann", "@tiny_bot", lambda m: m["text"] == "1")
        assert (edited["id"], edited["buttons"]) == (shown["id"], None)
        with contextlib.suppress(Conflict):
            await application.updater.stop()
        await application.stop()
    ann, _, account = people(sandbox)
    assert [m.text for m in seen(sandbox, ann, account)] == ["/start", "1"]


async def test_a_bot_sees_what_kind_of_post_it_is(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    for kind in KINDS:
        sandbox.world.send_message(ann, account.peer, media=media_of(sandbox.world, kind, 5))
    messages = [update.message for update in await bot.get_updates() if update.message]
    effective = {"quiz": "poll", "round": "video_note", "live_location": "location"}
    for kind, message in zip(KINDS, messages, strict=True):
        assert getattr(message, effective.get(kind, kind)), kind
        assert message.text is None
    by_kind = dict(zip(KINDS, messages, strict=True))
    assert by_kind["quiz"].poll is not None
    assert by_kind["quiz"].poll.type == "quiz"
    assert by_kind["venue"].venue is not None
    assert by_kind["venue"].venue.title == "Pier 5"
    assert by_kind["dice"].dice is not None
    assert by_kind["dice"].dice.value == 6


async def test_a_file_that_a_person_attaches_reaches_the_bot_byte_for_byte(
    sandbox: Sandbox, bot: Bot, control: ControlClient
) -> None:
    data = bytes(range(256)) + b"\r\n--x\r\n"
    file = {"name": "配对 a.json", "mime": "application/json", "base64": base64.b64encode(data).decode()}
    await control.say("@ann", "@tiny_bot", "here", file=file)
    message = (await bot.get_updates())[-1].message
    assert message is not None
    assert (message.caption, message.text) == ("here", None)
    assert message.document is not None
    sent = message.document
    assert (sent.file_name, sent.mime_type, sent.file_size) == ("配对 a.json", "application/json", len(data))
    found = await bot.get_file(sent.file_id)
    assert found.file_unique_id == sent.file_unique_id
    assert bytes(await found.download_as_bytearray()) == data
    again = await bot.send_document(5000100, sent.file_id)
    assert again.document is not None
    assert again.document.file_unique_id == sent.file_unique_id
    for wrong in ({"name": "x", "base64": ""}, {"name": "x", "base64": "?"}):
        with pytest.raises(ControlError):
            await control.say("@ann", "@tiny_bot", "", file=wrong)


async def test_a_file_above_twenty_megabytes_is_not_given_to_bots(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    sandbox.world.send_message(ann, account.peer, text="/start")
    large = sandbox.world.store_file(bytes(20 * 1024 * 1024 + 1), mime="application/zip")
    sandbox.world.send_message(ann, account.peer, media=Media(large))
    message = (await bot.get_updates())[-1].message
    assert message is not None
    assert message.document is not None
    with pytest.raises(BadRequest, match="too big"):
        await bot.get_file(message.document.file_id)
