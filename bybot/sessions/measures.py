"""Numbers about sessions in use, at one moment, for whoever watches the process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bybot.ids import person_of, user_id_from_key
from bybot.sessions.core import Core
from bybot.sessions.records.model import RecordState
from bybot.sessions.records.service import SessionService


@dataclass(frozen=True)
class Measures:
    """See the module.

    Attributes:
        acting: may this process act?
        records: by state. created, expired, deleted: records since the process started.
        clients: connected, in_use, closed (sessions held without a client) and failing.
        traffic: of the sessions held now, since they were claimed; ``latency`` is the mean of theirs, in seconds.
        people: devices online by user id, for everybody who has a record. Only for the operator's eyes.
        checks: how often Telegram was asked whether a login is valid.
        frozen: accounts that Telegram has frozen.
        ended: logins that ended since the process started, by reason.
    """

    acting: bool
    records: Mapping[str, int]
    created: int
    expired: int
    deleted: int
    users_online: int
    devices_online: int
    clients: Mapping[str, int]
    traffic: Mapping[str, int]
    latency: float | None
    people: Mapping[str, int] = field(repr=False)
    checks: int = 0
    frozen: int = 0
    ended: Mapping[str, int] = field(default_factory=dict)


def measure(core: Core, service: SessionService) -> Measures:
    """The numbers of now."""
    claims = core.ownership.claims if core.ownership.active else None
    held = [] if claims is None else list(claims.held.values())
    live = [each for each in core.pool.live.values() if each.usable]
    totals = service.totals()
    latencies = [claim.traffic.latency for claim in held if claim.traffic.latency is not None]
    people = dict.fromkeys((user_id_from_key(person_of(e.record.user)) for e in service.ledger.present()), 0)
    for entry in service.ledger.present():
        people[user_id_from_key(person_of(entry.record.user))] += entry.record.state is RecordState.ACTIVE
    return Measures(
        acting=claims is not None,
        records=totals["by_state"],
        created=totals["created"],
        expired=totals["expired"],
        deleted=totals["deleted"],
        users_online=totals["users_online"],
        devices_online=totals["devices_online"],
        clients={
            "connected": len(live),
            "in_use": sum(bool(each.in_use) for each in live),
            "closed": sum(claim.user not in core.pool.live for claim in held),
            "failing": len(core.pool.trouble),
        },
        traffic={
            name: sum(getattr(claim.traffic, name) for claim in held)
            for name in ("messages_sent", "messages_received", "bytes_sent", "bytes_received", "requests", "reconnects")
        },
        latency=sum(latencies) / len(latencies) if latencies else None,
        people=people,
        checks=core.health.checks,
        frozen=len(core.supervision.frozen),
        ended=dict(core.supervision.ended),
    )
