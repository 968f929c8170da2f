"""Comments through the chat: switched on and off, and what is in the way is said with what to do."""

from __future__ import annotations

from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.seed import find_account, find_channel
from tests.bot.support import Person, Product, until
from tests.bot.test_pair_flow import ARCHIVE, copies, to_confirmation


async def test_comments_are_switched_on_and_off(product: Product, wei: Person, control: ControlClient) -> None:
    world = product.sandbox.world
    editor, owner = find_account(world, "@editor"), find_account(world, "@liwei")
    source, target = find_channel(world, "@harbour_news"), world.channel(ARCHIVE)
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "只要新帖子")
    await wei.press(await wei.wait("准备好了"), "开始")
    await wei.press(await wei.wait("配对已添加"), "配对")
    await wei.press(await wei.wait("🔗"), "1")
    screen = await wei.wait("状态", button="评论：关")
    await wei.press(screen, "评论：关")
    await wei.wait("来源没有评论群组")
    talk = world.create_channel(editor, "Talk", megagroup=True, username="harbour_talk")
    world.threads.link(source, talk)
    await wei.press(screen, "评论：关")
    await wei.wait("目标频道没有评论群组", "选择“讨论”")
    ours = world.create_channel(owner, "我们的群", megagroup=True)
    world.threads.link(target, ours)
    await wei.press(screen, "评论：关")
    await wei.wait("状态", "评论：", button="评论：开")
    post = world.send_message(editor, source.peer, text="a post")
    world.send_message(editor, talk.peer, text="a comment", reply_to=post.discussion.id)
    await until(lambda: copies(product) == ["a post"])
    await until(lambda: [m.text for m in ours.messages if m.action is None] == ["a post", "a comment"])
    await wei.press(await wei.say_and_wait("/pairs", "🔗", button="1"), "1")
    await wei.press(await wei.wait("评论：", "已复制 1", button="评论：开"), "评论：开")
    await wei.wait("评论：⏸", button="评论：关")
