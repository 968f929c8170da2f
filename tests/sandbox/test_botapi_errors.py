"""What a bot is told when it asks for something wrong, in Telegram's own words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter

from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.server import Sandbox
from tests.sandbox.botapi_support import people, running_bot, seen
from tests.sandbox.conftest import BOT_TOKEN


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[Bot]:
    """A stock bot to which Ann has written."""
    ann, _, account = people(sandbox)
    sandbox.world.send_message(ann, account.peer, text="/start")
    async with running_bot(sandbox) as running:
        yield running


async def raw(sandbox: Sandbox, method: str, token: str = BOT_TOKEN, **params: Any) -> tuple[int, dict[str, Any]]:
    """A call without a library, for the exact text."""
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.post(f"{sandbox.bot_api_url}{token}/{method}", json=params)
    return response.status_code, response.json()


async def test_a_wrong_token_is_unauthorized(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidToken):
        async with running_bot(sandbox, "7000000009:AAwrongwrongwrongwrongwrongwrongwro"):
            pytest.fail("the token was accepted")
    assert await raw(sandbox, "getMe", "1:x") == (
        401,
        {"ok": False, "error_code": 401, "description": "Unauthorized"},
    )


async def test_an_unknown_method_is_not_found_and_counted(sandbox: Sandbox) -> None:
    status, answer = await raw(sandbox, "sendTelepathy")
    assert (status, answer["description"]) == (404, "Not Found: method not found")
    assert dict(sandbox.counters.unknown) == {"bot:sendTelepathy": 1}
    sandbox.counters.reset()


async def test_get_and_names_in_any_case_work_as_at_telegram(sandbox: Sandbox) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = (await client.get(f"{sandbox.bot_api_url}{BOT_TOKEN}/getme")).json()
    assert answer["result"]["username"] == "tiny_bot"


async def test_a_bot_cannot_write_first(sandbox: Sandbox, bot: Bot) -> None:
    _, wei, _ = people(sandbox)
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(wei.id, "hello")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message("@nobody_here", "hello")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(-100123, "hello")


async def test_a_blocked_bot_is_told_so(sandbox: Sandbox, bot: Bot, control: ControlClient) -> None:
    ann, _, account = people(sandbox)
    await control.do("block", as_="@ann", bot="@tiny_bot")
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(ann.id, "hello")
    update = (await bot.get_updates(offset=-1))[0]
    assert update.my_chat_member is not None
    assert update.my_chat_member.new_chat_member.status == "kicked"
    await control.do("block", as_="@ann", bot="@tiny_bot", on=False)
    await bot.send_message(ann.id, "hello")
    assert seen(sandbox, ann, account)[-1].text == "hello"


async def test_someone_who_left_telegram_cannot_be_written_to(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, _ = people(sandbox)
    ann.deactivated = True
    with pytest.raises(Forbidden, match="user is deactivated"):
        await bot.send_message(ann.id, "hello")


async def test_an_edit_that_changes_nothing_is_refused(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, _ = people(sandbox)
    sent = await bot.send_message(ann.id, "same")
    _, answer = await raw(sandbox, "editMessageText", chat_id=ann.id, message_id=sent.message_id, text="same")
    assert answer["description"] == (
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
        "as a current content and reply markup of the message"
    )


async def test_what_is_not_there_cannot_be_edited_or_deleted(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    start = seen(sandbox, ann, account)[0].twin
    assert start is not None
    for method, id_, text in [
        ("editMessageText", 999, "message to edit not found"),
        ("editMessageReplyMarkup", 999, "message to edit not found"),
        ("deleteMessage", 999, "message to delete not found"),
        ("editMessageText", start.id, "message can't be edited"),
    ]:
        _, answer = await raw(sandbox, method, chat_id=ann.id, message_id=id_, text="x")
        assert answer["description"] == f"Bad Request: {text}"
    sent = await bot.send_message(ann.id, "x")
    with pytest.raises(BadRequest, match="There is no caption in the message to edit"):
        await bot.edit_message_caption(ann.id, sent.message_id, caption="c")


async def test_after_two_days_a_message_stays(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    copy = seen(sandbox, ann, account)[0].twin
    assert copy is not None
    copy.date -= timedelta(hours=48, seconds=1)
    with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
        await bot.delete_message(ann.id, copy.id)
    assert len(seen(sandbox, ann, account)) == 1


async def test_button_data_is_at_most_64_bytes(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    for data, fits in [("x" * 64, True), ("é" * 32, True), ("é" * 33, False), ("x" * 65, False)]:
        markup = InlineKeyboardMarkup([[InlineKeyboardButton("b", callback_data=data)]])
        if fits:
            await bot.send_message(ann.id, "x", reply_markup=markup)
            continue
        with pytest.raises(BadRequest, match="Button_data_invalid"):
            await bot.send_message(ann.id, "x", reply_markup=markup)
    assert len(seen(sandbox, ann, account)) == 3


async def test_wrong_formatting_sends_nothing(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    with pytest.raises(BadRequest, match="Can't parse entities: can't find end tag corresponding to start tag"):
        await bot.send_message(ann.id, "<b>x", parse_mode="HTML")
    assert len(seen(sandbox, ann, account)) == 1


async def test_a_query_that_nobody_waits_for_is_too_old(sandbox: Sandbox, bot: Bot) -> None:
    _, answer = await raw(sandbox, "answerCallbackQuery", callback_query_id="123")
    assert answer["description"] == (
        "Bad Request: query is too old and response timeout expired or query ID is invalid"
    )


async def test_a_flood_tells_how_long_to_wait(
    sandbox: Sandbox, bot: Bot, control: ControlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # the coming behaviour; the present one warns
    ann, _, account = people(sandbox)
    await control.fault("bot_flood", account=account.id, method="sendMessage", seconds=7)
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(ann.id, "x")
    assert refused.value.retry_after == timedelta(seconds=7)
    await control.fault("bot_flood", account=account.id, method="sendMessage", seconds=7)
    status, answer = await raw(sandbox, "sendMessage", chat_id=ann.id, text="x")
    assert (status, answer["parameters"]) == (429, {"retry_after": 7})
    assert answer["description"] == "Too Many Requests: retry after 7"
    await bot.send_message(ann.id, "now it goes")
    assert seen(sandbox, ann, account)[-1].text == "now it goes"


async def test_server_errors_and_cuts_are_network_errors(sandbox: Sandbox, bot: Bot, control: ControlClient) -> None:
    ann, _, account = people(sandbox)
    await control.fault("bot_error", account=account.id, method="sendMessage")
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(ann.id, "lost")
    await control.fault("bot_cut", account=account.id, method="sendMessage")
    with pytest.raises(NetworkError):
        await bot.send_message(ann.id, "applied")
    assert [m.text for m in seen(sandbox, ann, account)] == ["/start", "applied"]
