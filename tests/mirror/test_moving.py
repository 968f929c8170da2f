"""Basic groups: ids that are shared with the whole account, and groups that become megagroups."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from telethon.tl import types

from bybot.clock import SystemClock
from bybot.errors import ChatMoved
from bybot.mirror import Everything, NoticeKind, PairState
from bybot.mirror.pacing import PACES, Pacing
from bybot.mirror.reader import Reader
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.rich import Rich
from bybot.mirror.rules.transforms import Add
from bybot.sandbox.samples import media_of
from bybot.sandbox.seed import find_account
from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.groups import Group
from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Account, Message, Peer
from bybot.stores.memory import MemoryStore
from tests.mirror.support import ground, until
from tests.mirror.test_supervisor import Process, channel, process, sandbox, store, texts
from tests.sessions.support import ANN, plant_session

__all__ = ["sandbox", "store"]


@dataclass
class Crew:
    """Wei writes in a basic group that Ann is in; Ann has notes of her own, so that ids have holes."""

    sandbox: Sandbox
    group: Group
    peer: Peer

    @property
    def world(self) -> Any:
        return self.sandbox.world

    @property
    def wei(self) -> Account:
        return find_account(self.world, "@liwei")

    @property
    def ann(self) -> Account:
        return find_account(self.world, "@ann")

    def say(self, text: str, **options: Any) -> Message:
        """In the group, after a note of Ann's."""
        self.world.send_message(self.ann, self.ann.peer, text=f"note before {text}")
        return self.world.send_message(self.wei, self.peer, text=text, **options)

    def move(self) -> None:
        """The group becomes a megagroup."""
        self.peer = self.world.groups.migrate(self.wei, self.group.id).peer


def crew_of(sandbox: Sandbox) -> Crew:
    world = sandbox.world
    group = world.groups.create(find_account(world, "@liwei"), "Crew", [find_account(world, "@ann")])
    return Crew(sandbox, group, group.peer)


@asynccontextmanager
async def copying(
    sandbox: Sandbox, store: MemoryStore, crew: Crew, rules: Rules | None = None
) -> AsyncIterator[tuple[Process, str]]:
    """A pair from the group, in a process of its own; its id."""
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, -crew.group.id, "@target", Everything())
        if rules is not None:
            await p.mirror.set_rules(ANN, pair.id, rules)
        yield p, pair.id


@pytest.mark.parametrize("rules", [None, Rules(transforms=(Add(Rich("·"), "below"),))])
async def test_a_basic_group_is_copied_without_the_chats_that_share_its_ids(
    sandbox: Sandbox, store: MemoryStore, rules: Rules | None
) -> None:
    crew = crew_of(sandbox)
    first = crew.say("one")
    crew.say("two", reply_to=first.id)
    parts = [Draft(text=f"part {n}", media=media_of(crew.world, "album", n)) for n in range(3)]
    crew.world.send_album(crew.wei, crew.peer, parts)
    end = "" if rules is None else "\n\n·"
    async with copying(sandbox, store, crew, rules) as (p, pair_id):
        await until(lambda: len(texts(sandbox)) == 5)
        gone, changed = crew.say("gone"), crew.say("changed")
        await until(lambda: len(texts(sandbox)) == 7)
        crew.world.delete_messages(crew.wei, crew.peer, [gone.id])
        crew.world.edit_message(crew.wei, crew.peer, changed.id, text="better")
        notes = [m.id for m in crew.ann.box.chat(crew.ann.peer)]
        crew.world.delete_messages(crew.ann, crew.ann.peer, notes[:3])
        await until(lambda: texts(sandbox)[-1].startswith("better") and len(texts(sandbox)) == 6)
        audit = await p.mirror.audit(ANN, pair_id)
        assert (audit.looked, audit.missing, audit.doubled) == (6, (), ())
    copies = [m for m in channel(sandbox, "@target").messages if m.action is None]
    assert copies[1].reply_to == copies[0].id
    assert [m.text for m in copies][:2] == [f"one{end}", f"two{end}"]
    assert not any("note" in m.text for m in copies)


async def test_a_group_s_messages_are_asked_for_without_those_of_other_chats() -> None:
    async with ground() as g:
        group = g.world.groups.create(g.editor, "Crew", [g.ann])
        g.world.send_message(g.ann, g.ann.peer, text="a note")
        g.world.send_message(g.editor, group.peer, text="here")
        reader = Reader(await g.client(), types.InputPeerChat(group.id), Pacing(SystemClock(), PACES["off"]))
        found = await reader.by_ids(range(1, 20))
        assert [message.message for message in found.values() if message.action is None] == ["here"]


@pytest.mark.parametrize("online", [True, False])
async def test_a_source_that_moves_is_followed_without_doubles_or_losses(
    sandbox: Sandbox, store: MemoryStore, online: bool
) -> None:
    crew = crew_of(sandbox)
    for n in range(5):
        crew.say(f"old {n}")
    expected = [f"old {n}" for n in range(5)]
    async with copying(sandbox, store, crew) as (p, pair_id):
        await until(lambda: texts(sandbox) == expected)
        if online:
            crew.move()
            await until(lambda: NoticeKind.MOVED in p.heard.kinds)
    if not online:
        crew.say("last of the old")
        crew.move()
        expected.append("last of the old")
    first = crew.say("first of the new")
    crew.say("an answer", reply_to=first.id)
    expected += ["first of the new", "an answer"]
    async with process(sandbox, store) as p:
        await until(lambda: texts(sandbox) == expected)
        pair = (await p.mirror.list_pairs(ANN))[0].pair
        assert (pair.source.kind, pair.id) == ("megagroup", pair_id)
        crew.world.edit_message(crew.wei, crew.peer, first.id, text="the new")
        await until(lambda: "the new" in texts(sandbox))
        copies = [m for m in channel(sandbox, "@target").messages if m.action is None]
        assert copies[-1].reply_to == copies[-2].id
        await p.mirror.undo(ANN, pair_id)
        await until(lambda: texts(sandbox) == [])


async def test_a_target_that_moves_is_followed(sandbox: Sandbox, store: MemoryStore) -> None:
    world = sandbox.world
    wei, ann = find_account(world, "@liwei"), find_account(world, "@ann")
    group = world.groups.create(ann, "Copies", [wei])
    source = channel(sandbox, "@source").peer
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        old = world.send_message(wei, source, text="old")
        pair = await p.mirror.add_pair(ANN, "@source", -group.id, Everything())
        here = ann.box.chat(group.peer)
        await until(lambda: [m.text for m in here if m.action is None] == ["old"])
        made = world.groups.migrate(ann, group.id)
        for n in range(3):
            world.send_message(wei, source, text=f"new {n}", reply_to=old.id)
        await until(lambda: [m.text for m in made.messages if m.action is None] == [f"new {n}" for n in range(3)])
        world.edit_message(wei, source, old.id, text="changed")
        run = p.mirror._person(ANN).runs[pair.id]
        await until(lambda: run.engine is not None and run.engine.journal.counts.copied == 4)
        status = (await p.mirror.list_pairs(ANN))[0]
        assert (status.pair.target.kind, status.pair.id) == ("megagroup", pair.id)
        assert (status.counts.copied, status.counts.left_out) == (4, 0)
        assert [m.text for m in here if m.action is None] == ["old"]
        await p.mirror.undo(ANN, pair.id)
        await until(lambda: [m.text for m in made.messages if m.action is None] == [])
        assert (await p.mirror.list_pairs(ANN))[0].state in (PairState.UNDOING, PairState.PAUSED)


async def test_a_script_is_told_where_its_group_went() -> None:
    async with ground() as g:
        group = g.world.groups.create(g.editor, "Crew", [g.ann])
        g.world.send_message(g.editor, group.peer, text="old")
        made = g.world.groups.migrate(g.editor, group.id)
        mirror = g.mirror(await g.client(), source=str(-group.id))
        with pytest.raises(ChatMoved) as raised:
            await mirror.run()
        assert [copy.text for copy in g.copies()] == ["old"]
        assert (raised.value.side, raised.value.chat.id) == ("source", -1000000000000 - made.id)
