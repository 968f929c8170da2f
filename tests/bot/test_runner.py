"""How the bot meets Telegram: polling, webhook, outages, refusals, and what it says when things go wrong."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest

from bybot.clock import SystemClock
from bybot.errors import ConfigurationError
from bybot.mirror.model import Last, Notice, NoticeKind, Progress
from bybot.sandbox.control_client import ControlClient, Message
from bybot.sandbox.server import Sandbox
from bybot.sessions.news import NewsKind, SessionNews
from bybot.stores.memory import MemoryStore
from bybot.web.app import Webhook, create_app
from bybot.web.server import WebServer
from tests.bot.support import SEED, TOKEN, WEI, Person, Product, bot_options, running, until


async def test_updates_come_through_the_webhook_of_the_service(sandbox: Sandbox, ann: Person) -> None:
    holder: list[Product] = []

    async def feed(update: object) -> bool:
        return await holder[0].runner.feed(update)  # type: ignore[arg-type]

    async def facts() -> dict[str, str]:
        return {"status": "healthy"}

    options = bot_options(sandbox)
    webhook = Webhook(options.webhook_path, options.header_secret, feed)
    server = WebServer(create_app(health=facts, status=facts, webhook=webhook), "127.0.0.1", 0)
    await server.start()
    try:
        options = bot_options(sandbox, webhook_url=f"http://127.0.0.1:{server.port}")
        product = Product.build(sandbox, MemoryStore(SystemClock()), options)
        holder.append(product)
        assert not await product.runner.feed({"update_id": 1})  # not active yet: Telegram shall try again
        try:
            await product.start()
            assert product.runner.state == "webhook"
            await ann.say_and_wait("/help", "What I understand")
        finally:
            await product.stop()
    finally:
        await server.stop()


async def test_what_was_written_while_the_bot_was_away_is_answered(sandbox: Sandbox, ann: Person) -> None:
    sent = await ann.say("/help")
    async with running(sandbox):
        assert (await ann.wait("What I understand"))["id"] > sent


async def test_a_second_process_answers_only_when_the_first_ended(sandbox: Sandbox, ann: Person) -> None:
    store = MemoryStore(SystemClock())
    second = Product.build(sandbox, store)
    async with running(sandbox, store):
        await second.mirror.start()
        await second.manager.start()
        await second.runner.start()
        await until(lambda: second.manager.state == "waiting" and second.runner.state == "waiting")
        await ann.say_and_wait("/help", "What I understand")
    try:
        await until(lambda: second.runner.state == "polling", 20)
        await ann.say_and_wait("/status", "Status")
    finally:
        await second.stop()


async def test_a_refused_token_is_one_clear_error_without_the_token(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bybot")
    wrong = "7000000001:AAHwrongwrongwrongwrongwrongwrongwro"
    product = Product.build(sandbox, MemoryStore(SystemClock()), bot_options(sandbox, token=wrong))
    try:
        await product.start()
        failure = await product.runner.wait_failed()
    finally:
        await product.stop()
    assert isinstance(failure, ConfigurationError)
    assert [problem.variable for problem in failure.problems] == ["BOT_TOKEN"]
    assert wrong not in failure.message + caplog.text


async def test_a_webhook_that_telegram_refuses_is_one_clear_error(sandbox: Sandbox, control: ControlClient) -> None:
    await control.fault("bot_error", method="setWebhook", code=400, message="Bad Request: bad webhook: no HTTPS")
    options = bot_options(sandbox, webhook_url="http://203.0.113.1")
    product = Product.build(sandbox, MemoryStore(SystemClock()), options)
    try:
        await product.start()
        failure = await product.runner.wait_failed()
    finally:
        await product.stop()
    assert isinstance(failure, ConfigurationError)
    assert [problem.variable for problem in failure.problems] == ["WEBHOOK_URL"]


async def test_an_outage_of_the_bot_api_at_start_is_waited_out(
    sandbox: Sandbox, control: ControlClient, ann: Person
) -> None:
    await control.fault("bot_error", method="getMe", times=2)
    async with running(sandbox):
        await ann.say_and_wait("/help", "What I understand")


async def test_a_refusal_for_too_many_messages_is_waited_out(
    product: Product, control: ControlClient, ann: Person
) -> None:
    await control.fault("bot_flood", method="sendMessage", seconds=1, times=1)
    await ann.say_and_wait("/help", "What I understand")


async def test_a_bug_is_apologised_for_and_logged_without_what_was_written(
    product: Product, ann: Person, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(user_id: int) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(product.manager, "get_session_info", broken)
    await ann.say_and_wait("/status my secret words", "something went wrong on my side")
    assert "a bug" in caplog.text
    assert "my secret words" not in caplog.text
    assert TOKEN not in caplog.text


async def test_progress_is_one_message_that_survives_a_restart_and_honours_a_429(
    sandbox: Sandbox, control: ControlClient, wei: Person
) -> None:
    store = MemoryStore(SystemClock())
    for number in range(5):
        await control.post("@editor", "@harbour_news", f"post {number}")
    async with running(sandbox, store) as product:
        await wei.log_in()
        pair = await product.mirror.add_pair(WEI, "@harbour_news", -1001000000300, Last(5))
        await until(lambda: len(product.sandbox.world.channel(1000000300).messages) >= 6)
        await wei.wait("历史已复制")
        await product.mirror.pause(WEI, pair.id)
        first = await shown(product, wei, pair.id, 1)
        await control.fault("bot_flood", method="editMessageText", seconds=2, times=1)
        assert (await shown(product, wei, pair.id, 50))["id"] == first["id"]
    async with running(sandbox, store) as product:
        assert (await shown(product, wei, pair.id, 70))["id"] == first["id"]
        product.bot.notices.notice(WEI, Notice(NoticeKind.HISTORY_DONE, pair, {"copied": 100, "skipped": 0}))
        await wei.wait("历史已复制：100")
        assert first["id"] not in [message["id"] for message in await wei.chat()]


async def shown(product: Product, person: Person, pair_id: str, done: int) -> Message:
    """Report until the chat shows it: a last report of the mirror's own may come between."""
    async with asyncio.timeout(15):
        while True:
            product.bot.notices.progress(person.id, pair_id, Progress("history", done, 0, 100, 1.0))
            for message in await person.chat():
                if f"{done} / 100 条" in message["text"]:
                    return message
            await asyncio.sleep(0.05)


async def test_reports_before_the_bot_runs_and_for_users_without_a_chat_do_no_harm(sandbox: Sandbox) -> None:
    product = Product.build(sandbox, MemoryStore(SystemClock()))
    product.bot.notices.session_news(SessionNews(NewsKind.OVER, "user_123", {"reason": "revoked"}))
    product.bot.notices.session_news(SessionNews(NewsKind.OVER, "-5", {"reason": "revoked"}))
    product.bot.notices.progress("user_123", "x", Progress("history", 1, 0, None))
    await product.manager.close_all_sessions()


async def test_the_webhook_path_and_header_cannot_be_guessed(sandbox: Sandbox) -> None:
    options = bot_options(sandbox)
    other = bot_options(sandbox, webhook_secret="another secret!")
    assert len(options.header_secret) >= 32
    assert options.webhook_path != other.webhook_path
    assert bot_options(sandbox, webhook_secret="plain_secret").header_secret == "plain_secret"
    assert TOKEN not in repr(options)
    assert httpx.URL(f"http://x{options.webhook_path}").path == options.webhook_path


async def test_the_bot_speaks_through_a_proxy() -> None:
    async with (
        Sandbox(seed=SEED, socks_port=0) as sandbox,
        ControlClient(sandbox.control_url) as control,
        running(sandbox, options=bot_options(sandbox, proxy_url="socks5://{}:{}".format(*sandbox.socks_address))),
    ):
        await Person(control, WEI).say_and_wait("/help", "我能听懂的命令")
        assert sandbox._socks is not None
        assert sum(sandbox._socks.connections.values()) >= 2
