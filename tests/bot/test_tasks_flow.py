"""Tasks and numbers through the chat, against a sandbox Telegram."""

from __future__ import annotations

from collections import Counter
from io import BytesIO
from typing import Any

from PIL import Image

from bybot.mirror import ByIds, New
from bybot.mirror.chart import COLOURS, HEIGHT, WIDTH, Layout
from bybot.sandbox.control_client import ControlClient
from tests.bot.support import Person, Product, labels_of, until
from tests.bot.test_pair_flow import ARCHIVE, copies, to_confirmation

N = [f"post {number}" for number in range(40)]


async def with_pair(product: Product, wei: Person, control: ControlClient, count: int = 12) -> str:
    """So many posts, and a pair that copies only what comes after them."""
    for text in N[:count]:
        await control.post("@editor", "@harbour_news", text)
    await wei.log_in()
    pair = await product.mirror.add_pair(wei.id, "@harbour_news", f"-100{ARCHIVE}", New())
    return pair.id


async def to_tasks(wei: Person) -> dict[str, Any]:
    """The list of the only pair's tasks."""
    await wei.press(await wei.say_and_wait("/pairs", "你的配对（1）"), "1")
    await wei.press(await wei.wait("状态", button="任务"), "任务")
    return await wei.wait("📋 任务")


async def add(wei: Person, written: str, *shown: str) -> None:
    """A task of what is written, up to its start."""
    await wei.press(await to_tasks(wei), "添加任务")
    await wei.wait("新任务 · 内容")
    await wei.say(written)
    await wei.press(await wei.wait("新任务 · 准备好了", *shown), "开始")
    await wei.wait("任务已添加")


async def test_a_task_is_added_shown_undone_and_copied_again(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await with_pair(product, wei, control)
    await wei.press(await to_tasks(wei), "添加任务")
    asked = await wei.wait("新任务 · 内容", "Harbour <News> & more → 备份")
    assert not any("只要新帖子" in label or "返回" in label for label in labels_of(asked))
    await wei.press(asked, "其他数量")
    await wei.wait("要复制最近多少条")
    await wei.say("5")
    await wei.press(await wei.wait("新任务 · 准备好了", "最近 5 条", "现在要复制约 5 条"), "开始")
    added = await wei.wait("任务已添加", "最近 5 条")
    await until(lambda: copies(product) == N[7:12])
    await wei.wait("完成", "5")
    await wei.press(added, "任务")
    await wei.press(await wei.wait("📋 任务", "最近 5 条", "✅ 完成 · 5"), "1")
    await wei.press(await wei.wait("内容：最近 5 条", "已复制：5", button="删除它的副本"), "删除它的副本")
    await wei.press(await wei.wait("删除这个任务的副本", "5 条会被删除"), "是，删除它的副本")
    await until(lambda: copies(product) == [])
    await wei.wait("一个任务所复制的 5 条副本已删除")
    await wei.press(await to_tasks(wei), "1")
    await wei.press(await wei.wait("↩️ 已撤销", button="继续"), "继续")
    await until(lambda: copies(product) == N[7:12])


async def test_a_task_beside_the_pair_is_paused_resumed_cancelled_and_forgotten(
    product: Product, wei: Person, control: ControlClient
) -> None:
    pair = await with_pair(product, wei, control)
    await add(wei, "1 - 5000", "消息 1 到 5")  # it waits for ids that are still to come
    await until(lambda: copies(product) == N[:12])
    await wei.press(await wei.say_and_wait("/pairs", "你的配对（1）"), "1")
    await wei.press(await wei.wait("状态", "未完成的任务：1", button="任务"), "任务")
    await wei.press(await wei.wait("📋 任务"), "1")
    await wei.press(await wei.wait("📋 任务", "实时同步", button="暂停"), "暂停")
    await wei.press(await wei.wait("📋 任务", "⏸ 已暂停", button="继续"), "继续")
    await wei.press(await wei.wait("📋 任务", button="暂停"), "取消…")
    await wei.press(await wei.wait("取消这个任务", "12 条副本会保留"), "是，取消任务")
    view = await wei.wait("✖️ 已取消", button="清除记录")
    await wei.press(view, "返回")
    await wei.press(await wei.wait("📋 任务", "✖️ 已取消 · 12"), "已结束的")
    await wei.wait("🕘 已结束的任务", "✖️ 已取消", "已复制：12")
    await wei.press(await to_tasks(wei), "1")
    await wei.press(await wei.wait("✖️ 已取消", button="清除记录"), "清除记录")
    await wei.press(await wei.wait("清除这个任务的记录"), "是，清除记录")
    await wei.wait("还没有任务")
    assert await product.mirror.list_tasks(wei.id, pair) == []
    assert copies(product) == N[:12]


async def test_cancelling_the_questions_adds_no_task_and_a_second_dialogue_waits_for_the_first(
    product: Product, wei: Person, control: ControlClient
) -> None:
    pair = await with_pair(product, wei, control, 2)
    tasks = await to_tasks(wei)
    await wei.press(tasks, "添加任务")
    await wei.wait("新任务 · 内容")
    answer = await wei.press(await to_tasks(wei), "添加任务")
    assert "正在进行别的操作" in str(answer)
    await wei.say("/cancel")
    await wei.wait("没有添加任务")
    assert await product.mirror.list_tasks(wei.id, pair) == []


async def test_the_person_chooses_whether_history_goes_first_or_beside_new_posts(
    product: Product, wei: Person, control: ControlClient
) -> None:
    for text in N[:12]:
        await control.post("@editor", "@harbour_news", text)
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "全部")
    await wei.press(await wei.wait("准备好了", "先复制历史"), "新帖子立即复制")
    await wei.press(await wei.wait("准备好了", "历史同时另行复制"), "全部按顺序")
    await wei.press(await wei.wait("准备好了", "先复制历史"), "新帖子立即复制")
    await wei.press(await wei.wait("准备好了", "历史同时另行复制"), "开始")
    await wei.wait("配对已添加")
    await control.post("@editor", "@harbour_news", N[12])
    await until(lambda: Counter(copies(product)) == Counter(N[:13]))

    async def counts() -> bool:
        (status,) = await product.mirror.list_pairs(wei.id)
        (task,) = await product.mirror.list_tasks(wei.id, status.pair.id)
        return (status.counts.copied, task.counts.copied) == (1, 12)

    await until(counts)


async def test_a_pair_of_only_new_posts_has_no_order_to_choose(product: Product, wei: Person) -> None:
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "只要新帖子")
    asked = await wei.wait("准备好了")
    assert not any("按顺序" in label or "立即复制" in label for label in labels_of(asked))


async def test_too_many_tasks_are_refused_with_what_to_do(
    product: Product, wei: Person, control: ControlClient
) -> None:
    pair = await with_pair(product, wei, control, 1)
    for last in range(10):
        await product.mirror.add_task(wei.id, pair, ByIds(1, 5000 + last))
    await wei.press(await to_tasks(wei), "添加任务")
    await wei.wait("新任务 · 内容")
    await wei.say("3")
    await wei.press(await wei.wait("新任务 · 准备好了"), "开始")
    await wei.wait("已经有 10 个未完成的任务", "新任务 · 准备好了")


async def test_numbers_and_their_picture_are_sent(product: Product, wei: Person, control: ControlClient) -> None:
    await with_pair(product, wei, control)
    await add(wei, "7", "最近 7 条")
    await until(lambda: len(copies(product)) == 7)
    await wei.wait("完成", "7")
    shown = await wei.say_and_wait("/stats", "📊 统计", "今天", "🟦 7")
    await wei.press(shown, "30 天")
    sent = await wei.wait("，最近 30 天", "🟦 7", "未复制")
    picture = await photo(product, wei, sent)
    assert picture.size == (WIDTH, HEIGHT)
    copied = tuple(int(COLOURS[0][at : at + 2], 16) for at in (1, 3, 5))
    foot = Layout.of({}, product.clock.now().date(), 30).row(0) - 1
    columns = [column for column in range(WIDTH) if picture.getpixel((column, foot)) == copied]
    assert columns
    assert min(columns) > WIDTH * 9 // 10  # today is the last bar, and the only one
    await wei.press(sent, "返回")
    await wei.wait("📊 统计", "🟦 7")


async def photo(product: Product, wei: Person, message: dict[str, Any]) -> Image.Image:
    """The picture that a message shows."""
    file = product.sandbox.world.files.get(int(message["media"]["url"].rpartition("/")[2]))
    assert file is not None
    return Image.open(BytesIO(file.data)).convert("RGB")


async def test_stats_ask_which_pair_when_there_are_several(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.log_in()
    await wei.say_and_wait("/stats", "还没有配对")
    second = product.sandbox.world.create_channel(product.sandbox.world.account(wei.id), "Second copy")
    for target in (f"-100{ARCHIVE}", f"-100{second.id}"):
        await product.mirror.add_pair(wei.id, "@harbour_news", target, New())
    await wei.press(await wei.say_and_wait("/stats", "哪个配对"), "Second")
    await wei.wait("📊 统计", "Second copy", "今天")
