"""Each Bot API method, called by stock python-telegram-bot: its answer, and what the person sees."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest
from telegram import (
    Bot,
    BotCommand,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    KeyboardButton,
    LinkPreviewOptions,
    MessageEntity,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest
from telethon.tl import types

from bybot.sandbox.pictures import picture
from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.events import Event, Typing
from tests.sandbox.botapi_support import people, running_bot, seen


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[Bot]:
    """A stock bot to which Ann has written."""
    ann, _, account = people(sandbox)
    sandbox.world.send_message(ann, account.peer, text="/start")
    async with running_bot(sandbox) as running:
        yield running


YES, NO = InlineKeyboardButton("Yes", callback_data="y"), InlineKeyboardButton("No", callback_data="n")
KEYBOARD = InlineKeyboardMarkup([[YES, NO], [InlineKeyboardButton("Site", url="https://example.org/")]])


async def test_get_me_tells_the_bots_own_facts(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.id, me.is_bot, me.first_name, me.username) == (7000000009, True, "Tiny", "tiny_bot")
    assert me.can_join_groups is True


async def test_a_text_arrives_with_its_formatting_and_gets_two_ids(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    sent = await bot.send_message(
        ann.id, "<b>Hi</b> 😀 <i>x</i> /help", parse_mode=ParseMode.HTML, disable_notification=True,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
    )  # fmt: skip
    copy = seen(sandbox, ann, account)[-1]
    assert copy.text == sent.text == "Hi 😀 x /help"
    assert [type(e).__name__ for e in copy.entities] == [
        "MessageEntityBold", "MessageEntityItalic", "MessageEntityBotCommand",
    ]  # fmt: skip
    assert [(e.type, e.offset, e.length) for e in sent.entities] == [
        ("bold", 0, 2), ("italic", 6, 1), ("bot_command", 8, 5),
    ]  # fmt: skip
    assert copy.silent
    assert sent.chat.id == ann.id
    assert sent.chat.type == "private"
    assert sent.from_user is not None
    assert sent.from_user.id == bot.id
    own = sandbox.world.messages_of(account, ann.peer).get(sent.message_id)
    assert own is not None
    assert own.twin is copy


async def test_markdown_and_given_entities_arrive(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    await bot.send_message(ann.id, r"*b* a\.b", parse_mode=ParseMode.MARKDOWN_V2)
    assert seen(sandbox, ann, account)[-1].text == "b a.b"
    await bot.send_message(ann.id, "code", entities=[MessageEntity("code", 0, 4)])
    assert isinstance(seen(sandbox, ann, account)[-1].entities[0], types.MessageEntityCode)


async def test_an_inline_keyboard_becomes_callback_buttons(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    sent = await bot.send_message(ann.id, "Sure?", reply_markup=KEYBOARD)
    assert sent.reply_markup == KEYBOARD
    markup = seen(sandbox, ann, account)[-1].reply_markup
    assert isinstance(markup, types.ReplyInlineMarkup)
    assert isinstance(markup.rows[0], types.KeyboardInlineButtonRow)
    assert markup.rows[0].buttons[1].type.data == b"n"
    assert markup.rows[1].buttons[0].type.url == "https://example.org/"


async def test_reply_keyboards_are_shown_removed_and_forced(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    rows = [[KeyboardButton("A"), KeyboardButton("B")]]
    await bot.send_message(ann.id, "x", reply_markup=ReplyKeyboardMarkup(rows, one_time_keyboard=True))
    markup = seen(sandbox, ann, account)[-1].reply_markup
    assert [button.text for button in markup.rows[0].buttons] == ["A", "B"]
    assert markup.single_use
    await bot.send_message(ann.id, "x", reply_markup=ReplyKeyboardRemove())
    assert isinstance(seen(sandbox, ann, account)[-1].reply_markup, types.ReplyKeyboardHide)
    await bot.send_message(ann.id, "x", reply_markup=ForceReply())
    assert isinstance(seen(sandbox, ann, account)[-1].reply_markup, types.ReplyKeyboardForceReply)


async def test_a_reply_points_at_each_sides_own_id(sandbox: Sandbox, bot: Bot) -> None:
    ann, wei, account = people(sandbox)
    sandbox.world.send_message(ann, wei.peer, text="moves Ann's ids on")
    asked = sandbox.world.send_message(ann, account.peer, text="question")
    assert asked.twin is not None
    sent = await bot.send_message(ann.id, "answer", reply_parameters=ReplyParameters(asked.twin.id))
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.message_id == asked.twin.id
    assert seen(sandbox, ann, account)[-1].reply_to == asked.id != asked.twin.id
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(ann.id, "x", reply_parameters=ReplyParameters(9999))
    loose = ReplyParameters(9999, allow_sending_without_reply=True)
    assert (await bot.send_message(ann.id, "x", reply_parameters=loose)).reply_to_message is None


async def test_a_photo_is_uploaded_and_sent_again_by_its_id(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    sent = await bot.send_photo(ann.id, picture(1), caption="<u>QR</u>", parse_mode="HTML", reply_markup=KEYBOARD)
    copy = seen(sandbox, ann, account)[-1]
    assert copy.media is not None
    assert copy.media.file is not None
    assert copy.media.file.data == picture(1)
    assert (copy.text, sent.caption) == ("QR", "QR")
    assert sent.photo[-1].width == 480
    again = await bot.send_photo(ann.id, sent.photo[-1].file_id)
    media = seen(sandbox, ann, account)[-1].media
    assert media is not None
    assert media.file is copy.media.file
    assert again.photo[-1].file_unique_id == sent.photo[-1].file_unique_id


async def test_a_document_is_uploaded_and_downloaded(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    data = bytes(range(256)) * 1000 + b"\r\n--x\r\n"
    sent = await bot.send_document(ann.id, io.BytesIO(data), filename="ä b.bin", caption="c", protect_content=True)
    copy = seen(sandbox, ann, account)[-1]
    assert copy.media is not None
    assert copy.media.file is not None
    assert (copy.media.file.data, copy.media.file.name, copy.noforwards) == (data, "ä b.bin", True)
    assert sent.document is not None
    assert sent.document.file_size == len(data)
    file = await bot.get_file(sent.document.file_id)
    assert bytes(await file.download_as_bytearray()) == data
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await bot.get_file("nonsense")


async def test_an_album_arrives_as_one_group(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    sent = await bot.send_media_group(ann.id, [InputMediaPhoto(picture(n), caption=str(n)) for n in (1, 2, 3)])
    copies = seen(sandbox, ann, account)[-3:]
    assert len({copy.grouped_id for copy in copies}) == 1
    assert copies[0].grouped_id is not None
    assert [copy.text for copy in copies] == ["1", "2", "3"]
    assert len({message.media_group_id for message in sent}) == 1


async def test_a_chat_action_reaches_the_person(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    events: list[Event] = []
    stop = sandbox.world.events.observe(events.append)
    await bot.send_chat_action(ann.id, ChatAction.TYPING)
    stop()
    typing = next(event for event in events if isinstance(event, Typing))
    assert (typing.account_id, typing.peer.id) == (ann.id, account.id)


async def test_editing_changes_both_copies_and_removes_the_buttons(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    sent = await bot.send_message(ann.id, "one", reply_markup=KEYBOARD)
    copy = seen(sandbox, ann, account)[-1]
    edited = await bot.edit_message_text("<b>two</b>", ann.id, sent.message_id, parse_mode="HTML")
    assert (copy.text, copy.reply_markup) == ("two", None)
    assert copy.edit_date is not None
    assert not isinstance(edited, bool)
    assert (edited.text, edited.reply_markup) == ("two", None)
    await bot.edit_message_reply_markup(ann.id, sent.message_id, reply_markup=KEYBOARD)
    assert copy.reply_markup is not None
    await bot.edit_message_reply_markup(ann.id, sent.message_id)
    assert copy.reply_markup is None


async def test_captions_and_media_can_be_changed(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    sent = await bot.send_photo(ann.id, picture(1), caption="old")
    copy = seen(sandbox, ann, account)[-1]
    await bot.edit_message_caption(ann.id, sent.message_id, caption="new")
    assert copy.text == "new"
    await bot.edit_message_media(InputMediaPhoto(picture(2), caption="c2"), ann.id, sent.message_id)
    assert copy.media is not None
    assert copy.media.file is not None
    assert (copy.media.file.data, copy.text) == (picture(2), "c2")


async def test_deleting_takes_both_copies_also_of_what_the_person_wrote(sandbox: Sandbox, bot: Bot) -> None:
    ann, _, account = people(sandbox)
    secret = sandbox.world.send_message(ann, account.peer, text="+44 7700 900101")
    assert secret.twin is not None
    assert await bot.delete_message(ann.id, secret.twin.id) is True
    assert secret not in seen(sandbox, ann, account)
    sent = [await bot.send_message(ann.id, str(n)) for n in range(3)]
    assert await bot.delete_messages(ann.id, [m.message_id for m in sent] + [99999]) is True
    assert [m.text for m in seen(sandbox, ann, account)] == ["/start"]


async def test_commands_are_kept_per_scope_and_language(bot: Bot) -> None:
    assert await bot.get_my_commands() == ()
    commands = [BotCommand("start", "Begin"), BotCommand("help", "Help")]
    await bot.set_my_commands(commands)
    await bot.set_my_commands([BotCommand("start", "开始")], language_code="zh")
    assert list(await bot.get_my_commands()) == commands
    assert (await bot.get_my_commands(language_code="zh"))[0].description == "开始"
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()
    with pytest.raises(BadRequest, match="Bot_command_invalid"):
        await bot.set_my_commands([BotCommand("Bad Name", "x")])


async def test_the_profile_texts_are_kept_per_language(bot: Bot) -> None:
    await bot.set_my_description("Long")
    await bot.set_my_short_description("短", language_code="zh")
    assert (await bot.get_my_description()).description == "Long"
    assert (await bot.get_my_short_description("zh")).short_description == "短"
    assert (await bot.get_my_name()).name == "Tiny"
    await bot.set_my_name("Huge")
    assert (await bot.get_my_name()).name == "Huge"


async def test_get_chat_tells_of_people_and_channels(sandbox: Sandbox, bot: Bot) -> None:
    ann, wei, account = people(sandbox)
    chat = await bot.get_chat(ann.id)
    assert (chat.type, chat.first_name, chat.username) == ("private", "Ann", "ann")
    channel = sandbox.world.channel(1000000100)
    public = await bot.get_chat("@source")
    assert (public.id, public.type, public.title) == (-1001000000100, "channel", "Source")
    sandbox.world.set_admin(channel, account)
    post = await bot.send_message(-1001000000100, "by the bot")
    assert sandbox.world.history(wei, channel.peer)[-1].text == "by the bot"
    assert post.sender_chat is not None
    assert post.sender_chat.id == -1001000000100
