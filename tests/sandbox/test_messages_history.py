"""Reading: windows of history, ids, search, dialogs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon import errors, functions, types

from bybot.clock import ManualClock
from bybot.sandbox.world.history import MessageList
from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Message, Peer
from tests.sandbox.chats import Chats, chats, marked

START = datetime(2026, 5, 1, tzinfo=UTC)


def fill(c: Chats, count: int, *, holes: int = 0) -> list[int]:
    """Posts into the channel, some deleted again; the ids that are there, service message included."""
    for number in range(count):
        c.post(f"post {number}")
    if holes:
        c.world.delete_messages(c.ann, c.news.peer, c.news.messages.ids[5::holes])
    return list(c.news.messages.ids)


async def history(c: Chats, **options: Any) -> Any:
    options = {
        "offset_id": 0, "offset_date": None, "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0, "hash": 0,
    } | options  # fmt: skip
    return await c.b(functions.messages.GetHistoryRequest(await c.b.get_input_entity("news_all"), **options))


async def test_history_comes_newest_first_with_count_and_pts() -> None:
    async with chats() as c:
        ids = fill(c, 150, holes=10)
        answer = await history(c)
        assert [m.id for m in answer.messages] == ids[::-1][:100]
        assert (answer.count, answer.pts) == (len(ids), c.news.pts)
        assert [chat.id for chat in answer.chats] == [c.news.id]
        assert len((await history(c, limit=1000)).messages) == 100
        assert (await history(c, limit=0)).messages == []


async def test_the_window_obeys_offset_add_offset_min_and_max() -> None:
    async with chats() as c:
        ids = fill(c, 50)
        assert ids == list(range(1, 52))

        async def got(**options: Any) -> list[int]:
            return [m.id for m in (await history(c, **options)).messages]

        assert await got(offset_id=10, limit=3) == [9, 8, 7]
        assert await got(offset_id=10, add_offset=2, limit=3) == [7, 6, 5]
        assert await got(offset_id=10, add_offset=-3, limit=3) == [12, 11, 10]
        assert await got(offset_id=1, add_offset=-100, limit=100) == list(range(51, 0, -1))
        assert await got(offset_id=50, add_offset=-5, limit=5) == [51, 50]
        assert await got(min_id=47) == [51, 50, 49, 48]
        assert await got(max_id=4) == [3, 2, 1]
        assert await got(offset_id=1) == []


async def test_offset_date_selects_what_is_older() -> None:
    clock = ManualClock(START)
    async with chats(clock=clock) as c:
        for number in range(10):
            clock.advance(60)
            c.post(f"minute {number}")
        found = await c.b.get_messages("news_all", limit=2, offset_date=START + timedelta(minutes=5))
        assert [m.message for m in found] == ["minute 3", "minute 2"]
        later = await c.b.get_messages("news_all", limit=2, offset_date=START + timedelta(minutes=5), reverse=True)
        assert [m.message for m in later] == ["minute 4", "minute 5"]


@pytest.mark.parametrize("reverse", [False, True])
async def test_a_stock_client_walks_a_whole_history_with_holes(reverse: bool) -> None:
    async with chats() as c:
        ids = fill(c, 330, holes=7)
        walked = [m.id async for m in c.b.iter_messages("news_all", reverse=reverse, wait_time=0)]
        assert walked == (ids if reverse else ids[::-1])
        part = [m.id async for m in c.b.iter_messages("news_all", reverse=reverse, min_id=100, max_id=205, wait_time=0)]
        wanted = [id_ for id_ in ids if 100 < id_ < 205]
        assert part == (wanted if reverse else wanted[::-1])


async def test_messages_by_id_say_which_do_not_exist() -> None:
    async with chats() as c:
        fill(c, 3)
        found = await c.b.get_messages("news_all", ids=[2, 77, 4])
        assert [m and m.message for m in found] == ["post 0", None, "post 2"]
        channel = await c.b.get_input_entity("news_all")
        with pytest.raises(errors.LimitInvalidError):
            await c.b(functions.channels.GetMessagesRequest(channel, list(range(1, 202))))
        assert len((await c.b(functions.channels.GetMessagesRequest(channel, list(range(1, 201))))).messages) == 200


async def test_private_messages_are_read_by_id_and_window_from_the_own_box() -> None:
    async with chats() as c:
        for number in range(5):
            await c.a.send_message("bob_second", f"{number}")
        found = await c.b.get_messages("ann_first", limit=2)
        assert [m.message for m in found] == ["4", "3"]
        assert found.total == 5
        [one] = await c.b.get_messages("ann_first", ids=[found[0].id])
        assert one.message == "4"
        assert await c.b.get_messages("ann_first", ids=found[0].id + 100) is None


async def test_search_finds_text_kind_and_sender() -> None:
    async with chats() as c:
        c.post("an apple")
        c.photo(text="a pear")
        c.post("a Pear tree")
        found = await c.b.get_messages("news_all", limit=10, search="pear")
        assert [m.message for m in found] == ["a Pear tree", "a pear"]
        photos = await c.b.get_messages("news_all", limit=10, filter=types.InputMessagesFilterPhotos())
        assert [m.message for m in photos] == ["a pear"]
        await c.b.send_message("group_all", "by bob")
        await c.a.send_message("group_all", "by ann")
        mine = await c.a.get_messages("group_all", limit=10, from_user="bob_second")
        assert [m.message for m in mine] == ["by bob"]


async def test_strangers_read_public_channels_and_nothing_private() -> None:
    async with chats() as c:
        c.post("for all")
        c.post("for few", c.vault)
        eve = c.world.create_account("Eve")
        e = await c.client(eve)
        assert (await e.get_messages("news_all", limit=1))[0].message == "for all"
        assert (await e.get_entity("news_all")).left
        hidden = types.InputPeerChannel(c.vault.id, c.vault.access_hash)
        with pytest.raises(errors.ChannelPrivateError):
            await e.get_messages(hidden, limit=1)
        with pytest.raises(errors.ChannelInvalidError):
            await e.get_messages(types.InputPeerChannel(c.news.id, 4711), limit=1)


async def test_another_accounts_access_hash_is_worth_nothing() -> None:
    async with chats() as c:
        seen_by_ann = await c.a.get_input_entity("news_all")
        seen_by_bob = await c.b.get_input_entity("news_all")
        assert seen_by_ann.access_hash != seen_by_bob.access_hash
        with pytest.raises(errors.ChannelInvalidError):
            await c.b.get_messages(seen_by_ann, limit=1)
        person = await c.a.get_input_entity("bob_second")
        eve = await c.client(c.world.create_account("Eve"))
        with pytest.raises(errors.PeerIdInvalidError):
            await eve.send_message(person, "psst")


async def test_dialogs_are_listed_newest_first_with_unread_counts_and_pts() -> None:
    clock = ManualClock(START)
    async with chats(clock=clock) as c:
        clock.advance(60)
        c.post("one")
        c.post("two")
        clock.advance(60)
        await c.a.send_message("bob_second", "hello")
        dialogs = await c.b.get_dialogs()
        assert [d.name for d in dialogs] == ["Ann", "News", "Group"]
        assert [d.unread_count for d in dialogs] == [1, 2, 0]
        assert [d.message.message for d in dialogs[:2]] == ["hello", "two"]
        assert (dialogs[0].dialog.pts, dialogs[1].dialog.pts) == (None, c.news.pts)
        await c.b.send_read_acknowledge("news_all")
        assert (await c.b.get_dialogs())[1].unread_count == 0


async def test_a_long_list_of_dialogs_is_paged_without_repeats_or_holes() -> None:
    clock = ManualClock(START)
    async with chats(clock=clock) as c:
        for number in range(250):
            if number % 3:
                clock.advance(1)
            channel = c.world.create_channel(c.ann, f"Channel {number}")
            c.world.join(c.bob, channel)
        walked = [d.id async for d in c.b.iter_dialogs()]
        assert len(walked) == len(set(walked)) == 252
        first = [d.id async for d in c.b.iter_dialogs(limit=30)]
        assert first == walked[:30]


async def test_peer_dialogs_tell_the_newest_ids_of_many_chats_at_once() -> None:
    async with chats() as c:
        c.post("newest")
        peers = [await c.b.get_input_entity(name) for name in ("news_all", "group_all", "ann_first")]
        answer = await c.b(functions.messages.GetPeerDialogsRequest([types.InputDialogPeer(p) for p in peers]))
        assert [d.top_message for d in answer.dialogs] == [c.news.messages.ids[-1], c.group.messages.ids[-1], 0]
        assert answer.dialogs[0].pts == c.news.pts
        assert answer.state.pts == c.bob.pts
        hidden = types.InputDialogPeer(types.InputPeerChannel(c.vault.id, c.vault.access_hash))
        with pytest.raises(errors.ChannelPrivateError):
            await c.b(functions.messages.GetPeerDialogsRequest([hidden]))


async def test_names_are_resolved_in_any_case_and_errors_tell_why_not() -> None:
    async with chats() as c:
        assert (await c.b.get_entity("NEWS_all")).title == "News"
        assert (await c.b.get_entity("@Ann_First")).id == c.ann.id
        assert (await c.b.get_entity("https://t.me/news_all")).id == c.news.id
        assert await c.b.get_peer_id("news_all") == marked(c.news)
        with pytest.raises(errors.UsernameNotOccupiedError):
            await c.b(functions.contacts.ResolveUsernameRequest("nobody_here"))
        with pytest.raises(errors.UsernameInvalidError):
            await c.b(functions.contacts.ResolveUsernameRequest("1x"))


async def test_users_are_seen_without_their_phone_except_oneself() -> None:
    async with chats() as c:
        me = await c.a.get_me()
        assert (me.phone, me.is_self, me.first_name) == ("447700900001", True, "Ann")
        other = await c.a.get_entity("bob_second")
        assert (other.phone, other.is_self, other.username) == (None, False, "bob_second")
        c.bob.about = "reads news"
        full = await c.a(functions.users.GetFullUserRequest(await c.a.get_input_entity("bob_second")))
        assert (full.full_user.about, full.full_user.common_chats_count) == ("reads news", 2)
        wrong = types.InputUser(c.bob.id, 12)
        [empty] = await c.a(functions.users.GetUsersRequest([wrong]))
        assert isinstance(empty, types.UserEmpty)
        with pytest.raises(errors.UserIdInvalidError):
            await c.a(functions.users.GetFullUserRequest(wrong))
        contacts = await c.a(functions.contacts.GetContactsRequest(0))
        assert contacts.contacts == []


def plain_window(ids: list[int], offset: int, add: int, limit: int, low: int, high: int) -> list[int]:
    """Messages are numbered from the newest; the window starts at the offset's place plus add_offset."""
    newest_first = ids[::-1]
    start = sum(1 for id_ in ids if id_ >= offset) if offset else 0
    window = [id_ for place, id_ in enumerate(newest_first) if start + add <= place < start + add + limit]
    return [id_ for id_ in window if (not low or id_ > low) and (not high or id_ < high)]


@given(
    ids=st.lists(st.integers(1, 60), unique=True).map(sorted),
    offset=st.integers(0, 65),
    add=st.integers(-30, 30),
    limit=st.integers(1, 30),
    low=st.integers(0, 60),
    high=st.integers(0, 65),
)
@settings(max_examples=300, deadline=None)
def test_every_window_is_what_the_rule_says(
    ids: list[int], offset: int, add: int, limit: int, low: int, high: int
) -> None:
    box = Peer("channel", 1)
    messages = MessageList()
    for id_ in ids:
        messages.add(Message(id_, box, box, None, 1, START))
    found = messages.window(offset_id=offset, add_offset=add, limit=limit, min_id=low, max_id=high)
    assert [message.id for message in found] == plain_window(ids, offset, add, limit, low, high)


async def test_a_message_may_appear_below_others_that_are_there_already() -> None:
    async with chats() as c:
        c.post("first")
        appear = c.world.sending.send_late(c.ann, c.news, [Draft(text="late")])
        c.post("third")
        assert [m.message for m in (await history(c)).messages if m.message] == ["third", "first"]
        before = c.news.pts
        (late,) = appear()
        assert [m.message for m in (await history(c)).messages if m.message] == ["third", "late", "first"]
        assert late.id == c.news.messages.ids[-2]
        assert late.pts == c.news.pts == before + 1
