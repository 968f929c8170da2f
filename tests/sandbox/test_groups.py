"""Basic groups and their migration: done by stock Telethon, seen by another account."""

from __future__ import annotations

from typing import Any

import pytest
from telethon import errors, functions, types, utils

from tests.sandbox.chats import Chats, Recorder, chats, forward, new_messages, random_id


async def group(c: Chats) -> Any:
    """A basic group of the two; as an input peer."""
    bob = types.InputUser(c.bob.id, c.bob.access_hash)
    request = functions.messages.CreateChatRequest(users=[bob], title="Crew")
    answer = await c.a(request)
    made = next(chat for chat in answer.updates.chats if isinstance(chat, types.Chat))
    return types.InputPeerChat(made.id)


async def test_every_member_numbers_a_group_s_messages_in_an_own_box() -> None:
    async with chats() as c:
        crew = await group(c)
        await c.b.send_message("me", "a note between")
        heard = Recorder(c.b)
        sent = await c.a.send_message(crew, "hello")
        told = (await heard.wait(types.UpdateNewMessage))[-1].message
        assert (told.message, told.peer_id) == ("hello", types.PeerChat(crew.chat_id))
        assert told.from_id == types.PeerUser(c.ann.id)
        assert (sent.out, told.out) == (True, False)
        seen = await c.b.get_messages(crew, limit=10)
        assert [m.message or type(m.action).__name__ for m in seen] == ["hello", "MessageActionChatCreate"]
        assert seen[0].id - seen[1].id == 2, "the note has the id between"
        assert (await c.b.get_messages(None, ids=seen[1].id + 1)).message == "a note between"
        answer = await c.b.send_message(crew, "hi", reply_to=seen[0].id)
        assert answer.reply_to.reply_to_msg_id == seen[0].id
        there = (await c.a.get_messages(crew, limit=1))[0]
        assert (there.message, there.reply_to.reply_to_msg_id) == ("hi", sent.id)


async def test_changes_of_a_group_s_messages_reach_every_member() -> None:
    async with chats() as c:
        crew = await group(c)
        sent = await c.a.send_message(crew, "hello")
        await c.a.edit_message(crew, sent.id, "hello all")
        theirs = (await c.b.get_messages(crew, limit=1))[0]
        assert theirs.message == "hello all"
        with pytest.raises(errors.MessageAuthorRequiredError):
            await c.b.edit_message(crew, theirs.id, "mine")
        await c.a.delete_messages(crew, [sent.id])
        assert (await c.b.get_messages(crew, limit=1))[0].action is not None


async def test_random_ids_and_forwards_work_in_groups() -> None:
    async with chats() as c:
        crew = await group(c)
        post = c.post("news")
        news = await c.a.get_input_entity("news_all")
        once = random_id()
        first = await c.a(forward(news, [post.id], crew, random_id=[once]))
        again = await c.a(forward(news, [post.id], crew, random_id=[once]))
        assert [m.id for m in new_messages(first)] == [m.id for m in new_messages(again)]
        assert [m.message for m in await c.b.get_messages(crew, limit=10) if m.message] == ["news"]


async def test_a_group_that_becomes_a_megagroup_is_closed_and_numbers_begin_anew() -> None:
    async with chats() as c:
        crew = await group(c)
        await c.a.send_message(crew, "old")
        with pytest.raises(errors.ChatAdminRequiredError):
            await c.b(functions.messages.MigrateChatRequest(crew.chat_id))
        answer = await c.a(functions.messages.MigrateChatRequest(crew.chat_id))
        made = next(chat for chat in answer.chats if isinstance(chat, types.Channel))
        assert made.megagroup
        old = (await c.b(functions.messages.GetChatsRequest([crew.chat_id]))).chats[0]
        assert old.deactivated
        assert old.migrated_to.channel_id == made.id
        peer = types.InputPeerChannel(old.migrated_to.channel_id, old.migrated_to.access_hash)
        last = await c.b.get_messages(crew, limit=2)
        assert isinstance(last[0].action, types.MessageActionChatMigrateTo)
        assert last[1].message == "old"
        first = await c.b.get_messages(peer, limit=10, reverse=True)
        came = next(m.action for m in first if isinstance(m.action, types.MessageActionChannelMigrateFrom))
        assert (came.title, came.chat_id) == ("Crew", crew.chat_id)
        assert first[0].id == 1
        with pytest.raises(errors.PeerIdInvalidError):
            await c.a(functions.messages.SendMessageRequest(crew, "late", random_id=random_id()))
        assert (await c.b.send_message(peer, "new")).peer_id == types.PeerChannel(made.id)


async def test_groups_stand_in_the_list_of_chats() -> None:
    async with chats() as c:
        crew = await group(c)
        await c.a.send_message(crew, "hello")
        found = {utils.get_peer_id(d.entity): d for d in await c.b.get_dialogs()}
        dialog = found[-crew.chat_id]
        assert (dialog.title, dialog.message.message, dialog.unread_count) == ("Crew", "hello", 2)
