"""What a pair knows of its posts, in memory: how far it came, what it counted, what it was asked for.

:class:`bybot.mirror.journal.Journal` makes it last.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any, Final, Literal

from bybot.clock import Clock
from bybot.mirror.certain import Certain
from bybot.mirror.copymap import CopyMap
from bybot.mirror.cursor import Cursor
from bybot.mirror.daybook import Daybook
from bybot.mirror.family import Kin
from bybot.mirror.ledger import Why
from bybot.mirror.model import Counts, NoticeKind
from bybot.mirror.orders import Orders
from bybot.mirror.pairstate import SCHEMA
from bybot.mirror.planner import Plan
from bybot.mirror.runs import NO_IDS, ids_of, to_runs
from bybot.mirror.seen import Seen
from bybot.stores.base import Store

#: Ids that were left out and are remembered, and in how many runs.
_LEFT_OUT_IDS, _LEFT_OUT_RUNS = 5_000, 500
_FOUND_RUNS = 200  # of ids that audits found
_LEFT_OUT = frozenset({"protected", "filtered", "refused"})
#: Shared: most pairs have none of these.
_NO_COPIES: Final[Mapping[int, int]] = {}
_NONE_SPOILT: Final[Mapping[str, int]] = {}
_NONE_TOLD: Final = frozenset[str]()


class Notes:
    """Of one pair.

    Args:
        store: where the message map lasts.
        pair_id: whose notes.
        clock: for the times at which posts were done.
    """

    __slots__ = (
        "_clock",
        "_newest",
        "_spoilt",
        "_store",
        "_user",
        "base",
        "certain",
        "contested_until",
        "counts",
        "cursor",
        "days",
        "doubled",
        "end_id",
        "epoch",
        "floor",
        "kin",
        "left_out",
        "map",
        "missing",
        "orders",
        "pair_id",
        "presumed",
        "searching",
        "seen",
        "sent_at",
        "start",
        "told",
        "top_id",
        "total",
        "uncertain_until",
    )

    def __init__(self, store: Store, pair_id: str, clock: Clock) -> None:
        self._store = store
        self.pair_id = pair_id
        self._clock = clock
        self.cursor = Cursor()
        self.counts = Counts()
        self.days = Daybook()
        self.base = 1
        self.epoch = 1
        self.floor: int | None = None
        self.certain: Certain | None = None
        self._newest = 0  # the newest copy that was noted
        self.searching = False  # the target holds messages that may be copies of posts that are gone
        self.presumed: Mapping[int, int] = _NO_COPIES
        self.total = 0
        self.top_id = 0
        self.end_id: int | None = None
        self.uncertain_until = self.contested_until = 0
        self.start = 0
        self.orders = Orders()
        self.left_out: Set[int] = NO_IDS
        self.seen = Seen()
        self.sent_at: Sequence[datetime] = ()
        self.missing: frozenset[int] = NO_IDS
        self.doubled: frozenset[int] = NO_IDS
        self.map = CopyMap(store, pair_id)
        self.kin = Kin()
        self.told: frozenset[str] = _NONE_TOLD
        self._spoilt: Mapping[str, int] = _NONE_SPOILT
        self._user = ""

    def _to_write(self) -> None:
        """Something was noted."""

    def _done(self, source_ids: Sequence[int]) -> None:
        """These are copied, or rightly left out."""
        self.cursor.done(source_ids, self._clock.elapsed())
        self.days.note(self.counts, self._clock.now())

    # As stored ------------------------------------------------------------------------------------------------

    def _decode(self, data: Mapping[str, Any]) -> None:
        """Take over what is stored. Raises KeyError, TypeError, ValueError, AttributeError: it makes no sense."""
        now = self._clock.elapsed()
        self.cursor = Cursor.from_value(data, now)
        self.counts = Counts.from_value(data["counts"])
        self.days = Daybook.from_value(data.get("days", {}), self.counts)
        self.epoch, self.total, self.top_id = int(data["epoch"]), int(data["total"]), int(data["top_id"])
        self.base, self.floor = int(data.get("base", self.epoch)), data.get("floor")
        self.certain = Certain.from_value(data.get("certain"))
        self._newest = self.certain.copy if self.certain is not None else 0
        self.end_id = data["end_id"]
        self.told = frozenset(data["told"]) or _NONE_TOLD
        self._spoilt = dict(data["spoilt"]) or _NONE_SPOILT
        self._user = sys.intern(str(data["user"]))
        self.uncertain_until = int(data["ceiling"])
        self.contested_until = self.uncertain_until if self.uncertain_until > self.cursor.highest else 0
        self.map = CopyMap(self._store, self.pair_id, data["chunks"])
        self.map.lost = frozenset(int(number) for number in data.get("lost", ())) or NO_IDS
        self.orders = Orders.from_value(data.get("orders", {}))
        self.left_out = ids_of(data.get("left_out", ()))
        self.seen = Seen.decode(data.get("seen", b""))
        self.start = int(data.get("start", -1))  # an older version wrote none
        self.sent_at = tuple(datetime.fromtimestamp(at, UTC) for at in data.get("sent_at", ()))
        self.missing, self.doubled = (ids_of(data.get(name, ())) for name in ("missing", "doubled"))

    def _encoded(self) -> dict[str, Any]:
        """What is to be stored."""
        self.days.note(self.counts, self._clock.now())
        if not self.in_doubt and (newest := max(self._newest, self.floor or 0)):
            self.certain = Certain(self.cursor.mark, newest)
        return {
            "schema": SCHEMA,
            "user": self._user,
            "epoch": self.epoch,
            "base": self.base,
            **({"floor": self.floor} if self.floor is not None else {}),
            **({"certain": list(self.certain)} if self.certain is not None else {}),
            **({"lost": sorted(self.map.lost)} if self.map.lost else {}),
            **self.cursor.to_value(),
            "end_id": self.end_id,
            "top_id": self.top_id,
            "total": self.total,
            "counts": self.counts.to_value(),
            "days": self.days.to_value(),
            "chunks": sorted(self.map.stored),
            "start": self.start,
            "orders": self.orders.to_value(),
            "sent_at": [at.timestamp() for at in self.sent_at],
            "missing": to_runs(self.missing, most=_FOUND_RUNS),
            "doubled": to_runs(self.doubled, most=_FOUND_RUNS),
            "left_out": to_runs(self.left_out, most=_LEFT_OUT_RUNS),
            **({"seen": self.seen.encode()} if self.seen else {}),
            "told": sorted(self.told),
            "spoilt": dict(self._spoilt),
        }

    # What the sender notes ------------------------------------------------------------------------------------

    def target_of(self, source_id: int) -> int | None:
        """The copy of a source message, if it has one and its chunk is loaded (see :meth:`load`)."""
        return self.map.get(source_id) or self.presumed.get(source_id)

    def nearest(self, source_id: int) -> int | None:
        """What a reply to a source message points at: its own copy, or one that another part of the pair made."""
        return self.target_of(source_id) or self.kin.get(source_id)

    async def peek(self, source_ids: Collection[int]) -> dict[int, int]:
        """The copies of these source ids, other parts' included, without keeping what was read for it."""
        found = await self.map.peek(source_ids)
        return await self.kin.peek(set(source_ids) - found.keys()) | found

    def copied(self, found: Mapping[int, int]) -> None:
        """These source ids have these copies."""
        fresh = [source_id for source_id in found if source_id not in self.cursor]
        self.map.put(found)
        self._newest = max(self._newest, *found.values(), 0)
        self.counts.copied += len(fresh)
        self.counts.refilled += self.orders.met(found)
        if self.missing:
            self.missing = self.missing.difference(found)
        self._done(fresh)

    def skipped(self, source_ids: Iterable[int], why: Why) -> None:
        """These are done without a copy."""
        ids = list(source_ids)
        fresh = [source_id for source_id in ids if source_id not in self.cursor]
        self.orders.met(ids)
        if why in _LEFT_OUT:
            left_out = self.left_out if isinstance(self.left_out, set) else set(self.left_out)
            left_out.update(ids)
            self.left_out = left_out
            if len(left_out) > 2 * _LEFT_OUT_IDS:
                self.left_out = set(sorted(left_out)[-_LEFT_OUT_IDS:])
        setattr(self.counts, why, getattr(self.counts, why) + len(fresh))
        self._done(fresh)

    def planned(self, made: Plan) -> None:
        """Note what a plan leaves out."""
        left_out: tuple[tuple[list[int], Why], ...] = (
            (made.service, "service"),
            (made.protected, "protected"),
            (made.filtered, "filtered"),
            (made.refused, "refused"),
        )
        for ids, why in left_out:
            if ids:
                self.skipped(ids, why)
        self.reply_lost(made.reply_lost)
        self.counts.shortened += made.shortened

    def changed(self, what: Literal["edited", "deleted", "not_edited"], count: int = 1) -> None:
        """So many copies followed their source, or could not."""
        setattr(self.counts, what, getattr(self.counts, what) + count)
        self.days.note(self.counts, self._clock.now())
        self._to_write()

    async def last_copied(self, count: int) -> list[int]:
        """The last source ids that have copies, at most ``count`` of them, rising."""
        return await self.map.last(self.cursor.highest, count)

    def sampled(self, looked: Iterable[int], missing: Collection[int], doubled: Collection[int]) -> bool:
        """What a look at these source ids found. Returns whether there is anything."""
        self.audited((self.missing - set(looked)) | set(missing), self.doubled | set(doubled))
        return bool(missing or doubled)

    def audited(self, missing: Collection[int], doubled: Collection[int]) -> None:
        """All that is known to be missing (source ids) and double (target ids)."""
        self.missing, self.doubled = frozenset(missing) or NO_IDS, frozenset(doubled) or NO_IDS
        self._to_write()
        if not missing and not doubled:
            self.told -= {NoticeKind.GAPS}  # the next time is news again

    def reply_lost(self, count: int = 1) -> None:
        """So many were sent without their reply header."""
        self.counts.reply_lost += count

    def buttons_lost(self, count: int) -> None:
        """So many were sent without a button that they should have."""
        self.counts.buttons_lost += count

    def uncertain(self, source_id: int) -> None:
        """Ids up to this one may have been sent without an answer, be it one that came late."""
        self.uncertain_until = max(self.uncertain_until, source_id, self.cursor.highest + 1)
        self.contested_until = max(self.contested_until, source_id)

    @property
    def in_doubt(self) -> bool:
        """Whether something may have been sent that is not noted."""
        return self.searching or self.uncertain_until > self.cursor.highest

    def sabotaged(self, what: Literal["drop", "double"], count: int = 0) -> int:
        """Add to how many posts were spoilt on purpose, and return the sum."""
        if count:
            self._spoilt = {**self._spoilt, what: self._spoilt.get(what, 0) + count}
        return self._spoilt.get(what, 0)
