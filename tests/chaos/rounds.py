"""One round of chaos: a deploy under traffic, then faults of chance, then everything must be as it should be."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from bybot.sessions.model import SESSIONS, SessionRecord, SessionState
from tests.chaos.ground import LEASE, MARGIN, Ground, Runner, until

#: After the last fault everything must be well again within that many seconds.
SETTLE = LEASE + MARGIN + 5
PEOPLE = 4


@dataclass
class Outcome:
    """What one round found; each list holds sentences."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    orphaned: list[str] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    recovered_in: float = 0.0

    @property
    def bad(self) -> list[str]:
        named = {"lost": self.lost, "doubled": self.doubled, "torn": self.torn, "orphaned": self.orphaned}
        return [f"{kind}: {what}" for kind, found in named.items() for what in found]


class Round:
    """See the module.

    Args:
        first_account: the accounts from this one on are not used by anybody else.
    """

    def __init__(self, ground: Ground, dice: random.Random, first_account: int) -> None:
        self.outcome = Outcome()
        self._ground = ground
        self._dice = dice
        self._accounts = itertools.count(first_account)
        self._began = time.monotonic()
        self._moved: set[str] = set()
        self._deleted: set[str] = set()  # somebody asked to delete it
        self._gone: set[str] = set()  # and was told that it is
        self._logins: dict[str, int] = {}
        self._violations = ground.sandbox.counters.duplicate_violations

    def _note(self, what: str) -> None:
        self.outcome.story.append(f"{time.monotonic() - self._began:6.2f} {what}")

    def _found(self, kind: list[str], what: str) -> None:
        kind.append(what)
        self._note(what)

    async def play(self) -> Outcome:
        """All of it."""
        ground = self._ground
        try:
            for number in range(1, PEOPLE + 1):
                await ground.plant(str(number), next(self._accounts))
            await ground.plant("old", next(self._accounts), unused_for=timedelta(days=60))
            ground.start()
            if await self._all_spoken_for(time.monotonic(), 15):
                await self._deploy()
                await self._trouble()
                await self._peace()
            else:
                self._found(self.outcome.orphaned, "the first process did not bring all sessions up")
            await self._end_all()
            await self._look_at_the_store()
        finally:
            ground.close()
        doubled = ground.sandbox.counters.duplicate_violations - self._violations
        if doubled:
            self._found(self.outcome.doubled, f"{doubled} requests on an older connection of a key")
        return self.outcome

    # A deploy under traffic -------------------------------------------------------------------------------------

    async def _deploy(self) -> None:
        """The new process takes over from the old one, which ends; nobody is silent for long."""
        ground, (old,) = self._ground, self._ground.runners
        new = ground.start(watchdog=self._dice.random() < 0.5)
        await until(lambda: new.state == "waiting", 10)
        began = time.monotonic()
        new.send("ask")
        if not await until(lambda: new.state == "active" and old.state == "waiting", 15):
            self._found(self.outcome.orphaned, f"the handover did not end: {old.state}, {new.state}")
        await self._all_spoken_for(time.monotonic(), 5)
        ended = time.monotonic()
        for user in self._wanted():
            times = sorted(t for r in ground.runners for t in r.times("spoke", user) if began - 0.5 < t <= ended)
            gap = max((b - a for a, b in itertools.pairwise([*times, ended])), default=99.0)
            self.outcome.gaps.append(gap)
            if gap > 1:
                self._note(f"nobody spoke for {user} for {gap:.2f} s")
        self._note(f"{new.label} took over in {ended - began:.2f} s, longest gap {max(self.outcome.gaps):.2f} s")
        old.kill() if self._dice.random() < 0.3 else old.end()

    def _wanted(self) -> list[str]:
        return [user for user in self._ground.users if user != "old" and user not in self._deleted]

    async def _all_spoken_for(self, since: float, seconds: float) -> bool:
        return await until(lambda: all(self._ground.spoke_since(user, since) for user in self._wanted()), seconds)

    # Trouble ----------------------------------------------------------------------------------------------------

    async def _trouble(self) -> None:
        dice = self._dice
        actions: list[Callable[[Runner], Awaitable[None]]] = [self._kill, self._stop, self._freeze, self._freeze]
        actions += [
            self._login,
            self._login,
            self._signed_in,
            self._delete,
            self._clean,
            self._back_up,
            self._hand_over,
            self._move,
            self._move,
        ]
        if self._ground.kind == "firestore":
            actions += [self._cut_off] * 4
        for action in [dice.choice(actions) for _ in range(dice.randint(6, 9))]:
            there = [runner for runner in self._ground.runners if runner.healthy]
            if not there or (len(there) == 1 and dice.random() < 0.5):
                self._note("a process starts")
                there.append(new := self._ground.start(watchdog=dice.random() < 0.5, also=list(self._logins)))
                if dice.random() < 0.8:
                    await until(lambda new=new: new.state in ("active", "waiting"), 2)  # type: ignore[misc]
            acting = [runner for runner in there if runner.state in ("active", "taking", "giving")]
            await action(dice.choice(acting or there))
            await asyncio.sleep(dice.uniform(0.05, 0.5))

    async def _kill(self, runner: Runner) -> None:
        self._note(f"{runner.label} is killed")
        runner.kill()

    async def _kill_soon(self, runner: Runner) -> None:
        if self._dice.random() < 0.7:
            await asyncio.sleep(self._dice.uniform(0, 0.12))
            await self._kill(runner)

    async def _stop(self, runner: Runner) -> None:
        self._note(f"{runner.label} is asked to end")
        runner.end()

    async def _freeze(self, runner: Runner) -> None:
        seconds = LEASE * self._dice.choice([0.3, 1.1, 2.0])
        self._note(f"{runner.label} is frozen for {seconds:.1f} s")
        runner.freeze()
        asyncio.get_running_loop().call_later(seconds, runner.thaw)
        if self._dice.random() < 0.5:
            await asyncio.sleep(seconds)

    async def _login(self, runner: Runner) -> None:
        await self._begin_login(runner)
        await self._kill_soon(runner)

    async def _begin_login(self, runner: Runner) -> int:
        account = next(self._accounts)
        user, phone = f"9{account}", f"+{self._ground.sandbox.world.account(account).phone}"
        self._logins[user] = account
        self._note(f"{user} logs in at {runner.label}")
        runner.send("login", user, phone)
        for each in self._ground.runners:
            each.send("speak", user)
        if await until(lambda: runner.said("code wanted", user) or runner.said("failed", "login", user), 2):
            runner.send("code", user, self._ground.sandbox.auth.next_code(phone))
        return account

    async def _signed_in(self, runner: Runner) -> None:
        """Killed when Telegram has signed somebody in and the answer is not there yet."""
        faults = self._ground.sandbox.faults
        fault = faults.add(kind="cut", method="auth.signIn", hold=True)
        await self._begin_login(runner)
        if await faults.wait_fired(fault.id, 2):
            self._note("signed in, and not told so")
            await self._kill(runner)
        faults.clear(fault.id)

    async def _delete(self, runner: Runner) -> None:
        user = self._dice.choice([u for u in self._ground.users if u != "old"])
        self._deleted.add(user)
        self._note(f"{user} is deleted at {runner.label}")
        runner.send("delete", user)
        await self._kill_soon(runner)

    async def _clean(self, runner: Runner) -> None:
        self._note(f"{runner.label} cleans up")
        self._deleted.add("old")
        runner.send("cleanup")
        await self._kill_soon(runner)

    async def _back_up(self, runner: Runner) -> None:
        self._note(f"{runner.label} makes a backup")
        runner.send("backup")
        await self._kill_soon(runner)

    async def _hand_over(self, runner: Runner) -> None:
        """One of both is killed while sessions go over."""
        new = self._ground.start(also=list(self._logins))
        if await until(lambda: new.state == "waiting", 3):
            new.send("ask")
            await until(lambda: new.state in ("taking", "active"), 3)
            await asyncio.sleep(self._dice.uniform(0, 0.1))
            await self._kill(self._dice.choice([new, runner]))

    async def _move(self, runner: Runner) -> None:
        """Telegram moves an account to another data centre: its login goes on under another key."""
        user = self._dice.choice([u for u in self._ground.users if u != "old"])
        account = self._ground.sandbox.world.account(self._ground.users[user])
        account.dc_id = 6 - account.dc_id
        self._moved.add(user)
        self._note(f"the account of {user} moves to data centre {account.dc_id}")
        await self._kill_soon(runner)

    async def _cut_off(self, runner: Runner) -> None:
        """The store answers nothing, or carries out and does not say so, or does it late."""
        dice, faults = self._dice, self._ground.firestore.faults
        seconds = LEASE * dice.choice([0.1, 0.3, 0.8, 1.5, 2.5, 6.0] if dice.random() < 0.3 else [0.1, 0.5, 1.2])
        kind = dice.choice(["refuse", "hang", "lost", "silent", "late", "quota"])
        rpc = dice.choice([None, None, "Commit"])
        self._note(f"the store: {kind} for {seconds:.1f} s ({rpc or 'everything'})")
        fault = faults.add(kind, rpc=rpc, seconds=dice.uniform(0.2, 3.0))  # type: ignore[arg-type]
        await asyncio.sleep(seconds)
        faults.remove(fault)

    # Peace ------------------------------------------------------------------------------------------------------

    async def _peace(self) -> None:
        """No more faults: every session is connected again in time."""
        ground = self._ground
        ground.firestore.faults.clear()
        ground.sandbox.faults.clear()
        for runner in ground.runners:
            runner.thaw()
        healthy = [runner for runner in ground.runners if runner.healthy]
        if not healthy or self._dice.random() < 0.3:
            ground.start(also=list(self._logins))
        since = time.monotonic()
        self._note("peace")
        # A login that was cut off when Telegram knew it already is taken up by whoever owns the sessions now.
        wanted = self._wanted() + [user for user in self._logins if self._signed_up(user)]
        connected = partial(ground.spoke_since, moment=since)
        if not await until(lambda: all(connected(user) for user in wanted), SETTLE):
            for user in wanted:
                if not connected(user):
                    self._found(self.outcome.orphaned, f"{user} is not connected {SETTLE:.1f} s after the last fault")
        self.outcome.recovered_in = time.monotonic() - since
        self._note(f"all connected after {self.outcome.recovered_in:.2f} s")

    def _acknowledged(self, user: str) -> bool:
        return any(runner.said("done", "login", user) for runner in self._ground.runners)

    def _signed_up(self, user: str) -> bool:
        return bool(self._ground.sandbox.auth.keys.of_account(self._logins[user]))

    async def _end_all(self) -> None:
        for runner in self._ground.runners:
            runner.end()
        await until(lambda: not any(runner.alive for runner in self._ground.runners), 12)
        for runner in self._ground.runners:
            if runner.alive:
                self._found(self.outcome.orphaned, f"{runner.label} does not end")

    # The store afterwards ---------------------------------------------------------------------------------------

    async def _look_at_the_store(self) -> None:
        store = self._ground.store()
        await store.open()
        try:
            records = {d.key.id: SessionRecord.of(d) for d in await store.query(SESSIONS)}
            names = [d.data.get("user") for d in await store.query("auth_keys")]
        finally:
            await store.close()
        for user, account in {**self._ground.users, **self._logins}.items():
            self._look_at(user, account, records.get(user))
        for name in set(names):
            if names.count(name) > 1:
                self._found(self.outcome.torn, f"the registry holds {names.count(name)} keys of {name}")
        aside = [path.name for path in self._ground.directory.rglob("*.corrupt-*")]
        if aside:
            self._found(self.outcome.torn, f"kept aside: {aside}")

    def _look_at(self, user: str, account: int, record: SessionRecord | None) -> None:
        # A login that moved has a key in each data centre.
        at_telegram = {key.data for key in self._ground.sandbox.auth.keys if key.account_id == account}
        if record is None or record.state is not SessionState.READY:
            if user in self._logins:
                if self._acknowledged(user):
                    self._found(self.outcome.lost, f"the login of {user} was acknowledged and is not stored")
                elif at_telegram:
                    self._found(self.outcome.orphaned, f"the login of {user} exists at Telegram alone")
            elif user not in self._deleted:
                self._found(self.outcome.lost, f"the session of {user} is {record.state if record else 'gone'}")
            elif at_telegram:
                self._found(self.outcome.orphaned, f"the deleted login of {user} exists at Telegram still")
            return
        try:
            key = self._ground.open_stored(record).stored_key
        except Exception as error:
            self._found(self.outcome.torn, f"the session of {user} cannot be opened: {type(error).__name__}")
            return
        if key not in at_telegram and user not in self._deleted:
            self._found(self.outcome.lost, f"the stored key of {user} is not logged in")
        if user in self._ground.keys and user not in self._moved and key != self._ground.keys[user]:
            self._found(self.outcome.lost, f"the stored key of {user} is another one")
        said = [runner.said for runner in self._ground.runners]
        if any(s("done", "delete", user) for s in said) and not any(s("failed", "delete", user) for s in said):
            self._found(self.outcome.lost, f"the deleted session of {user} is there again")
