"""Checking a pair's copies through the chat: filled in, second copies deleted, everything undone."""

from __future__ import annotations

from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.seed import find_account
from tests.bot.support import Person, Product
from tests.bot.test_pair_flow import ARCHIVE, copies, to_confirmation
from tests.waiting import until


def target(product: Product) -> list[int]:
    channel = product.sandbox.world.channel(ARCHIVE)
    return [message.id for message in channel.messages if message.action is None]


def delete(product: Product, *ids: int) -> None:
    world = product.sandbox.world
    channel = world.channel(ARCHIVE)
    world.delete_messages(find_account(world, "@liwei"), channel.peer, list(ids))


async def to_pair(wei: Person) -> None:
    await wei.press(await wei.say_and_wait("/pairs", "🔗", button="1"), "1")


async def test_missing_copies_are_filled_in_and_all_are_undone(
    product: Product, wei: Person, control: ControlClient
) -> None:
    for number in range(12):
        await control.post("@editor", "@harbour_news", f"post {number}")
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "全部")
    await wei.press(await wei.wait("准备好了"), "开始")
    await until(lambda: len(copies(product)) == 12)
    await to_pair(wei)
    await wei.press(await wei.wait("实时", button="检查副本"), "检查副本")
    await wei.wait("没有缺少")
    delete(product, *target(product)[2:5])
    await wei.press(await wei.wait("没有缺少"), "刷新")
    await wei.press(await wei.wait("缺少：3 条", button="补齐"), "补齐")
    await until(lambda: len(copies(product)) == 12)
    assert copies(product)[-3:] == ["post 2", "post 3", "post 4"]
    await to_pair(wei)
    await wei.press(await wei.wait("补齐 3", button="删除所有副本"), "删除所有副本")
    await wei.press(await wei.wait("删除所有副本？"), "是，删除")
    await until(lambda: copies(product) == [])
    await wei.wait("12 条副本已删除")
    await to_pair(wei)
    await wei.press(await wei.wait("已暂停", button="继续"), "继续")
    await until(lambda: copies(product) == [f"post {number}" for number in range(12)])
