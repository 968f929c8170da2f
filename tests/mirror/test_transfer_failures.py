"""Files that are carried over, past protection, waits, failures and kills."""

from __future__ import annotations

import asyncio
import random

import pytest
from telethon.tl import types

from bybot.clock import ManualClock
from bybot.mirror.files import PART
from bybot.mirror.pacing import SAFE, Pacing
from bybot.mirror.rules.book import Rules
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.samples import media_of
from bybot.sandbox.world.model import Media
from tests.mirror.carrying import ANEW, OLD_TO_NEW, big, file_of, mirrored, saved, transfers
from tests.mirror.support import Ground, ground, until
from tests.mirror.test_exactly_once import killed

# Protection ---------------------------------------------------------------------------------------------------


def _paid(g: Ground) -> Media:
    shown = types.MessageExtendedMediaPreview(w=3, h=2)
    return Media(tl=types.MessageMediaPaidMedia(stars_amount=5, extended_media=[shown]))


async def test_nothing_is_uploaded_around_a_protected_source() -> None:
    async with ground() as g:
        g.world.channels.set_noforwards(g.source, True)
        g.post("kept in", media=media_of(g.world, "photo", 1))
        async with mirrored(g, 0) as mirror:
            assert mirror.progress.left_out == 1
        assert g.copies() == []
        assert transfers(g) == {}


@pytest.mark.parametrize("rules", [ANEW, OLD_TO_NEW, Rules()])
async def test_protected_paid_and_vanishing_posts_are_skipped_and_counted(rules: Rules) -> None:
    async with ground() as g:
        first = g.post("free")
        g.post("old", media=media_of(g.world, "photo", 1), noforwards=True)
        g.post("old", media=Media(media_of(g.world, "photo", 2).file, ttl_seconds=10), reply_to=first.id)
        g.post("old", media=_paid(g))
        g.post("free again")
        async with mirrored(g, 2, rules) as mirror:
            assert mirror.progress.left_out == 3
        assert [m.text for m in g.copies()] == ["free", "free again"]
        assert transfers(g) == {}
        assert [kind.value for kind, _ in g.notices].count("protected") == 1


async def test_a_source_that_is_protected_while_a_file_is_on_its_way_keeps_it() -> None:
    async with ground() as g:
        g.post("a film", media=Media(big(g)))
        g.faults.add(kind="latency", method="saveFilePart", seconds=0.02)
        async with g.running_mirror(await g.client(), rules=ANEW) as mirror:
            await until(lambda: saved(g) > 1)
            g.world.channels.set_noforwards(g.source, True)
            await until(lambda: mirror.progress.left_out == 1)
        assert g.copies() == []


# Waits and failures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["getFile", "saveFilePart", "uploadMedia"])
@pytest.mark.parametrize(("error", "slower"), [("FLOOD_WAIT", True), ("FLOOD_PREMIUM_WAIT", False)])
async def test_a_wait_for_a_part_is_waited_out(method: str, error: str, slower: bool) -> None:
    async with ground() as g:
        post = g.post(media=Media(big(g, 2)))
        fault = g.faults.add(kind="flood", method=method, seconds=1, error=error)
        async with g.running_mirror(await g.client(), rules=ANEW) as mirror:
            assert await until(lambda: mirror.progress and mirror.progress.not_before), "a person sees until when"
            await until(g.copies)
            assert (mirror._pacing.factor > 1) is slower
        assert fault.fired == 1
        assert file_of(g.copies()[0]).data == file_of(post).data
        assert "flood" in [kind.value for kind, _ in g.notices]


async def test_server_errors_are_repeated_and_a_file_that_is_never_given_goes_by_reference() -> None:
    async with ground() as g:
        first = g.post(media=media_of(g.world, "document", 1))
        g.faults.add(kind="error", method="getFile", code=500, message="INTERNAL", times=1)
        async with g.running_mirror(await g.client(), rules=ANEW):
            await until(g.copies, 20)
            assert file_of(g.copies()[0]).id != file_of(first).id
            g.faults.add(kind="error", method="getFile", code=401, message="AUTH_KEY_UNREGISTERED", times=None)
            second = g.post(media=media_of(g.world, "document", 2))
            await until(lambda: len(g.copies()) == 2, 20)
        assert file_of(g.copies()[1]) is file_of(second)


@pytest.mark.parametrize("missing", [1, PART // 2, PART + 1])
async def test_a_file_that_comes_shorter_than_telegram_says_goes_by_reference(missing: int) -> None:
    async with ground() as g:
        file = big(g, 3)
        file.data = file.data[:-missing]
        g.post("a file", media=Media(file))
        async with mirrored(g):
            assert file_of(g.copies()[0]) is file
        assert "uploadMedia" not in transfers(g)


@pytest.mark.parametrize("at", [("getFile", 3), ("saveFilePart", 3), ("uploadMedia", 1), ("sendMedia", 1)])
async def test_a_kill_in_the_middle_of_an_upload_loses_and_doubles_nothing(at: tuple[str, int]) -> None:
    async with ground() as g:
        posts = [g.post("before"), g.post("long", media=Media(big(g))), g.post("after")]
        cut = g.faults.add(kind="cut", account=g.ann.id, method=at[0], nth=at[1], hold=True)
        async with killed(g, await g.client(), rules=ANEW):
            assert await g.faults.wait_fired(cut.id, 10)
        g.faults.clear()
        async with mirrored(g, 3):
            assert [m.text for m in g.copies()] == [m.text for m in posts]
        assert file_of(g.copies()[1]).data == file_of(posts[1]).data


@pytest.mark.parametrize("seed", range(3))
async def test_many_kills_between_uploads_and_albums_lose_and_double_nothing(seed: int) -> None:
    chance = random.Random(seed)
    async with ground(switches=Switches(repeated_forward=chance.choice(["replay", "refuse", "partly"]))) as g:
        for number in range(12):
            kind = chance.choice(["photo", "document", "video", "voice", "text", "album"])
            if kind == "album":
                g.album(number, number + 50, text=f"album {number}")
            elif kind == "text":
                g.post(f"words {number}")
            else:
                g.post(f"{kind} {number}", media=media_of(g.world, kind, number))
        for _ in range(5):
            async with killed(g, await g.client(), rules=ANEW):
                await asyncio.sleep(chance.uniform(0.01, 0.1))
        async with mirrored(g, len(g.originals())):
            await until(lambda: len(g.copies()) == len(g.originals()))
        originals, copies = g.originals(), g.copies()
        assert [m.text for m in copies] == [m.text for m in originals]
        files = [
            (file_of(was).data, file_of(now).data) for was, now in zip(originals, copies, strict=True) if was.media
        ]
        assert all(was == now for was, now in files)
        groups = [[m.grouped_id for m in chat] for chat in (originals, copies)]
        assert [group is None for group in groups[0]] == [group is None for group in groups[1]]
        assert len(set(groups[0])) == len(set(groups[1]))


async def test_after_a_kill_files_that_arrived_are_known_again_and_not_uploaded_once_more() -> None:
    async with ground() as g:
        g.post("the first")
        for number in range(6):
            g.post(f"file {number}", media=media_of(g.world, "document", number))
        async with killed(g, await g.client(), rules=ANEW):
            await until(lambda: len(g.copies()) == 7)
        assert g.running.counters.calls_of("uploadMedia") == 6
        g.post("live")
        async with mirrored(g, 8):
            assert [m.text for m in g.copies()] == [m.text for m in g.originals()]
        assert g.running.counters.calls_of("uploadMedia") <= 7, "one at most is repeated, as a proof"


async def test_a_stop_in_the_middle_of_a_big_file_is_quick_and_loses_nothing() -> None:
    async with ground() as g:
        post = g.post("long", media=Media(big(g, 12)))
        slow = g.faults.add(kind="latency", method="saveFilePart", seconds=5)
        tasks = asyncio.all_tasks()
        client = await g.client()
        idle = asyncio.all_tasks() - tasks
        async with g.running_mirror(client, rules=ANEW):
            await until(lambda: saved(g) > 0)
        assert g.copies() == []
        left = asyncio.all_tasks() - tasks - idle
        assert not [task for task in left if "mirror" in str(task.get_coro())], "nothing of the transfer goes on"
        g.faults.clear(slow.id)
        async with mirrored(g, pace="safe"):
            assert file_of(g.copies()[0]).data == file_of(post).data
        assert len(g.copies()) == 1


async def test_parts_cost_time_of_the_account_and_wait_for_no_answer() -> None:
    clock = ManualClock()
    pacing = Pacing(clock, SAFE)
    clock.advance(SAFE.burst)
    ahead = 0
    while (part := asyncio.ensure_future(pacing.part("GetFile"))) and (await asyncio.sleep(0) or part.done()):
        ahead += 1
    assert abs(ahead - SAFE.burst / SAFE.per_part) <= 1, "so much may be spent ahead"
    clock.advance(SAFE.per_part)
    await asyncio.wait_for(part, 1)
