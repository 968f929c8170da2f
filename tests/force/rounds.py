"""One round: a channel with a past is mirrored while an author works on it, and the mirror dies again and again."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bybot.sandbox.corpus import Corpus
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.samples import media_of
from bybot.sandbox.seed import plant_corpus
from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Account, Channel, Message
from tests.force import child, judge
from tests.sandbox.support import Running, ready_client, running_server

#: All come from one server that has imported everything, so that a life begins within milliseconds.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.force.child"])

#: After the last death everything must be as it should be within that many seconds.
SETTLE: Final = 20.0
_LIVES: Final = (3, 6)
_SENDS: Final = ("forwardMessages", "forwardMessages", "sendMessage", "sendMedia", "sendMultiMedia", "editMessage")


@dataclass
class Outcome:
    """What became of a round. ``found``: what is wrong, in sentences; ``kills``: how each life ended."""

    number: int
    found: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    kills: int = 0
    by_itself: int = 0
    posts: int = 0


async def until(condition: Callable[[], Any], seconds: float) -> bool:
    """Wait for a condition. False when it did not come true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.005)
    return True


class Author:
    """Writes into the source, edits and deletes there, at moments of chance."""

    def __init__(self, running: Running, account: Account, source: Channel, dice: random.Random) -> None:
        self._world = running.world
        self._account = account
        self._source = source
        self._dice = dice
        self._numbers = itertools.count(1)
        self._pictures = itertools.count(10_000)

    async def write(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._dice.uniform(0.0, 0.06))
            self.act()

    def act(self) -> None:
        """One thing."""
        does = self._dice.choices(
            (self._post, self._photo, self._album, self._reply, self._edit, self._delete), (6, 2, 2, 3, 4, 1)
        )[0]
        does()

    def posts(self) -> list[Message]:
        return [message for message in self._source.messages if message.action is None]

    def _send(self, **what: Any) -> None:
        self._world.send_message(self._account, self._source.peer, text=f"live {next(self._numbers)}: the news", **what)

    def _post(self) -> None:
        self._send()

    def _photo(self) -> None:
        self._send(media=media_of(self._world, "photo", next(self._pictures)))

    def _album(self) -> None:
        count = self._dice.randint(2, 5)
        media = [media_of(self._world, "album", next(self._pictures)) for _ in range(count)]
        text = f"album {next(self._numbers)} of the day"
        drafts = [Draft(text=text if at == 0 else "", media=each) for at, each in enumerate(media)]
        self._world.send_album(self._account, self._source.peer, drafts)

    def _reply(self) -> None:
        self._send(reply_to=self._dice.choice(self.posts()[-30:]).id)

    def _edit(self) -> None:
        can = [m for m in self.posts()[-60:] if m.text and not m.noforwards]
        if can:
            post = self._dice.choice(can)
            text = f"{post.text[:200]} the edit {next(self._numbers)}"
            self._world.edit_message(self._account, self._source.peer, post.id, text=text, entities=())

    def _delete(self) -> None:
        post = self._dice.choice(self.posts()[-60:])
        self._world.delete_messages(self._account, self._source.peer, [post.id])


class Round:
    """See the module.

    Args:
        number: of the round; with the seed it decides everything that is left to chance here.
        switch: what a forward that mixes old and new random ids is answered with.
        directory: for the files of the mirror, and its log.
    """

    def __init__(self, number: int, seed: int, switch: Any, directory: Path) -> None:
        self.outcome = Outcome(number)
        self._dice = random.Random(f"{seed} {number} {switch}")
        self._switch = switch
        self._directory = directory
        self._ready = directory / "ready"
        self._key = os.urandom(256)
        self._rules = self._dice.random() < 0.4
        self._pace = self._dice.choice(["off", "quick"])
        self._began = time.monotonic()

    def _note(self, what: str) -> None:
        self.outcome.story.append(f"{time.monotonic() - self._began:6.2f} {what}")

    async def play(self) -> Outcome:
        """All of it."""
        # The key stays the same from life to life: what a dead process had sent may be read after the next connects.
        switches = Switches(repeated_forward=self._switch, duplicate_key="never")
        async with running_server(switches=switches) as running:
            world = self._world = running.world
            editor = world.create_account("Editor", phone="447700900010", username="the_editor")
            ann = self._ann = world.create_account("Ann", phone="447700900011", username="ann_mirror")
            self._source = world.create_channel(editor, "Source", username="source")
            self._target = world.create_channel(ann, "Target", username="target")
            world.join(ann, self._source)
            running.auth.add_ready_key(self._key, ann.id)
            self._running = running
            corpus = Corpus(
                count=self._dice.randint(40, 160),
                seed=self._dice.randrange(1 << 30),
                albums=0.2,
                replies=0.15,
                others=0.1,
            )
            await plant_corpus(world, editor, self._source, corpus)
            author = Author(running, editor, self._source, self._dice)
            writing = asyncio.create_task(author.write())
            try:
                for _ in range(self._dice.randint(*_LIVES)):
                    await self._life()
            finally:
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
            running.faults.clear()
            world.random_ids.slow.clear()
            await self._last_life()
            await self._judge()
        return self.outcome

    # Lives ------------------------------------------------------------------------------------------------------

    def _start(self, point: str = "", nth: int = 0) -> Any:
        host, port = self._running.mtproto_address
        facts = {
            "pem": self._running.server.rsa_key.public_pem,
            "address": (host, port),
            "key": self._key,
            "directory": str(self._directory),
            "log": str(self._directory / "log.txt"),
            "ready": str(self._ready),
            "pace": self._pace,
            "rules": self._rules,
            "point": point,
            "nth": nth,
        }
        process = PROCESSES.Process(target=child.main, args=(facts,), daemon=True)
        process.start()
        return process

    async def _life(self) -> None:
        """One life, whose end is a kill."""
        self._trouble()
        way = self._dice.choice(["moment", "moment", "cut", "slow", "point", "point", "point"])
        if way == "point":
            point = self._dice.choice(child.POINTS)
            nth = self._dice.randint(1, {"disk": 60, "answered": 40, "changed": 10}.get(point, 6))
            self._note(f"a life that ends when it is {point} for time {nth}")
            process = self._start(point, nth)
            await until(lambda: not process.is_alive(), self._dice.uniform(0.4, 1.2))
            self.outcome.by_itself += not process.is_alive()
        elif way == "cut":
            process = self._start()
            method, nth = self._dice.choice(_SENDS), self._dice.randint(1, 6)
            self._note(f"a life in which {method} {nth} gets no answer")
            fault = self._running.faults.add(kind="cut", account=self._ann.id, method=method, nth=nth, hold=True)
            await self._running.faults.wait_fired(fault.id, self._dice.uniform(0.3, 0.8))
        else:
            if way == "slow":
                self._world.random_ids.slow[self._ann.id] = self._dice.uniform(0.02, 0.2)
            seconds = self._dice.uniform(0.02, 0.5)
            self._note(f"a life of {seconds:.2f} s after its first send{' to a slow Telegram' * (way == 'slow')}")
            process = self._start()
            sent = self._sends()
            await until(lambda: self._sends() > sent or not process.is_alive(), 1.0)
            await asyncio.sleep(seconds)
        await self._kill(process)
        self._running.faults.clear()
        if self._dice.random() < 0.5:
            self._world.random_ids.slow.clear()  # else what it sent is still being carried out when the next one comes

    def _sends(self) -> int:
        return sum(self._running.counters.calls_of(name) for name in ("forwardMessages", "sendMedia", "sendMessage"))

    async def _kill(self, process: Any) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.join, 10)
        self.outcome.kills += 1
        if process.exitcode != -signal.SIGKILL:
            self.outcome.found.append(f"a life ended by itself, with {process.exitcode}: {self._words()}")

    def _words(self) -> str:
        """The last lines that the processes of this round wrote."""
        lines = (self._directory / "log.txt").read_text(errors="replace").splitlines()
        return " | ".join(lines[-6:])

    def _trouble(self) -> None:
        """What else goes wrong in a life."""
        faults, dice, account = self._running.faults, self._dice, self._ann.id
        if dice.random() < 0.3:
            faults.add(kind=dice.choice(["lost_push", "reversed_push"]), account=account, times=dice.randint(1, 8))
        if dice.random() < 0.2:
            faults.add(kind="flood", account=account, method="forwardMessages", seconds=1)
        if dice.random() < 0.2:
            faults.add(kind="cut", account=account, method="forwardMessages", nth=dice.randint(1, 20))
        if dice.random() < 0.2:
            faults.add(kind="difference_too_long", account=account, times=2)

    async def _last_life(self) -> None:
        """Nobody disturbs it any more."""
        self._note("the last life")
        self._ready.unlink(missing_ok=True)
        process = self._start()
        await until(self._ready.exists, 10)
        if not await until(lambda: self._same() or not process.is_alive(), SETTLE):
            self._note(f"not the same after {SETTLE:.0f} s")
        if not process.is_alive():
            self.outcome.found.append(f"the last life ended by itself: {self._words()}")
        self._note("stopped in order")
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
        await asyncio.to_thread(process.join, 15)
        if process.exitcode != 0:
            self.outcome.found.append(f"an orderly stop ended with {process.exitcode}: {self._words()}")

    # The end ----------------------------------------------------------------------------------------------------

    def _words_of(self, text: str) -> str:
        return text.replace(*child.WORD) if self._rules else text

    def _same(self) -> bool:
        """Whether a look at the texts finds nothing wrong; the judge looks at everything."""
        posts = [m for m in self._source.messages if m.action is None and not m.noforwards]
        copies = [m for m in self._target.messages if m.action is None]
        return [self._words_of(m.text) for m in posts] == [m.text for m in copies]

    async def _judge(self) -> None:
        async with ready_client(self._running, self._ann) as client:
            source, target = await judge.read(client, "@source"), await judge.read(client, "@target")
        self.outcome.posts = len(source)
        self.outcome.found += judge.differences(source, target, words=self._words_of)
