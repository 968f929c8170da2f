"""Mirroring without the bot: one pair, one client, in a script.

    async with TelegramClient(...) as client:
        await Mirror(client, "@news", "@my_copy", store=LocalFileStore(...), mode=Everything()).run()

The pair is known by its account, source and target, so running the script again goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bybot.clock import Clock, SystemClock
from bybot.errors import ChatNotReadable, ChatNotWritable, SameChat, StaleWrite
from bybot.mirror.account import Account
from bybot.mirror.allowance import Allowance
from bybot.mirror.chats import input_peer, resolve
from bybot.mirror.engine import Engine
from bybot.mirror.journal import Journal
from bybot.mirror.live import POLL_SECONDS, Ears
from bybot.mirror.model import ChannelPair, ChatRef, Mode, New, NoticeKind, Origin, Progress
from bybot.mirror.pacing import PACES, PaceName, Pacing
from bybot.mirror.pairstate import first_state, state_key
from bybot.mirror.reader import Reader
from bybot.mirror.rules.book import Rules
from bybot.mirror.starts import Start, start_of
from bybot.mirror.waits import Waits
from bybot.stores.base import Condition, Put, Store


class Mirror:
    """Copies one chat into another through a connected client.

    Args:
        client: a connected telethon.TelegramClient; give it ``flood_sleep_threshold=0``: waits are kept here.
        source: link, @name or id of a chat that the account can read.
        target: the same of one that it can post in.
        store: an opened store, where the cursor lasts.
        mode: where to begin, when the pair is new.
        rules: what is left out or changed on the way; new rules hold for posts that were not copied yet.
        pace: "safe"; "off" is for the sandbox.
        clock: where time comes from.
        on_progress: called with the Progress after every batch.
        on_notice: called with what happened and its facts.
        poll_seconds: how often silent sources are looked at.
    """

    def __init__(
        self,
        client: Any,
        source: str | int,
        target: str | int,
        *,
        store: Store,
        mode: Mode | None = None,
        rules: Rules | None = None,
        pace: PaceName = "safe",
        clock: Clock | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        on_notice: Callable[[NoticeKind, Mapping[str, Any]], None] | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._client = client
        self._names = (source, target)
        self._store = store
        self._mode = mode or New()
        self._rules = rules or Rules()
        self._clock = clock or SystemClock()
        self._pacing = Pacing(self._clock, PACES[pace])
        self._on_progress = on_progress
        self._on_notice = on_notice
        self._poll_seconds = poll_seconds
        self._engine: Engine | None = None
        self._stopped = False

    async def run(self) -> None:
        """Copy until :meth:`stop` or cancellation, or until a mode with an end has reached it.

        Raises:
            ChatNotFound, ChatNotReadable, ChatNotWritable, SameChat: the chats cannot be used.
            ConnectionError: the client was disconnected.
            StaleWrite: another process runs the same pair on the same store.
            AccountLimited, SessionRevoked: the account cannot go on.
        """
        source = await resolve(self._client, self._names[0])
        target = await resolve(self._client, self._names[1])
        check_chats(source, target)
        me = (await self._client.get_me()).id
        pair_id, now = _pair_id(me, source, target), self._clock.now()
        pair = ChannelPair(pair_id, str(me), source, target, self._mode, now, rules=self._rules)
        if await self._store.get(state_key(pair.id)) is None:
            await prepare(self._store, Reader(self._client, input_peer(source), self._pacing), pair)
        ears = Ears(self._client, self._pacing, poll_seconds=self._poll_seconds)
        ears.start()
        allowance = Allowance(self._store, f"script-{me}", self._clock, self._pacing.pace.per_day)
        waits = Waits(self._store, f"script-{me}", self._clock, self._pacing)
        try:
            await waits.restore()
            account = Account(self._client, self._pacing, ears, allowance)
            journal = Journal(self._store, pair.id, "script", self._clock)
            engine = self._engine = Engine(pair, journal, account, self._clock, self)
            if not self._stopped:
                await engine.run()
        finally:
            await ears.stop()
            await allowance.close()
            await waits.close()

    async def stop(self) -> None:
        """End :meth:`run` in order: everything sent is remembered. It does not start again."""
        self._stopped = True
        if self._engine is not None:
            await self._engine.stop()

    def confirm_deletions(self, yes: bool) -> int:
        """Answer the notice BULK_DELETION: delete these copies too, or keep them. Returns how many it was."""
        return 0 if self._engine is None else self._engine.confirm_deletions(yes)

    @property
    def progress(self) -> Progress | None:
        """How far it is; None before :meth:`run`."""
        return None if self._engine is None else self._engine.progress

    # Report ---------------------------------------------------------------------------------------------------

    def progressed(self, engine: Engine) -> None:
        """The engine got on."""
        if self._on_progress is not None:
            self._on_progress(engine.progress)

    def notice(self, engine: Engine, kind: NoticeKind, facts: Mapping[str, Any]) -> None:
        """The engine has something to say."""
        if self._on_notice is not None:
            self._on_notice(kind, facts)


def check_chats(source: ChatRef, target: ChatRef) -> None:
    """Whether these can be a pair.

    Raises:
        SameChat, ChatNotReadable, ChatNotWritable: why not.
    """
    if source.id == target.id:
        raise SameChat("Source and target are the same chat.")
    if not source.can_read:
        raise ChatNotReadable(f"The account cannot read {source.title}.")
    if not target.can_post:
        raise ChatNotWritable(f"The account may not post in {target.title}.")


async def prepare(store: Store, reader: Reader, pair: ChannelPair) -> None:
    """Make the first state of a pair: where it begins is decided now.

    Raises:
        ChatNotReadable, SessionRevoked, AccountLimited, ConnectionError: the source could not be read.
        StoreUnavailable: nothing is known.
    """
    await begin(store, pair, await start_of(reader, pair.mode))


async def begin(store: Store, pair: ChannelPair, start: Start) -> ChannelPair:
    """Make the first state of a pair that begins there. Returns the pair, which knows it. Raises StoreUnavailable."""
    state = first_state(pair.user, start.mark, end_id=start.end_id, top_id=start.top_id, total=start.total)
    with contextlib.suppress(StaleWrite):  # somebody made it a moment ago
        await store.commit([Put(state_key(pair.id), state, Condition.ABSENT)])
    return replace(pair, origin=Origin(start.mark, start.end_id))


def _pair_id(account: int, source: ChatRef, target: ChatRef) -> str:
    return "script-" + hashlib.blake2b(f"{account}|{source.id}|{target.id}".encode(), digest_size=12).hexdigest()
