"""Forwarding: order, albums, authors, captions, protected content."""

from __future__ import annotations

import pytest
from telethon import errors, functions, types

from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Media
from tests.sandbox.chats import PIXEL, Chats, Recorder, chats, forward, new_messages


def album(c: Chats, size: int) -> list[int]:
    """Ann posts an album; its ids."""
    files = [c.world.store_file(PIXEL, mime="image/png", kind="photo") for _ in range(size)]
    parts = [Draft(text=f"part {n}", media=Media(file)) for n, file in enumerate(files)]
    return [message.id for message in c.world.send_album(c.ann, c.news.peer, parts)]


async def test_a_hundred_posts_are_copied_in_order_without_their_author() -> None:
    async with chats() as c:
        ids = [c.post(f"post {n}", entities=[types.MessageEntityBold(0, 4)]).id for n in range(100)]
        heard = Recorder(c.b)
        c.world.join(c.bob, c.vault)
        target = await c.meet(c.a, c.vault)
        request = forward(await c.a.get_input_entity("news_all"), ids, target)
        answer = await c.a(request)
        copies = new_messages(answer)
        assert [m.message for m in copies] == [f"post {n}" for n in range(100)]
        assert all(m.fwd_from is None and isinstance(m.entities[0], types.MessageEntityBold) for m in copies)
        assert [(m.views, m.forwards) for m in copies[:2]] == [(1, 0), (1, 0)]
        named = {u.random_id: u.id for u in answer.updates if isinstance(u, types.UpdateMessageID)}
        assert [named[random_id] for random_id in request.random_id] == [m.id for m in copies]
        pushed = await heard.wait(types.UpdateNewChannelMessage, 100)
        assert [u.message.id for u in pushed] == [m.id for m in copies]
        assert [u.pts for u in pushed] == list(range(c.vault.pts - 99, c.vault.pts + 1))
        stock = await c.a.forward_messages(target, ids[:3], "news_all", drop_author=True)
        assert [m.message for m in stock] == ["post 0", "post 1", "post 2"]


async def test_the_order_given_is_kept_and_holes_are_left_out() -> None:
    async with chats() as c:
        one, two, three = (c.post(text).id for text in ("one", "two", "three"))
        c.world.delete_messages(c.ann, c.news.peer, [two])
        target = await c.meet(c.a, c.vault)
        found = await c.a.forward_messages(target, [three, two, one, 1], "news_all", drop_author=True)
        assert [m and m.message for m in found] == ["three", None, "one", None]
        before = c.vault.pts
        with pytest.raises(errors.MessageIdInvalidError):
            await c.a.forward_messages(target, [two, 1], "news_all")
        assert c.vault.pts == before


async def test_more_than_a_hundred_ids_or_none_are_refused() -> None:
    async with chats() as c:
        ids = [c.post("x").id for _ in range(101)]
        source, target = await c.a.get_input_entity("news_all"), await c.meet(c.a, c.vault)
        before = c.vault.pts
        with pytest.raises(errors.LimitInvalidError):
            await c.a(forward(source, ids, target))
        with pytest.raises(errors.MessageIdsEmptyError):
            await c.a(forward(source, [], target))
        with pytest.raises(errors.RandomIdInvalidError):
            await c.a(forward(source, ids[:2], target, random_id=[1]))
        with pytest.raises(errors.RandomIdInvalidError):
            await c.a(forward(source, ids[:2], target, random_id=[5, 5]))
        with pytest.raises(errors.RandomIdEmptyError):
            await c.a(forward(source, ids[:1], target, random_id=[0]))
        assert c.vault.pts == before


async def test_with_its_author_a_copy_says_where_it_came_from_and_is_counted() -> None:
    async with chats() as c:
        post = c.post("original")
        target = await c.meet(c.a, c.vault)
        copy = await c.a.forward_messages(target, post.id, "news_all")
        assert (copy.fwd_from.from_id, copy.fwd_from.channel_post) == (types.PeerChannel(c.news.id), post.id)
        assert copy.fwd_from.date == post.date
        assert (await c.b.get_messages("news_all", ids=post.id)).forwards == 1
        again = await c.a.forward_messages("bob_second", copy)
        assert again.fwd_from.channel_post == post.id
        chat = await c.a.send_message("bob_second", "a secret")
        [told] = await c.a.forward_messages("group_all", [chat.id], "bob_second")
        assert told.fwd_from.from_id == types.PeerUser(c.ann.id)
        assert told.fwd_from.channel_post is None
        saved = await c.a.forward_messages("me", post.id, "news_all")
        assert (saved.fwd_from.saved_from_peer, saved.fwd_from.saved_from_msg_id) == (
            types.PeerChannel(c.news.id),
            post.id,
        )


async def test_albums_are_regrouped_under_a_fresh_id_and_a_single_part_stands_alone() -> None:
    async with chats() as c:
        first, second = album(c, 3), album(c, 2)
        source, target = await c.a.get_input_entity("news_all"), await c.meet(c.a, c.vault)
        copies = new_messages(await c.a(forward(source, first + second, target)))
        groups = [m.grouped_id for m in copies]
        assert groups[0] == groups[1] == groups[2] != groups[3] == groups[4]
        originals = {c.news.messages.get(id_).grouped_id for id_ in first + second}
        assert not originals & set(groups)
        assert [m.message for m in copies] == ["part 0", "part 1", "part 2", "part 0", "part 1"]
        [single] = new_messages(await c.a(forward(source, first[:1], target)))
        assert single.grouped_id is None


async def test_captions_can_be_dropped_and_texts_stay() -> None:
    async with chats() as c:
        photo, text = c.photo(text="caption"), c.post("text")
        source, target = await c.a.get_input_entity("news_all"), await c.meet(c.a, c.vault)
        request = forward(source, [photo.id, text.id], target, drop_media_captions=True)
        copies = new_messages(await c.a(request))
        assert [m.message for m in copies] == ["", "text"]
        assert copies[0].photo.id == photo.media.file.id


async def test_options_of_the_call_hold_for_every_copy() -> None:
    async with chats() as c:
        c.world.join(c.bob, c.vault)
        post = c.post("original")
        anchor = c.post("anchor", c.vault)
        source, target = await c.a.get_input_entity("news_all"), await c.meet(c.a, c.vault)
        options = {"silent": True, "noforwards": True, "reply_to": types.InputReplyToMessage(anchor.id)}
        [copy] = new_messages(await c.a(forward(source, [post.id], target, **options)))
        assert (copy.silent, copy.noforwards, copy.reply_to.reply_to_msg_id) == (True, True, anchor.id)
        with pytest.raises(errors.ChatForwardsRestrictedError):
            await c.b(forward(await c.meet(c.b, c.vault), [copy.id], await c.b.get_input_entity("group_all")))


async def test_a_copy_drops_the_reply_of_its_original() -> None:
    async with chats() as c:
        post = c.post("question")
        answer = c.post("answer", reply_to=post.id)
        source, target = await c.a.get_input_entity("news_all"), await c.meet(c.a, c.vault)
        copies = new_messages(await c.a(forward(source, [post.id, answer.id], target)))
        assert [m.reply_to for m in copies] == [None, None]


async def test_protected_content_is_read_but_neither_forwarded_nor_sent_by_reference() -> None:
    async with chats() as c:
        photo = c.photo(text="protected")
        news = await c.a.get_input_entity("news_all")
        await c.a(functions.messages.ToggleNoForwardsRequest(news, True))
        seen = await c.b.get_messages("news_all", ids=photo.id)
        assert seen.message == "protected"
        assert (await c.b.get_entity("news_all")).noforwards
        assert await c.b.download_media(seen, bytes) == PIXEL
        before = c.group.pts
        with pytest.raises(errors.ChatForwardsRestrictedError):
            await c.b.forward_messages("group_all", seen)
        with pytest.raises(errors.ChatForwardsRestrictedError):
            await c.b.send_file("group_all", seen.photo)
        assert c.group.pts == before
        await c.a(functions.messages.ToggleNoForwardsRequest(news, False))
        assert (await c.b.forward_messages("group_all", seen)).photo.id == photo.media.file.id
        assert (await c.b.send_file("group_all", seen.photo)).photo.id == photo.media.file.id
        with pytest.raises(errors.ChatNotModifiedError):
            await c.a(functions.messages.ToggleNoForwardsRequest(news, False))


async def test_one_protected_message_stops_the_whole_call() -> None:
    async with chats() as c:
        free, held = c.post("free"), c.post("held", noforwards=True)
        before = c.group.pts
        with pytest.raises(errors.ChatForwardsRestrictedError):
            await c.b.forward_messages("group_all", [free.id, held.id], "news_all")
        assert c.group.pts == before


async def test_rights_are_checked_on_both_sides() -> None:
    async with chats() as c:
        post = c.post("x")
        hidden = c.post("hidden", c.vault)
        news, group = await c.b.get_input_entity("news_all"), await c.b.get_input_entity("group_all")
        with pytest.raises(errors.ChatWriteForbiddenError):
            await c.b(forward(news, [post.id], news))
        vault = types.InputPeerChannel(c.vault.id, c.vault.access_hash)
        with pytest.raises(errors.ChannelPrivateError):
            await c.b(forward(vault, [hidden.id], group))
