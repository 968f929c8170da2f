"""Differences: what a client that was away is told, raw and through the stock client's catch-up."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from telethon import errors, events, functions, types
from telethon.sessions import MemorySession

from bybot.clock import ManualClock
from bybot.sandbox.rpc import updates as rpc_updates
from tests.sandbox.chats import Chats, chats, forward, new_messages, random_id
from tests.sandbox.support import connected, make_client, ready_session, until

START = datetime(2026, 5, 1, tzinfo=UTC)


async def difference(c: Chats, pts: int, **options: Any) -> Any:
    date = options.pop("date", c.world.now())
    return await c.b(functions.updates.GetDifferenceRequest(pts=pts, date=date, qts=0, **options))


async def channel_difference(c: Chats, pts: int, limit: int = 100, channel: str = "news_all") -> Any:
    peer = await c.b.get_input_entity(channel)
    request = functions.updates.GetChannelDifferenceRequest(peer, types.ChannelMessagesFilterEmpty(), pts, limit)
    return await c.b(request)


async def test_nothing_missed_is_an_empty_difference() -> None:
    clock = ManualClock(START)
    async with chats(clock=clock) as c:
        clock.advance(5)
        state = await c.b(functions.updates.GetStateRequest())
        assert (state.pts, state.seq, state.qts) == (c.bob.pts, 0, 0)
        assert isinstance(await difference(c, state.pts), types.updates.DifferenceEmpty)
        with pytest.raises(errors.PersistentTimestampInvalidError):
            await difference(c, state.pts + 1)
        with pytest.raises(errors.PersistentTimestampEmptyError):
            await difference(c, 0)


async def test_missed_private_messages_come_with_their_sender() -> None:
    async with chats() as c:
        start = c.bob.pts
        await c.a.send_message("bob_second", "one")
        await c.a.send_message("bob_second", "two")
        answer = await difference(c, start)
        assert [m.message for m in answer.new_messages] == ["one", "two"]
        assert [user.id for user in answer.users if not user.is_self] == [c.ann.id]
        assert answer.state.pts == c.bob.pts == start + 2


async def test_a_long_absence_is_told_in_slices() -> None:
    async with chats() as c:
        start = c.bob.pts
        for number in range(7):
            c.world.send_message(c.ann, c.bob.peer, text=f"{number}")
        got: list[str] = []
        pts = start
        kinds = []
        while True:
            answer = await difference(c, pts, pts_limit=3)
            kinds.append(type(answer).__name__)
            got += [m.message for m in answer.new_messages]
            if isinstance(answer, types.updates.Difference):
                break
            assert answer.intermediate_state.pts > pts
            pts = answer.intermediate_state.pts
        assert got == [str(number) for number in range(7)]
        assert kinds == ["DifferenceSlice", "DifferenceSlice", "Difference"]


async def test_changed_channels_are_named_even_when_the_own_box_stood_still() -> None:
    clock = ManualClock(START)
    async with chats(clock=clock) as c:
        clock.advance(60)
        since, pts = c.world.now(), c.bob.pts
        clock.advance(60)
        c.post("x")
        answer = await difference(c, pts, date=since)
        assert c.bob.pts == pts
        [update] = [u for u in answer.other_updates if isinstance(u, types.UpdateChannelTooLong)]
        assert (update.channel_id, update.pts) == (c.news.id, c.news.pts)
        assert [chat.id for chat in answer.chats] == [c.news.id]
        c.world.join(c.bob, c.vault)
        answer = await difference(c, pts, date=since)
        assert c.vault.id in [u.channel_id for u in answer.other_updates if isinstance(u, types.UpdateChannel)]


async def test_what_was_edited_is_shown_as_it_is_now_and_what_was_deleted_is_not() -> None:
    async with chats() as c:
        start = c.news.pts
        first, second, third = c.post("first"), c.post("second"), c.post("third")
        c.world.edit_message(c.ann, c.news.peer, first.id, text="first, edited")
        c.world.delete_messages(c.ann, c.news.peer, [second.id])
        answer = await channel_difference(c, start)
        assert [(m.id, m.message) for m in answer.new_messages] == [(first.id, "first, edited"), (third.id, "third")]
        kinds = [type(u).__name__ for u in answer.other_updates]
        assert kinds == ["UpdateEditChannelMessage", "UpdateDeleteChannelMessages"]
        assert answer.other_updates[1].messages == [second.id]
        assert (answer.pts, answer.final) == (c.news.pts, True)


async def test_a_channels_difference_comes_in_pages_that_move_pts() -> None:
    async with chats() as c:
        start = c.news.pts
        for number in range(25):
            c.post(f"{number}")
        got, pts, finals = [], start, []
        while not finals or not finals[-1]:
            answer = await channel_difference(c, pts, limit=10)
            assert answer.pts > pts
            pts = answer.pts
            got += [m.message for m in answer.new_messages]
            finals.append(bool(answer.final))
        assert got == [str(number) for number in range(25)]
        assert finals == [False, False, True]
        empty = await channel_difference(c, pts)
        assert isinstance(empty, types.updates.ChannelDifferenceEmpty)
        assert (empty.pts, empty.final) == (pts, True)
        assert empty.timeout


async def test_a_difference_that_is_too_long_says_where_the_box_stands() -> None:
    async with chats() as c:
        start, own = c.news.pts, c.bob.pts
        for number in range(5):
            c.post(f"{number}")
        c.running.faults.add(kind="difference_too_long", account=c.bob.id, channel=c.news.id)
        answer = await channel_difference(c, start, limit=3)
        assert isinstance(answer, types.updates.ChannelDifferenceTooLong)
        assert (answer.final, answer.dialog.pts, answer.dialog.top_message) == (
            True,
            c.news.pts,
            c.news.messages.ids[-1],
        )
        assert [m.message for m in answer.messages] == ["4", "3", "2"]
        c.running.faults.add(kind="difference_too_long", account=c.bob.id)
        c.world.send_message(c.ann, c.bob.peer, text="x")
        long = await difference(c, own)
        assert isinstance(long, types.updates.DifferenceTooLong)
        assert long.pts == c.bob.pts


async def test_events_older_than_the_box_keeps_are_too_long() -> None:
    async with chats() as c:
        c.world.channel_log_limit = 20
        c.world.create_channel(c.ann, "Busy", username="busy_all")
        busy = c.world.channel_by_username("busy_all")
        start = busy.pts
        for number in range(60):
            c.post(f"{number}", busy)
        answer = await channel_difference(c, start, channel="busy_all")
        assert isinstance(answer, types.updates.ChannelDifferenceTooLong)
        recent = await channel_difference(c, busy.pts - 10, channel="busy_all")
        assert [m.message for m in recent.new_messages] == [str(number) for number in range(50, 60)]


async def test_own_random_ids_are_told_in_differences() -> None:
    async with chats() as c:
        c.world.set_admin(c.news, c.bob)
        start = c.news.pts
        request = functions.messages.SendMessageRequest(
            await c.b.get_input_entity("news_all"), "x", random_id=random_id()
        )
        [sent] = new_messages(await c.b(request))
        answer = await channel_difference(c, start)
        [update] = answer.other_updates
        assert (update.random_id, update.id) == (request.random_id, sent.id)


async def test_a_private_channel_has_no_difference_for_strangers() -> None:
    async with chats() as c:
        hidden = types.InputChannel(c.vault.id, c.vault.access_hash)
        request = functions.updates.GetChannelDifferenceRequest(
            hidden, types.ChannelMessagesFilterEmpty(), c.vault.pts, 100
        )
        with pytest.raises(errors.ChannelPrivateError):
            await c.b(request)


async def away(c: Chats, session: Any) -> None:
    """Bob's stock client looks at his chats, then goes offline; the session keeps where it stood."""
    async with connected(make_client(c.running, ready_session(c.running, c.bob, session))) as client:
        await client.get_dialogs()
        got = asyncio.Event()

        async def note(event: Any) -> None:
            got.set()

        client.add_event_handler(note, events.NewMessage())
        c.post("seen live")
        c.world.send_message(c.ann, c.bob.peer, text="seen live too")
        await asyncio.wait_for(got.wait(), 5)


async def test_a_stock_client_catches_up_on_channels_and_private_chats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_updates, "SLICE", 4)
    async with chats() as c:
        session = MemorySession()
        await away(c, session)
        ids = [c.post(f"missed {n}").id for n in range(230)]
        c.world.forward_messages(c.ann, c.news.peer, ids[:100], c.group.peer, drop_author=True)
        for number in range(10):
            c.world.send_message(c.ann, c.bob.peer, text=f"private {number}")
        client = make_client(c.running, session, catch_up=True)
        got: list[Any] = []

        async def note(event: Any) -> None:
            got.append((event.chat_id, event.raw_text))

        client.add_event_handler(note, events.NewMessage())
        async with connected(client):
            await until(lambda: len(got) >= 340, 10)
        texts = [text for _, text in got]
        assert texts.count("seen live") == 0
        assert [t for _, t in got if t.startswith("private")] == [f"private {n}" for n in range(10)]
        missed = [t for t in texts if t.startswith("missed")]
        assert len(missed) == 330
        assert set(missed) == {f"missed {n}" for n in range(230)}


async def test_slices_do_not_hide_channels_that_changed_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_updates, "SLICE", 1)
    clock = ManualClock(START)
    async with chats(clock=clock) as c:
        state = await c.b(functions.updates.GetStateRequest())
        c.post("one")
        for text in ("private one", "private two"):
            c.world.send_message(c.ann, c.bob.peer, text=text)
        clock.advance(5)
        first = await c.b(functions.updates.GetDifferenceRequest(state.pts, state.date, 0))
        assert isinstance(first, types.updates.DifferenceSlice)
        reached = first.intermediate_state
        last = await c.b(functions.updates.GetDifferenceRequest(reached.pts, reached.date, 0))
        named = [u.channel_id for u in last.other_updates if isinstance(u, types.UpdateChannelTooLong)]
        assert c.news.id in named


async def test_a_lost_push_is_a_gap_that_the_stock_client_closes() -> None:
    async with chats() as c:
        got: list[str] = []

        async def note(event: Any) -> None:
            got.append(event.raw_text)

        client = await c.client(c.bob)
        await client.get_dialogs()
        client.add_event_handler(note, events.NewMessage())
        c.post("one")
        await until(lambda: got == ["one"])
        c.running.faults.add(kind="lost_push", account=c.bob.id)
        c.post("two")
        c.post("three")
        await until(lambda: sorted(got) == ["one", "three", "two"])
        c.running.faults.add(kind="reversed_push", account=c.bob.id)
        c.post("four")
        c.post("five")
        await until(lambda: got[3:] == ["four", "five"])


async def test_a_forward_of_a_hundred_is_one_push_and_a_hundred_events() -> None:
    async with chats() as c:
        ids = [c.post(f"{n}").id for n in range(100)]
        pushes: list[Any] = []
        c.world.events.subscribe_pushes(lambda account, updates, exclude: pushes.append((account, updates)))
        target = await c.a.get_input_entity("group_all")
        await c.a(forward(await c.a.get_input_entity("news_all"), ids, target))
        to_bob = [updates for account, updates in pushes if account == c.bob.id]
        assert [len(updates.updates) for updates in to_bob] == [100]
        answer = await channel_difference(c, c.group.pts - 100, channel="group_all")
        assert [m.message for m in answer.new_messages] == [str(n) for n in range(100)]
