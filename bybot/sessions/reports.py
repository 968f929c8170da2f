"""What is told about sessions: one person's, all, numbers, health. Never a secret."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from bybot.errors import BybotError, OwnedElsewhere, SessionRevoked, StoreError
from bybot.ids import another_key, user_id_from_key
from bybot.sessions.accounts import records_of
from bybot.sessions.core import Core
from bybot.sessions.desk import AttemptDesk
from bybot.sessions.failures import explain
from bybot.sessions.model import FACTS, INSTANCES, SESSIONS, SessionRecord, SessionState, session_key
from bybot.sessions.upkeep import count
from bybot.stores.base import Key

_EXPIRED: Final = "expired"
_MESSAGES: Final = {
    "no_session": "There is no stored session.",
    "logging_in": "A login is under way.",
    "leased": "Another process holds the sessions.",
    "detached": "The login is detached: another copy of it may be in use.",
    "error": "Of an older version, or its facts were lost: `python -m bybot sessions import --stored` mends it.",
    "frozen": "Telegram has frozen the account: it may read but not write.",
}


class Reports:
    """Reads the store and looks at what is live.

    Args:
        sessions_dir: shown in the statistics.
    """

    def __init__(self, core: Core, desk: AttemptDesk, *, bot_id: str, sessions_dir: str) -> None:
        self._core = core
        self._desk = desk
        self._bot_id = bot_id
        self._sessions_dir = sessions_dir

    async def list_sessions(self) -> list[dict[str, Any]]:
        return [self._entry(record) for record in await self._records() if record.exists]

    async def accounts(self, person: str) -> list[dict[str, Any]]:
        return [self._entry(record) for record in await records_of(self._core.store, person) if record.exists]

    async def _records(self) -> list[SessionRecord]:
        return [SessionRecord.of(d) for d in await self._core.store.query(SESSIONS, fields=FACTS)]

    def _entry(self, record: SessionRecord) -> dict[str, Any]:
        status, reason = self._status(record)
        live = self._core.pool.live.get(record.user)
        return {
            "user_id": record.user_id,
            "status": status,
            "reason": reason,
            "connected": live is not None and live.usable,
            "account_id": record.account_id,
            "is_bot": record.is_bot,
            "owner": record.owner,
            "token": record.token,
            "since": record.since,
            "created_at": record.created_at,
            "last_used_at": self._last_used(record),
            "saved_at": record.saved_at,
            "frozen_since": record.frozen_since,
            "warned_at": record.warned_at,
            **self._checks(record),
        }

    def _checks(self, record: SessionRecord) -> dict[str, Any]:
        """When Telegram last confirmed the login, how often it did here, and until when that is taken for known."""
        vital = self._core.health.vitals.get(record.user)
        if vital is None:
            return {"checked_at": None, "next_check_at": None, "seconds_left": None, "refresh_count": 0}
        left = max(0.0, vital.due - self._core.clock.elapsed())
        return {
            "checked_at": vital.at,
            "next_check_at": self._core.clock.now() + timedelta(seconds=left),
            "seconds_left": round(left),
            "refresh_count": vital.count,
        }

    def _last_used(self, record: SessionRecord) -> Any:
        live = self._core.pool.live.get(record.user)
        if live is None or live.last_used is None:
            return record.last_used_at
        return self._core.clock.now() - timedelta(seconds=self._core.clock.elapsed() - live.last_used)

    def _status(self, record: SessionRecord) -> tuple[str, str | None]:
        reason = self._core.revoked.get(record.user)
        if record.state is SessionState.REVOKED or reason is not None:
            reason = record.reason or reason or "revoked"
            return (_EXPIRED if reason == _EXPIRED else "revoked"), reason
        if record.state is None:
            return "error", "malformed"
        if record.state is SessionState.DETACHED:
            return "detached", record.reason
        ownership = self._core.ownership
        claims = ownership.claims if ownership.active else None
        if ownership.holder is not None and (claims is None or record.user not in claims.held):
            return "leased", "owned_elsewhere"
        claims = ownership.claims
        if ownership.active and claims is not None and record.owner not in (None, claims.term.instance):
            return "leased", "owned_elsewhere"
        if record.frozen_since is not None:
            return "frozen", "frozen"
        if self._core.pool.peek(record.user) is not None:
            return "active", None
        trouble = self._core.pool.trouble.get(record.user)
        if trouble is not None and not isinstance(trouble, OwnedElsewhere | SessionRevoked):
            return "error", trouble.code
        return "active", None

    async def session_info(self, user: str) -> dict[str, Any]:
        base: dict[str, Any] = {"user_id": user_id_from_key(user), "status": "no_session", "reason": None}
        base["message"] = _MESSAGES["no_session"]
        try:
            document = await self._core.store.get(session_key(user))
        except StoreError as error:
            return base | {"status": "error", "reason": error.code, "message": error.message}
        record = None if document is None else SessionRecord.of(document)
        if record is None or not record.exists:
            attempts = self._desk.attempts
            attempt = attempts.get(user) or attempts.get(another_key(user))
            if attempt is not None:
                under_way = {"status": "logging_in", "reason": attempt.step, "message": _MESSAGES["logging_in"]}
                return base | under_way | {"seconds_left": round(attempt.left(self._core.clock))}
            return base
        entry = self._entry(record)
        entry["message"] = self._message(record.user, entry)
        if entry["status"] == "leased":
            entry |= await self._holder(record)
        return entry

    async def _holder(self, record: SessionRecord) -> dict[str, Any]:
        """Who holds the sessions, and since when."""
        holder = self._core.ownership.holder
        if holder is not None:
            return {"owner": holder.label, "since": holder.since}
        if record.owner is None:
            return {}
        try:
            document = await self._core.store.get(Key(INSTANCES, record.owner))
        except StoreError:
            return {}
        facts = {} if document is None else document.data
        return {"owner": facts.get("label") or record.owner, "since": facts.get("born") or facts.get("started_at")}

    def _message(self, user: str, entry: dict[str, Any]) -> str:
        status = entry["status"]
        if status in ("revoked", _EXPIRED):
            return explain(entry["reason"])
        trouble: BybotError | None = self._core.pool.trouble.get(user)
        if status == "error" and trouble is not None:
            return trouble.message
        return _MESSAGES.get(status) or ("The session works." if entry["connected"] else "The session is stored.")

    async def stats(self, state: str) -> dict[str, Any]:
        records = await self._records()
        counts = count(records)
        there = [record for record in records if record.exists]
        statuses = [self._status(record)[0] for record in there]
        live = [live for live in self._core.pool.live.values() if live.usable]
        return {
            **counts,
            "active_sessions": statuses.count("active"),
            "connected_sessions": len(live),
            "sessions_in_use": sum(bool(each.in_use) for each in live),
            "by_status": {status: statuses.count(status) for status in sorted(set(statuses))},
            "pending_logins": len(self._desk.attempts),
            "sessions_dir": self._sessions_dir,
            "storage": self._core.store.kind,
            "encrypted": self._core.codec.vault.enabled,
            "bot_id": self._bot_id,
            "state": state,
        }

    async def health(self, state: str) -> dict[str, Any]:
        store: dict[str, Any] = {"kind": self._core.store.kind, "status": "ok"}
        started = self._core.clock.elapsed()
        try:
            await self._core.store.get(Key("system", "session_metadata"))
        except StoreError as error:
            store |= {"status": "error", "error": error.code}
        store["milliseconds"] = round((self._core.clock.elapsed() - started) * 1000, 1)
        lease = self._lease(state)
        clients = self._clients()
        status, message = _judge(state, store, lease, clients)
        return {
            "status": status,
            "message": message,
            "bot_id": self._bot_id,
            "timestamp": self._core.clock.now(),
            "state": state,
            "store": store,
            "lease": lease,
            "clients": clients,
        }

    def _lease(self, state: str) -> dict[str, Any]:
        ownership = self._core.ownership
        holder, trouble = ownership.holder, ownership.trouble
        return {
            "status": "error" if trouble is not None else ("held" if ownership.active else state),
            "seconds_left": None if ownership.lease_left is None else round(ownership.lease_left, 1),
            "holder": None if holder is None else holder.label,
            "since": None if holder is None else holder.since,
        }

    def _clients(self) -> dict[str, int]:
        claims = self._core.ownership.claims
        return {
            "connected": sum(live.usable for live in self._core.pool.live.values()),
            "owned": 0 if claims is None or not self._core.ownership.active else len(claims.held),
            "failing": len(self._core.pool.trouble),
            "revoked": len(self._core.revoked),
            "frozen": len(self._core.supervision.frozen),
        }


def _judge(state: str, store: dict[str, Any], lease: dict[str, Any], clients: dict[str, int]) -> tuple[str, str]:
    if store["status"] != "ok":
        return "error", "The store does not answer."
    if lease["status"] == "error":
        return "degraded", "The lease could not be renewed the last time."
    if state in ("draining", "stopped"):
        return "degraded", f"The manager is {state}."
    if state == "waiting":
        return "healthy", "Another process holds the sessions; this one takes over when it ends."
    if state in ("taking", "giving"):
        return "healthy", "Another process hands over to this one." if state == "taking" else "This process hands over."
    if clients["failing"]:
        return "degraded", f"{clients['failing']} sessions are not connected."
    return "healthy", f"{clients['connected']} clients are connected."
