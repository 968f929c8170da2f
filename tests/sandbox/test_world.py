"""The world without a network: ids, names, boxes, observers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.tl import types

from bybot.clock import ManualClock
from bybot.sandbox.world.detect import utf16_length, with_found_entities
from bybot.sandbox.world.errors import TelegramError
from bybot.sandbox.world.events import DeletedMessages, EditedMessage, Event, NewMessage
from bybot.sandbox.world.model import SERVICE_ACCOUNT, Peer
from bybot.sandbox.world.world import World

START = datetime(2026, 5, 1, tzinfo=UTC)


def test_boxes_of_a_later_start_stand_above_those_of_an_earlier_one() -> None:
    clock = ManualClock(START)
    first = World(clock)
    ann = first.create_account("Ann")
    channel = first.create_channel(ann, "News")
    for number in range(1_000):
        first.send_message(ann, channel.peer, text=str(number))
        first.send_message(ann, ann.peer, text=str(number))
    clock.advance(5)
    second = World(clock)
    again = second.create_account("Ann")
    assert again.pts > ann.pts
    assert second.create_channel(again, "News").pts > channel.pts
    assert again.access_hash == ann.access_hash


def test_accounts_are_found_by_id_phone_and_name_and_taken_ones_are_refused() -> None:
    world = World()
    ann = world.create_account("Ann", phone="+44 7700 900-123", username="ann_first", id=42)
    assert world.account_by_phone("447700900123") is ann
    assert world.account_by_phone("+44 7700 900123") is ann
    assert world.account_by_username("@ANN_first") is ann
    assert world.account_by_id(42) is ann
    assert world.account(SERVICE_ACCOUNT).first_name == "Telegram"
    with pytest.raises(ValueError, match="phone number is taken"):
        world.create_account("Eve", phone="447700900123")
    with pytest.raises(ValueError, match="42 is taken"):
        world.create_account("Eve", id=42)
    with pytest.raises(TelegramError, match="USERNAME_OCCUPIED"):
        world.create_account("Eve", username="Ann_First")
    bot = world.create_bot("Robot", "robot_bot", "900001:secret")
    assert (bot.id, world.bot_by_token("900001:secret")) == (900001, bot)
    with pytest.raises(TelegramError, match="PEER_ID_INVALID"):
        world.account(7)


def test_observers_hear_both_copies_of_a_private_message_and_one_of_a_post() -> None:
    world = World()
    ann, bob = world.create_account("Ann"), world.create_account("Bob")
    channel = world.create_channel(ann, "News")
    heard: list[Event] = []
    stop = world.events.observe(heard.append)
    sent = world.send_message(ann, bob.peer, text="hi")
    assert sent.twin is not None
    assert [type(event) for event in heard] == [NewMessage, NewMessage]
    assert [event.account_id for event in heard] == [ann.id, bob.id]
    assert sent.twin.twin is sent
    world.edit_message(ann, bob.peer, sent.id, text="ho")
    assert [type(event) for event in heard[2:]] == [EditedMessage, EditedMessage]
    assert sent.twin.text == "ho"
    world.delete_messages(ann, bob.peer, [sent.id])
    assert [type(event) for event in heard[4:]] == [DeletedMessages, DeletedMessages]
    world.send_message(ann, channel.peer, text="post")
    assert [event.channel_id for event in heard[6:]] == [channel.id]
    stop()
    world.send_message(ann, channel.peer, text="unheard")
    assert len(heard) == 7


def test_a_refused_message_changes_nothing() -> None:
    world = World()
    ann, bob = world.create_account("Ann"), world.create_account("Bob")
    channel = world.create_channel(ann, "News")
    world.join(bob, channel)
    before = (channel.pts, len(channel.messages), channel.next_id)
    for sender, text in ((bob, "no right"), (ann, ""), (ann, "x" * 5000)):
        with pytest.raises(TelegramError):
            world.send_message(sender, channel.peer, text=text)
    assert (channel.pts, len(channel.messages), channel.next_id) == before


def test_a_login_code_comes_from_telegram_into_the_accounts_box_alone() -> None:
    world = World()
    ann = world.create_account("Ann")
    message = world.send_login_code(ann, "Login code: 1234")
    assert (message.box, message.peer) == (ann.peer, Peer("user", SERVICE_ACCOUNT))
    assert world.history(ann, Peer("user", SERVICE_ACCOUNT)) == [message]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/start now", [("MessageEntityBotCommand", 0, 6)]),
        ("say /help@robot_bot", [("MessageEntityBotCommand", 4, 15)]),
        ("a/b and //x", []),
        ("see https://example.org/a?b=1, please", [("MessageEntityUrl", 4, 25)]),
        ("t.me/joinme", [("MessageEntityUrl", 0, 11)]),
        ("😀 @ann_first", [("MessageEntityMention", 3, 10)]),
        ("mail a.b@example.org", [("MessageEntityEmail", 5, 15)]),
        ("#tag and #1", [("MessageEntityHashtag", 0, 4)]),
    ],
)
def test_commands_names_and_links_are_found_in_a_text(text: str, wanted: list[tuple[str, int, int]]) -> None:
    found = [(type(entity).__name__, entity.offset, entity.length) for entity in with_found_entities(text, ())]
    assert found == wanted


def test_given_entities_win_over_found_ones() -> None:
    given = [types.MessageEntityTextUrl(0, 10, "https://example.org")]
    assert with_found_entities("@ann_first", given) == given


@given(st.text())
def test_lengths_are_counted_in_utf16(text: str) -> None:
    assert utf16_length(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2
