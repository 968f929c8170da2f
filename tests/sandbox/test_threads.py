"""Pinned messages, comments below posts, and forum topics: done by stock Telethon, seen by another account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telethon import errors, functions, types

from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Media
from tests.sandbox.chats import PIXEL, Chats, Recorder, chats, forward, new_messages, random_id


@asynccontextmanager
async def commented() -> AsyncIterator[Chats]:
    """The news with the group for their comments."""
    async with chats() as c:
        link = functions.channels.SetDiscussionGroupRequest
        news, group = await c.a.get_input_entity("news_all"), await c.a.get_input_entity("group_all")
        assert await c.a(link(types.InputChannel(news.channel_id, news.access_hash), _channel(group)))
        yield c


def _channel(peer: Any) -> Any:
    return types.InputChannel(peer.channel_id, peer.access_hash)


async def forum(c: Chats) -> Any:
    """Makes the group a forum."""
    group = await c.a.get_input_entity("group_all")
    await c.a(functions.channels.ToggleForumRequest(_channel(group), enabled=True, tabs=False))
    return group


async def topic(c: Chats, title: str, random: int | None = None) -> int:
    """A new topic; its id."""
    group = await c.a.get_input_entity("group_all")
    request = functions.messages.CreateForumTopicRequest(group, title, random_id=random or random_id())
    return int(new_messages(await c.a(request))[0].id)


# Pinned -----------------------------------------------------------------------------------------------------------


async def test_a_pinned_post_is_told_found_and_unpinned() -> None:
    async with chats() as c:
        first, second = c.post("first"), c.post("second")
        heard = Recorder(c.b)
        service = await c.a.pin_message("news_all", first.id)
        told = (await heard.wait(types.UpdatePinnedChannelMessages))[0]
        assert (told.channel_id, told.messages, told.pinned) == (c.news.id, [first.id], True)
        assert isinstance(service.action, types.MessageActionPinMessage)
        assert service.reply_to.reply_to_msg_id == first.id
        await c.a.pin_message("news_all", second.id)
        kind = types.InputMessagesFilterPinned()
        assert [m.id for m in await c.b.get_messages("news_all", filter=kind, limit=None)] == [second.id, first.id]
        assert (await c.b.get_messages("news_all", ids=first.id)).pinned
        full = await c.b(functions.channels.GetFullChannelRequest("news_all"))
        assert full.full_chat.pinned_msg_id == second.id
        await c.a.unpin_message("news_all", first.id)
        assert not (await c.b.get_messages("news_all", ids=first.id)).pinned
        await c.a.unpin_message("news_all")
        assert not any(message.pinned for message in c.news.messages)


async def test_only_who_may_pins_and_only_what_is_there() -> None:
    async with chats() as c:
        post = c.post("one")
        with pytest.raises(errors.ChatAdminRequiredError):
            await c.b.pin_message("news_all", post.id)
        with pytest.raises(errors.MessageIdInvalidError):
            await c.a.pin_message("news_all", 999)
        await c.a.pin_message("news_all", post.id)
        with pytest.raises(errors.ChatNotModifiedError):
            await c.a.pin_message("news_all", post.id)


async def test_a_private_pin_is_seen_by_both() -> None:
    async with chats() as c:
        sent = await c.a.send_message("bob_second", "keep this")
        heard = Recorder(c.b)
        await c.a.pin_message("bob_second", sent.id)
        told = (await heard.wait(types.UpdatePinnedMessages))[0]
        assert told.messages == [c.world.messages_of(c.ann, c.bob.peer).get(sent.id).twin.id]


async def test_a_pin_that_was_missed_comes_with_the_difference() -> None:
    async with chats() as c:
        before, post = c.news.pts, c.post("one")
        await c.a.pin_message("news_all", post.id)
        channel = _channel(await c.b.get_input_entity("news_all"))
        request = functions.updates.GetChannelDifferenceRequest(
            channel, types.ChannelMessagesFilterEmpty(), pts=before, limit=10
        )
        missed = await c.b(request)
        assert [u.messages for u in missed.other_updates] == [[post.id]]
        assert [m.message if m.action is None else "pinned" for m in missed.new_messages] == ["one", "pinned"]


# Replies ----------------------------------------------------------------------------------------------------------


async def test_a_reply_quotes_and_names_the_top_of_its_thread() -> None:
    async with chats() as c:
        group = await c.a.get_input_entity("group_all")
        first = await c.b.send_message("group_all", "a long story")
        quoting = types.InputReplyToMessage(first.id, quote_text="story", quote_offset=7)
        request = functions.messages.SendMessageRequest(group, "which?", reply_to=quoting, random_id=random_id())
        second = new_messages(await c.a(request))[0]
        third = await c.b.send_message("group_all", "that one", reply_to=second.id)
        header = (await c.b.get_messages("group_all", ids=second.id)).reply_to
        assert (header.quote_text, header.quote_offset, header.reply_to_top_id) == ("story", 7, None)
        header = (await c.a.get_messages("group_all", ids=third.id)).reply_to
        assert (header.reply_to_msg_id, header.reply_to_top_id) == (second.id, first.id)


# Comments ---------------------------------------------------------------------------------------------------------


async def test_a_post_stands_in_the_group_and_its_comments_are_counted() -> None:
    async with commented() as c:
        heard = Recorder(c.b)
        post = await c.a.send_message("news_all", "talk about this")
        copy = next(u.message for u in await heard.wait(types.UpdateNewChannelMessage, 2) if not u.message.post)
        assert (copy.fwd_from.channel_post, copy.fwd_from.saved_from_msg_id) == (post.id, post.id)
        assert copy.from_id == types.PeerChannel(c.news.id)
        comment = await c.b.send_message("news_all", "a comment", comment_to=post.id)
        assert (comment.peer_id.channel_id, comment.reply_to.reply_to_msg_id) == (c.group.id, copy.id)
        again = await c.a.send_message("group_all", "an answer", reply_to=comment.id)
        assert again.reply_to.reply_to_top_id == copy.id
        counted = (await c.b.get_messages("news_all", ids=post.id)).replies
        assert (counted.replies, counted.comments, counted.channel_id) == (2, True, c.group.id)
        found = await c.b.get_messages("news_all", reply_to=post.id, limit=9)
        assert [m.message for m in found] == ["an answer", "a comment"]
        asked = await c.b(functions.messages.GetDiscussionMessageRequest("news_all", post.id))
        assert ([m.id for m in asked.messages], asked.max_id) == ([copy.id], again.id)
        full = await c.b(functions.channels.GetFullChannelRequest("news_all"))
        assert full.full_chat.linked_chat_id == c.group.id
        await c.a.delete_messages("group_all", [again.id])
        assert (await c.b.get_messages("news_all", ids=post.id)).replies.replies == 1


async def test_the_copy_in_the_group_follows_edits_and_deletions_and_keeps_albums() -> None:
    async with commented() as c:
        files = [c.world.store_file(PIXEL, mime="image/png", kind="photo") for _ in range(3)]
        album = c.world.send_album(c.ann, c.news.peer, [Draft(media=Media(file)) for file in files])
        asked = await c.b(functions.messages.GetDiscussionMessageRequest("news_all", album[1].id))
        assert len(asked.messages) == 3
        assert len({m.grouped_id for m in asked.messages}) == 1
        assert asked.messages[0].grouped_id != album[0].grouped_id
        post = c.post("old words")
        await c.a.edit_message("news_all", post.id, "new words")
        copy = c.group.messages.top
        assert copy is not None
        assert copy.text == "new words"
        await c.a.delete_messages("news_all", [post.id])
        assert copy.id not in c.group.messages


async def test_without_a_group_there_are_no_comments() -> None:
    async with chats() as c:
        post = c.post("one")
        with pytest.raises(errors.MsgIdInvalidError):
            await c.b(functions.messages.GetDiscussionMessageRequest("news_all", post.id))
        group = _channel(await c.a.get_input_entity("group_all"))
        with pytest.raises(errors.BroadcastIdInvalidError):
            await c.a(functions.channels.SetDiscussionGroupRequest(group, group))


# Topics -----------------------------------------------------------------------------------------------------------


async def test_topics_are_made_listed_and_written_into() -> None:
    async with chats() as c:
        group = await forum(c)
        heard = Recorder(c.b)
        ships, trains = await topic(c, "Ships"), await topic(c, "Trains")
        made = (await heard.wait(types.UpdateNewChannelMessage))[0].message
        assert (made.id, made.action.title) == (ships, "Ships")
        plain = await c.b.send_message("group_all", "into general")
        sent = await c.b.send_message("group_all", "ahoy", reply_to=ships)
        inside = types.InputReplyToMessage(sent.id, top_msg_id=ships)
        request = functions.messages.SendMessageRequest(group, "aye", reply_to=inside, random_id=random_id())
        answer = new_messages(await c.a(request))[0]
        none, one, two = [m.reply_to for m in await c.b.get_messages("group_all", ids=[plain.id, sent.id, answer.id])]
        assert none is None
        assert (one.forum_topic, one.reply_to_msg_id, one.reply_to_top_id) == (True, ships, None)
        assert (two.forum_topic, two.reply_to_msg_id, two.reply_to_top_id) == (True, sent.id, ships)
        listed = await c.b(functions.messages.GetForumTopicsRequest("group_all", None, 0, 0, limit=10))
        assert [(t.title, t.top_message) for t in listed.topics] == [
            ("Ships", answer.id),
            ("General", plain.id),
            ("Trains", trains),
        ]
        assert listed.count == 3
        chat = next(chat for chat in listed.chats if chat.id == c.group.id)
        assert chat.forum
        found = await c.b.get_messages("group_all", reply_to=ships, limit=9)
        assert [m.message for m in found] == ["aye", "ahoy"]
        by_id = await c.b(functions.messages.GetForumTopicsByIDRequest("group_all", [trains, 999]))
        assert [type(t) for t in by_id.topics] == [types.ForumTopic, types.ForumTopicDeleted]


async def test_a_topic_is_made_once_per_random_id() -> None:
    async with chats() as c:
        await forum(c)
        assert await topic(c, "Ships", 77) == await topic(c, "Ships", 77)
        assert len(c.group.topics) == 1


async def test_a_forward_goes_into_the_topic_that_it_names() -> None:
    async with chats() as c:
        group = await forum(c)
        ships = await topic(c, "Ships")
        ids = [c.post("one").id, c.post("two").id]
        request = forward(await c.a.get_input_entity("news_all"), ids, group, top_msg_id=ships)
        copies = new_messages(await c.a(request))
        assert [(m.reply_to.forum_topic, m.reply_to.reply_to_msg_id) for m in copies] == [(True, ships)] * 2


async def test_a_closed_or_unknown_topic_takes_nothing_and_a_renamed_one_says_so() -> None:
    async with chats() as c:
        group = await forum(c)
        ships = await topic(c, "Ships")
        await c.a(functions.messages.EditForumTopicRequest(group, ships, title="Boats", closed=True))
        assert c.group.topics[ships].title == "Boats"
        with pytest.raises(errors.BadRequestError) as caught:
            await c.b.send_message("group_all", "late", reply_to=ships)
        assert caught.value.message == "TOPIC_CLOSED"
        gone = types.InputReplyToMessage(999, top_msg_id=999)
        with pytest.raises(errors.TopicDeletedError):
            await c.a(functions.messages.SendMessageRequest(group, "x", reply_to=gone, random_id=random_id()))
        with pytest.raises(errors.ChatAdminRequiredError):
            await c.b(functions.messages.CreateForumTopicRequest("group_all", "Mine", random_id=random_id()))


async def test_a_group_without_topics_has_none() -> None:
    async with chats() as c:
        group = await c.a.get_input_entity("group_all")
        with pytest.raises(errors.ChannelForumMissingError):
            await c.a(functions.messages.GetForumTopicsRequest(group, None, 0, 0, limit=10))
