"""Several Telegram accounts of one person in the chat: adding, choosing, logging one out, devices, forgetting."""

from __future__ import annotations

from telegram import Update

from bybot.clock import SystemClock
from bybot.ids import another_key, user_key
from bybot.mirror.model import New, Progress
from bybot.sandbox.control_client import ControlClient, Message
from bybot.sandbox.server import Sandbox
from bybot.stores.base import Key, Store, query_prefix
from bybot.stores.memory import MemoryStore
from tests.bot.support import EDITOR, PHONES, WEI, Person, Product, labels_of, running
from tests.waiting import until

SECOND = f"{WEI}~{EDITOR}"
BACKUP = 1000000300


async def tap_code(wei: Person, control: ControlClient, phone: str, keypad: Message) -> None:
    await wei.tap(keypad, await control.wait_code(phone))


async def add_account(wei: Person, control: ControlClient) -> None:
    """The editor's account, as Wei's second one."""
    await wei.press(await wei.say_and_wait("/accounts", "你的账号"), "添加账号")
    await wei.wait("你的手机号")
    sent = await wei.say(PHONES[EDITOR])
    keypad = await wei.wait("输入验证码", button="⌫")
    assert keypad["id"] > 0
    await tap_code(wei, control, PHONES[EDITOR], keypad)
    await wei.wait("登录成功", "Editor (@editor)")
    assert sent not in [message["id"] for message in await wei.chat()]


async def with_two(wei: Person, control: ControlClient) -> None:
    await wei.log_in()
    await add_account(wei, control)


async def test_a_second_account_is_added_and_both_are_listed(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.say_and_wait("/accounts", "还没有在这里登录任何", button="登录")
    await with_two(wei, control)
    listed = await wei.say_and_wait("/accounts", "你的账号", "伟 李 (@liwei)", "Editor (@editor)")
    assert [label for label in labels_of(listed) if label.isdigit()] == ["1", "2"]
    await wei.press(listed, "2")
    await wei.wait("Editor (@editor)", "已连接", "配对：0 个", button="登出")
    assert sorted(product.manager.ready_users()) == [str(WEI), SECOND]
    await wei.say_and_wait("/start", "伟 李 (@liwei)", "Editor (@editor)")
    await wei.say_and_wait("/status", "伟 李 (@liwei)", "Editor (@editor)", "配对：0 个")
    await wei.say_and_wait("/login", "已经登录", "Editor (@editor)", button="添加账号")


async def test_the_same_account_twice_is_refused_and_the_first_login_stays(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.log_in()
    code = await control.code(wei.phone)
    await wei.press(await wei.say_and_wait("/accounts", "你的账号"), "添加账号")
    await wei.wait("你的手机号")
    await wei.say(wei.phone)
    keypad = await wei.wait("输入验证码", button="⌫")
    await wei.tap(keypad, await control.wait_code(wei.phone, other_than=code))
    await wei.wait("这个账号已经登录了", button="我的账号")
    assert len(await control.authorizations(WEI)) == 1
    await wei.say_and_wait("/status", "已连接")


async def test_a_pair_belongs_to_the_account_that_was_chosen(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await with_two(wei, control)
    asked = await wei.say_and_wait("/pairs", "还没有配对")
    await wei.press(asked, "添加配对")
    which = await wei.wait("用你的哪个账号", button="Editor")
    await wei.say_and_wait("@harbour_news", "用你的哪个账号")  # nothing may be typed here: asked again
    which = await wei.wait("用你的哪个账号", button="Editor")
    await wei.press(which, "伟 李")
    source = await wei.wait("第 1 步", button="返回")
    await wei.press(source, "返回")
    await wei.press(await wei.wait("用你的哪个账号"), "伟 李")
    await wei.wait("第 1 步")
    await wei.say_and_wait("@harbour_news", "第 2 步")
    await wei.say_and_wait(f"-100{BACKUP}", "第 3 步")
    await wei.press(await wei.wait("第 3 步"), "只要新帖子")
    await wei.press(await wei.wait("准备好了"), "开始")
    await wei.wait("配对已添加")
    assert [status.pair.user for status in await product.mirror.list_all(WEI)] == [str(WEI)]
    await control.post("@editor", "@harbour_news", "for the first account")
    channel = product.sandbox.world.channel(BACKUP)
    await until(lambda: any(message.text == "for the first account" for message in channel.messages))


async def test_each_account_has_its_own_channels(product: Product, wei: Person, control: ControlClient) -> None:
    await with_two(wei, control)
    first = await wei.say_and_wait("/my_channels", "备份", "👤 伟 李", button="Editor")
    assert "Members only" not in first["text"]
    await wei.press(first, "Editor")
    second = await wei.wait("Members only", "👤 Editor")
    assert "备份" not in second["text"]
    await wei.press(second, "刷新")
    await wei.wait("Members only", "👤 Editor", button="伟 李")


async def test_one_account_is_logged_out_and_the_other_stays(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await with_two(wei, control)
    which = await wei.say_and_wait("/logout", "要登出哪个账号", button="Editor")
    await wei.press(which, "伟 李")
    await wei.press(await wei.wait("要登出吗", "伟 李"), "是，登出")
    await wei.wait("已登出", "已在 Telegram 登出", button="我的账号")
    assert await control.authorizations(WEI) == []
    assert len(await control.authorizations(EDITOR)) == 1
    await wei.say_and_wait("/status", "Editor (@editor)", "已连接")
    await wei.press(await wei.say_and_wait("/logout", "要登出吗", "Editor"), "保留")
    # The first place stays that of the account that had it: another one does not inherit its pairs.
    listed = await wei.say_and_wait("/accounts", "你的账号", "Editor")
    code = await control.code(wei.phone)
    await wei.press(listed, "添加账号")
    await wei.wait("你的手机号")
    await wei.say(wei.phone)
    keypad = await wei.wait("输入验证码", button="⌫")
    await wei.tap(keypad, await control.wait_code(wei.phone, other_than=code))
    await wei.wait("登录成功", "伟 李")
    await until(lambda: sorted(product.manager.ready_users()) == [str(WEI), SECOND])


async def test_an_account_that_telegram_ended_is_logged_in_again_and_no_other_takes_its_place(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await with_two(wei, control)
    await control.revoke(EDITOR)
    await wei.press(await wei.say_and_wait("/my_channels", "备份"), "Editor")
    await wei.wait("Telegram 结束了这个账号的登录", "👤 Editor", button="我的账号")
    listed = await wei.say_and_wait("/accounts", "你的账号", "已被 Telegram 结束", "已连接")
    await wei.press(listed, "2")
    await wei.press(await wei.wait("原因", button="重新登录"), "重新登录")
    await wei.wait("你的手机号")
    code = await control.code(wei.phone)
    await wei.say(wei.phone)  # the wrong one of the two
    keypad = await wei.wait("输入验证码", button="⌫")
    await wei.tap(keypad, await control.wait_code(wei.phone, other_than=code))
    await wei.wait("这不是此登录所属的 Telegram 账号", button="我的账号")
    assert len(await control.authorizations(WEI)) == 1
    await wei.press(await wei.say_and_wait("/accounts", "你的账号"), "2")
    await wei.press(await wei.wait("原因", button="重新登录"), "重新登录")
    await wei.wait("你的手机号")
    code = await control.code(PHONES[EDITOR])
    await wei.say(PHONES[EDITOR])
    keypad = await wei.wait("输入验证码", button="⌫")
    await wei.tap(keypad, await control.wait_code(PHONES[EDITOR], other_than=code))
    await wei.wait("登录成功", "Editor (@editor)")
    await until(lambda: SECOND in product.manager.ready_users())


async def test_devices_are_listed_and_ended_after_a_question(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.log_in()
    product.sandbox.auth.add_ready_key(bytes(255) + b"\x07", WEI)
    listed = await wei.say_and_wait("/devices", "的设备", "本机器人", button="✖️ 2")
    await wei.press(listed, "✖️ 2")
    await wei.press(await wei.wait("结束这个登录吗"), "是，结束它")
    refused = await wei.wait("满一天后", "的设备", button="✖️ 2")  # this login is younger than a day
    await control.age(WEI, 2)
    await wei.press(refused, "✖️ 2")
    await wei.press(await wei.wait("结束这个登录吗"), "返回")
    await wei.press(await wei.wait("的设备", button="✖️ 2"), "✖️ 2")
    question = await wei.wait("结束这个登录吗")
    await wei.press(question, "是，结束它")
    await wei.wait("已结束", "没有在别处登录")
    assert len(await control.authorizations(WEI)) == 1


async def test_a_button_of_somebody_elses_account_is_refused(
    product: Product, wei: Person, ann: Person, control: ControlClient
) -> None:
    await wei.log_in()
    await ann.say("/start")
    await ann.wait("Hello")
    for data in (f"ac::view:{WEI}", f"ac::logout:{WEI}", f"dv::list:{WEI}", f"lo::yes:{WEI}"):
        seen = len(await ann.chat())
        await press_data(product, ann, data)
        await until_said(ann, seen, "You may not do that")
    assert (await product.manager.get_session_info(WEI))["status"] == "active"


async def press_data(product: Product, person: Person, data: str) -> None:
    """A button that the bot never made, as a changed client may send it."""
    user = {"id": person.id, "is_bot": False, "first_name": "Ann"}
    chat = {"id": person.id, "type": "private", "first_name": "Ann"}
    message = {"message_id": (await person.chat())[-1]["id"], "date": 1, "chat": chat}
    query = {"id": "1", "from": user, "chat_instance": "1", "data": data, "message": message}
    application = product.bot.application
    update = Update.de_json({"update_id": 1, "callback_query": query}, application.bot)
    await application.process_update(update)


async def until_said(person: Person, seen: int, text: str) -> None:
    async def said() -> bool:
        return any(text in message["text"] for message in (await person.chat())[seen:])

    await until(said)


async def test_a_login_of_a_further_account_goes_on_after_a_restart(
    sandbox: Sandbox, wei: Person, control: ControlClient
) -> None:
    store = MemoryStore(SystemClock())
    async with running(sandbox, store):
        await wei.log_in()
        await wei.press(await wei.say_and_wait("/accounts", "你的账号"), "添加账号")
        await wei.wait("你的手机号")
        await wei.say(PHONES[EDITOR])
        await wei.wait("输入验证码", button="⌫")
    async with running(sandbox, store) as product:
        keypad = await wei.wait("我被重启了", button="⌫")
        await tap_code(wei, control, PHONES[EDITOR], keypad)
        await wei.wait("登录成功", "Editor (@editor)")
        await until(lambda: sorted(product.manager.ready_users()) == [str(WEI), SECOND])


async def test_a_login_that_was_completed_without_the_chat_is_said_to_be_done(
    product: Product, wei: Person, control: ControlClient
) -> None:
    """As after a restart, when a login that had been signed in is completed before the chat goes on."""
    await wei.log_in()
    await wei.press(await wei.say_and_wait("/accounts", "你的账号"), "添加账号")
    await wei.wait("你的手机号")
    await wei.say(PHONES[EDITOR])
    keypad = await wei.wait("输入验证码", button="⌫")
    code = await control.wait_code(PHONES[EDITOR])
    await product.manager.submit_code(another_key(str(WEI)), code)
    await wei.tap(keypad, code)
    await wei.wait("登录成功", "Editor (@editor)")


async def test_forget_me_erases_all_accounts(product: Product, wei: Person, control: ControlClient) -> None:
    await with_two(wei, control)
    await product.mirror.add_pair(SECOND, "@harbour_news", "@members_only", New())
    await wei.press(await wei.say_and_wait("/forget_me", "删除一切"), "全部删除")
    await wei.wait("已删除配对：1", "伟 李 (@liwei)", "Editor (@editor)", "设置和本聊天的状态已删除")
    assert await control.authorizations(WEI) == []
    assert await control.authorizations(EDITOR) == []
    for collection in ("users", "bot_states", "logins"):
        assert await product.store.get(Key(collection, user_key(WEI))) is None
        assert await query_prefix(product.store, collection, f"{WEI}~") == []
    # A report of progress that was on its way leaves nothing behind either.
    notices = product.bot.notices
    notices.progress(WEI, "gone", Progress("history", 1, 0, 10))
    await until(lambda: not notices._boxes)
    assert await product.store.get(Key("bot_states", user_key(WEI))) is None
    await product.manager.audit.flush()
    await product.manager.records.flush()
    traces = [key for key, text in everything_in(product.store) if str(WEI) in text or str(EDITOR) in text]
    assert sorted(traces) == [f"user_sessions/{WEI}", f"user_sessions/{SECOND}"]  # their names, and nothing in them
    for user in (str(WEI), SECOND):
        left = await product.store.get(Key("user_sessions", user))
        assert left is not None
        assert set(left.data) <= {"state", "owner", "token", "reason", "deleted_at"}


def everything_in(store: Store) -> list[tuple[str, str]]:
    """Each document's key, and all of it as text."""
    assert isinstance(store, MemoryStore)
    return [
        (f"{collection}/{id_}", f"{id_} {stored.data}")
        for collection, documents in store._collections.items()
        for id_, stored in documents.items()
    ]
