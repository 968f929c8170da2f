"""Logging in through the chat, against a sandbox Telegram."""

from __future__ import annotations

import asyncio

import pytest

from bybot.clock import SystemClock
from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.bot.support import ANN, BOT, EDITOR, PASSWORD, PHONES, Person, Product, bot_options, labels_of, running


async def test_a_person_logs_in_by_keypad_and_second_password(
    product: Product, ann: Person, control: ControlClient
) -> None:
    await ann.say("/start")
    await ann.wait("Hello, Ann")
    notice = await ann.wait("Before you log in", "/logout", "Devices")
    await ann.press(notice, "I agree")
    await ann.wait("Your phone number")
    await ann.say(ann.phone)
    keypad = await ann.wait("Enter the code", "open the chat", "○ ○ ○ ○ ○")
    await ann.tap(keypad, await control.wait_code(ann.phone))
    await ann.wait("two-step password", "an <instrument>")
    await ann.say(PASSWORD)
    await ann.wait("Logged in", "Ann Ash (@ann)")
    texts = await ann.texts()
    assert not any(ann.phone in text or PASSWORD in text for text in texts)
    assert (await product.manager.get_session_info(ANN))["status"] == "active"
    assert [name for name in labels_of(keypad) if name.isdigit()] == list("1234567890")


async def test_the_digits_of_a_code_are_never_shown(product: Product, wei: Person, control: ControlClient) -> None:
    keypad = await wei.to_keypad()
    code = await control.wait_code(wei.phone)
    await wei.tap(keypad, code[:3])
    shown = await wei.wait("● ● ● ○ ○")
    assert shown["id"] == keypad["id"]
    await control.press(wei.id, BOT, keypad["id"], label="⌫")
    await wei.wait("● ● ○ ○ ○")
    await control.press(wei.id, BOT, keypad["id"], label="清空")
    await wei.wait("○ ○ ○ ○ ○")
    await wei.tap(keypad, code)
    await wei.wait("登录成功", "伟 李 (@liwei)")
    assert not any(code in text for text in await wei.texts())


async def test_a_wrong_code_may_be_corrected(product: Product, wei: Person, control: ControlClient) -> None:
    keypad = await wei.to_keypad()
    code = await control.wait_code(wei.phone)
    wrong = "".join(str((int(digit) + 1) % 10) for digit in code)
    await wei.tap(keypad, wrong)
    await wei.wait("验证码不对", "○ ○ ○ ○ ○")
    await wei.tap(keypad, code)
    await wei.wait("登录成功")


@pytest.mark.parametrize(
    "disguise", ["{}", "{0[0]} {0[1]} {0[2]}-{0[3]}_{0[4]}", "my code is a{0[0]}b{0[1]}c{0[2]}{0[3]}{0[4]}!"]
)
async def test_a_code_typed_in_the_chat_is_deleted_and_explained_and_a_new_one_works(
    product: Product, wei: Person, control: ControlClient, disguise: str
) -> None:
    await wei.to_keypad()
    code = await control.wait_code(wei.phone)
    sent = await wei.say(disguise.format(code))
    warning = await wei.wait("请不要打字输入验证码", button="🔁 新验证码")
    assert sent not in [message["id"] for message in await wei.chat()]
    await wei.press(warning, "新验证码")
    keypad = await wei.wait("新的验证码已发出", "○ ○ ○ ○ ○")
    await wei.tap(keypad, await control.wait_code(wei.phone, other_than=code))
    await wei.wait("登录成功")


async def test_a_code_that_died_is_said_to_be_expired_with_a_way_to_a_new_one(
    product: Product, wei: Person, control: ControlClient
) -> None:
    keypad = await wei.to_keypad()
    code = await control.wait_code(wei.phone)
    await control.say(wei.id, "@liwei", code)  # in another chat: Telegram sees it there too
    await wei.tap(keypad, code)
    expired = await wei.wait("这个验证码已失效")
    assert not any(label.isdigit() for label in labels_of(expired))
    await wei.press(expired, "新验证码")
    keypad = await wei.wait("新的验证码已发出", "○ ○ ○ ○ ○")
    await wei.tap(keypad, await control.wait_code(wei.phone, other_than=code))
    await wei.wait("登录成功")


async def test_a_wrong_phone_number_is_asked_for_again(product: Product, wei: Person) -> None:
    await wei.say("/login")
    await wei.press(await wei.wait(button="✅ 我同意"), "我同意")
    await wei.wait("你的手机号")
    await wei.say("hello")
    await wei.wait("这不是手机号")
    sent = await wei.say("+44 7700 900999")
    await wei.wait("Telegram 不认识这个号码")
    assert sent not in [message["id"] for message in await wei.chat()]
    await wei.say(wei.phone)
    await wei.wait("输入验证码")


async def test_a_wrong_password_may_be_corrected_and_no_password_stays_in_the_chat(
    product: Product, ann: Person, control: ControlClient
) -> None:
    keypad = await ann.to_keypad()
    await ann.tap(keypad, await control.wait_code(ann.phone))
    await ann.wait("two-step password")
    sent = [await ann.say("not the password"), await ann.say("12345")]
    await ann.wait("That password is not right")
    await ann.say(PASSWORD)
    await ann.wait("Logged in")
    left = [message["id"] for message in await ann.chat()]
    assert not set(sent) & set(left)


async def test_a_login_by_qr_picture_takes_the_picture_away_and_asks_for_the_password(
    product: Product, ann: Person, control: ControlClient
) -> None:
    await ann.say("/login")
    await ann.press(await ann.wait(button="✅ I agree"), "I agree")
    await ann.press(await ann.wait("Your phone number"), "QR code")
    picture = await ann.wait("Scan this", button="✖️ Cancel")
    assert picture["media"]["kind"] == "photo"
    await control.accept_qr(ann.id)
    await ann.wait("two-step password")
    await ann.say(PASSWORD)
    await ann.wait("Logged in", "Ann Ash")
    assert not any("Scan this" in text for text in await ann.texts())


async def test_a_login_by_qr_picture_without_a_password(product: Product, wei: Person, control: ControlClient) -> None:
    keypad = await wei.to_keypad()
    await wei.press(keypad, "二维码")
    await wei.wait("扫描二维码")
    await control.accept_qr(wei.id)
    await wei.wait("登录成功")
    assert not any("扫描二维码" in text or "输入验证码" in text for text in await wei.texts())


async def test_a_login_can_be_cancelled_in_the_middle(product: Product, wei: Person) -> None:
    keypad = await wei.to_keypad()
    await wei.press(keypad, "取消")
    stopped = await wei.wait("登录已停止")
    assert stopped["id"] == keypad["id"]
    assert not any(label.isdigit() for label in labels_of(stopped))
    assert await product.manager.pending_login(wei.id) is None


async def test_a_button_of_a_dialogue_that_is_over_is_answered_and_taken_away(product: Product, wei: Person) -> None:
    keypad = await wei.to_keypad()
    async with product.bot.services.person(wei.id) as person:
        person.drop()
    answer = await wei.press(keypad, "1")
    assert answer["text"] == "这个按钮已失效。"
    newest = (await wei.chat())[-1]
    assert labels_of(newest) == []


async def test_a_person_goes_back_from_the_keypad_to_correct_the_number(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.say("/login")
    await wei.press(await wei.wait("🔐"), "✅")
    await wei.wait("📱")
    await wei.say(PHONES[EDITOR])  # somebody else's, by mistake
    await wei.press(await wei.wait("🔢", button="⌫"), "换个号码")
    await wei.wait("📱")
    assert await product.manager.pending_login(wei.id) is None
    await wei.say(wei.phone)
    await wei.tap(await wei.wait("🔢", button="⌫"), await control.wait_code(wei.phone))
    await wei.wait("登录成功")


async def test_cancel_by_command_stops_a_login(product: Product, wei: Person) -> None:
    await wei.to_keypad()
    await wei.say("/cancel")
    await wei.wait("登录已停止")
    await wei.say_and_wait("/cancel", "没有可以取消的操作")
    assert await product.manager.pending_login(wei.id) is None


async def test_a_second_login_by_the_same_person_goes_on_with_the_first(
    product: Product, wei: Person, control: ControlClient
) -> None:
    first = await wei.to_keypad()
    code = await control.wait_code(wei.phone)
    second = await wei.say_and_wait("/login", "登录正在进行", "输入验证码")
    assert first["id"] not in [message["id"] for message in await wei.chat()]
    await wei.tap(second, code)
    await wei.wait("登录成功")
    assert await control.code(wei.phone) == code
    await wei.say_and_wait("/login", "你已经登录", "@liwei")


async def test_too_many_tries_are_said_with_the_time_to_wait(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await control.fault("flood", method="auth.sendCode", seconds=90, times=1)
    await wei.say("/login")
    await wei.press(await wei.wait(button="✅ 我同意"), "我同意")
    await wei.wait("你的手机号")
    await wei.say(wei.phone)
    await wei.wait("尝试次数太多", "1 分钟 30 秒")


async def test_a_login_goes_on_after_a_restart_in_the_middle(
    sandbox: Sandbox, wei: Person, control: ControlClient
) -> None:
    store = MemoryStore(SystemClock())
    async with running(sandbox, store):
        keypad = await wei.to_keypad()
        code = await control.wait_code(wei.phone)
        await wei.tap(keypad, code[:2])
    async with running(sandbox, store):
        again = await wei.wait("登录过程中我被重启了", "○ ○ ○ ○ ○")
        assert again["id"] == keypad["id"]
        await wei.tap(again, code)
        await wei.wait("登录成功")


async def test_the_password_is_still_asked_for_after_a_restart(
    sandbox: Sandbox, ann: Person, control: ControlClient
) -> None:
    store = MemoryStore(SystemClock())
    async with running(sandbox, store):
        keypad = await ann.to_keypad()
        await ann.tap(keypad, await control.wait_code(ann.phone))
        await ann.wait("two-step password")
    async with running(sandbox, store):
        await ann.wait("I was restarted", "an <instrument>")
        await ann.say(PASSWORD)
        await ann.wait("Logged in")


async def test_a_qr_login_goes_on_after_a_restart_with_a_new_picture(
    sandbox: Sandbox, wei: Person, control: ControlClient
) -> None:
    store = MemoryStore(SystemClock())
    async with running(sandbox, store):
        await wei.press(await wei.to_keypad(), "二维码")
        old = await wei.wait("扫描二维码")
    async with running(sandbox, store):
        await until_gone(wei, old["id"])
        await wei.wait("扫描二维码")
        await control.accept_qr(wei.id)
        await wei.wait("登录成功")


async def test_a_login_that_nobody_answers_ends_by_itself(sandbox: Sandbox, wei: Person) -> None:
    options = bot_options(sandbox, login_seconds=0.5)
    async with running(sandbox, options=options) as product:
        await wei.say("/login")
        await wei.press(await wei.wait(button="✅ 我同意"), "我同意")
        await wei.wait("登录时间太长")
        assert await product.manager.pending_login(wei.id) is None
        await wei.say_and_wait("+8613800138000", "我没听懂")


async def until_gone(person: Person, message_id: int) -> None:
    async with asyncio.timeout(10):
        while message_id in [message["id"] for message in await person.chat()]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_nothing_of_a_login_is_written_in_the_clear(
    sandbox: Sandbox, ann: Person, control: ControlClient
) -> None:
    store = MemoryStore(SystemClock())
    async with running(sandbox, store):
        keypad = await ann.to_keypad()
        code = await control.wait_code(ann.phone)
        await ann.tap(keypad, code)
        await ann.wait("two-step password")
        await ann.say(PASSWORD)
        await ann.wait("Logged in")
        documents = await store.query("bot_states") + await store.query("users")
    stored = repr([document.data for document in documents])
    assert documents
    assert not any(secret in stored for secret in (ann.phone[1:], code, PASSWORD))
