"""Logging in through the chat, against a sandbox Telegram."""

from __future__ import annotations

from bybot.sandbox.control_client import ControlClient
from tests.bot.support import ANN, PASSWORD, Person, Product, labels_of


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
