"""``python -m tests.force.soak --pairs 200 --posts 200000``: many pairs for long, while things go wrong.

Half of the posts are there before, the other half comes while the pairs are live, with edits, deletions, floods, cuts
and lost pushes. In its second half the process may grow by a tenth at most; in the end no task, file descriptor or
engine is left, and every target is its source. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from bybot.sandbox.corpus import Corpus
from bybot.sandbox.seed import plant_corpus
from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.model import Account, Channel
from tests.force import soakchild
from tests.force.rounds import until

_PAIRS_OF_ONE: Final = 10
#: So many live posts may be without a copy before the author waits.
_AHEAD: Final = 400
_GROWTH: Final = 0.10
#: A process that small grows by its first megabytes whatever it does.
_MEGABYTES: Final = 8 << 20
_SENDS: Final = ("forwardMessages", "sendMessage", "sendMedia", "sendMultiMedia", "getHistory", "getPeerDialogs")


class Soak:
    """See the module."""

    def __init__(self, sandbox: Sandbox, pairs: int, posts: int, seed: int) -> None:
        self.sandbox = sandbox
        self._world = sandbox.world
        self._dice = random.Random(seed)
        self._editor = self._world.create_account("Editor", username="the_editor")
        people = -(-pairs // _PAIRS_OF_ONE)
        self._people = [self._world.create_account(f"P{n}", username=f"person_{n}") for n in range(people)]
        self.pairs = [self._pair(self._people[n // _PAIRS_OF_ONE], n) for n in range(pairs)]
        self._each = posts // pairs
        self._written = 0
        self.trouble = 0
        self.samples: list[dict[str, float]] = []

    def _pair(self, owner: Account, number: int) -> tuple[Account, Channel, Channel]:
        source = self._world.create_channel(self._editor, f"Source {number}", username=f"source_{number}")
        target = self._world.create_channel(owner, f"Target {number}", username=f"target_{number}")
        self._world.join(owner, source)
        return owner, source, target

    def facts(self, folder: Path, pace: str) -> dict[str, Any]:
        """What the process must know."""
        keys = {person.id: os.urandom(256) for person in self._people}
        for account, data in keys.items():
            self.sandbox.auth.add_ready_key(data, account)
        return {
            "directory": str(folder),
            "log": str(folder / "log.txt"),
            "dc": self.sandbox.dc_spec,
            "address": self.sandbox.mtproto_address,
            "pem": self.sandbox.rsa_public_key_pem,
            "keys": keys,
            "pace": pace,
        }

    # Writing ----------------------------------------------------------------------------------------------------

    async def history(self) -> None:
        """The first half of the posts."""
        for number, (_, source, _) in enumerate(self.pairs):
            corpus = Corpus(count=self._each // 2, seed=number, videos=0, protected=0, photos=0.02, documents=0.0)
            await plant_corpus(self._world, self._editor, source, corpus)

    async def live(self) -> None:
        """The second half, with everything that goes wrong."""
        target = (self._each - self._each // 2) * len(self.pairs)
        while self._written < target:
            for _ in range(20):
                self._act(*self._dice.choice(self.pairs)[:2])
            await asyncio.sleep(0)
            await until(lambda: self.missing() <= _AHEAD, 300)

    def _act(self, owner: Account, source: Channel) -> None:
        dice, peer = self._dice, source.peer
        self._written += 1
        post = self._world.send_message(self._editor, peer, text=f"live {self._written}: {'words ' * 8}")
        chance = dice.random()
        if chance < 0.02:
            self._world.edit_message(self._editor, peer, post.id, text=f"edited {self._written}")
        elif chance < 0.03:
            self._world.delete_messages(self._editor, peer, [post.id])
        elif chance < 0.04:
            self._go_wrong(owner.id)

    def _go_wrong(self, account: int) -> None:
        self.trouble += 1
        faults, dice = self.sandbox.faults, self._dice
        if self.trouble % 100 == 0:
            faults.clear()  # those that were used up
        method = dice.choice(_SENDS)
        match dice.choice(["flood", "cut", "lost_push", "reversed_push", "difference_too_long", "error"]):
            case "flood":
                faults.add(kind="flood", account=account, method=method, seconds=1)
            case "cut":
                faults.add(kind="cut", account=account, method=method)
            case "error":
                faults.add(kind="error", account=account, method=method)
            case kind:
                faults.add(kind=kind, account=account, times=3)

    # Looking ----------------------------------------------------------------------------------------------------

    @property
    def copied(self) -> int:
        """How many posts the targets hold."""
        return sum(len(target.messages) - 1 for _, _, target in self.pairs)

    def missing(self) -> int:
        """How many more the sources hold."""
        return sum(len(source.messages) for _, source, _ in self.pairs) - self.copied - len(self.pairs)

    def different(self) -> int:
        """How many targets are not their sources."""

        def texts(channel: Channel) -> list[str]:
            return [message.text for message in channel.messages if message.action is None]

        return sum(texts(source) != texts(target) for _, source, target in self.pairs)


class Process:
    """The soaked process, from outside."""

    def __init__(self, facts: dict[str, Any]) -> None:
        # Not forked: what the parent holds would count.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._pipe: Connection = ours
        self._process = context.Process(target=soakchild.main, args=(facts, theirs), daemon=True)
        self._process.start()
        theirs.close()

    async def hear(self) -> dict[str, Any]:
        """What it says next. Raises EOFError when it ended."""
        return dict(await asyncio.to_thread(self._pipe.recv))

    async def ask(self, *command: Any) -> dict[str, Any]:
        """Send a command and hear the answer."""
        self._pipe.send(command)
        return await self.hear()

    def close(self) -> None:
        self._process.kill()
        self._process.join(5)
        self._pipe.close()


async def run(pairs: int, posts: int, seed: int, pace: str, every: float, keep: Path | None) -> int:
    """Soak it. Returns the exit code."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bybot-soak-") as folder:
        async with Sandbox() as sandbox:
            soak = Soak(sandbox, pairs, posts, seed)
            await soak.history()
            process = Process(soak.facts(keep or Path(folder), pace))
            try:
                return await _soak(soak, process, posts, every, began)
            finally:
                process.close()


async def _soak(soak: Soak, process: Process, posts: int, every: float, began: float) -> int:
    base = await process.hear()
    samples: list[tuple[float, dict[str, Any]]] = []

    async def sample(share: float | None = None) -> None:
        held = await process.ask("held")
        samples.append((soak.copied / posts if share is None else share, held))
        told = f"{samples[-1][0]:7.1%} {held['resident'] / 2**20:7.1f} MB {held['tasks']} tasks"
        print(
            f"{time.monotonic() - began:7.1f} s {told} {held['descriptors']} files {held['objects']} objects",
            flush=True,
        )

    await process.ask("pairs", [(owner.id, f"@{s.username}", f"@{t.username}") for owner, s, t in soak.pairs])
    while soak.missing() > 0:
        await asyncio.sleep(min(every, 1.0))
        await sample()
    await sample(0.5)
    writing = asyncio.create_task(soak.live())
    while not writing.done():
        await asyncio.wait({writing}, timeout=every)
        await sample()
    await writing
    different = await _fall_quiet(soak)
    await sample(1.0)
    end = await process.ask("stop")
    return report(soak, base, samples, end, different, time.monotonic() - began)


async def _fall_quiet(soak: Soak) -> int:
    """Nothing goes wrong any more; how many targets are not their sources after a while."""
    soak.sandbox.faults.clear()
    await until(lambda: soak.missing() == 0, 120)
    await until(lambda: not soak.different(), 60)
    return soak.different()


def report(
    soak: Soak,
    base: dict[str, Any],
    samples: list[tuple[float, dict[str, Any]]],
    end: dict[str, Any],
    different: int,
    seconds: float,
) -> int:
    """The last line, and the exit code."""
    half = next(held for share, held in samples if share >= 0.5)
    later = [held for share, held in samples if share >= 0.5]
    most = max(held["resident"] for held in later)
    allowed = max(half["resident"] * (1 + _GROWTH), half["resident"] + _MEGABYTES)
    wrong = [
        *(f"{different} targets differ from their sources" for _ in range(different > 0)),
        *(f"memory grew from {half['resident']} to {most}" for _ in range(most > allowed)),
        *(f"{end['tasks']} tasks at the end" for _ in range(end["tasks"] > 1)),
        *(f"{end['descriptors']} files at the end" for _ in range(end["descriptors"] > base["descriptors"])),
        *(f"{end['things']} engines, journals, inboxes at the end" for _ in range(end["things"] > 0)),
        *(f"told of {failure}" for failure in end["failures"]),
    ]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    result = {
        "pairs": len(soak.pairs),
        "copied": soak.copied,
        "faults": soak.trouble,
        "megabytes_at_half": round(half["resident"] / 2**20, 1),
        "megabytes_at_end": round(later[-1]["resident"] / 2**20, 1),
        "megabytes_most": round(most / 2**20, 1),
        "objects_at_half": half["objects"],
        "objects_at_end": later[-1]["objects"],
        "tasks_left": end["tasks"] - 1,
        "files_left": end["descriptors"] - base["descriptors"],
        "wrong": len(wrong),
        "seconds": round(seconds, 1),
    }
    print(json.dumps(result))
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.force.soak", description=__doc__)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--posts", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", choices=("soak", "off"), default="soak")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two looks at the process")
    parser.add_argument("--keep", type=Path, help="a folder for store and log")
    options = parser.parse_args()
    if options.keep is not None:
        options.keep.mkdir(parents=True)
    return asyncio.run(run(options.pairs, options.posts, options.seed, options.pace, options.every, options.keep))


if __name__ == "__main__":
    sys.exit(main())
