"""Pushes: who hears of a change, in which order, with which pts."""

from __future__ import annotations

import asyncio

from telethon import events, types

from tests.sandbox.chats import Recorder, chats, marked
from tests.sandbox.support import ready_client


async def test_every_session_of_every_member_hears_of_a_post_except_the_one_that_sent_it() -> None:
    async with chats() as c:
        recorders = []
        for account in (c.ann, c.bob):
            second = await c.client(account)
            await second.get_me()
            recorders.append(Recorder(second))
        own, reader = Recorder(c.a), Recorder(c.b)
        sent = await c.a.send_message("news_all", "hello")
        for recorder in (*recorders, reader):
            [update] = await recorder.wait(types.UpdateNewChannelMessage)
            assert (update.message.id, update.pts, update.pts_count) == (sent.id, c.news.pts, 1)
        mine, his = (recorder.of(types.UpdateNewChannelMessage)[0].message.out for recorder in recorders)
        assert (mine, his) == (True, False)
        # A later push shows that nothing was under way to the sender before it.
        c.post("later")
        [update] = await own.wait(types.UpdateNewChannelMessage)
        assert update.message.message == "later"


async def test_a_push_carries_chats_and_users_with_hashes_that_can_be_used() -> None:
    async with chats() as c:
        eve = c.world.create_account("Eve", username="eve_third")
        c.world.join(eve, c.group)
        heard: list[events.NewMessage.Event] = []
        got = asyncio.Event()

        async def note(event: events.NewMessage.Event) -> None:
            heard.append(event)
            got.set()

        c.b.add_event_handler(note, events.NewMessage(incoming=True))
        c.world.send_message(eve, c.group.peer, text="first words")
        await asyncio.wait_for(got.wait(), 5)
        [event] = heard
        assert event.chat_id == marked(c.group)
        sender = await event.get_input_sender()
        assert sender.user_id == eve.id
        assert (await c.b.send_message(sender, "hello eve")).id
        assert (await event.reply("hello group")).reply_to.reply_to_msg_id == event.id


async def test_pts_rises_by_one_per_message_and_edit_and_by_the_ids_of_a_deletion() -> None:
    async with chats() as c:
        heard = Recorder(c.b)
        start = c.news.pts
        ids = [c.post(f"{n}").id for n in range(3)]
        c.world.edit_message(c.ann, c.news.peer, ids[0], text="edited")
        c.world.delete_messages(c.ann, c.news.peer, ids[1:])
        await heard.wait(types.UpdateDeleteChannelMessages)
        moved = [(u.pts, u.pts_count) for u in heard.updates if hasattr(u, "pts_count")]
        assert moved == [(start + 1, 1), (start + 2, 1), (start + 3, 1), (start + 4, 1), (start + 6, 2)]
        assert c.news.pts == start + 6


async def test_channels_and_accounts_count_apart_and_far_from_each_other() -> None:
    async with chats() as c:
        news, ann, bob = c.news.pts, c.ann.pts, c.bob.pts
        c.post("x")
        assert (c.news.pts, c.ann.pts, c.bob.pts) == (news + 1, ann, bob)
        await c.a.send_message("bob_second", "x")
        assert (c.news.pts, c.ann.pts, c.bob.pts) == (news + 1, ann + 1, bob + 1)
        assert abs(ann - news) > 10_000_000


async def test_updates_have_no_seq() -> None:
    async with chats() as c:
        seqs: list[int] = []
        c.world.events.subscribe_pushes(lambda account, updates, exclude: seqs.append(updates.seq))
        c.post("x")
        await c.a.send_message("bob_second", "x")
        assert set(seqs) == {0}


async def test_nobody_builds_a_push_for_an_account_without_a_session() -> None:
    async with chats() as c:
        quiet = c.world.create_account("Quiet")
        c.world.join(quiet, c.news)
        told: list[int] = []
        stop = c.world.events.subscribe_pushes(
            lambda account, updates, exclude: told.append(account), connected=lambda id_: id_ != quiet.id
        )
        c.post("x")
        stop()
        assert sorted(told) == [c.ann.id, c.bob.id]


async def test_a_session_that_was_cut_off_hears_the_rest_after_its_reconnect() -> None:
    async with chats() as c, ready_client(c.running, c.bob, connection_retries=5) as client:
        await client.get_me()
        heard = Recorder(client)
        c.post("before")
        await heard.wait(types.UpdateNewChannelMessage)
        c.running.server.close_connections(c.bob.id)
        await client.get_me()
        c.post("after")
        found = await heard.wait(types.UpdateNewChannelMessage, 2)
        assert [u.message.message for u in found] == ["before", "after"]
