"""Everything else that a person does in the chat: status, logout, forgetting, languages, and who may come in."""

from __future__ import annotations

import pytest

from bybot.clock import SystemClock
from bybot.ids import user_key
from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.server import Sandbox
from bybot.stores.base import Key
from bybot.stores.memory import MemoryStore
from tests.bot.support import ANN, EDITOR, WEI, Person, Product, bot_options, running, until
from tests.bot.test_pair_flow import ARCHIVE, to_confirmation


async def test_start_greets_and_asks_for_consent_once(product: Product, ann: Person) -> None:
    await ann.say("/start")
    notice = await ann.wait("Before you log in", "whole Telegram account", "/forget_me", button="I agree")
    await ann.press(notice, "I agree")
    await ann.wait("Your phone number")
    await ann.say("/cancel")
    await ann.say_and_wait("/start", "Hello, Ann", button="Log in")
    assert not any("Before you log in" in text for text in (await ann.texts())[-2:])


async def test_consent_can_be_refused(product: Product, ann: Person) -> None:
    await ann.say("/login")
    await ann.press(await ann.wait("Before you log in"), "Cancel")
    await ann.wait("Login stopped")
    assert not (await product.bot.services.profiles.get(ANN)).consented


async def test_status_says_how_things_stand(product: Product, wei: Person) -> None:
    await wei.say_and_wait("/status", "⚪️ 未登录")
    await wei.log_in()
    await wei.say_and_wait("/status", "🟢 已连接", "伟 李 (@liwei)", "配对：0 个")


async def test_status_says_that_a_login_is_under_way(product: Product, wei: Person) -> None:
    await wei.to_keypad()
    await wei.say_and_wait("/status", "正在登录")


async def test_create_session_says_that_there_is_one_or_starts_the_login(product: Product, wei: Person) -> None:
    await wei.say_and_wait("/create_session", "🔐")
    await wei.log_in()
    await wei.say_and_wait("/create_session", "🟢 已连接")


async def test_session_stats_are_ones_own_and_all_for_an_admin(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.log_in()
    await wei.say_and_wait("/session_stats", "已保存的会话：1", "你的会话：🟢 已连接")
    admin = Person(control, EDITOR)
    await admin.say_and_wait("/session_stats", "Stored sessions: 1", "Your session: ⚪️ not logged in")


async def test_logout_ends_the_login_at_telegram_and_says_what_was_done(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.log_in()
    assert len(await control.authorizations(wei.id)) == 1
    await wei.press(await wei.say_and_wait("/logout", "要登出吗", "伟 李"), "保留")
    await wei.wait("保持登录")
    await wei.press(await wei.say_and_wait("/logout", "要登出吗"), "是，登出")
    await wei.wait("已登出", "✅ 已在 Telegram 登出", "✅ 保存的会话已删除")
    assert await control.authorizations(wei.id) == []
    assert (await product.manager.get_session_info(wei.id))["status"] == "no_session"
    await wei.say_and_wait("/logout", "你还没有登录")


async def test_logging_in_again_with_the_same_account_keeps_the_pairs(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "只要新帖子")
    await wei.press(await wei.wait("准备好了"), "开始")
    await wei.wait("配对已添加")
    await wei.press(await wei.say_and_wait("/logout", "要登出吗"), "是，登出")
    await wei.wait("已登出")
    await wei.say_and_wait("/pairs", "你的配对（1）", "⚪️ 等待 /login")
    await until(lambda: not product.bot.notices._boxes)
    assert not any("Telegram 结束了" in text for text in await wei.texts())  # they asked for it themselves
    code = await control.code(wei.phone)
    await wei.say_and_wait("/login", "📱")
    await wei.say(wei.phone)
    keypad = await wei.wait("🔢", button="⌫")
    await wei.tap(keypad, await control.wait_code(wei.phone, other_than=code))
    await wei.wait("🎉")
    await control.post("@editor", "@harbour_news", "after the second login")
    channel = product.sandbox.world.channel(ARCHIVE)
    await until(lambda: any(message.text == "after the second login" for message in channel.messages))


async def test_a_revoked_login_is_told_with_what_to_do(product: Product, wei: Person, control: ControlClient) -> None:
    await wei.log_in()
    await control.revoke(wei.id)
    await wei.say("/my_channels")  # the next request finds out
    await wei.wait("Telegram 结束了你账号的登录", button="登录")
    await wei.say_and_wait("/status", "🔴 已被 Telegram 结束")


async def test_forget_me_erases_everything_and_says_what_it_did(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "只要新帖子")
    await wei.press(await wei.wait("准备好了"), "开始")
    await wei.wait("配对已添加")
    await wei.press(await wei.say_and_wait("/forget_me", "删除一切"), "保留")
    await wei.wait("什么都没有删除")
    await wei.press(await wei.say_and_wait("/forget_me", "删除一切"), "全部删除")
    await wei.wait("已删除配对：1", "已在 Telegram 登出", "设置和本聊天的状态已删除")
    assert await control.authorizations(wei.id) == []
    for collection in ("users", "bot_states", "logins"):
        assert await product.store.get(Key(collection, user_key(WEI))) is None
    assert await product.store.query("pair_states") == []
    await wei.say_and_wait("/login", "🔐")  # consent is asked again


async def test_an_admin_erases_a_person_and_others_may_not(
    product: Product, wei: Person, ann: Person, control: ControlClient
) -> None:
    await wei.log_in()
    await ann.say_and_wait(f"/forget_user {WEI}", "Only administrators")
    admin = Person(control, EDITOR)
    await admin.say_and_wait("/forget_user nonsense", "Use it like this")
    await admin.press(await admin.say_and_wait(f"/forget_user {WEI}", str(WEI)), "Yes, erase")
    await admin.wait("logged out at Telegram")
    assert await control.authorizations(wei.id) == []
    assert await product.store.get(Key("users", user_key(WEI))) is None


async def test_a_stranger_gets_one_polite_message(product: Product, stranger: Person, control: ControlClient) -> None:
    await stranger.say("/start")
    await stranger.wait("This bot is private", str(stranger.id))
    await stranger.say("/login")
    await stranger.say("hello?")
    await until(lambda: product.bot.application.update_queue.empty())
    answers = [message for message in await stranger.chat() if not message["out"]]
    assert len(answers) == 1
    assert await product.store.get(Key("bot_states", user_key(stranger.id))) is None


async def test_everyone_may_come_in_when_the_operator_says_so(sandbox: Sandbox, stranger: Person) -> None:
    async with running(sandbox, options=bot_options(sandbox, allowed_users="*")):
        await stranger.say_and_wait("/start", "Hello, Stranger")


async def test_nobody_but_admins_may_come_in_by_default(sandbox: Sandbox, ann: Person, control: ControlClient) -> None:
    async with running(sandbox, options=bot_options(sandbox, allowed_users=frozenset())):
        await ann.say_and_wait("/start", "This bot is private")
        await Person(control, EDITOR).say_and_wait("/start", "Hello, Editor")


async def test_the_language_follows_telegram_and_can_be_changed(sandbox: Sandbox, wei: Person) -> None:
    store = MemoryStore(SystemClock())
    async with running(sandbox, store):
        await wei.say_and_wait("/help", "我能听懂的命令")
        await wei.press(await wei.say_and_wait("/language", "使用哪种语言"), "English")
        await wei.wait("I speak English with you now.")
        await wei.say_and_wait("/help", "What I understand")
    async with running(sandbox, store):
        await wei.say_and_wait("/help", "What I understand")
        await wei.say_and_wait("/language zh", "现在我和你说中文")


async def test_what_nobody_waits_for_is_answered_with_a_way_to_help(product: Product, ann: Person) -> None:
    await ann.say_and_wait("good morning", "/help")


async def test_in_a_group_the_bot_points_to_a_private_chat_once(product: Product, control: ControlClient) -> None:
    world = product.sandbox.world
    editor = world.account(EDITOR)
    group = world.create_channel(editor, "A group", megagroup=True, username="a_group_of_us")
    bot = world.account_by_username("mirror_bot")
    assert bot is not None
    world.join(bot, group)
    for text in ("/start@mirror_bot", "/login@mirror_bot", "/start@mirror_bot"):
        await control.post(EDITOR, "@a_group_of_us", text)
    await until(lambda: any("private chat" in message.text for message in group.messages))
    admin = Person(control, EDITOR)
    await admin.say_and_wait("/start", "Hello, Editor")  # what was said in the group before was handled by now
    assert sum("private chat" in message.text for message in group.messages) == 1


async def test_the_menu_is_set_in_both_languages(product: Product) -> None:
    bot = product.bot.application.bot
    from telegram import BotCommandScopeAllPrivateChats

    async def names(language: str | None) -> dict[str, str]:
        commands = await bot.get_my_commands(BotCommandScopeAllPrivateChats(), language)
        return {command.command: command.description for command in commands}

    await until(lambda: not product.bot.services.tasks.running("menu"))
    assert (await names(None))["forget_me"] == "Erase everything kept about you"
    assert (await names("zh"))["forget_me"] == "删除关于你的一切"


@pytest.mark.parametrize(
    "command",
    [
        "start",
        "login",
        "logout",
        "pairs",
        "my_channels",
        "status",
        "session_stats",
        "create_session",
        "help",
        "language",
        "forget_me",
        "cancel",
        "accounts",
        "devices",
    ],
)
async def test_every_command_is_answered_for_somebody_new(product: Product, ann: Person, command: str) -> None:
    sent = await ann.say(f"/{command}")
    await ann.wait("")
    answer = (await ann.chat())[-1]
    assert answer["id"] > sent
    assert not answer["out"]
    assert "went wrong" not in answer["text"]


async def test_two_people_do_not_wait_for_each_other(
    product: Product, ann: Person, wei: Person, control: ControlClient
) -> None:
    await control.fault("latency", method="auth.sendCode", seconds=3)
    await wei.say("/login")
    await wei.press(await wei.wait("🔐"), "✅")
    await wei.wait("📱")
    await wei.say(wei.phone)
    await ann.say_and_wait("/help", "What I understand")
    assert not any("🔢" in text for text in await wei.texts())
