"""Sending text, photos, documents and albums, seen from a second account."""

from __future__ import annotations

import pytest
from telethon import errors, functions, types

from tests.sandbox.chats import Recorder, chats, marked, picture, random_id
from tests.sandbox.support import until


async def test_a_post_reaches_the_members_with_text_entities_and_counters() -> None:
    async with chats() as c:
        heard = Recorder(c.b)
        sent = await c.a.send_message("news_all", "Hello **bold** #tag", silent=True)
        assert (sent.message, sent.post, sent.out, sent.from_id) == ("Hello bold #tag", True, True, None)
        assert (sent.views, sent.forwards) == (1, 0)
        [update] = await heard.wait(types.UpdateNewChannelMessage)
        got = update.message
        assert (got.id, got.message, got.silent, got.out, got.post) == (sent.id, "Hello bold #tag", True, False, True)
        assert [type(entity).__name__ for entity in got.entities] == ["MessageEntityBold", "MessageEntityHashtag"]
        assert (got.entities[0].offset, got.entities[0].length) == (6, 4)
        [read] = await c.b.get_messages("news_all", ids=[sent.id])
        assert read.message == "Hello bold #tag"
        assert read.date == sent.date


async def test_a_message_in_a_group_names_its_sender_and_is_no_post() -> None:
    async with chats() as c:
        sent = await c.b.send_message("group_all", "from bob")
        [got] = await c.a.get_messages("group_all", ids=[sent.id])
        assert got.from_id == types.PeerUser(c.bob.id)
        assert (got.post, got.out, got.views) == (False, False, None)
        assert (await got.get_sender()).username == "bob_second"


async def test_a_private_message_has_two_copies_with_different_ids() -> None:
    async with chats() as c:
        heard = Recorder(c.b)
        c.world.send_message(c.bob, c.bob.peer, text="a note that shifts bob's ids")
        sent = await c.a.send_message("bob_second", "/start now")
        [_, update] = await heard.wait(types.UpdateNewMessage, 2)
        assert update.message.message == "/start now"
        assert update.message.id != sent.id
        assert (update.message.out, update.message.from_id) == (False, None)
        assert update.message.peer_id == types.PeerUser(c.ann.id)
        assert [type(entity).__name__ for entity in update.message.entities] == ["MessageEntityBotCommand"]
        [own] = await c.a.get_messages("bob_second", ids=[sent.id])
        assert (own.out, own.message) == (True, "/start now")


async def test_a_message_to_oneself_exists_once() -> None:
    async with chats() as c:
        sent = await c.a.send_message("me", "note")
        found = await c.a.get_messages("me", limit=10)
        assert [(m.id, m.message, m.out) for m in found] == [(sent.id, "note", True)]


async def test_a_reply_points_at_the_receivers_own_copy() -> None:
    async with chats() as c:
        c.world.send_message(c.bob, c.bob.peer, text="shifts bob's ids")
        first = await c.a.send_message("bob_second", "question")
        heard = Recorder(c.a)
        [copy] = await c.b.get_messages("ann_first", limit=1)
        await copy.reply("answer")
        [update] = await heard.wait(types.UpdateNewMessage)
        assert update.message.reply_to.reply_to_msg_id == first.id
        [answer] = await c.a.get_messages("bob_second", limit=1)
        assert (await answer.get_reply_message()).message == "question"


async def test_a_reply_in_a_channel_is_kept_and_one_to_nothing_goes_without() -> None:
    async with chats() as c:
        first = c.post("first")
        sent = await c.a.send_message("news_all", "second", reply_to=first.id)
        assert sent.reply_to.reply_to_msg_id == first.id
        lost = await c.a.send_message("news_all", "third", reply_to=9999)
        assert lost.reply_to is None


@pytest.mark.parametrize(
    ("text", "error"),
    [("x" * 4097, errors.MessageTooLongError), ("   ", errors.MessageEmptyError)],
)
async def test_a_text_that_is_too_long_or_empty_is_refused(text: str, error: type[Exception]) -> None:
    async with chats() as c:
        before = len(c.news.messages)
        peer = await c.a.get_input_entity("news_all")
        with pytest.raises(error):
            await c.a(functions.messages.SendMessageRequest(peer, text))
        assert len(c.news.messages) == before
        assert (await c.a.send_message("news_all", "x" * 4096)).id


async def test_a_caption_has_its_own_limit() -> None:
    async with chats() as c:
        with pytest.raises(errors.MediaCaptionTooLongError):
            await c.a.send_file("news_all", picture(), caption="x" * 1025)
        assert (await c.a.send_file("news_all", picture(), caption="x" * 1024)).message == "x" * 1024


async def test_what_cannot_be_carried_out_is_refused_and_not_ignored() -> None:
    async with chats() as c:
        with pytest.raises(errors.ScheduleDateInvalidError):
            await c.a.send_message("news_all", "later", schedule=60)
        peer = await c.a.get_input_entity("news_all")
        with pytest.raises(errors.MediaInvalidError):
            await c.a(functions.messages.SendMediaRequest(peer, types.InputMediaGame(types.InputGameID(1, 1)), ""))


async def test_an_album_stays_one_group_in_order_with_captions() -> None:
    async with chats() as c:
        heard = Recorder(c.b)
        sent = await c.a.send_file("news_all", [picture() for _ in range(3)], caption=["one", "", "three"])
        assert len({message.grouped_id for message in sent}) == 1
        assert sent[0].grouped_id
        assert [message.message for message in sent] == ["one", "", "three"]
        got = [update.message for update in await heard.wait(types.UpdateNewChannelMessage, 3)]
        assert [m.id for m in got] == [m.id for m in sent]
        assert all(isinstance(m.media, types.MessageMediaPhoto) for m in got)
        assert {m.grouped_id for m in got} == {sent[0].grouped_id}
        again = await c.a.send_file("news_all", [picture(), picture()])
        assert again[0].grouped_id != sent[0].grouped_id


async def test_an_album_of_eleven_is_refused() -> None:
    async with chats() as c:
        peer = await c.a.get_input_entity("news_all")
        photo = (await c.a.send_file("news_all", picture())).photo
        media = types.InputMediaPhoto(types.InputPhoto(photo.id, photo.access_hash, photo.file_reference))
        before = c.news.pts
        parts = [types.InputSingleMedia(media, "", random_id=random_id()) for _ in range(11)]
        with pytest.raises(errors.MultiMediaTooLongError):
            await c.a(functions.messages.SendMultiMediaRequest(peer, parts))
        assert c.news.pts == before
        await c.a(functions.messages.SendMultiMediaRequest(peer, parts[:10]))
        assert c.news.pts == before + 10


async def test_typing_is_shown_to_the_other_side_only() -> None:
    async with chats() as c:
        heard, own = Recorder(c.b), Recorder(c.a)
        bob = await c.a.get_input_entity("bob_second")
        assert await c.a(functions.messages.SetTypingRequest(bob, types.SendMessageTypingAction()))
        [update] = await heard.wait(types.UpdateUserTyping)
        assert update.user_id == c.ann.id
        group = await c.b.get_input_entity("group_all")
        await c.b(functions.messages.SetTypingRequest(group, types.SendMessageTypingAction()))
        [update] = await own.wait(types.UpdateChannelUserTyping)
        assert (update.channel_id, update.from_id) == (c.group.id, types.PeerUser(c.bob.id))
        assert not heard.of(types.UpdateChannelUserTyping)


async def test_views_are_counted_when_asked() -> None:
    async with chats() as c:
        post = c.post("seen")
        peer = await c.b.get_input_entity("news_all")
        request = functions.messages.GetMessagesViewsRequest(peer, [post.id, 9999], increment=True)
        answer = await c.b(request)
        assert (answer.views[0].views, answer.views[0].forwards, answer.views[1].views) == (2, 0, None)
        assert (await c.b.get_messages("news_all", ids=post.id)).views == 2


async def test_a_message_from_telegram_itself_arrives_in_its_own_chat() -> None:
    async with chats() as c:
        heard = Recorder(c.a)
        c.world.send_login_code(c.ann, "Login code: 12345")
        [update] = await heard.wait(types.UpdateNewMessage)
        assert update.message.peer_id == types.PeerUser(777000)
        [found] = await c.a.get_messages(777000, limit=1)
        assert found.message == "Login code: 12345"
        assert (await c.a.get_entity(777000)).verified


async def test_a_message_for_a_blocker_or_a_stranger_of_a_bot_is_refused() -> None:
    async with chats() as c:
        bob = await c.a.get_input_entity("bob_second")
        ann = await c.b.get_input_entity("ann_first")
        await c.b(functions.contacts.BlockRequest(ann))
        with pytest.raises(errors.UserIsBlockedError):
            await c.a.send_message(bob, "hi")
        with pytest.raises(errors.YouBlockedUserError):
            await c.b.send_message(ann, "hi")
        await c.b(functions.contacts.UnblockRequest(ann))
        await c.a.send_message(bob, "hi again")
        await until(lambda: len(c.world.history(c.bob, c.ann.peer)) == 1)
        bot = c.world.create_bot("Robot", "robot_bot", "900001:secret")
        client = await c.client(bot)
        with pytest.raises(errors.PeerIdInvalidError):
            await client.send_message("ann_first", "who are you?")
        answer = await c.a(functions.messages.StartBotRequest("robot_bot", "robot_bot", "deep"))
        assert answer.updates[-1].message.message == "/start deep"
        assert (await client.send_message("ann_first", "hello")).message == "hello"


async def test_a_frozen_account_reads_but_does_not_write() -> None:
    async with chats() as c:
        c.post("news")
        c.bob.frozen = True
        assert (await c.b.get_messages("news_all", limit=1))[0].message == "news"
        with pytest.raises(errors.FrozenMethodInvalidError):
            await c.b.send_message("group_all", "hi")
        assert marked(c.group) < 0
