"""Auth keys: used twice at once, unknown, ended, kept over a restart; and which sessions get updates."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from telethon import errors, events, functions
from telethon.crypto import AuthKey
from telethon.network import ConnectionTcpAbridged, ConnectionTcpFull, ConnectionTcpObfuscated
from telethon.sessions import MemorySession

from bybot.sandbox.mtproto.keys import AuthKeys
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.world.world import World
from tests.sandbox.support import connected, make_client, ready_client, ready_session, running_server, until

NEAREST = functions.help.GetNearestDcRequest
AUTHORIZATIONS = functions.account.GetAuthorizationsRequest


def same_key(session: MemorySession) -> MemorySession:
    """Another session with the key of this one."""
    copy = MemorySession()
    copy.auth_key = AuthKey(session.auth_key.key)
    return copy


async def test_a_key_used_over_two_connections_at_once_is_dead_for_ever() -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        session = ready_session(running, ann)
        async with connected(make_client(running, session)) as older:
            async with connected(make_client(running, same_key(session))) as newer:
                await newer(AUTHORIZATIONS())
                assert running.counters.duplicate_violations == 0
                with pytest.raises(errors.AuthKeyDuplicatedError):
                    await older(AUTHORIZATIONS())
                assert running.counters.duplicate_violations == 1
                with pytest.raises(errors.AuthKeyDuplicatedError):
                    await newer(AUTHORIZATIONS())
            with pytest.raises(errors.AuthKeyDuplicatedError):
                async with connected(make_client(running, same_key(session))):
                    pass
        assert running.auth.keys.of_account(ann.id) == []


async def test_connections_one_after_another_are_no_duplicates() -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        session = ready_session(running, ann)
        for _ in range(5):
            async with connected(make_client(running, same_key(session))) as client:
                await client(AUTHORIZATIONS())
        assert running.counters.duplicate_violations == 0


async def test_a_silent_older_connection_is_no_duplicate() -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        session = ready_session(running, ann)
        async with (
            connected(make_client(running, session)),
            connected(make_client(running, same_key(session))) as newer,
        ):
            await newer(AUTHORIZATIONS())
            running.world.send_message(ann, ann.peer, text="both get this, one acknowledges")
            await newer(AUTHORIZATIONS())
        assert running.counters.duplicate_violations == 0


@pytest.mark.parametrize(("address", "dies"), [("127.0.0.1", False), ("127.0.0.2", True)])
async def test_the_switch_makes_only_two_addresses_a_duplicate(address: str, dies: bool) -> None:
    async with running_server(switches=Switches(duplicate_key="different")) as running:
        ann = running.world.create_account("Ann")
        session = ready_session(running, ann)
        async with (
            connected(make_client(running, session)) as older,
            connected(make_client(running, same_key(session), local_addr=address)) as newer,
        ):
            await newer(AUTHORIZATIONS())
            if dies:
                with pytest.raises(errors.AuthKeyDuplicatedError):
                    await older(AUTHORIZATIONS())
            else:
                await older(AUTHORIZATIONS())
                await newer(AUTHORIZATIONS())
        assert running.counters.duplicate_violations == 1


@pytest.mark.parametrize("connection", [ConnectionTcpFull, ConnectionTcpAbridged, ConnectionTcpObfuscated])
async def test_an_unknown_key_ends_the_client(connection: Any) -> None:
    async with running_server() as running:
        session = MemorySession()
        session.auth_key = AuthKey(os.urandom(256))
        with pytest.raises(errors.AuthKeyNotFound):
            async with connected(make_client(running, session, connection=connection)):
                pass


@pytest.mark.parametrize(
    ("ending", "error"),
    [
        ((401, "AUTH_KEY_UNREGISTERED"), errors.AuthKeyUnregisteredError),
        ((401, "SESSION_REVOKED"), errors.SessionRevokedError),
        ((406, "AUTH_KEY_DUPLICATED"), errors.AuthKeyDuplicatedError),
    ],
)
async def test_a_revoked_key_gets_its_reason_at_the_next_request(ending: tuple[int, str], error: Any) -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        async with ready_client(running, ann) as client, ready_client(running, ann) as other:
            [key] = [key for key in running.auth.keys if key.id == client.session.auth_key.key_id]
            assert running.auth.revoke(key, code=ending[0], message=ending[1]) == 1
            with pytest.raises(error):
                await client(AUTHORIZATIONS())
            assert len((await other(AUTHORIZATIONS())).authorizations) == 1


async def test_every_key_of_a_deactivated_account_is_told_so() -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann", phone="15550000001")
        bob = running.world.create_account("Bob")
        async with ready_client(running, ann) as first, ready_client(running, bob) as second:
            ann.deactivated = bob.deactivated = True
            running.auth.ban(ann)
            with pytest.raises(errors.UserDeactivatedBanError):
                await first(AUTHORIZATIONS())
            with pytest.raises(errors.UserDeactivatedError):
                await second(AUTHORIZATIONS())


async def test_logins_survive_a_restart_of_the_server(tmp_path: Path) -> None:
    world = World()
    ann, bob = world.create_account("Ann", phone="15550000001"), world.create_account("Bob")
    by_code, ready, dead = MemorySession(), MemorySession(), MemorySession()
    async with running_server(world=world, state_dir=tmp_path) as running:
        async with connected(make_client(running, by_code)) as client:
            await client.send_code_request("+15550000001")
            await client.sign_in("+15550000001", running.auth.next_code("15550000001"))
        ready_session(running, bob, ready)
        ready_session(running, bob, dead)
        running.auth.revoke(running.auth.keys.get(dead.auth_key.key_id), code=406, message="AUTH_KEY_DUPLICATED")
        port = running.mtproto_address[1]
    async with running_server(world=world, state_dir=tmp_path, port=port) as running:
        for session, account in ((by_code, ann), (ready, bob)):
            async with connected(make_client(running, session)) as client:
                assert (await client.get_me()).id == account.id
                [mine] = (await client(AUTHORIZATIONS())).authorizations
                assert mine.current
        with pytest.raises(errors.AuthKeyDuplicatedError):
            async with connected(make_client(running, dead)):
                pass


async def test_a_client_survives_a_restart_of_the_server(tmp_path: Path) -> None:
    world = World()
    ann = world.create_account("Ann")
    async with running_server(world=world, state_dir=tmp_path) as running:
        port = running.mtproto_address[1]
        client = make_client(running, ready_session(running, ann), connection_retries=50, retry_delay=0.02)
        await client.connect()
    try:
        async with running_server(world=world, state_dir=tmp_path, port=port):
            assert (await client(NEAREST())).this_dc == 2
            await client.disconnect()
    finally:
        await client.disconnect()


def test_a_torn_last_line_of_the_key_file_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "keys.jsonl"
    now = World().clock.now()
    keys = AuthKeys(path)
    kept = keys.add(os.urandom(256), now, account_id=7)
    gone = keys.add(os.urandom(256), now)
    keys.destroy(gone)
    keys.close()
    with path.open("a") as file:
        file.write('{"id": 12, "da')
    again = AuthKeys(path)
    again.close()
    assert [(key.id, key.data, key.account_id) for key in again] == [(kept.id, kept.data, 7)]
    assert [key.id for key in again.of_account(7)] == [kept.id]
    assert path.stat().st_mode & 0o077 == 0


async def test_updates_go_to_every_session_of_the_account_that_wants_them() -> None:
    async with running_server() as running:
        ann, bob = running.world.create_account("Ann"), running.world.create_account("Bob")
        async with (
            ready_client(running, ann) as first,
            ready_client(running, ann) as second,
            ready_client(running, ann, receive_updates=False) as quiet,
            ready_client(running, bob) as sender,
        ):
            heard: dict[str, list[str]] = {}
            for name, client in (("first", first), ("second", second), ("quiet", quiet), ("sender", sender)):
                heard[name] = []

                async def note(event: Any, name: str = name) -> None:
                    heard[name].append(event.raw_text)

                client.add_event_handler(note, events.NewMessage())
                # Every session has asked something; only one of them said that it wants no updates.
                await client(AUTHORIZATIONS())
            running.world.send_message(bob, ann.peer, text="hello")
            await until(lambda: heard["first"] and heard["second"])
            await asyncio.gather(*(client(NEAREST()) for client in (first, second, quiet, sender)))
            assert heard == {"first": ["hello"], "second": ["hello"], "quiet": [], "sender": ["hello"]}


async def test_a_session_whose_login_ended_gets_no_updates() -> None:
    async with running_server() as running:
        ann, bob = running.world.create_account("Ann"), running.world.create_account("Bob")
        async with ready_client(running, ann) as kept, ready_client(running, ann) as ended:
            heard: list[str] = []

            async def note(event: Any) -> None:
                heard.append(f"{event.client is ended}: {event.raw_text}")

            for client in (kept, ended):
                client.add_event_handler(note, events.NewMessage())
            running.auth.revoke(running.auth.keys.get(ended.session.auth_key.key_id))
            running.world.send_message(bob, ann.peer, text="hello")
            await until(lambda: heard)
            await ended(NEAREST())
            assert heard == ["False: hello"]
