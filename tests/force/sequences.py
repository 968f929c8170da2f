"""A sequence: steps of an author, of faults, and of a person with a pair, played against the product and the oracle.

A step is a word and a number, which decides what the word leaves open. In the end everything falls quiet, and the
target must be what the oracle says.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from bybot.errors import BybotError
from bybot.mirror import PairState
from tests.force.author import Author
from tests.force.oracle import Oracle
from tests.force.stage import SPEED, Life, Stage, key_of, staged

Step = tuple[str, int]

#: Seconds in which everything must have fallen quiet.
QUIET: Final = 15.0
#: Seconds after which nothing is taken to be under way any more, where more than one result is right.
STILL: Final = 0.3
_SENDS: Final = ("forwardMessages", "forwardMessages", "sendMessage", "sendMedia")
SWITCHES: Final = ("replay", "partly", "refuse")
#: How likely each step is; :func:`sequence` and the properties both draw from it.
WEIGHTS: Final = {
    "post": 6,
    "photo": 2,
    "sticker": 1,
    "spam": 2,
    "many": 2,
    "album": 3,
    "twins": 1,
    "same": 2,
    "by_hand": 3,
    "reply": 3,
    "edit": 4,
    "delete": 3,
    "hurried": 3,
    "late": 2,
    "flood": 1,
    "cut": 2,
    "error": 1,
    "lost": 1,
    "reversed": 1,
    "too_long": 1,
    "slow": 1,
    "rules": 2,
    "again": 1,
    "fill_in": 2,
    "restart": 1,
    "crash": 4,
    "takeover": 2,
    "stale_write": 1,
    "lose": 2,
    "quiet": 1,
}


class Play(Author):
    """One sequence on one stage."""

    def __init__(self, stage: Stage, oracle: Oracle) -> None:
        super().__init__(stage, oracle)
        self._life: Life | None = None
        self._graves: list[Life] = []  # processes that were cut off, and whose last write is still on its way
        self._deaf = False  # pushes got lost: what was edited and deleted meanwhile shows in the next scan
        self._rule = 0
        self._refilled = False
        self.found: list[str] = []

    @property
    def life(self) -> Life:
        assert self._life is not None
        return self._life

    async def play(self, steps: Sequence[Step]) -> list[str]:
        """All steps and the end; what is wrong, in sentences."""
        self._life = await self._stage.begin_life()
        try:
            for word, number in steps:
                await self._do(word, number)
                if self.found:
                    return self.found
            await self._be_quiet()
            if not self.found:
                await self._restart(0)  # what was right stays so
                await self._be_quiet()
        finally:
            for life in (*self._graves, self.life):
                life.store.release()
                await life.end()
        return self.found

    async def _do(self, word: str, number: int) -> None:
        does: Callable[[int], Awaitable[None] | None] = getattr(self, f"_{word}")
        waits = does(number)
        if waits is not None:
            await waits
        await asyncio.sleep((0, 0, 0.004, 0.03)[number % 4])

    # Faults -----------------------------------------------------------------------------------------------------

    def _fault(self, kind: str, **options: Any) -> None:
        self._stage.running.faults.add(kind=kind, account=self._stage.ann.id, **options)

    def _flood(self, number: int) -> None:
        self._fault("flood", method=_SENDS[number % 4], seconds=1 + number % 3)

    def _cut(self, number: int) -> None:
        self._fault("cut", method=_SENDS[number % 4], nth=1 + number // 4 % 3)
        self._deaf = True

    def _error(self, number: int) -> None:
        self._fault("error", method=_SENDS[number % 4])

    def _lost(self, number: int) -> None:
        self._fault("lost_push", times=1 + number % 3)
        self._deaf = True

    def _reversed(self, number: int) -> None:
        self._fault("reversed_push", times=1 + number % 3)
        self._deaf = True

    def _too_long(self, number: int) -> None:
        self._fault("difference_too_long", times=1 + number % 2)
        self._deaf = True

    def _slow(self, number: int) -> None:
        """Telegram takes its time for every send until all is quiet."""
        self._world.random_ids.slow[self._stage.ann.id] = 0.01 * SPEED * (1 + number % 3)

    # The person -------------------------------------------------------------------------------------------------

    async def _rules(self, number: int) -> None:
        self._rule = number % 4
        self._oracle.ruled(self._rule)
        await self._stage.set_rules(self.life, self._rule)

    async def _again(self, number: int) -> None:
        """All copies are deleted, and everything is copied again."""
        stage, mirror = self._stage, self.life.mirror
        await mirror.undo(stage.ann.id, stage.pair_id)
        if number % 4 == 0:
            await self._crash(number)
            mirror = self.life.mirror
        if not await self._until(self._is_undone, QUIET):
            self.found.append(f"not undone: {await stage.state(self.life)}")
            return
        self._oracle.undone()
        await mirror.resume(stage.ann.id, stage.pair_id)

    async def _is_live(self) -> bool:
        """Nothing is uncertain any more: what a look at the target finds missing is what is missing."""
        return await self._stage.state(self.life) is PairState.LIVE

    async def _is_undone(self) -> bool:
        return not self._stage.copies() and await self._stage.state(self.life) is PairState.PAUSED

    async def _fill_in(self, number: int) -> None:
        """Some copies are deleted in the target, and copied once more."""
        await self._be_quiet()
        await self._until(self._is_live, QUIET)
        stage, keys = self._stage, {post.key: post for post in self._oracle.posts.values()}
        posts = [m for m in stage.target.messages if m.action is None and m.id not in stage.by_hand]
        # What somebody posted by hand with the account of the pair stands in for a copy that is gone, if it is alike.
        alike = self._oracle.others.values()
        copies = [m for m in posts if key_of(m) in keys and not keys[key_of(m)].deleted and m.text not in alike]
        if self.found or not copies:
            return
        gone = [copies[(number * 7 + at * 3) % len(copies)] for at in range(1 + number % 3)]
        self._world.delete_messages(stage.ann, stage.target.peer, [message.id for message in gone])
        self._oracle.taken({keys[key_of(message)].id for message in gone})
        self._refilled = True
        await self.life.mirror.fill_in(stage.ann.id, stage.pair_id)

    # Processes --------------------------------------------------------------------------------------------------

    async def _restart(self, number: int) -> None:
        """It stops in order, and another one goes on."""
        await self.life.end()
        self._life = await self._stage.begin_life()

    async def _crash(self, number: int) -> None:
        """It dies, and another one goes on."""
        await self.life.die()
        if number % 3 == 0:
            self._away(number)
        self._life = await self._stage.begin_life()

    def _away(self, number: int) -> None:
        """The author works while no process lives."""
        (self._edit, self._delete, self._many)[number // 3 % 3](number)

    async def _takeover(self, number: int) -> None:
        """Another process takes over from one that is cut off, whose last write is on its way yet."""
        old = self.life
        old.store.hold()
        await old.cut_off()
        self._graves.append(old)
        self._life = await self._stage.begin_life()

    async def _stale_write(self, number: int) -> None:
        """What was on its way arrives, and then the process that wrote since dies."""
        await self._bury()
        if number % 2:
            await self._crash(number)

    async def _lose(self, number: int) -> None:
        """It stops in order, and another one finds that the store has lost something."""
        await self._be_quiet()
        if self.found:
            return
        await self.life.end()
        if number % 3 == 0:
            self._away(number)
        # What was copied once more has random ids that only the state names.
        # A map that nobody reads is not missed, nor made again, before its copies are asked for.
        state = not self._refilled and (number % 2 == 1 or not self._oracle.follows)
        if state or self._oracle.follows:
            await self._stage.lose("state" if state else "map")
        if state:
            self._oracle.forgotten()
        self._life = await self._stage.begin_life()
        if state:  # nothing can be asked of the pair before
            await self._until(self._is_live, QUIET)

    async def _bury(self) -> None:
        while self._graves:
            life = self._graves.pop()
            life.store.release()
            await life.end()

    # Quiet ------------------------------------------------------------------------------------------------------

    async def _quiet(self, number: int) -> None:
        await self._be_quiet()

    async def _be_quiet(self) -> None:
        """Nothing goes wrong any more: in a while the target must be right."""
        self._stage.running.faults.clear()
        self._world.random_ids.slow.clear()
        await self._bury()
        if self._deaf:
            await self._restart(0)
            self._deaf = False
        await self._until(lambda: not self._wrong(), QUIET)
        if self._oracle.open:
            await self._until(self._is_live, QUIET)
            await self._until_still()
        self.found = self._wrong()
        if not self.found:
            self._oracle.settle(self._stage.copies())
        self.found += self.life.failures

    async def _until_still(self) -> None:
        """Until nothing has changed for a while."""
        before = None
        while (now := self._stage.copies()) != before:
            before = now
            await asyncio.sleep(STILL)

    def _wrong(self) -> list[str]:
        return self._oracle.wrong(self._stage.copies(), self._stage.others())


async def play(
    steps: Sequence[Step], *, repeated: str = "replay", edits: str = "edit", deletions: str = "delete"
) -> list[str]:
    """Play a sequence. What is wrong in the end, in sentences.

    Args:
        repeated: what a forward that mixes old and new random ids is answered with.
        edits, deletions: the pair's policies.
    """
    async with staged(repeated, {"edits": edits, "deletions": deletions}) as stage:
        return await Play(stage, Oracle(edits=edits, deletions=deletions)).play(steps)


def sequence(dice: random.Random) -> tuple[list[Step], dict[str, str]]:
    """Steps of chance, and the options of :func:`play`."""
    words, weights = list(WEIGHTS), list(WEIGHTS.values())
    steps = [(word, dice.randrange(100)) for word in dice.choices(words, weights, k=dice.randint(6, 24))]
    options = {
        "repeated": dice.choice(SWITCHES),
        "edits": dice.choice(["edit", "edit", "edit", "ignore"]),
        "deletions": dice.choice(["delete", "delete", "delete", "keep"]),
    }
    return steps, options


def run_sequences(seed: int, count: int, *, first_only: bool = True) -> list[str]:
    """Play so many sequences of chance.

    Args:
        seed: decides them all.
        first_only: stop at the first one in which something is wrong.

    Returns:
        For each sequence with something wrong: which, and what.
    """
    told = []
    for number in range(seed, seed + count):
        steps, options = sequence(random.Random(number))
        try:
            found = asyncio.run(play(steps, **options))
        except (BybotError, TimeoutError, ConnectionError) as error:
            found = [f"{type(error).__name__}: {error}"]
        if found:
            told.append(f"sequence {number}: {steps} {options}: " + "; ".join(found[:4]))
            if first_only:
                break
    return told
