"""What happens to a session is told in the chat: to its owner with what to do, and to the operator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from telethon import errors

from bybot.clock import SystemClock
from bybot.ids import user_key
from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.server import Sandbox
from bybot.sessions.cleanup import Cleaner, Plan
from bybot.sessions.model import session_key
from bybot.sessions.news import NewsKind, SessionNews
from bybot.stores.memory import MemoryStore
from tests.bot.support import ANN, EDITOR, PHONES, WEI, Person, Product, running
from tests.bot.test_pair_flow import ARCHIVE, to_confirmation
from tests.waiting import until


async def test_an_end_is_told_with_what_to_do_to_its_owner_and_to_the_operator(
    product: Product, wei: Person, control: ControlClient
) -> None:
    admin = Person(control, EDITOR)
    await admin.say_and_wait("/start", "Hello")
    await wei.log_in()
    product.sandbox.auth.revoke(WEI, code=406, message="AUTH_KEY_DUPLICATED")
    await product.manager.force_refresh(WEI)
    await wei.wait("Telegram 结束了你账号的登录", "请先停掉那一个", button="登录")
    await admin.wait("For the operator", str(WEI), "used in two places at once")


async def test_what_happened_before_a_restart_is_told_after_it_and_only_once(
    sandbox: Sandbox, control: ControlClient
) -> None:
    store, wei = MemoryStore(SystemClock()), Person(control, WEI, PHONES[WEI])
    async with running(sandbox, store) as product:
        await wei.log_in()
    sandbox.auth.revoke(WEI)
    silent = Product.build(sandbox, store)  # its chat never comes up
    await silent.manager.start()
    await until(lambda: str(WEI) in silent.manager._core.revoked)
    await silent.manager.close_all_sessions()
    for _ in range(2):
        async with running(sandbox, store) as product:
            await wei.wait("Telegram 结束了你账号的登录")
            await until(partial(settled, product))
    assert sum("Telegram 结束了你账号的登录" in text for text in await wei.texts()) == 1


async def settled(product: Product) -> bool:
    document = await product.store.get(session_key(user_key(WEI)))
    return document is not None and "untold" not in document.data


async def test_a_log_out_of_ones_own_is_no_news(product: Product, wei: Person, control: ControlClient) -> None:
    admin = Person(control, EDITOR)
    await admin.say_and_wait("/start", "Hello")
    await wei.log_in()
    client = await product.manager.get_user_client(WEI)
    assert client is not None
    await client.log_out()
    await until(lambda: str(WEI) in product.manager._core.revoked)
    await wei.say_and_wait("/status", "🔴")
    assert not any("For the operator" in text for text in await admin.texts())


@pytest.mark.parametrize("seen_by", ["the mirror", "another part"])
async def test_a_frozen_account_is_told_once_and_its_pairs_stand_still(
    product: Product, wei: Person, control: ControlClient, seen_by: str
) -> None:
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "只要新帖子")
    await wei.press(await wei.wait("准备好了"), "开始")
    await wei.wait("配对已添加")
    account = product.sandbox.world.account(WEI)
    account.frozen = True
    if seen_by == "the mirror":
        await control.post("@editor", "@harbour_news", "this one waits")
    else:
        client = await product.manager.get_user_client(WEI)
        assert client is not None
        with pytest.raises(errors.FrozenMethodInvalidError):
            await client.send_message("me", "hello")
    await wei.wait("冻结了你的账号", "只能读，不能写")
    assert (await product.manager.get_session_info(WEI))["status"] == "frozen"
    await until(lambda: limited(product))
    account.frozen = False
    await product.manager.force_refresh(WEI)
    await wei.wait("已恢复你的账号")
    await wei.say_and_wait("/status", "🟢 已连接")
    texts = await wei.texts()
    assert sum("冻结了你的账号" in text for text in texts) == 1
    assert not any("限制了你的账号" in text for text in texts)


async def limited(product: Product) -> bool:
    return [status.state for status in await product.mirror.list_pairs(WEI)] == ["limited"]


async def test_whoever_is_warned_can_keep_the_session_with_one_tap(product: Product, wei: Person) -> None:
    await wei.log_in()
    key = session_key(user_key(WEI))
    manager = product.manager
    live = manager._pool.live[user_key(WEI)]
    live.last_used = None
    await manager._ownership.require().save(live.claim, {"last_used_at": datetime.now(UTC) - timedelta(days=40)})
    report = await Cleaner(manager._core, manager._desk).run(Plan(30, warn=True))
    assert report.warned == [str(WEI)]
    await wei.press(await wei.wait("很久没有人在这里使用你的账号", button="保持登录"), "保持登录")
    await wei.wait("你的账号保持登录")
    document = await product.store.get(key)
    assert document is not None
    assert "warned_at" not in document.data
    assert datetime.now(UTC) - document.data["last_used_at"] < timedelta(minutes=1)
    assert (await Cleaner(manager._core, manager._desk).run(Plan(30, warn=True))).warned == []


async def test_enabled_pairs_count_as_use(product: Product, wei: Person) -> None:
    assert await product.mirror.in_use(WEI) is None
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "只要新帖子")
    await wei.press(await wei.wait("准备好了"), "开始")
    await wei.wait("配对已添加")
    assert await product.mirror.in_use(WEI) == "mirroring"


async def test_many_ends_are_one_message_for_the_operator(sandbox: Sandbox, control: ControlClient) -> None:
    admin = Person(control, EDITOR)
    product = Product.build(sandbox, MemoryStore(SystemClock()))
    for user in range(50):
        product.bot.notices.session_news(SessionNews(NewsKind.REFUSED, f"script_{user}", {"error": "API_ID_INVALID"}))
    await product.manager.close_all_sessions()
    async with running(sandbox) as other:
        await admin.say_and_wait("/start", "Hello")
        for user in range(50):
            other.bot.notices.session_news(SessionNews(NewsKind.OVER, f"script_{user}", {"reason": "revoked"}))
        await admin.wait("For the operator", "script_19", "and 30 more")
        assert ANN not in other.bot.notices._boxes
