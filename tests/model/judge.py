"""What must never happen, looked at while it could.

- *doubled*: two connections spoke with one key (see :mod:`tests.model.telegram`).
- *torn*: bytes of a session were written by a process that did not own it.
- *lost*: what was acknowledged as stored is not there any more: a login, or progress of a session.
- *risen*: a deleted session came back without a login.
- *orphaned*: nobody spoke for a session for longer than lease, margin and one renewal, although a healthy process
  wanted it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bybot.sessions.lease import LeaseTimes
from bybot.sessions.model import LEADER, SESSIONS, SessionRecord, SessionState, session_key
from bybot.stores.base import Put, Write
from tests.model.disk import Disk
from tests.model.loop import World

#: What calls, claims and connecting may take on top.
SLACK = 6.0


@dataclass(frozen=True)
class Made:
    """Who made some bytes, and what is in them."""

    maker: str | None
    key: bytes
    pts: int


@dataclass
class Known:
    """What is known of one person's session."""

    made: Made | None = None
    owner: str | None = None
    token: int = 0
    state: SessionState | None = None
    logins: int = 0
    deletions: int = 0
    deleted_for_good: bool = False
    there: bool = False  # it was acknowledged as stored, and nobody deleted it since
    spoken_at: float = 0.0


@dataclass
class Verdict:
    """What was found in one schedule, and how much happened in it."""

    seed: int
    found: list[str] = field(default_factory=list)
    requests: int = 0
    takeovers: int = 0
    handovers: int = 0
    longest: float = 0.0


class Judge:
    """Looks at every commit and, each second, at who speaks for whom."""

    def __init__(self, world: World, disk: Disk, times: LeaseTimes, seed: int) -> None:
        self.verdict = Verdict(seed)
        self.users: dict[str, Known] = {}
        self.processes: list[Any] = []
        self.bound = times.seconds + times.margin + times.renew_every + SLACK
        self.calm_since = 0.0
        self.over: Callable[[bytes], bool] = lambda key: False
        self._world = world
        self._disk = disk
        self._made: dict[bytes, Made] = {}
        disk.watch = self._committed

    def found(self, kind: str, what: str) -> None:
        """Something that must never happen has happened."""
        self.verdict.found.append(f"{kind} at {self._world.now:.3f}: {what}")

    def doubled(self, what: str) -> None:
        """Two connections spoke with one key."""
        self.found("doubled", what)

    def planted(self, user: str) -> None:
        """There is a session from before."""
        self.users.setdefault(user, Known()).there = True

    def packed(self, data: bytes, *, maker: str | None, key: bytes, pts: int) -> None:
        """These bytes were made by this instance."""
        self._made[data] = Made(maker, key, pts)

    # Logins and deletions ---------------------------------------------------------------------------------------

    def login_begins(self, user: str) -> None:
        known = self.users.setdefault(user, Known())
        known.logins += 1
        known.deleted_for_good = False

    def login_acknowledged(self, user: str, key: bytes) -> None:
        known = self.users[user]
        if known.deletions == 0 and (known.made is None or known.made.key != key) and known.logins == 1:
            self.found("lost", f"the login of {user} was acknowledged and is not stored")
        known.there = known.deletions == 0

    def deletion_begins(self, user: str) -> None:
        known = self.users.setdefault(user, Known())
        known.deletions += 1
        known.there = False

    def deletion_acknowledged(self, user: str) -> None:
        known = self.users[user]
        if known.logins == 0 and known.deletions == 1:
            known.deleted_for_good = True

    # The documents ----------------------------------------------------------------------------------------------

    def _committed(self, writes: Sequence[Write]) -> None:
        for write in writes:
            if write.key == LEADER and isinstance(write, Put) and write.data.get("given_by") is not None:
                self.verdict.handovers += 1
            if write.key.collection == SESSIONS:
                document = self._disk.read(write.key)
                if document is None:
                    self.found("lost", f"the document of {write.key.id} was removed")
                else:
                    self._session(SessionRecord.of(document))

    def _session(self, record: SessionRecord) -> None:
        known = self.users.setdefault(record.user, Known())
        if record.token < known.token:
            self.found("torn", f"the token of {record.user} went back to {record.token}")
        if record.owner is not None and record.owner != known.owner:
            if record.token <= known.token:
                self.found("torn", f"{record.user} changed owner without a new token")
            self.verdict.takeovers += 1
        if known.state is not SessionState.READY:
            known.spoken_at = self._world.now
        if record.state is SessionState.READY and known.deleted_for_good:
            self.found("risen", f"the session of {record.user} came back")
        if record.session_data is not None:
            self._content(record, known)
        known.owner, known.token, known.state = record.owner, record.token, record.state

    def _content(self, record: SessionRecord, known: Known) -> None:
        assert record.session_data is not None
        made, before = self._made.get(record.session_data), known.made
        if made is None:
            self.found("torn", f"the session of {record.user} holds bytes that nobody made")
        if made is None or made is before:
            return
        if made.maker is not None and made.maker not in (record.owner, known.owner):
            self.found("torn", f"the session of {record.user} was written by an instance that does not own it")
        if before is not None and made.key == before.key and made.pts < before.pts:
            self.found("lost", f"the session of {record.user} went back from {before.pts} to {made.pts}")
        if before is not None and made.key != before.key and not known.logins:
            self.found("lost", f"the key of {record.user} was replaced without a login")
        known.made = made

    # Who speaks -------------------------------------------------------------------------------------------------

    def disturbed(self) -> None:
        """Something happened of which nobody can say whom it touches: count anew."""
        self.calm_since = self._world.now

    def look(self) -> None:
        """Compare, for every session, how long nobody spoke for it with how long a healthy process wanted it."""
        now = self._world.now
        if any(p.alive and (p.cut_off or (p.local and p.frozen)) for p in self.processes):
            self.disturbed()  # whoever has the lease has it, although it reaches nobody
        healthy = [p.healthy_since for p in self.processes if p.wants and not p.store_down]
        for user, known in self.users.items():
            over = known.made is not None and self.over(known.made.key)
            if over or known.state is not SessionState.READY or any(p.speaks_for(user) for p in self.processes):
                known.spoken_at = now
            elif healthy:
                since = max(known.spoken_at, min(healthy), self.calm_since)
                self.verdict.longest = max(self.verdict.longest, now - since)
                if now - since > self.bound:
                    self.found("orphaned", f"nobody speaks for {user} since {since:.0f}")
                    known.spoken_at = now

    def final(self) -> None:
        """At the end, after a long calm: nothing of what was acknowledged may be missing."""
        for user, known in self.users.items():
            document = self._disk.read(session_key(user))
            state = None if document is None else SessionRecord.of(document).state
            if known.there and state is not SessionState.READY:
                self.found("lost", f"the session of {user} is {state} at the end")
