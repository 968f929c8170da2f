"""Heartbeats, expiry and tokens of records."""

from __future__ import annotations

import pytest

from bybot.clock import ManualClock
from bybot.errors import (
    Forbidden,
    RecordExpired,
    RecordNotFound,
)
from bybot.sessions.records import Record, RecordSettings, SessionService
from bybot.sessions.records.tokens import fits, hash_of, new_token
from tests.sessions.records import ACTIVE, CLOSED, STEPS, clock, service, state_after, store
from tests.sessions.support import FaultyStore, until

__all__ = ["clock", "service", "store"]


async def test_a_heartbeat_extends_by_the_records_own_timeout_and_is_due_at_a_third(
    service: SessionService, clock: ManualClock
) -> None:
    record = (await service.create("ann", timeout=30)).record
    assert record.heartbeat_every == 10
    for _ in range(5):
        clock.advance(29)
        assert await service.heartbeat(record.id) == 30
    await service.update(record.id, timeout=60)
    assert await service.heartbeat(record.id) == 60
    clock.advance(60)
    with pytest.raises(RecordExpired):
        await service.heartbeat(record.id)
    with pytest.raises(RecordNotFound):
        await service.heartbeat("nothing")


async def test_an_expired_record_is_invisible_before_the_sweep(service: SessionService, clock: ManualClock) -> None:
    made = await service.create("ann", timeout=5)
    record = await service.update(made.record.id, state=ACTIVE)
    clock.advance(5)
    assert made.token is not None
    for call in (
        service.get(record.id),
        service.get_by_connection(record.connection),
        service.update(record.id, metadata={}),
        service.touch(record.id),
        service.delete(record.id),
        service.rotate_token(record.id),
        service.verify(record.id, made.token),
    ):
        with pytest.raises(RecordExpired):
            await call
    assert (await service.list()).total == (await service.list(user_id="ann")).total == 0
    assert not service.is_online("ann")
    assert service.devices("ann") == []
    assert (await service.stats())["records"] == 0
    await service.sweep()
    with pytest.raises(RecordExpired):
        await service.get(record.id)


async def test_the_callback_of_an_expiry_comes_once(service: SessionService, clock: ManualClock) -> None:
    ended: list[tuple[str, str | None]] = []

    async def failing(record: Record) -> None:
        raise RuntimeError("on purpose")

    service.on_expired(failing)
    service.on_expired(lambda record: ended.append((record.user, record.reason)))
    stop = service.on_expired(lambda record: ended.append(("never", None)))
    stop()
    await service.create("ann", timeout=5)
    await service.create("li", timeout=50)
    clock.advance(6)
    assert [await service.sweep() for _ in range(3)] == [1, 0, 0]
    assert ended == [("ann", "expired")]
    closed = await state_after(service, (await service.create("zoe", timeout=5)).record.id, STEPS[CLOSED])
    clock.advance(6)
    assert await service.sweep() == 1
    with pytest.raises(RecordExpired):
        await service.get(closed.id)
    assert len(ended) == 1  # whoever closed a record was told already
    assert service.expired == 1


async def test_the_sweep_runs_by_itself(store: FaultyStore, clock: ManualClock) -> None:
    service = SessionService(store, clock, RecordSettings(timeout=2, sweep_every=3))
    await service.start()
    ended: list[Record] = []
    service.on_expired(ended.append)
    await service.create("ann")
    await until(lambda: len(clock._sleepers) == 1)
    clock.advance(3)
    await until(lambda: len(ended) == 1)
    assert await store.query("records") == []
    await service.close()


async def test_a_token_is_long_shown_once_and_kept_as_a_hash(service: SessionService, store: FaultyStore) -> None:
    made = await service.create("ann")
    assert made.token is not None
    assert len(made.token) >= 43  # 32 bytes in base64
    assert made.token not in repr(made)
    assert made.token not in made.record.to_json()
    assert hash_of(made.token) not in made.record.to_json() + repr(made)
    (document,) = await store.query("records")
    assert made.token not in repr(document.data)
    assert document.data["token_hash"] == hash_of(made.token)
    assert len({new_token()[0] for _ in range(100)}) == 100
    assert (await service.verify(made.record.id, made.token)).id == made.record.id


async def test_a_wrong_token_is_forbidden_and_compared_in_constant_time(
    service: SessionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hmac

    made = await service.create("ann")
    compared: list[int] = []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(len(a)) or compare(a, b))  # type: ignore[func-returns-value]
    for wrong in ("", "x", made.token[:-1] if made.token else "", "\udcff" * 5, "a" * 10_000):
        with pytest.raises(Forbidden):
            await service.verify(made.record.id, wrong)
    assert compared == [64] * 5
    assert not fits("anything", None)


async def test_a_token_is_rotated_and_ends_with_its_record(service: SessionService, clock: ManualClock) -> None:
    made = await service.create("ann", timeout=60)
    assert made.token is not None
    fresh = await service.rotate_token(made.record.id)
    with pytest.raises(Forbidden):
        await service.verify(made.record.id, made.token)
    await service.verify(made.record.id, fresh)
    await service.delete(made.record.id)
    with pytest.raises(RecordNotFound):
        await service.verify(made.record.id, fresh)
    other = await service.create("ann", timeout=60)
    clock.advance(60)
    assert other.token is not None
    with pytest.raises(RecordExpired):
        await service.verify(other.record.id, other.token)
