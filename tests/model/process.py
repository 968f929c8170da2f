"""One process of the model: the real session manager with everything below it, and people who use it.

Only three things are not the product's own: the clock, the way to the store, and Telethon's client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from types import SimpleNamespace
from typing import Any

from telethon.crypto import AuthKey
from telethon.tl import types

from bybot.errors import BybotError
from bybot.sessions.documentlease import DocumentLease
from bybot.sessions.lease import Lease, LeaseTimes
from bybot.sessions.life import LockedLife, TimedLife
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.stored import StoredSession
from bybot.sessions.vault import Vault
from tests.model.clocks import MachineClock
from tests.model.disk import CALL_SECONDS, Disk, Fate, Line
from tests.model.judge import Judge
from tests.model.loop import ProcessLoop, World
from tests.model.telegram import Client, Endpoint, Telegram

BOT_ID = "bybot_model"
TIMES = LeaseTimes()
VAULT = Vault([bytes(range(32))], bot_id=BOT_ID)


class Locks:
    """The locks of instances on one machine's disk: held until their process ends, also while it is frozen."""

    def __init__(self) -> None:
        self._holders: dict[str, Process] = {}

    def of(self, process: Process) -> MyLocks:
        """As one process sees them."""
        return MyLocks(self._holders, process)


class MyLocks:
    """See :class:`bybot.sessions.life.Locks`."""

    def __init__(self, holders: dict[str, Process], me: Process) -> None:
        self._holders = holders
        self._me = me

    def hold(self, instance: str) -> None:
        self._holders[instance] = self._me

    def drop(self, instance: str) -> None:
        self._holders.pop(instance, None)

    def lives(self, instance: str) -> bool:
        return instance in self._holders and self._holders[instance].alive

    def sweep(self, known: Collection[str]) -> None:
        pass


#: Processes are never collected while a schedule runs: the end of a coroutine would run code of a dead process.
GRAVES: list[Any] = []


class Process:
    """See the module.

    Attributes:
        healthy_since: when it last started, thawed, jumped in time, or had trouble with the store.
        sheltered_until: until then the store answers it and it is not frozen. A machine whose clocks all stood still
            learns from the store alone that it is declared dead: what it does before that is known to be unprotected.
    """

    def __init__(self, world: World, disk: Disk, telegram: Telegram, judge: Judge, **options: Any) -> None:
        self.world = world
        self.name: str = options["name"]
        self.slot: int = options["slot"]
        self.alive = True
        self.ending = False
        self.healthy_since = world.now
        self.store_down = False
        self.frozen_at: float | None = None
        self.sheltered_until = 0.0
        self.loop = ProcessLoop(world)
        self.clock = MachineClock(world, self.loop, wall=options.get("wall", 0.0))
        self.endpoint = Endpoint(telegram, self.loop, self.name)
        self._weather: Callable[[Process, bool], Fate] = options["weather"]
        self._judge = judge
        self._quiet: frozenset[str] = options["quiet"]
        self._given: list[Client] = []
        self.local = options["kind"] == "local"
        line = Line(disk, self.loop, options["kind"], lambda writing: self._weather(self, writing))
        locks: Locks = options["locks"]
        life = LockedLife(locks.of(self), TIMES) if self.local else TimedLife(TIMES)
        lease: Lease = DocumentLease(line, self.clock, TIMES, label=self.name, life=life)
        self.manager = UserSessionManager(
            line,
            VAULT,
            self.endpoint,  # type: ignore[arg-type]
            bot_id=BOT_ID,
            clock=self.clock,
            lease=lease,
            checkpoint_seconds=40.0,
        )
        self._label_what_is_packed()
        world.loops.append(self.loop)
        GRAVES.append(self)
        self.loop.spawn(self._live(options["users"], options["asks_after"]))

    @property
    def frozen(self) -> bool:
        return self.loop.frozen

    @property
    def active(self) -> bool:
        """Does it run and hold the lease?

        Nobody may ask a frozen process: by asking, its clocks would be read while they stand still.
        """
        return self.alive and not self.frozen and self.manager._ownership.active

    @property
    def cut_off(self) -> bool:
        """Is its way to Telegram closed?"""
        return self.endpoint.cut_until > self.world.now

    @property
    def wants(self) -> bool:
        """Does it run, and want sessions?"""
        return self.alive and not self.frozen and not self.ending

    def speaks_for(self, user: str) -> bool:
        """Has it a client that may speak now?"""
        live = self.manager._pool.live.get(user) if self.alive and not self.frozen else None
        return live is not None and live.usable

    def _label_what_is_packed(self) -> None:
        """Tell the judge who made which bytes."""
        codec = self.manager._core.codec
        pack = codec.pack

        def packing(user: str, image: Any, now: Any) -> dict[str, Any]:
            fields = pack(user, image, now)
            claims = self.manager._ownership.claims
            state = image.states.get(0)
            self._judge.packed(
                fields["session_data"],
                maker=None if claims is None else claims.term.instance,
                key=image.auth_key,
                pts=0 if state is None else state.pts,
            )
            return fields

        codec.pack = packing  # type: ignore[method-assign]

    # Its life ---------------------------------------------------------------------------------------------------

    async def _live(self, users: list[str], asks_after: float | None) -> None:
        while True:
            try:
                await self.manager.start()
                break
            except BybotError:
                await asyncio.sleep(1.0)
        for user in users:
            self.loop.spawn(self._use(user))
        if asks_after is not None:
            await asyncio.sleep(asks_after)
            self.manager.ask_for_handover()

    async def _use(self, user: str) -> None:
        """Ask with a client that was given out some time ago, or with a new one.

        Nobody asks for a quiet session: the manager alone keeps it connected.
        """
        dice = self.world.dice
        while True:
            await asyncio.sleep(dice.uniform(1.0, 8.0))
            client: Any = None
            try:
                quiet = user in self._quiet
                client = self.manager._pool.peek(user) if quiet else await self.manager.get_user_client(user)
            except BybotError:
                pass
            if client is not None:
                self._given.append(client)
                del self._given[:-3]
            if self._given:
                self.loop.spawn(self._speak(dice.choice(self._given)))

    async def _speak(self, client: Client) -> None:
        try:
            await client(types.InputUserSelf())
            if self.world.dice.random() < 0.2 and client.is_connected():
                client.progress()
        except (OSError, BybotError):
            pass
        except Exception as error:
            if type(error).__module__.partition(".")[0] != "telethon":
                raise

    def log_in(self, user: str) -> None:
        """A person ends a login here: the key is new, and works only when it was stored."""

        async def adopt() -> None:
            session = StoredSession()
            session.set_dc(2, "127.0.0.1", 443)
            session._auth_key = AuthKey(self.world.dice.randbytes(256))
            session.authorise()
            attempt: Any = SimpleNamespace(
                user=user, slot=user, account=None, session=session, phone=None, credentials=None
            )
            me: Any = SimpleNamespace(
                id=int(user), bot=False, phone=None, first_name="A", last_name=None, username=None
            )
            self.endpoint.telegram.accounts[session.auth_key.key] = int(user)
            host = self.manager._desk._host
            try:
                await host.refuse_second_login(user)
                self._judge.login_begins(user)
                await host.adopt(attempt, me)
            except BybotError:
                return
            self._judge.login_acknowledged(user, session.auth_key.key)
            await host.connect_adopted(attempt)

        self.loop.spawn(adopt())

    def log_out(self, user: str) -> None:
        """A person removes the session here."""

        async def delete() -> None:
            self._judge.deletion_begins(user)
            try:
                done = await self.manager.delete_user_session(user)
            except BybotError:
                return
            if not done.failures and done.existed:
                self._judge.deletion_acknowledged(user)

        self.loop.spawn(delete())

    # What happens to it -----------------------------------------------------------------------------------------

    def kill(self) -> None:
        """SIGKILL. Its kernel resets every connection and drops what it has not sent."""
        self.alive = False
        for client in self.endpoint.clients:
            if client.connection is not None:
                client.connection.abort()
        if self.loop in self.world.loops:
            self.world.loops.remove(self.loop)

    def stop(self) -> None:
        """SIGTERM: it drains and ends."""
        if not self.ending:
            self.ending = True

            async def drain() -> None:
                await self.manager.close_all_sessions(20)
                self.kill()

            self.loop.spawn(drain())

    def freeze(self) -> None:
        """SIGSTOP, a suspended or a paused machine: nothing of it runs."""
        self.loop.frozen = True
        self.frozen_at = self.world.now

    def thaw(self, kind: str) -> None:
        """Go on.

        Args:
            kind: ``stop``: all clocks went on. ``suspend``: what timers count stood still, the boot-time clock went
                on. ``pause``: the boot-time clock stood still too; the wall clock is set right on waking. ``stall``:
                every clock stood still, nobody sets them right, and the way to Telegram is open again only after the
                way to the store (a machine that was moved).
        """
        assert self.frozen_at is not None
        lost = self.world.now - self.frozen_at
        self.loop.frozen, self.frozen_at = False, None
        if kind != "stop":
            self.loop.lag += lost
        if kind in ("pause", "stall"):
            self.clock.stood += lost
        if kind == "stall":
            self.clock.wall -= lost
            self.endpoint.cut_until = self.world.now + TIMES.renew_every + CALL_SECONDS
        self.disturbed()

    def disturbed(self) -> None:
        """It cannot be blamed for being slow just now."""
        self.healthy_since = self.world.now
