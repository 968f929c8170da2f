"""A Telethon session in memory: to and from bytes, bounded, and never without its authorised key."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from telethon.crypto import AuthKey
from telethon.sessions import MemorySession, SQLiteSession
from telethon.tl import types

from bybot.sessions import image as images
from bybot.sessions.codec import Codec
from bybot.sessions.image import Entity, Image, NotASession, UpdateState
from bybot.sessions.stored import MAX_ENTITIES, StoredSession
from bybot.sessions.vault import Vault

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ME = 777


def person(number: int, **facts: Any) -> types.User:
    return types.User(number, access_hash=number * 7, first_name=f"Name {number}", username=f"user{number}", **facts)


def a_session(people: int = 3, channels: int = 3) -> StoredSession:
    session = StoredSession()
    session.set_dc(2, "149.154.167.51", 443)
    session._auth_key = AuthKey(os.urandom(256))
    session.authorise()
    session.process_entities(types.contacts.ResolvedPeer(None, [types.InputPeerUser(0, ME)], []))
    session.process_entities([person(ME, phone="447700900101")])
    for number in range(people):
        session.process_entities([person(1000 + number)])
    for number in range(channels):
        session.set_update_state(5000 + number, types.updates.State(100 + number, 0, NOW, 0, unread_count=0))
    session.set_update_state(0, types.updates.State(11, 2, NOW, 3, unread_count=0))
    return session


def reloaded(session: StoredSession) -> StoredSession:
    return StoredSession.from_bytes(session.to_bytes(now=NOW))


def test_plain_telethon_opens_the_image(tmp_path: Path) -> None:
    session = a_session()
    (tmp_path / "x.session").write_bytes(session.to_bytes(now=NOW))
    plain = SQLiteSession(str(tmp_path / "x"))
    try:
        assert plain.auth_key == session.auth_key
        assert (plain.dc_id, plain.server_address, plain.port) == (2, "149.154.167.51", 443)
        assert plain.get_input_entity("user1001") == types.InputPeerUser(1001, 7007)
        assert plain.get_update_state(5001).pts == 101
    finally:
        plain.close()


def test_an_image_of_plain_telethon_is_read(tmp_path: Path) -> None:
    plain = SQLiteSession(str(tmp_path / "x"))
    plain.set_dc(4, "149.154.167.91", 443)
    plain.auth_key = AuthKey(os.urandom(256))
    plain.process_entities([person(1, phone="12025550123")])
    plain.set_update_state(0, types.updates.State(5, 0, NOW, 1, unread_count=0))
    key = plain.auth_key
    plain.close()
    session = StoredSession.from_bytes((tmp_path / "x.session").read_bytes())
    assert session.auth_key == key
    assert session.dc_id == 4
    assert session.get_input_entity("+12025550123") == types.InputPeerUser(1, 7)
    assert session.get_update_state(0).pts == 5


def test_nothing_is_lost_on_the_way_to_bytes_and_back() -> None:
    session = a_session(people=50, channels=20)
    again = reloaded(session)
    before, after = session.snapshot(), again.snapshot()
    assert sorted(after.entities, key=lambda entity: entity.id) == sorted(before.entities, key=lambda e: e.id)
    others = [entity.id for entity in before.entities if entity.id not in (0, ME)]
    assert [entity.id for entity in after.entities if entity.id not in (0, ME)] == others  # the order of use
    assert (after.states, after.auth_key, after.dc_id) == (before.states, before.auth_key, before.dc_id)
    assert again.revision == 0
    assert again.get_input_entity("user1010") == session.get_input_entity("user1010")
    assert again.get_input_entity("Name 1010") == session.get_input_entity("Name 1010")
    assert dict(again.get_update_states()).keys() == dict(session.get_update_states()).keys()


def test_what_telethon_asks_while_it_connects_leaves_the_rest_packed() -> None:
    session = reloaded(a_session(people=50))
    session.get_input_entity(0)
    session.get_input_entity(ME)
    session.process_entities([person(ME, phone="447700900101")])
    assert session._packed is not None
    assert session.revision == 0
    session.get_input_entity("user1010")
    assert session._packed is None


def test_saving_and_closing_change_nothing_and_a_clone_is_plain() -> None:
    session = a_session()
    revision = session.revision
    session.save()
    session.close()
    assert session.revision == revision
    assert type(session.clone()) is MemorySession


def test_only_real_changes_count() -> None:
    session = reloaded(a_session())
    session.process_entities([person(1001)])
    session.set_update_state(0, types.updates.State(11, 2, datetime(2027, 1, 1, tzinfo=UTC), 3, unread_count=0))
    assert session.revision == 0
    session.process_entities([person(1001, phone="1")])
    assert session.revision == 1
    session.set_update_state(0, types.updates.State(12, 2, NOW, 3, unread_count=0))
    assert session.revision == 2


def test_entities_are_bounded_and_the_least_used_go_first() -> None:
    session = StoredSession(max_entities=100)
    session.process_entities(types.contacts.ResolvedPeer(None, [types.InputPeerUser(0, ME)], []))
    session.process_entities([person(ME)])
    for number in range(100):
        session.process_entities([person(1000 + number)])
        session.get_input_entity(1000)  # used again and again
    assert len(session._rows) == 100
    assert session.get_input_entity(1000)
    assert session.get_input_entity(ME)
    with pytest.raises(ValueError, match="Could not find"):
        session.get_input_entity(1001)


def test_channel_states_are_bounded_and_the_accounts_own_stays() -> None:
    session = StoredSession(max_states=10)
    session.set_update_state(0, types.updates.State(1, 0, NOW, 0, unread_count=0))
    for number in range(50):
        session.set_update_state(5000 + number, types.updates.State(1, 0, NOW, 0, unread_count=0))
    assert len(session._states) == 10
    assert session.get_update_state(0) is not None
    assert session.get_update_state(5049) is not None


def test_a_session_with_everything_full_is_far_below_a_documents_limit() -> None:
    session = a_session(people=3000, channels=2000)
    assert len(session.to_bytes(now=NOW)) < 200_000


def test_an_account_that_knows_twenty_thousand_people_is_stored_in_a_fraction_of_a_document() -> None:
    session = a_session(people=0, channels=500)
    pair = types.Channel(77, title="一个频道" * 30, photo=types.ChatPhotoEmpty(), date=NOW, access_hash=77 << 40)
    session.process_entities([pair])
    for start in range(0, 20_000, 100):
        several = [
            types.User(9_000_000_000 + number, access_hash=-(number << 40), first_name="名" * 64, last_name="字" * 64,
                       username=f"u{number:031}", phone=f"{number:015}")
            for number in range(start, start + 100)
        ]  # fmt: skip
        session.process_entities(types.contacts.ResolvedPeer(None, several, []))
        session.get_input_entity(-1000000000077)  # what is used stays
    fields = Codec(Vault([bytes(32)], bot_id="b")).pack("1", session.snapshot(), NOW)
    assert len(fields["session_data"]) < 700_000
    again = reloaded(session)
    assert again.get_input_entity(-1000000000077) == types.InputPeerChannel(77, 77 << 40)
    assert again.get_input_entity(ME)
    assert again.get_input_entity("u" + f"{19_999:031}").user_id == 9_000_019_999
    with pytest.raises(ValueError, match="Could not find"):
        again.get_input_entity(9_000_000_001)
    assert again.get_update_state(0).pts == 11
    assert len(dict(again.get_update_states())) == 500
    assert len(again._rows) == MAX_ENTITIES


def test_an_empty_key_never_replaces_an_authorised_one() -> None:
    session = a_session()
    key = session.auth_key.key
    session.set_dc(4, "149.154.167.91", 443)
    session.auth_key = None  # what Telethon does while it moves to another data centre
    stored = images.read(session.to_bytes(now=NOW))
    assert (stored.auth_key, stored.dc_id) == (key, 2)
    session.auth_key = AuthKey(os.urandom(256))
    assert images.read(session.to_bytes(now=NOW)).auth_key == key
    session.authorise()
    stored = images.read(session.to_bytes(now=NOW))
    assert (stored.auth_key, stored.dc_id) == (session.auth_key.key, 4)


@pytest.mark.parametrize("data", [b"", b"hello", images.MAGIC + bytes(100)])
def test_what_is_no_session_is_refused(data: bytes) -> None:
    with pytest.raises(NotASession):
        StoredSession.from_bytes(data)


def test_an_image_shows_no_key_in_its_repr() -> None:
    image = Image(2, "x", 1, b"secretkey", None, [Entity(1, 2, None, None, None)], {0: UpdateState(1, 2, 3, 4)})
    assert "secret" not in repr(image)


def test_what_connecting_asks_for_and_strangers_leave_the_rest_packed() -> None:
    image = Image(2, "127.0.0.1", 443, os.urandom(256))
    image.entities = [Entity(0, ME, None, None, None), Entity(ME, 70, None, None, "Me")]
    image.entities += [Entity(1000 + n, n, f"user{n}", None, f"User {n}") for n in range(200)]
    image.entities += [Entity(-1000000000000 - n, n, None, None, f"Channel {n}") for n in range(1, 60)]
    image.states = {0: UpdateState(1, 2, 3, 4)} | {n: UpdateState(n, 0, 3, 0) for n in range(1, 51)}
    session = StoredSession.from_bytes(images.write(image, now=NOW))
    packed = session._packed
    assert len(list(session.get_update_states())) == 51
    for channel in range(1, 51):
        assert session.get_input_entity(channel).channel_id == channel
    assert session.get_input_entity(0).access_hash == ME
    with pytest.raises(ValueError, match="input entity"):
        session.get_input_entity(999_999)
    session.process_entities([person(500)])
    session.set_update_state(3, types.updates.State(30, 0, NOW, 0, unread_count=0))
    assert session._packed is packed
    assert session.get_input_entity(1010).access_hash == 10  # this one is asked for
    assert session._packed is None
    again = images.read(session.to_bytes(now=NOW))
    assert {entity.id for entity in again.entities} == {entity.id for entity in image.entities} | {500}
    assert again.states == image.states | {3: UpdateState(30, 0, int(NOW.timestamp()), 0)}
