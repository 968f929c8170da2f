"""All pairs of a process, on the real session manager: adding, pausing, restarting, and everything that is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from telethon import TelegramClient, types

from bybot.clock import SystemClock
from bybot.errors import (
    ChatNotFound,
    ChatNotReadable,
    ChatNotWritable,
    Forbidden,
    NoSession,
    PairCycle,
    PairExists,
    PairNotFound,
    SameChat,
)
from bybot.mirror import Everything, Last, New, Notice, NoticeKind, PairState, Progress, Sabotage
from bybot.mirror.supervisor import Supervisor
from bybot.sandbox.seed import find_account, find_channel
from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.model import Channel
from bybot.sessions.manager import UserSessionManager
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, LI_WEI, plant_session, running, until

PLACES: dict[str, Any] = {
    "accounts": [
        {"name": "Ann", "username": "ann", "phone": "+447700900101", "id": ANN},
        {"name": "伟", "username": "liwei", "phone": "+8613800138000", "id": LI_WEI},
    ],
    "channels": [
        {"title": "Source", "username": "source", "id": 1000000100, "creator": "@liwei", "members": ["@ann"]},
        {"title": "Target", "username": "target", "id": 1000000200, "creator": "@ann"},
        {"title": "Second", "username": "second_copy", "id": 1000000300, "creator": "@ann"},
        {"title": "Closed", "id": 1000000400, "creator": "@liwei", "invite": "closedhash"},
        {"title": "Inside", "id": 1000000500, "creator": "@liwei", "members": ["@ann"], "invite": "insidehash"},
    ],
}


@dataclass
class Heard:
    """What users were told."""

    notices: list[Notice] = field(default_factory=list)
    progressed: list[Progress] = field(default_factory=list)

    async def progress(self, user_id: int | str, pair_id: str, progress: Progress) -> None:
        self.progressed.append(progress)

    def notice(self, user_id: int | str, notice: Notice) -> None:
        self.notices.append(notice)

    @property
    def kinds(self) -> list[NoticeKind]:
        return [notice.kind for notice in self.notices]


@dataclass
class Process:
    manager: UserSessionManager
    mirror: Supervisor
    heard: Heard


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=PLACES) as started:
        TelegramClient._config = None
        yield started
        assert dict(started.counters.unknown) == {}
        assert started.counters.duplicate_violations == 0


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(SystemClock())


@asynccontextmanager
async def process(sandbox: Sandbox, store: MemoryStore, **options: Any) -> AsyncIterator[Process]:
    """Manager and mirror as a process has them."""
    heard = Heard()
    async with running(sandbox, store) as manager:
        mirror = Supervisor(manager, store, pace="off", notices=heard, admins=[1], poll_seconds=0.3, **options)
        await mirror.start()
        try:
            yield Process(manager, mirror, heard)
        finally:
            await mirror.stop()


def channel(sandbox: Sandbox, name: str) -> Channel:
    return find_channel(sandbox.world, name)


def post(sandbox: Sandbox, text: str, to: str = "@source") -> None:
    sandbox.world.send_message(find_account(sandbox.world, "@liwei"), channel(sandbox, to).peer, text=text)


def texts(sandbox: Sandbox, name: str = "@target") -> list[str]:
    return [message.text for message in channel(sandbox, name).messages if message.action is None]


async def state_of(mirror: Supervisor, user: int = ANN) -> PairState:
    return (await mirror.list_pairs(user))[0].state


async def test_a_pair_is_added_clones_and_follows(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    for n in range(30):
        post(sandbox, f"post {n}")
    async with process(sandbox, store) as p:
        mine = p.mirror.acting_as(ANN)
        source, target = await mine.resolve(ANN, "https://t.me/source"), await mine.resolve(ANN, "@target")
        assert (source.can_post, target.can_post) == (False, True)
        guess = await mine.estimate(ANN, source, Everything())
        assert guess.count >= 30
        assert (await mine.estimate(ANN, source, Last(7))).count == 7
        assert (await mine.estimate(ANN, source, New())).count == 0
        await mine.add_pair(ANN, source, target, Everything())
        await until(lambda: len(texts(sandbox)) == 30)
        post(sandbox, "live")
        await until(lambda: len(texts(sandbox)) == 31)
        await until(lambda: NoticeKind.HISTORY_DONE in p.heard.kinds)
        (status,) = await mine.list_pairs(ANN)
        assert status.state is PairState.LIVE
        await until(lambda: p.heard.progressed and p.heard.progressed[-1].copied == 31)
    assert texts(sandbox) == [f"post {n}" for n in range(30)] + ["live"]


async def test_pairs_go_on_by_themselves_after_a_restart(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        await p.mirror.add_pair(ANN, "@source", "@target", New())
        post(sandbox, "one")
        await until(lambda: len(texts(sandbox)) == 1)
    post(sandbox, "two")
    async with process(sandbox, store):
        await until(lambda: len(texts(sandbox)) == 2)
        post(sandbox, "three")
        await until(lambda: len(texts(sandbox)) == 3)
    assert texts(sandbox) == ["one", "two", "three"]


async def test_pause_resume_and_remove(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        post(sandbox, "one")
        await until(lambda: len(texts(sandbox)) == 1)
        await p.mirror.pause(ANN, pair.id)
        assert await state_of(p.mirror) is PairState.PAUSED
        post(sandbox, "two")
        await asyncio.sleep(0.5)
        assert texts(sandbox) == ["one"]
        await p.mirror.resume(ANN, pair.id)
        await until(lambda: texts(sandbox) == ["one", "two"])
        await p.mirror.remove(ANN, pair.id)
        assert await p.mirror.list_pairs(ANN) == []
        assert await store.query("pair_states") == []
        with pytest.raises(PairNotFound):
            await p.mirror.resume(ANN, pair.id)
        post(sandbox, "three")
        await asyncio.sleep(0.5)
        assert texts(sandbox) == ["one", "two"]


async def test_an_account_without_running_pairs_is_let_go(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        post(sandbox, "zero")
        await until(lambda: texts(sandbox) == ["zero"])
        person, live = p.mirror._people[str(ANN)], p.manager._pool.live[str(ANN)]
        await person.rest()
        assert live.in_use == 1
        await p.mirror.pause(ANN, pair.id)
        await person.rest()
        assert live.in_use == 0
        assert await p.manager._idle.close(str(ANN))
        await p.mirror.resume(ANN, pair.id)
        post(sandbox, "one")
        await until(lambda: texts(sandbox) == ["zero", "one"])


async def test_one_source_feeds_many_targets(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        await p.mirror.add_pair(ANN, "@source", "@target", New())
        await p.mirror.add_pair(ANN, "@source", "@second_copy", New())
        for n in range(10):
            post(sandbox, f"post {n}")
        await until(lambda: len(texts(sandbox)) == len(texts(sandbox, "@second_copy")) == 10)
    assert texts(sandbox) == texts(sandbox, "@second_copy") == [f"post {n}" for n in range(10)]


async def test_what_cannot_be_a_pair_is_refused(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    await plant_session(sandbox, store, LI_WEI, LI_WEI)
    async with process(sandbox, store) as p:
        add = p.mirror.add_pair
        with pytest.raises(SameChat):
            await add(ANN, "@target", "t.me/target", New())
        with pytest.raises(ChatNotWritable):
            await add(ANN, "@target", "@source", New())
        with pytest.raises(ChatNotFound):
            await add(ANN, "@there_is_none", "@target", New())
        with pytest.raises(ChatNotReadable):
            await add(ANN, "https://t.me/+closedhash", "@target", New())
        with pytest.raises(ChatNotFound):
            await add(ANN, "t.me/c/999999/5", "@target", New())
        await add(ANN, "@source", "@target", New())
        with pytest.raises(PairExists):
            await add(ANN, "t.me/source", "@target", Everything())
        await add(ANN, "@target", "@second_copy", New())
        with pytest.raises(PairCycle):
            await add(ANN, "@second_copy", "@target", New())
        with pytest.raises(NoSession):
            await add(42, "@source", "@target", New())
        # A circle that closes over another person's pair.
        sandbox.world.join(find_account(sandbox.world, "@liwei"), channel(sandbox, "@second_copy"))
        with pytest.raises(PairCycle):
            await add(LI_WEI, "@second_copy", "@source", New())
        assert len(await p.mirror.list_pairs(ANN)) == 2
        assert await p.mirror.list_pairs(LI_WEI) == []


async def test_chats_are_found_in_every_spelling(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        listed = {chat.title for chat in await p.mirror.list_channels(ANN)}
        assert {"Source", "Target", "Second", "Inside"} <= listed
        assert "Closed" not in listed
        spellings = [
            "@source", "source", "t.me/source", "https://t.me/source/12", "http://telegram.me/s/source",
            "tg://resolve?domain=source", "-1001000000100", "1000000100", 1000000100, -1001000000100,
            "https://t.me/c/1000000100/7",
        ]  # fmt: skip
        for spelling in spellings:
            assert (await p.mirror.resolve(ANN, spelling)).title == "Source", spelling
        for spelling in ["https://t.me/+insidehash", "t.me/joinchat/insidehash", "tg://join?invite=insidehash"]:
            assert (await p.mirror.resolve(ANN, spelling)).title == "Inside", spelling
        for nonsense in ["", "hello there", "https://example.org/x", "@ann", "t.me/"]:
            with pytest.raises(ChatNotFound):
                await p.mirror.resolve(ANN, nonsense)


async def test_everybody_has_their_own_pairs_and_admins_have_all(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        stranger, admin = p.mirror.acting_as(LI_WEI), p.mirror.acting_as(1)
        for call in (stranger.list_pairs(ANN), stranger.pause(ANN, pair.id), stranger.list_channels(ANN)):
            with pytest.raises(Forbidden):
                await call
        with pytest.raises(PairNotFound):
            await stranger.pause(LI_WEI, pair.id)
        assert len(await admin.list_pairs(ANN)) == 1


async def test_losing_the_right_to_post_stops_the_pair_and_tells(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, LI_WEI, LI_WEI)
    world = sandbox.world
    wei, target = find_account(world, "@liwei"), channel(sandbox, "@target")
    world.join(wei, target)
    world.set_admin(target, wei)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(LI_WEI, "@source", "@target", New())
        post(sandbox, "one")
        await until(lambda: texts(sandbox) == ["one"])
        world.set_admin(target, wei, types.ChatAdminRights())
        post(sandbox, "two")
        await until(lambda: NoticeKind.TARGET_LOST in p.heard.kinds)
        (status,) = await p.mirror.list_pairs(LI_WEI)
        assert (status.state, status.pair.enabled) == (PairState.BROKEN, False)
        assert isinstance(status.reason, ChatNotWritable)
        world.set_admin(target, wei)
        await p.mirror.resume(LI_WEI, pair.id)
        await until(lambda: texts(sandbox) == ["one", "two"])


async def test_losing_the_source_stops_the_pair_and_tells(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        await p.mirror.add_pair(ANN, -1001000000500, "@target", New())
        sandbox.world.ban(channel(sandbox, "Inside"), find_account(sandbox.world, "@ann"))
        post(sandbox, "unseen", "Inside")
        await until(lambda: NoticeKind.SOURCE_LOST in p.heard.kinds)
        assert await state_of(p.mirror) is PairState.BROKEN


async def test_a_limited_account_stops_all_its_pairs_once(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        await p.mirror.add_pair(ANN, "@source", "@target", New())
        await p.mirror.add_pair(ANN, "@source", "@second_copy", New())
        sandbox.faults.add(kind="error", method="forwardMessages", code=400, message="PEER_FLOOD", times=None)
        post(sandbox, "one")
        await until(lambda: NoticeKind.LIMITED in p.heard.kinds)
        await asyncio.sleep(0.3)
        statuses = await p.mirror.list_pairs(ANN)
        assert {status.state for status in statuses} == {PairState.LIMITED}
        sandbox.faults.clear()
        for status in statuses:
            await p.mirror.resume(ANN, status.pair.id)
        await until(lambda: texts(sandbox) == texts(sandbox, "@second_copy") == ["one"])


async def test_a_revoked_login_stops_the_pairs_and_tells(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        await p.mirror.add_pair(ANN, "@source", "@target", New())
        sandbox.auth.revoke(ANN)
        post(sandbox, "one")
        await until(lambda: NoticeKind.SESSION_LOST in p.heard.kinds, 20)
        assert await state_of(p.mirror) is PairState.NO_SESSION
        assert texts(sandbox) == []


async def test_a_telegram_that_is_away_for_a_while_is_caught_up(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        await p.mirror.add_pair(ANN, "@source", "@target", New())
        await sandbox.pause()
        for n in range(5):
            post(sandbox, f"post {n}")
        await asyncio.sleep(0.5)
        await sandbox.resume()
        await until(lambda: len(texts(sandbox)) == 5, 40)
    assert texts(sandbox) == [f"post {n}" for n in range(5)]


async def test_sabotage_drops_one_and_doubles_one_over_restarts(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    for n in range(20):
        post(sandbox, f"post {n}")
    sabotage = Sabotage.parse("drop=1,double=1")
    async with process(sandbox, store, sabotage=sabotage) as p:
        await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await until(lambda: len(texts(sandbox)) == 20)
    async with process(sandbox, store, sabotage=sabotage):
        post(sandbox, "post 20")
        await until(lambda: len(texts(sandbox)) == 21)
    assert texts(sandbox) == ["post 1", "post 1", *(f"post {n}" for n in range(2, 21))]
