"""Edits, deletions, read marks and buttons, seen from the other side."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telethon import errors, functions, types

from bybot.sandbox.world import callbacks
from bybot.sandbox.world.events import CallbackPressed
from tests.sandbox.chats import PIXEL, Chats, Recorder, chats, picture


def keyboard(label: str, data: bytes) -> Any:
    """One callback button."""
    button = types.KeyboardInlineButton(label, types.InlineButtonTypeCallback(data))
    return types.ReplyInlineMarkup([types.KeyboardInlineButtonRow([button])])


async def test_an_edit_is_seen_by_others_with_its_date_and_new_entities() -> None:
    async with chats() as c:
        post = await c.a.send_message("news_all", "old")
        heard = Recorder(c.b)
        edited = await c.a.edit_message("news_all", post.id, "new **text**")
        assert (edited.id, edited.message, edited.views) == (post.id, "new text", 1)
        [update] = await heard.wait(types.UpdateEditChannelMessage)
        assert (update.message.message, update.pts, update.pts_count) == ("new text", c.news.pts, 1)
        assert update.message.edit_date is not None
        read = await c.b.get_messages("news_all", ids=post.id)
        assert isinstance(read.entities[0], types.MessageEntityBold)
        with pytest.raises(errors.MessageNotModifiedError):
            await c.a.edit_message("news_all", post.id, "new **text**")
        with pytest.raises(errors.MessageIdInvalidError):
            await c.a.edit_message("news_all", 999, "nothing")
        with pytest.raises(errors.MessageTooLongError):
            await c.a.edit_message("news_all", post.id, "x" * 4097)


async def test_a_private_edit_changes_both_copies() -> None:
    async with chats() as c:
        heard = Recorder(c.b)
        sent = await c.a.send_message("bob_second", "old")
        await c.a.edit_message("bob_second", sent.id, "new")
        [update] = await heard.wait(types.UpdateEditMessage)
        assert (update.message.message, update.message.out) == ("new", False)
        assert (await c.b.get_messages("ann_first", limit=1))[0].message == "new"
        with pytest.raises(errors.MessageAuthorRequiredError):
            await c.b.edit_message("ann_first", update.message.id, "not mine")


async def test_a_photo_can_be_exchanged_under_its_caption() -> None:
    async with chats() as c:
        sent = await c.a.send_file("news_all", picture(), caption="a photo")
        file = await c.a.upload_file(PIXEL + b"more", file_name="other.png")
        await c.a.edit_message("news_all", sent.id, "a photo", file=file)
        read = await c.b.get_messages("news_all", ids=sent.id)
        assert read.message == "a photo"
        assert await c.b.download_media(read, bytes) == PIXEL + b"more"


async def test_only_the_author_or_an_admin_with_the_right_edits_a_post() -> None:
    async with chats() as c:
        post = c.post("by ann")
        with pytest.raises(errors.MessageAuthorRequiredError):
            await c.b.edit_message("news_all", post.id, "by bob")
        c.world.set_admin(c.news, c.bob, types.ChatAdminRights(edit_messages=True))
        assert (await c.b.edit_message("news_all", post.id, "by bob")).message == "by bob"
        chat = await c.b.send_message("group_all", "bob's words")
        with pytest.raises(errors.MessageAuthorRequiredError):
            await c.a.edit_message("group_all", chat.id, "put into his mouth")


async def test_deleted_posts_leave_holes_and_count_as_many_as_they_are() -> None:
    async with chats() as c:
        ids = [c.post(f"{n}").id for n in range(5)]
        heard = Recorder(c.b)
        news = await c.a.get_input_entity("news_all")
        before = c.news.pts
        answer = await c.a(functions.channels.DeleteMessagesRequest(news, [*ids[1:4], 999, ids[1]]))
        assert (answer.pts, answer.pts_count) == (before + 3, 3)
        [update] = await heard.wait(types.UpdateDeleteChannelMessages)
        assert (update.messages, update.pts, update.pts_count) == (ids[1:4], before + 3, 3)
        assert await c.b.get_messages("news_all", ids=ids) == [
            m if m and m.id in (ids[0], ids[4]) else None for m in await c.b.get_messages("news_all", ids=ids)
        ]
        assert [m.id for m in await c.b.get_messages("news_all", limit=3)] == [ids[4], ids[0], 1]
        nothing = await c.a(functions.channels.DeleteMessagesRequest(news, [999]))
        assert (nothing.pts, nothing.pts_count) == (before + 3, 0)
        assert c.post("the next").id == ids[4] + 1


async def test_a_reader_deletes_nothing_but_own_group_messages() -> None:
    async with chats() as c:
        post = c.post("stays")
        with pytest.raises(errors.MessageDeleteForbiddenError):
            await c.b.delete_messages("news_all", [post.id])
        assert post.id in c.news.messages
        own = await c.b.send_message("group_all", "mine")
        await c.b.delete_messages("group_all", [own.id])
        assert own.id not in c.group.messages


async def test_a_private_message_is_deleted_on_one_side_or_on_both() -> None:
    async with chats() as c:
        one = await c.a.send_message("bob_second", "one")
        two = await c.a.send_message("bob_second", "two")
        heard = Recorder(c.b)
        await c.a.delete_messages("bob_second", [one.id], revoke=False)
        assert [m.message for m in await c.a.get_messages("bob_second", limit=9)] == ["two"]
        assert [m.message for m in await c.b.get_messages("ann_first", limit=9)] == ["two", "one"]
        await c.a.delete_messages("bob_second", [two.id])
        [update] = await heard.wait(types.UpdateDeleteMessages)
        assert (len(update.messages), update.pts, update.pts_count) == (1, c.bob.pts, 1)
        assert [m.message for m in await c.b.get_messages("ann_first", limit=9)] == ["one"]


async def test_reading_a_private_chat_is_told_to_the_writer_and_to_the_readers_other_sessions() -> None:
    async with chats() as c:
        sent = await c.a.send_message("bob_second", "read me")
        second = await c.client(c.bob)
        await second.get_me()
        writer, reader = Recorder(c.a), Recorder(second)
        ann = await c.b.get_input_entity("ann_first")
        answer = await c.b(functions.messages.ReadHistoryRequest(ann, 0))
        assert (answer.pts, answer.pts_count) == (c.bob.pts, 1)
        [outbox] = await writer.wait(types.UpdateReadHistoryOutbox)
        assert (outbox.peer, outbox.max_id) == (types.PeerUser(c.bob.id), sent.id)
        [inbox] = await reader.wait(types.UpdateReadHistoryInbox)
        assert (inbox.peer, inbox.still_unread_count) == (types.PeerUser(c.ann.id), 0)
        [dialog] = [d for d in await c.a.get_dialogs() if d.id == c.bob.id]
        assert dialog.dialog.read_outbox_max_id == sent.id
        again = await c.b(functions.messages.ReadHistoryRequest(ann, 0))
        assert again.pts_count == 0


async def test_reading_a_channel_moves_no_pts_and_is_told_to_own_sessions() -> None:
    async with chats() as c:
        post = c.post("x")
        second = await c.client(c.bob)
        await second.get_me()
        reader = Recorder(second)
        before = (c.news.pts, c.bob.pts)
        await c.b.send_read_acknowledge("news_all", max_id=post.id)
        [update] = await reader.wait(types.UpdateReadChannelInbox)
        assert (update.channel_id, update.max_id, update.still_unread_count) == (c.news.id, post.id, 0)
        assert (c.news.pts, c.bob.pts) == before


async def talk_with_bot(c: Chats) -> tuple[Any, Any]:
    """Bob started a bot which sent him a button; the bot and Bob's copy of the message."""
    bot = c.world.create_bot("Robot", "robot_bot", "900001:secret")
    await c.b.send_message("robot_bot", "/start")
    c.world.send_message(bot, c.bob.peer, text="press", reply_markup=keyboard("Yes", b"yes"))
    [message] = await c.b.get_messages("robot_bot", limit=1)
    return bot, message


async def test_a_pressed_button_waits_for_the_bots_answer() -> None:
    async with chats() as c:
        bot, message = await talk_with_bot(c)
        assert message.buttons[0][0].text == "Yes"
        pressed: list[CallbackPressed] = []

        def answer(event: Any) -> None:
            if isinstance(event, CallbackPressed):
                pressed.append(event)
                c.world.answer_callback(bot, event.query_id, "well done", alert=True)

        c.world.events.observe(answer)
        result = await message.click(0)
        assert (result.message, result.alert) == ("well done", True)
        [event] = pressed
        assert (event.data, event.person, event.bot) == (b"yes", c.bob, bot)
        assert event.message.box == bot.peer
        assert event.message.text == "press"
        with pytest.raises(Exception, match="QUERY_ID_INVALID"):
            c.world.answer_callback(bot, event.query_id, "twice")
        with pytest.raises(errors.DataInvalidError):
            await message.click(data=b"no")


async def test_a_bot_on_mtproto_gets_the_press_and_its_own_copys_id() -> None:
    async with chats() as c:
        bot, message = await talk_with_bot(c)
        client = await c.client(bot)
        await client.get_me()
        heard = Recorder(client)
        click = asyncio.create_task(message.click(0))
        [update] = await heard.wait(types.UpdateBotCallbackQuery)
        assert (update.data, update.user_id) == (b"yes", c.bob.id)
        assert (await client.get_messages("bob_second", ids=update.msg_id)).message == "press"
        await client(functions.messages.SetBotCallbackAnswerRequest(update.query_id, 0, message="ok"))
        assert (await click).message == "ok"


async def test_a_bot_that_does_not_answer_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "ANSWER_SECONDS", 0.05)
    async with chats() as c:
        _, message = await talk_with_bot(c)
        bot = await c.b.get_input_entity("robot_bot")
        with pytest.raises(errors.BotResponseTimeoutError):
            await c.b(functions.messages.GetBotCallbackAnswerRequest(bot, message.id, data=b"yes"))


async def test_buttons_are_exchanged_without_an_edit_date() -> None:
    async with chats() as c:
        bot, message = await talk_with_bot(c)
        heard = Recorder(c.b)
        own = message.id
        copy = c.world.history(bot, c.bob.peer)[-1]
        c.world.edit_message(bot, c.bob.peer, copy.id, reply_markup=keyboard("No", b"no"))
        [update] = await heard.wait(types.UpdateEditMessage)
        assert (update.message.id, update.message.edit_date) == (own, None)
        [changed] = await c.b.get_messages("robot_bot", limit=1)
        assert (changed.buttons[0][0].text, changed.message) == ("No", "press")
