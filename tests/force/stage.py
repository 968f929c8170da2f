"""Where sequences are played: a sandbox whose time is fast, and processes of the product that live and die on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from telethon import TelegramClient

from bybot.clock import SystemClock
from bybot.errors import NoSession, StaleWrite
from bybot.mirror import Everything, Notice, NoticeKind, PairState, Progress
from bybot.mirror.pairstate import chunk_key, state_key
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Words
from bybot.mirror.rules.transforms import Replace
from bybot.mirror.supervisor import Supervisor
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.world.model import Account, Channel, Message
from bybot.sandbox.world.world import World
from bybot.stores.base import Committed, Delete, Write
from bybot.stores.memory import MemoryStore
from tests.force.oracle import SPAM, Copy, name_of
from tests.mirror.support import connects_as_the_product
from tests.sandbox.support import Running, connected, make_client, ready_session, running_server

#: How many times faster than real time goes by, for the product and for Telegram.
SPEED: Final = 20.0
_LOUD: Final = Replace("red", "RED", ignore_case=False)
_CLEAN: Final = Words((SPAM,))
RULES: Final = (
    Rules(),
    Rules(transforms=(_LOUD,)),
    Rules(filters=(_CLEAN,)),
    Rules(filters=(_CLEAN,), transforms=(_LOUD,)),
)


class QuickClock:
    """The machine's clock, many times faster."""

    def __init__(self, speed: float = SPEED) -> None:
        self._speed = speed
        self._real = SystemClock()
        self._began, self._first = self._real.elapsed(), self._real.now()

    def now(self) -> datetime:
        return self._first + timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        return (self._real.elapsed() - self._began) * self._speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)


class MortalStore:
    """What one process sees of a store: after its death nothing arrives, and what is held arrives late."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.dead = False
        self._open = asyncio.Event()
        self._open.set()

    def hold(self) -> None:
        """What is written from now on stays on its way."""
        self._open.clear()

    def release(self) -> None:
        """It arrives."""
        self._open.set()

    async def commit(self, writes: Sequence[Write]) -> Committed:
        await self._open.wait()
        if self.dead:
            raise StaleWrite("the process is dead")
        return await self._store.commit(writes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class Login:
    """One process's hold of the only session there is: what the mirror needs of a session manager."""

    def __init__(self, account: Account, client: TelegramClient, token: int) -> None:
        self._account = account
        self._client = client
        self._token = token
        self.gone = False

    @asynccontextmanager
    async def use(self, user_id: int | str) -> AsyncIterator[TelegramClient]:
        if self.gone or not self._client.is_connected():
            raise NoSession("There is no session.")
        yield self._client

    def token(self, user_id: int | str) -> int:
        if self.gone:
            raise NoSession("There is no session.")
        return self._token

    def ready_users(self) -> Collection[int | str]:
        return [self._account.id]

    async def report_error(self, user_id: int | str, error: BaseException) -> None:
        """Nobody looks into it."""

    def on_ready(self, callback: Callable[..., Any]) -> None:
        """It is ready from the beginning."""

    on_parting = on_lost = on_news = on_ready


class Life:
    """One process: a client, a supervisor, and its own view of the store."""

    def __init__(self, stage: Stage, client: TelegramClient, token: int) -> None:
        self.client = client
        self.store = MortalStore(stage.store)
        self.login = Login(stage.ann, client, token)
        self._user = stage.ann.id
        self._tasks: set[asyncio.Task[Any]] = set()
        self.failures: list[str] = []
        self.mirror = Supervisor(self.login, self.store, stage.clock, pace="off", notices=self, poll_seconds=0.1)

    def progress(self, user_id: int | str, pair_id: str, progress: Progress) -> None:
        """Nobody looks."""

    def notice(self, user_id: int | str, notice: Notice) -> None:
        """Deletions are confirmed; what should not happen is kept."""
        if notice.kind is NoticeKind.BULK_DELETION:
            task = asyncio.create_task(self.mirror.confirm_deletions(self._user, notice.pair.id, True))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif notice.kind in (NoticeKind.FAILED, NoticeKind.SOURCE_LOST, NoticeKind.TARGET_LOST, NoticeKind.LIMITED):
            self.failures.append(f"told of {notice.kind}: {dict(notice.facts)}")

    async def cut_off(self) -> None:
        """From here on it says nothing to Telegram."""
        self.login.gone = True
        await self.client.disconnect()

    async def end(self) -> None:
        """Stop in order, as far as that is possible."""
        await self.mirror.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.cut_off()

    async def die(self) -> None:
        """Nothing is written any more, and no answer is read."""
        self.store.dead = True
        connection = self.client._sender._connection
        if connection is not None and connection._writer is not None:
            connection._writer.transport.abort()
        await self.cut_off()
        self.store.release()
        await self.end()


class Stage:
    """A running sandbox with a source, a target and a pair."""

    def __init__(self, running: Running, clock: QuickClock, stack: AsyncExitStack, policies: dict[str, Any]) -> None:
        self.running = running
        self.clock = clock
        self.store = MemoryStore(clock)
        self.policies = policies
        self._stack = stack
        world = running.world
        self.editor = world.create_account("Editor", phone="447700900010", username="the_editor")
        self.ann: Account = world.create_account("Ann", phone="447700900011", username="ann_mirror")
        self.source: Channel = world.create_channel(self.editor, "Source", username="source")
        self.target: Channel = world.create_channel(self.ann, "Target", username="target")
        world.join(self.ann, self.source)
        world.join(self.editor, self.target)
        world.set_admin(self.target, self.editor)
        self.by_hand: set[int] = set()
        self._tokens = 0
        self.pair_id = ""

    @property
    def world(self) -> World:
        return self.running.world

    async def begin_life(self) -> Life:
        """A new process, which works already."""
        self._tokens += 1
        session = ready_session(self.running, self.ann)
        client = make_client(
            self.running, session, flood_sleep_threshold=0, raise_last_call_error=True, connection_retries=5
        )
        connects_as_the_product(client)
        await self._stack.enter_async_context(connected(client))
        life = Life(self, client, self._tokens)
        await life.mirror.start()
        if not self.pair_id:
            pair = await life.mirror.add_pair(self.ann.id, "@source", "@target", Everything())
            self.pair_id = pair.id
            await self.set_rules(life, 0)
        return life

    async def set_rules(self, life: Life, number: int) -> None:
        """Let the rules of that number hold, with the policies of this stage."""
        await life.mirror.set_rules(self.ann.id, self.pair_id, replace(RULES[number], **self.policies))

    async def state(self, life: Life) -> PairState:
        return next(s.state for s in await life.mirror.list_pairs(self.ann.id) if s.pair.id == self.pair_id)

    def copies(self) -> list[Copy]:
        """What the target holds."""
        posts = [m for m in self.target.messages if m.action is None and m.id not in self.by_hand]
        keys = {message.id: key_of(message) for message in posts}
        return [Copy(keys[m.id], m.text, m.grouped_id, keys.get(m.reply_to or 0)) for m in posts]

    def others(self) -> dict[int, str]:
        """What others posted into the target."""
        return {message.id: message.text for message in self.target.messages if message.id in self.by_hand}

    async def lose(self, what: str) -> None:
        """The store loses what it knows of the pair: its ``state``, or its ``map``."""
        key = state_key(self.pair_id) if what == "state" else chunk_key(self.pair_id, 0)
        await self.store.commit([Delete(key)])


def key_of(message: Message) -> str:
    """What names a post and each of its copies: its file, or its name in the text."""
    if message.media is not None and message.media.file is not None:
        return f"file {message.media.file.id}"
    return name_of(message.text)


@asynccontextmanager
async def staged(repeated: Any, policies: dict[str, Any]) -> AsyncIterator[Stage]:
    """A stage that is torn down in the end."""
    clock = QuickClock()
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(
            running_server(clock=clock, switches=Switches(repeated_forward=repeated))
        )
        yield Stage(running, clock, stack, policies)
