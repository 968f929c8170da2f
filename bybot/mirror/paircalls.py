"""The supervisor's calls about pairs: adding them, how they are, pausing, going on, removing."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Final, Literal

from bybot.errors import CorruptDocument, PairNotFound
from bybot.ids import user_id_from_key, user_key, uuid7
from bybot.mirror import chats
from bybot.mirror.allowance import allowance_key
from bybot.mirror.engine import Phase
from bybot.mirror.model import ChannelPair, ChatRef, Counts, Ended, Mode, New, Origin, PairState, PairStatus, Progress
from bybot.mirror.numbercalls import NumberCalls
from bybot.mirror.orders import Orders
from bybot.mirror.pairs import check_new
from bybot.mirror.pairstate import chunk_key, delete_all, legible, state_key
from bybot.mirror.reader import Reader
from bybot.mirror.script import begin, check_chats
from bybot.mirror.starts import start_of
from bybot.mirror.taskbook import TaskBook, check_room, tasks_key
from bybot.mirror.waits import waits_key
from bybot.stores.base import Key

#: Whether history goes before new posts, in their order, or beside them, so that new posts do not wait.
History = Literal["first", "beside"]

_STATES: Final[dict[Phase, PairState]] = {
    "starting": PairState.STARTING,
    "undoing": PairState.UNDOING,
    "history": PairState.HISTORY,
    "live": PairState.LIVE,
    "finished": PairState.FINISHED,
    "undone": PairState.UNDOING,
}
_ENDS: Final[dict[Ended, PairState]] = {
    "finished": PairState.FINISHED,
    "cancelled": PairState.CANCELLED,
    "undone": PairState.UNDONE,
}


class PairCalls(NumberCalls):
    """A part of :class:`bybot.mirror.supervisor.Supervisor`."""

    # Adding ---------------------------------------------------------------------------------------------------

    async def add_pair(
        self,
        user: int | str,
        source: ChatRef | str | int,
        target: ChatRef | str | int,
        mode: Mode,
        *,
        history: History = "first",
    ) -> ChannelPair:
        """Make a pair and start it.

        Args:
            history: "beside": new posts go at once, and what the mode names of the history goes as a task beside
                them. A mode with an end, or without history, has nothing to put aside.

        Raises:
            SameChat, ChatNotFound, ChatNotReadable, ChatNotWritable, PairExists, PairCycle: why not.
            SessionError, StoreUnavailable: it could not be done now.
        """
        person = self._person(user)
        async with self._client(user) as client:
            from_chat, to_chat = await self._chat(client, source), await self._chat(client, target)
            check_chats(from_chat, to_chat)
            now = self._clock.now()
            pair = ChannelPair(uuid7(now), str(user), from_chat, to_chat, mode, now)
            check_new(pair, await self._book.all())
            start = await start_of(Reader(client, chats.input_peer(from_chat), person.pacing), mode)
        tasks = []
        if history == "beside" and start.end_id is None and start.mark < start.top_id:
            task = replace(pair, id=uuid7(now), parent=pair.id, role="task")
            tasks.append(await begin(self._store, task, start.closed()))  # up to where the pair begins
            pair, start = replace(pair, mode=New()), start.only_new()
        pair = await begin(self._store, pair, start)
        await self._book.add(pair, *tasks)
        await person.start()
        return pair

    # How they are ---------------------------------------------------------------------------------------------

    async def list_pairs(self, user: int | str) -> list[PairStatus]:
        """The user's pairs and what they do now, in the order they were added; their tasks are not among them.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        return [await self._status(pair) for pair in await self._book.of(user) if pair.role == "main"]

    async def list_all(self, person: int | str) -> list[PairStatus]:
        """The pairs of all accounts of a person. Raises StoreUnavailable."""
        owners = await self._book.owners(person)
        return [status for owner in owners for status in await self.list_pairs(user_id_from_key(owner))]

    async def find(self, person: int | str, pair_id: str) -> PairStatus | None:
        """A pair or task of any account of a person; None: there is none. Raises StoreUnavailable."""
        for owner in await self._book.owners(person):
            with contextlib.suppress(PairNotFound):
                return await self._status(await self._book.get(user_id_from_key(owner), pair_id))
        return None

    async def _status(self, pair: ChannelPair) -> PairStatus:
        person = self._people.get(user_key(pair.user))
        run = person.runs.get(pair.id) if person is not None else None
        engine = run.running_engine if run is not None else None
        if engine is not None and engine.phase != "starting":
            progress = engine.progress
            state = PairState.WAITING if engine.not_before else _STATES[engine.phase]
            return PairStatus(pair, state, progress, engine.journal.counts, engine.not_before)
        counts, total, undo = await self._stored(pair)
        state, reason = PairState.PAUSED, None
        if pair.enabled:
            state = PairState.STARTING if engine is not None else PairState.NO_SESSION
        if undo and state is PairState.STARTING:
            state = PairState.UNDOING
        if person is not None and engine is None:
            state, reason = person.stopped.get(pair.id, (state, None))
        if pair.ended is not None:
            state, reason = _ENDS[pair.ended], None
        phase: Literal["history", "live", "finished"] = "history"
        if state in (PairState.FINISHED, PairState.UNDOING):
            phase = "finished" if state is PairState.FINISHED else "live"
        progress = Progress(phase, counts.copied, counts.skipped, total or None)
        return PairStatus(pair, state, progress, counts, None, reason)

    async def _stored(self, pair: ChannelPair) -> tuple[Counts, int, bool]:
        """Counts, the estimated total, and whether all copies shall be deleted."""
        try:
            document = await self._store.get(state_key(pair.id))
            if document is None:
                return Counts(), 0, False
            with legible(pair.id):
                data = document.data
                undo = Orders.from_value(data.get("orders", {})).undo
                return Counts.from_value(data["counts"]), int(data["total"]), undo
        except CorruptDocument:
            return Counts(), 0, False  # it is made again when the pair runs

    # What is done with them -----------------------------------------------------------------------------------

    async def pause(self, user: int | str, pair_id: str) -> None:
        """Stop a pair, with its tasks, or one task until it is resumed; nothing is forgotten.

        Raises:
            PairNotFound, StoreUnavailable: as they say.
        """
        await self._book.get(user, pair_id)
        parts = [part.id for part in await self._book.children(user, pair_id) if part.enabled]
        await self._book.enable(user, [pair_id, *parts], False, along=True)
        await self._book.change(user, [pair_id], lambda pair: replace(pair, along=False))
        await self._person(user).end_pairs(pair_id, *parts)

    async def confirm_deletions(self, user: int | str, pair_id: str, yes: bool) -> int:
        """Answer the notice BULK_DELETION. Returns how many copies it was about; 0: nothing waits any more.

        Raises:
            PairNotFound, StoreUnavailable: as they say.
        """
        await self._book.get(user, pair_id)
        run = self._person(user).runs.get(pair_id)
        return 0 if run is None or run.engine is None else run.engine.confirm_deletions(yes)

    async def resume(self, user: int | str, pair_id: str) -> None:
        """Let a pair, with those of its tasks that were paused with it, or one task go on from where it stopped.

        A task that was cancelled goes on, too; one that was undone copies from its beginning.

        Raises:
            TooManyTasks: a task that had ended would be one too many.
            PairNotFound, StoreUnavailable: as they say.
        """
        pair = await self._book.get(user, pair_id)
        if pair.ended == "finished":
            return
        if pair.ended is not None:
            check_room(await self._book.children(user, pair.family))
        person = self._person(user)
        document = await self._store.get(state_key(pair_id))
        if document is not None and Orders.from_value(document.data.get("orders", {})).undone:
            origin = Origin(int(document.data["start"]), document.data["end_id"], int(document.data["base"]))
            await self._book.change(user, [pair_id], lambda pair: replace(pair, origin=origin))
            await person.order(pair_id, Orders.begin)
        if pair.ended is not None:
            await self._book.change(user, [pair_id], lambda pair: replace(pair, ended=None))
        along = [part.id for part in await self._book.children(user, pair_id) if part.along]
        await self._book.enable(user, [pair_id, *along], True)
        for each in (pair_id, *along):
            person.stopped.pop(each, None)
        await person.start()

    async def remove(self, user: int | str, pair_id: str) -> None:
        """Forget a pair, with its tasks, or one task, and all that is stored of it. Copies stay. Raises as pause."""
        pair = await self._book.get(user, pair_id)
        parts = [pair_id, *(part.id for part in await self._book.children(user, pair_id))]
        person = self._person(user)
        await person.end_pairs(*parts)
        if pair.role == "task":
            await TaskBook(self._store).keep(pair, await self._days(pair))
        await self._book.remove(user, pair_id)
        person.family.know(await self._book.of(user))
        keys = [key for part in parts for key in await self._stored_keys(part)]
        await delete_all(self._store, keys if pair.parent else [*keys, tasks_key(pair_id)])

    async def _stored_keys(self, pair_id: str) -> list[Key]:
        document = await self._store.get(state_key(pair_id))
        numbers = document.data.get("chunks", ()) if document is not None else ()
        return [state_key(pair_id), *(chunk_key(pair_id, int(number)) for number in numbers)]

    async def remove_all(self, user: int | str) -> int:
        """Forget every pair of a person, over all accounts; returns how many there were. Raises StoreUnavailable."""
        pairs = [status.pair for status in await self.list_all(user)]
        for pair in pairs:
            with contextlib.suppress(PairNotFound):
                await self.remove(pair.user, pair.id)
        owners = await self._book.owners(user)
        accounts = [user_id_from_key(owner) for owner in owners]
        await delete_all(self._store, [key for each in accounts for key in (allowance_key(each), waits_key(each))])
        return len(pairs)
