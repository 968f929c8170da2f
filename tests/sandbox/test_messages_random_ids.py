"""Random ids: a repeat sends nothing and gives the first result, for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telethon import errors, functions, types

from bybot.sandbox.mtproto.switches import Switches
from tests.sandbox.chats import PIXEL, Chats, chats, forward, new_messages, picture, random_id
from tests.sandbox.support import until


def ids_of(answer: Any) -> dict[int, int]:
    return {u.random_id: u.id for u in answer.updates if isinstance(u, types.UpdateMessageID)}


async def test_a_repeated_text_gives_the_first_message_in_a_channel_and_in_a_private_chat() -> None:
    async with chats() as c:
        for name, box in (("news_all", c.news), ("bob_second", c.ann)):
            peer = await c.a.get_input_entity(name)
            request = functions.messages.SendMessageRequest(peer, "once", random_id=random_id())
            first = await c.a(request)
            c.post("something in between")
            reached = box.pts
            again = await c.a(request)
            assert box.pts == reached
            first_id = first.id if name == "bob_second" else new_messages(first)[0].id
            assert ids_of(again) == {request.random_id: first_id}
            assert [(u.message.id, u.pts_count) for u in again.updates[1:]] == [(first_id, 0)]
            # What the stock client makes of such an answer.
            assert c.a._get_response_message(request, again, peer).id == first_id
        assert len(c.world.history(c.bob, c.ann.peer)) == 1


async def test_a_repeat_counts_for_every_kind_of_call_and_every_session() -> None:
    async with chats() as c:
        post = c.post("original")
        source, target = await c.a.get_input_entity("news_all"), await c.meet(c.a, c.vault)
        known = random_id()
        [copy] = new_messages(await c.a(forward(source, [post.id], target, random_id=[known])))
        other = await c.client(c.ann)
        there = await c.meet(other, c.vault)
        reached = c.vault.pts
        text = await other(functions.messages.SendMessageRequest(there, "else", random_id=known))
        assert ids_of(text) == {known: copy.id}
        media = await other.upload_file(picture())
        request = functions.messages.SendMediaRequest(
            there, types.InputMediaUploadedPhoto(media), "else", random_id=known
        )
        assert ids_of(await other(request)) == {known: copy.id}
        assert c.vault.pts == reached


async def test_another_chat_and_another_account_have_random_ids_of_their_own() -> None:
    async with chats() as c:
        known = random_id()
        group = await c.a.get_input_entity("group_all")
        await c.a(functions.messages.SendMessageRequest(group, "by ann", random_id=known))
        await c.b(
            functions.messages.SendMessageRequest(await c.b.get_input_entity("group_all"), "by bob", random_id=known)
        )
        news = await c.a.get_input_entity("news_all")
        await c.a(functions.messages.SendMessageRequest(news, "in news", random_id=known))
        assert [m.text for m in c.world.history(c.ann, c.group.peer)][-2:] == ["by ann", "by bob"]
        assert c.news.messages.top.text == "in news"


async def test_a_repeat_after_the_copy_was_deleted_sends_nothing() -> None:
    async with chats() as c:
        news = await c.a.get_input_entity("news_all")
        request = functions.messages.SendMessageRequest(news, "gone", random_id=random_id())
        [first] = new_messages(await c.a(request))
        await c.a.delete_messages(news, [first.id])
        reached = c.news.pts
        again = await c.a(request)
        assert (ids_of(again), new_messages(again)) == ({request.random_id: first.id}, [])
        assert c.news.pts == reached


async def test_a_lost_answer_is_learnt_by_repeating() -> None:
    async with chats() as c:
        ids = [c.post(f"post {n}").id for n in range(5)]
        source, target = await c.a.get_input_entity("news_all"), await c.meet(c.a, c.vault)
        request = forward(source, ids, target)
        c.running.faults.add(kind="cut", account=c.ann.id, method="forwardMessages")
        async with asyncio.timeout(15):
            answer = await c.a(request)
        assert list(ids_of(answer)) == request.random_id
        assert [m.text for m in c.vault.messages if m.action is None] == [f"post {n}" for n in range(5)]


async def in_progress(c: Chats, request: Any) -> tuple[asyncio.Task[Any], Any]:
    """Start a slow send with one session and repeat it with another."""
    other = await c.client(c.ann, request_retries=0, raise_last_call_error=True)
    await other.get_me()
    c.world.random_ids.slow[c.ann.id] = 0.4
    first = asyncio.create_task(c.a(request))
    calls = c.running.counters.calls
    name = "messages.sendMessage" if isinstance(request.random_id, int) else "messages.forwardMessages"
    await until(lambda: calls[name, c.ann.id] == 1)
    try:
        return first, await other(request)
    except errors.RPCError as error:
        return first, error


async def test_a_repeat_while_the_first_is_carried_out_is_refused() -> None:
    async with chats() as c:
        # Any session of the account has the same hash for the channel.
        news = await c.a.get_input_entity("news_all")
        request = functions.messages.SendMessageRequest(news, "slow", random_id=random_id())
        first, second = await in_progress(c, request)
        assert isinstance(second, errors.RandomIdDuplicateError)
        assert second.code == 500
        [sent] = new_messages(await first)
        c.world.random_ids.slow.clear()
        assert ids_of(await c.a(request)) == {request.random_id: sent.id}
        assert [m.text for m in c.news.messages].count("slow") == 1


async def test_a_mixture_of_old_and_new_random_ids_is_replayed_and_completed() -> None:
    async with chats() as c:
        ids = [c.post(f"post {n}").id for n in range(4)]
        source, target = await c.a.get_input_entity("news_all"), await c.meet(c.a, c.vault)
        random_ids = [random_id() for _ in ids]
        first = ids_of(await c.a(forward(source, ids[:2], target, random_id=random_ids[:2])))
        both = ids_of(await c.a(forward(source, ids, target, random_id=random_ids)))
        assert {key: both[key] for key in random_ids[:2]} == first
        assert set(both) == set(random_ids)
        assert [m.text for m in c.vault.messages if m.action is None] == [f"post {n}" for n in range(4)]


async def test_a_mixture_is_refused_where_the_server_is_set_so() -> None:
    async with chats(switches=Switches(repeated_forward="refuse")) as c:
        ids = [c.post(f"post {n}").id for n in range(4)]
        client = await c.client(c.ann, request_retries=0, raise_last_call_error=True)
        target = await c.meet(client, c.vault)
        source = await client.get_input_entity("news_all")
        random_ids = [random_id() for _ in ids]
        first = ids_of(await client(forward(source, ids[:2], target, random_id=random_ids[:2])))
        reached = c.vault.pts
        with pytest.raises(errors.RandomIdDuplicateError):
            await client(forward(source, ids, target, random_id=random_ids))
        assert c.vault.pts == reached
        assert ids_of(await client(forward(source, ids[:2], target, random_id=random_ids[:2]))) == first


async def test_a_mixture_is_replayed_and_not_completed_where_the_server_is_set_so() -> None:
    async with chats(switches=Switches(repeated_forward="partly")) as c:
        ids = [c.post(f"post {n}").id for n in range(4)]
        source, target = await c.a.get_input_entity("news_all"), await c.meet(c.a, c.vault)
        random_ids = [random_id() for _ in ids]
        first = ids_of(await c.a(forward(source, ids[:2], target, random_id=random_ids[:2])))
        assert ids_of(await c.a(forward(source, ids, target, random_id=random_ids))) == first
        assert set(ids_of(await c.a(forward(source, ids[2:], target, random_id=random_ids[2:])))) == {*random_ids[2:]}
        assert [m.text for m in c.vault.messages if m.action is None] == [f"post {n}" for n in range(4)]


async def test_a_repeated_album_gives_the_first_album() -> None:
    async with chats() as c:
        news = await c.a.get_input_entity("news_all")
        parts = []
        for _ in range(2):
            file = c.world.store_file(PIXEL, mime="image/png", kind="photo")
            photo = types.InputPhoto(file.id, file.access_hash, file.file_reference)
            parts.append(types.InputSingleMedia(types.InputMediaPhoto(photo), "", random_id=random_id()))
        request = functions.messages.SendMultiMediaRequest(news, parts)
        first = ids_of(await c.a(request))
        reached = c.news.pts
        assert ids_of(await c.a(request)) == first
        assert len(first) == 2
        assert c.news.pts == reached


async def test_the_random_id_of_an_own_send_is_told_to_other_sessions() -> None:
    async with chats() as c:
        other = await c.client(c.ann)
        await other.get_me()
        told: list[Any] = []

        async def note(update: Any) -> None:
            told.append(update)

        other.add_event_handler(note)
        news = await c.a.get_input_entity("news_all")
        request = functions.messages.SendMessageRequest(news, "x", random_id=random_id())
        [sent] = new_messages(await c.a(request))
        await until(lambda: any(isinstance(u, types.UpdateMessageID) for u in told))
        [update] = [u for u in told if isinstance(u, types.UpdateMessageID)]
        assert (update.random_id, update.id) == (request.random_id, sent.id)
