"""Channels and pairs through the chat, against a sandbox Telegram."""

from __future__ import annotations

import pytest

from bybot.clock import SystemClock
from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.bot.support import Person, Product, bot_options, labels_of, running, until

ARCHIVE = 1000000300


def copies(product: Product) -> list[str]:
    """What stands in Wei's channel."""
    channel = product.sandbox.world.channel(ARCHIVE)
    return [message.text for message in channel.messages if message.action is None]


async def to_confirmation(person: Person, source: str, target: str, choice: str) -> None:
    """Add a pair by writing, up to the last question."""
    await person.press(await person.say_and_wait("/pairs", "🔗"), "➕")
    await person.wait("1 步，共 3 步")
    await person.say(source)
    await person.wait("2 步，共 3 步")
    await person.say(target)
    await person.press(await person.wait("3 步，共 3 步"), choice)


@pytest.mark.parametrize("source", ["@harbour_news", "https://t.me/harbour_news", "harbour_news", "-1001000000100"])
async def test_a_pair_is_added_by_writing_and_copies_new_posts(
    product: Product, wei: Person, control: ControlClient, source: str
) -> None:
    await wei.log_in()
    await control.post("@editor", "@harbour_news", "before")
    await to_confirmation(wei, source, f"-100{ARCHIVE}", "只要新帖子")
    await wei.press(await wei.wait("准备好了", "Harbour <News> & more", "备份", "只要今后的新帖子"), "开始")
    await wei.wait("配对已添加", "Harbour <News> & more → 备份")
    await control.post("@editor", "@harbour_news", "after")
    await until(lambda: copies(product) == ["after"])


async def test_a_pair_is_added_by_picking_and_copies_history_with_progress_in_one_message(
    product: Product, wei: Person, control: ControlClient
) -> None:
    for number in range(30):
        await control.post("@editor", "@harbour_news", f"post {number}")
    await wei.log_in()
    await wei.press(await wei.say_and_wait("/pairs", "还没有配对"), "➕")
    await wei.press(await wei.wait("1 步，共 3 步"), "选择")
    await wei.press(await wei.wait("选择来源"), "Harbour")
    await wei.press(await wei.wait("2 步，共 3 步"), "选择")
    targets = await wei.wait("选择目标")
    assert not any("Harbour" in label for label in labels_of(targets))  # the source is no target
    await wei.press(targets, "备份")
    await wei.press(await wei.wait("3 步，共 3 步"), "全部")
    await wei.press(await wei.wait("准备好了", "现在要复制约 31 条"), "开始")
    await until(lambda: len(copies(product)) == 30)
    await wei.wait("历史已复制", "30")
    progress = [message for message in await wei.chat() if "历史已复制" in message["text"]]
    assert len(progress) == 1
    assert copies(product) == [f"post {number}" for number in range(30)]


async def test_the_number_of_last_posts_may_be_written(product: Product, wei: Person, control: ControlClient) -> None:
    for number in range(12):
        await control.post("@editor", "@harbour_news", f"post {number}")
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "其他数量")
    await wei.wait("要复制最近多少条")
    await wei.say("many")
    await wei.wait("之间的整数")
    await wei.say("５")  # full-width, as Chinese keyboards write it
    await wei.press(await wei.wait("准备好了", "最近 5 条"), "开始")
    await until(lambda: copies(product) == [f"post {number}" for number in range(7, 12)])


async def test_a_range_may_be_written(product: Product, wei: Person, control: ControlClient) -> None:
    for number in range(12):
        await control.post("@editor", "@harbour_news", f"post {number}")
    source = product.sandbox.world.channel_by_username("harbour_news")
    assert source is not None
    ids = [message.id for message in source.messages if message.action is None]
    first, last = ids[-9], ids[-5]
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "从…到…")
    await wei.wait("从哪一条到哪一条")
    await wei.say("from here to there")
    await wei.wait("看不懂这个范围")
    await wei.say("2020-01-01 - 2999-01-01")
    await wei.wait("终点在将来")
    await wei.say(f"https://t.me/harbour_news/{first} - {last}")
    await wei.press(await wei.wait("准备好了", f"消息 {first} 到 {last}"), "开始")
    await until(lambda: copies(product) == [f"post {number}" for number in range(3, 8)])
    await wei.wait("完成")


async def test_days_may_be_written_and_survive_until_the_start(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await control.post("@editor", "@harbour_news", "today")
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "全部")
    await wei.press(await wei.wait("准备好了"), "返回")
    await wei.wait("3 步，共 3 步")
    await wei.say("2020年1月1日")
    await wei.press(await wei.wait("准备好了", "2020-01-01 及之后"), "开始")
    await until(lambda: "today" in copies(product))


async def test_what_names_no_posts_is_answered_with_what_to_send(product: Product, wei: Person) -> None:
    await wei.log_in()
    await wei.press(await wei.say_and_wait("/pairs", "还没有配对"), "添加")
    await wei.wait("新配对 · 第 1 步")
    await wei.say_and_wait("@harbour_news", "新配对 · 第 2 步")
    await wei.say_and_wait(f"-100{ARCHIVE}", "新配对 · 第 3 步")
    await wei.press(await wei.say_and_wait("some of them", "看不懂", "新配对 · 第 3 步"), "只要新帖子")
    await wei.wait("准备好了")
    await wei.say_and_wait("yes", "请点其中一个按钮", "准备好了")
    await wei.say("/cancel")
    await wei.press(await wei.wait("没有添加配对", button="我的配对"), "我的配对")
    await wei.wait("还没有配对")


async def test_every_step_goes_back_and_cancel_adds_nothing(product: Product, wei: Person) -> None:
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "只要新帖子")
    for screen in ("3 步，共 3 步", "2 步，共 3 步", "1 步，共 3 步"):
        await wei.press(await wei.wait("新配对"), "返回")
        await wei.wait(screen)
    await wei.press(await wei.wait("1 步，共 3 步"), "取消")
    await wei.wait("没有添加配对")
    await wei.say_and_wait("/pairs", "你还没有配对")


async def test_bad_chats_are_explained_and_asked_for_again(product: Product, wei: Person) -> None:
    await wei.log_in()
    await wei.press(await wei.say_and_wait("/pairs", "🔗"), "➕")
    await wei.wait("1 步，共 3 步")
    for wrong in ("@nobody_here_at_all", "https://t.me/joinchat/doesnotexist", "what?", "-1009999999999"):
        await wei.say_and_wait(wrong, "找不到这个频道", "1 步，共 3 步")
    await wei.say_and_wait("@harbour_news", "2 步，共 3 步")
    await wei.say_and_wait("@harbour_news", "来源和目标是同一个频道")
    await wei.say_and_wait("@members_only", "2 步，共 3 步")


async def test_a_pair_is_paused_resumed_and_removed(product: Product, wei: Person, control: ControlClient) -> None:
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "只要新帖子")
    await wei.press(await wei.wait("准备好了"), "开始")
    await wei.press(await wei.wait("配对已添加"), "我的配对")
    await wei.press(await wei.wait("你的配对（1）"), "1")
    await wei.press(await wei.wait("状态", "实时同步", button="暂停"), "暂停")
    await wei.press(await wei.wait("⏸ 已暂停", button="继续"), "继续")
    view = await wei.wait("状态", button="暂停")
    await wei.press(view, "删除")
    await wei.press(await wei.wait("删除这个配对"), "是，删除")
    await wei.wait("你还没有配对")
    assert await product.mirror.list_pairs(wei.id) == []


async def test_a_pair_twice_is_refused(product: Product, wei: Person) -> None:
    await wei.log_in()
    for answer in ("配对已添加", "你已经有这个配对"):
        await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "只要新帖子")
        await wei.press(await wei.wait("准备好了"), "开始")
        await wei.wait(answer)


async def test_adding_a_pair_goes_on_after_a_restart(sandbox: Sandbox, wei: Person) -> None:
    store = MemoryStore(SystemClock())
    async with running(sandbox, store):
        await wei.log_in()
        await wei.press(await wei.say_and_wait("/pairs", "🔗"), "➕")
        await wei.wait("1 步，共 3 步")
        await wei.say("@harbour_news")
        asked = await wei.wait("2 步，共 3 步")
    async with running(sandbox, store) as product:
        await product.manager.wait_restored()
        await wei.press(asked, "选择")
        await wei.press(await wei.wait("选择目标"), "备份")
        await wei.press(await wei.wait("3 步，共 3 步"), "新帖子")
        await wei.press(await wei.wait("准备好了"), "开始")
        await wei.wait("配对已添加")


async def test_adding_a_pair_ends_by_itself_when_nobody_answers(sandbox: Sandbox, wei: Person) -> None:
    async with running(sandbox, options=bot_options(sandbox, wizard_seconds=0.5)):
        await wei.log_in()
        await wei.press(await wei.say_and_wait("/pairs", "🔗"), "➕")
        await wei.wait("等待新配对的时间太长")


async def test_pairs_need_a_login(product: Product, wei: Person) -> None:
    await wei.say_and_wait("/pairs", "你还没有登录", button="登录")
    await wei.say_and_wait("/my_channels", "你还没有登录", button="登录")


async def test_channels_are_listed_by_pages_with_what_can_be_done(product: Product, wei: Person) -> None:
    world = product.sandbox.world
    for number in range(20):
        world.create_channel(world.account(wei.id), f"Channel {number:02}")
    await wei.log_in()
    first = await wei.say_and_wait("/my_channels", "你的频道（22）", "✏️")
    await wei.press(first, "›")
    second = await wei.wait("Channel 00", "✏️")
    assert second["id"] == first["id"]
    await wei.press(second, "‹")
    await wei.wait("Channel 19")


async def test_protected_posts_are_skipped_and_explained_once(
    product: Product, wei: Person, control: ControlClient
) -> None:
    world = product.sandbox.world
    world.join(world.account(wei.id), world.channel(1000000400))
    await wei.log_in()
    for number in range(3):
        await control.post("@editor", "@members_only", f"secret {number}")
    await to_confirmation(wei, "@members_only", f"-100{ARCHIVE}", "全部")
    await wei.press(await wei.wait("准备好了", "禁止转发"), "开始")
    await wei.wait("🔒", "禁止转发帖子", "不绕过保护")
    assert copies(product) == []


async def test_a_few_protected_posts_do_not_make_the_channel_a_protected_one(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.log_in()
    editor = product.sandbox.world.account_by_username("editor")
    source = product.sandbox.world.channel(1000000100)
    assert editor is not None
    product.sandbox.world.send_message(editor, source.peer, text="closed", noforwards=True)
    await control.post("@editor", "@harbour_news", "open")
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "全部")
    await wei.press(await wei.wait("准备好了"), "开始")
    await wei.wait("🔒", "有些帖子禁止转发")
    await wei.wait("✅", "未复制", "1")
    assert copies(product)[-1] == "open"
