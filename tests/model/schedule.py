"""One schedule: a few processes, and what chance does to them, to their clocks and to their way to the store."""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from telethon.crypto import AuthKey

from bybot.sessions.model import session_key
from bybot.sessions.stored import StoredSession
from bybot.stores.base import Put
from tests.model.clocks import EPOCH
from tests.model.disk import CALL_SECONDS, Disk, Fate
from tests.model.judge import Judge, Verdict
from tests.model.loop import World
from tests.model.process import TIMES, VAULT, Locks, Process
from tests.model.telegram import Telegram

#: Seconds in which things go wrong, and those in which all must become well again.
TROUBLED, CALM = 120.0, 5.0
_FAULTS = ("refuse", "hang", "lost", "late", "mixed")


@dataclass
class Weather:
    """How calls to the store go for one process.

    Attributes:
        kind: of the fault that is on; None: all is well.
        share: of the calls that it hits.
        slow: seconds that a call may take on top.
        writes_only: reads go well, as when a quota is used up.
    """

    kind: str | None = None
    share: float = 1.0
    slow: float = 0.0
    writes_only: bool = False


class Schedule:
    """See the module. :meth:`play` plays it from beginning to end.

    Args:
        seed: chooses everything.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.world = World(seed)
        self.disk = Disk(self.world)
        self.judge = Judge(self.world, self.disk, TIMES, seed)
        self.telegram = Telegram(self.world, self.judge.doubled)
        self.judge.over = self.telegram.over
        self.dice = self.world.dice
        self.kind = self.dice.choice(["memory", "memory", "firebase", "local"])
        self.locks = Locks()
        self.troubled = 60.0 if self.kind == "local" else TROUBLED
        self.users = [str(n) for n in range(1, self.dice.choice([1, 1, 2, 3]) + 1)]
        self.quiet = frozenset(user for user in self.users if self.dice.random() < 0.4)
        self.absent = frozenset(user for user in self.users if self.dice.random() < 0.4)
        self.slots: list[Process | None] = [None] * self.dice.choice([2, 2, 2, 3])
        self.weather = [Weather() for _ in self.slots]
        self.trace: list[str] = []

    def play(self) -> Verdict:
        """Everything, and what was found."""
        self._inject_chance()
        for user in self.users:
            if user not in self.absent:
                self._plant(user)
        self._start(0)
        for slot in range(1, len(self.slots)):
            self.world.after(self.dice.uniform(0, 40), lambda slot=slot: self._start(slot))  # type: ignore[misc]
        for _ in range(self.dice.randint(2, 8)):
            self.world.after(self.dice.uniform(1, self.troubled), self._something)
        if self.dice.random() < 0.1:
            self.world.after(self.dice.uniform(20, 50), self._stall_who_leads)
        self.world.after(self.troubled, self._calm_down)
        self.world.after(1.0, self._look)
        self.world.run(self.troubled + CALM + self.judge.bound)
        self.judge.final()
        verdict = self.judge.verdict
        verdict.found += [f"failed: {problem}" for problem in self.world.problems]
        verdict.requests = self.telegram.requests
        return verdict

    def _inject_chance(self) -> None:
        """What the product draws at random comes from the seed too."""
        random.seed(self.seed)
        names = random.Random(self.seed + 1)
        secrets.token_hex = lambda nbytes=None: names.randbytes(nbytes or 16).hex()
        logging.disable(logging.CRITICAL)

    def _plant(self, user: str) -> None:
        session = StoredSession()
        session.set_dc(2, "127.0.0.1", 443)
        session._auth_key = AuthKey(self.dice.randbytes(256))
        session.authorise()
        data = VAULT.seal(session.to_bytes(now=EPOCH), user=user, purpose="session")
        self.judge.packed(data, maker=None, key=session.auth_key.key, pts=0)
        facts = {"state": "ready", "owner": None, "token": 3, "account_id": int(user), "created_at": EPOCH}
        sealed = {"session_data": data, "sealed_with": VAULT.fingerprint, "saved_at": EPOCH, "last_used_at": EPOCH}
        self.judge.planted(user)
        self.telegram.accounts[session.auth_key.key] = int(user)
        self.disk.commit([Put(session_key(user), facts | sealed)])

    # Processes --------------------------------------------------------------------------------------------------

    def _start(self, slot: int) -> None:
        old = self.slots[slot]
        if old is not None and old.alive and not old.ending:
            return
        process = Process(
            self.world,
            self.disk,
            self.telegram,
            self.judge,
            name=f"process {slot}.{len(self.judge.processes)}",
            slot=slot,
            kind=self.kind,
            locks=self.locks,
            asks_after=self.dice.choice([None, 0.0, 5.0, 20.0]),
            users=self.users,
            quiet=self.quiet,
            wall=self.dice.choice([0.0, 0.0, -3600.0, 7.0, 86400.0]),
            weather=lambda process, writing: self._fate(slot, process, writing),
        )
        self.slots[slot] = process
        self.judge.processes.append(process)
        self._note(f"{process.name} starts")

    def _note(self, what: str) -> None:
        self.trace.append(f"{self.world.now:8.3f} {what}")

    def _touch(self, process: Process) -> None:
        """What befalls the one who holds the lease befalls the sessions."""
        if process.active or self.kind == "local":  # a lock says nothing about a process that is frozen
            self.judge.disturbed()

    # The way to the store ---------------------------------------------------------------------------------------

    def _fate(self, slot: int, process: Process, writing: bool) -> Fate:
        dice, weather = self.dice, self.weather[slot]
        if process.sheltered_until > self.world.now:
            weather = Weather()
        fate = Fate(dice.uniform(0.002, 0.05) + weather.slow * dice.random(), dice.uniform(0.002, 0.05))
        if weather.slow:
            process.disturbed()
        if weather.kind is None or dice.random() > weather.share or (weather.writes_only and not writing):
            return fate
        process.disturbed()
        if weather.share < 1 or weather.writes_only or weather.kind in ("lost", "late", "mixed"):
            self.judge.disturbed()
        kind = dice.choice(_FAULTS[:-1]) if weather.kind == "mixed" else weather.kind
        fate.gives_up = dice.choice([0.05, 1.0, CALL_SECONDS])
        if kind in ("refuse", "hang"):
            fate.carried_out = False
            fate.gives_up = 0.05 if kind == "refuse" else CALL_SECONDS
        elif kind == "lost":
            fate.answered = False
        elif kind == "late":
            fate.there = fate.gives_up + dice.choice([0.5, 5.0, 20.0, 60.0]) * dice.random()
            fate.answered = False
            self.world.after(fate.there, self.judge.disturbed)
        return fate

    # What may happen --------------------------------------------------------------------------------------------

    def _something(self) -> None:
        dice = self.dice
        there = [p for p in self.slots if p is not None and p.alive]
        acting = [p for p in there if p.active]
        if not there:
            return
        process = dice.choice(acting if acting and dice.random() < 0.6 else there)
        what: Callable[[Process], None] = dice.choice(
            [self._freeze, self._freeze, self._freeze, self._kill, self._stop, self._jump, self._jump]
            + [self._store_trouble] * 5
            + [self._congest, self._log_out, self._log_in, self._log_in, self._roll]
        )
        what(process)

    def _stall_who_leads(self) -> None:
        for process in self.slots:
            if process is not None and process.active:
                self._freeze(process, "stall", self.dice.uniform(45, 60))

    def _freeze(self, process: Process, kind: str = "", seconds: float = 0.0) -> None:
        if process.frozen or process.sheltered_until > self.world.now:
            return
        kind = kind or self.dice.choice(["stop", "stop", "suspend", "pause", "stall"])
        seconds = seconds or self.dice.choice([1.0, 5.0, 25.0, 31.0, 45.0, 90.0]) * self.dice.uniform(0.5, 1.2)
        self._note(f"{process.name} freezes ({kind}) for {seconds:.1f}")
        self._touch(process)
        process.freeze()
        self.world.after(seconds, lambda: self._thaw(process, kind))

    def _thaw(self, process: Process, kind: str) -> None:
        if process.alive and process.frozen:
            self._note(f"{process.name} goes on")
            process.thaw(kind)
            if kind == "stall":
                process.sheltered_until = self.world.now + 2 * (TIMES.renew_every + CALL_SECONDS)
            if self.kind == "local":
                self.judge.disturbed()

    def _kill(self, process: Process) -> None:
        self._note(f"{process.name} is killed")
        self._touch(process)
        process.kill()
        self._again(process)

    def _stop(self, process: Process) -> None:
        self._note(f"{process.name} is told to stop")
        self._touch(process)
        process.stop()
        self._again(process)

    def _again(self, process: Process) -> None:
        slot = process.slot
        self.world.after(self.dice.choice([0.1, 3.0, 20.0, 60.0]) * self.dice.random(), lambda: self._start(slot))

    def _roll(self, process: Process) -> None:
        """A deploy: a new process beside the old one, which is told to stop a while later."""
        empty = [slot for slot, p in enumerate(self.slots) if p is None or not p.alive]
        if empty:
            self._start(empty[0])
            self.world.after(self.dice.uniform(1, 60), lambda: self._stop(process) if process.alive else None)

    def _jump(self, process: Process) -> None:
        seconds = self.dice.choice([-3600.0, -20.0, 2.0, 15.0, 35.0, 3600.0])
        if process.frozen:
            return  # on waking, a jump back would hide how long it was away
        self._note(f"the wall clock of {process.name} jumps by {seconds:g}")
        self._touch(process)
        process.clock.wall += seconds
        process.disturbed()

    def _store_trouble(self, process: Process) -> None:
        dice = self.dice
        slot = process.slot
        weather = Weather(dice.choice(_FAULTS), dice.choice([1.0, 1.0, 0.5, 0.2]))
        if dice.random() < 0.3:
            weather.writes_only = True
        elif dice.random() < 0.2:
            weather = Weather(slow=dice.choice([1.0, 4.0, 9.0]))
        seconds = TIMES.seconds * dice.choice([0.03, 0.1, 0.4, 1.1, 2.5]) * dice.uniform(0.5, 1.2)
        hit = range(len(self.slots)) if dice.random() < 0.4 else [slot]
        self._note(f"the store: {weather} for {seconds:.1f} s and {list(hit)}")
        for each in hit:
            self.weather[each] = weather
            other = self.slots[each]
            if other is not None:
                self._touch(other)
                other.store_down = True
        self.world.after(seconds, lambda: self._store_well(list(hit), weather))

    def _store_well(self, slots: list[int], weather: Weather) -> None:
        for slot in slots:
            if self.weather[slot] is weather:
                self.weather[slot] = Weather()
                process = self.slots[slot]
                if process is not None:
                    process.store_down = False
                    process.disturbed()

    def _congest(self, process: Process) -> None:
        """What it sends stays in its kernel for seconds."""
        self._note(f"the network of {process.name} is slow")
        seconds = self.dice.choice([1.0, 4.0, 12.0])
        process.endpoint.congested = seconds
        for client in process.endpoint.clients:
            if client.connection is not None:
                client.connection.congested = seconds

    def _log_out(self, process: Process) -> None:
        user = self.dice.choice(self.users)
        self._note(f"{user} logs out at {process.name}")
        process.log_out(user)

    def _log_in(self, process: Process) -> None:
        user = self.dice.choice(self.users)
        self._note(f"{user} logs in at {process.name}")
        process.log_in(user)
        if self.dice.random() < 0.4:  # its answers are lost
            slot, weather = process.slot, Weather("lost", writes_only=True)
            self.weather[slot] = weather
            self.world.after(self.dice.uniform(0.1, 3.0), lambda: self._store_well([slot], weather))

    # The end ----------------------------------------------------------------------------------------------------

    def _calm_down(self) -> None:
        self._note("all is well again")
        self.weather = [Weather() for _ in self.slots]
        for process in self.judge.processes:
            process.store_down = False
            process.endpoint.congested = 0.0
            if process.alive and process.frozen:
                process.thaw("stop")
            process.disturbed()
        if not any(p is not None and p.wants for p in self.slots):
            self._start(0)

    def _look(self) -> None:
        self.judge.look()
        self.world.after(1.0, self._look)
