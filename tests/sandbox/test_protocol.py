"""Transports, key exchange and the encrypted layer, with stock Telethon clients."""

from __future__ import annotations

import asyncio
import os
import struct
from typing import Any

import pytest
from telethon import errors, functions, types
from telethon.extensions import BinaryReader
from telethon.network import (
    ConnectionTcpAbridged,
    ConnectionTcpFull,
    ConnectionTcpIntermediate,
    ConnectionTcpMTProxyIntermediate,
    ConnectionTcpMTProxyRandomizedIntermediate,
    ConnectionTcpObfuscated,
)
from telethon.tl.core import RpcResult

from bybot.sandbox.mtproto.switches import Switches
from tests.sandbox.raw import raw_client
from tests.sandbox.support import connected, make_client, new_client, ready_client, running_server, until

PING = functions.PingRequest


def authorizations(running: Any, account: Any, count: int) -> None:
    """Make the account's list of devices long."""
    for _ in range(count):
        running.auth.add_ready_key(os.urandom(256), account.id)


def result_of(request: Any, result: RpcResult) -> Any:
    """The answer inside a result; what follows it is padding."""
    return request.read_result(BinaryReader(result.body))


TRANSPORTS = {
    "full": ConnectionTcpFull,
    "abridged": ConnectionTcpAbridged,
    "intermediate": ConnectionTcpIntermediate,
    "obfuscated": ConnectionTcpObfuscated,
}


@pytest.mark.parametrize("name", TRANSPORTS)
async def test_a_stock_client_makes_a_key_and_asks_over_every_transport(name: str) -> None:
    async with running_server() as running, new_client(running, connection=TRANSPORTS[name]) as client:
        assert running.auth.keys.get(client.session.auth_key.key_id) is not None
        assert (await client(functions.help.GetNearestDcRequest())).this_dc == 2
        assert [each.transport_name for each in running.server.connections] == [name]


@pytest.mark.parametrize("name", TRANSPORTS)
async def test_large_answers_and_requests_pass_every_transport(name: str) -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        authorizations(running, ann, 400)
        async with ready_client(running, ann, connection=TRANSPORTS[name]) as client:
            answer = await client(functions.account.GetAuthorizationsRequest())
            assert len(answer.authorizations) == 401
            token = os.urandom(30_000).hex()
            with pytest.raises(errors.AccessTokenInvalidError):
                await client(functions.auth.ImportBotAuthorizationRequest(0, 1, "hash", token))


@pytest.mark.parametrize("connection", [ConnectionTcpMTProxyIntermediate, ConnectionTcpMTProxyRandomizedIntermediate])
async def test_a_proxy_secret_is_accepted(connection: Any) -> None:
    secret = os.urandom(16)
    async with running_server(proxy_secret=secret) as running:
        proxy = (*running.mtproto_address, secret.hex())
        async with new_client(running, connection=connection, proxy=proxy) as client:
            assert (await client(functions.help.GetNearestDcRequest())).this_dc == 2
            assert [each.transport_name for each in running.server.connections] == ["proxy"]


async def test_the_configuration_names_this_data_centre_and_its_limits() -> None:
    async with running_server() as running, new_client(running) as client:
        config = await client(functions.help.GetConfigRequest())
        [centre] = config.dc_options
        assert (centre.id, centre.ip_address, centre.port) == (config.this_dc, *running.mtproto_address)
        assert (config.forwarded_count_max, config.message_length_max, config.caption_length_max) == (100, 4096, 1024)
        nearest = await client(functions.help.GetNearestDcRequest())
        assert (nearest.this_dc, nearest.nearest_dc) == (2, 2)


async def test_a_second_connection_uses_the_stored_key() -> None:
    async with running_server() as running:
        client = make_client(running)
        async with connected(client):
            key = client.session.auth_key.key
        async with connected(client):
            assert client.session.auth_key.key == key
        assert len(running.auth.keys) == 1


async def test_hundreds_of_requests_in_flight_each_get_their_own_answer() -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        async with ready_client(running, ann) as client:
            running.counters.reset()
            pongs = await asyncio.gather(*(client(PING(n)) for n in range(500)))
            assert [pong.ping_id for pong in pongs] == list(range(500))
            asked = [functions.help.GetNearestDcRequest() for _ in range(500)]
            answers = await asyncio.gather(*map(client, asked))
            assert {answer.this_dc for answer in answers} == {2}
            assert running.counters.calls_of("help.getNearestDc", ann.id) == 500


async def test_requests_made_in_order_are_carried_out_in_order() -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        async with ready_client(running, ann) as client:
            running.faults.add(kind="latency", method="getNearestDc", seconds=0.1)
            done: list[str] = []
            handled = running.faults.after_rpc

            def note(ctx: Any, method: str) -> Any:
                done.append(method)
                return handled(ctx, method)

            running.faults.after_rpc = note  # type: ignore[method-assign]
            await client([functions.help.GetNearestDcRequest(), functions.help.GetConfigRequest()], ordered=True)
            assert done == ["help.getNearestDc", "help.getConfig"]


async def test_a_request_after_one_that_failed_is_not_carried_out() -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        async with ready_client(running, ann) as client:
            bad = functions.auth.ImportBotAuthorizationRequest(0, 1, "hash", "nonsense")
            with pytest.raises(errors.MultiError) as failed:
                await client([bad, functions.help.GetNearestDcRequest()], ordered=True)
            first, second = failed.value.exceptions
            assert isinstance(first, errors.AccessTokenInvalidError)
            assert isinstance(second, errors.MsgWaitFailedError)
            assert running.counters.calls_of("help.getNearestDc") == 0


@pytest.mark.parametrize("limit", [1024, 1 << 30])
async def test_answers_above_the_limit_travel_compressed_and_read_the_same(limit: int) -> None:
    async with running_server(switches=Switches(gzip_above=limit)) as running:
        ann = running.world.create_account("Ann")
        key = os.urandom(256)
        running.auth.add_ready_key(key, ann.id)
        authorizations(running, ann, 100)
        async with raw_client(running, key) as raw:
            request = functions.account.GetAuthorizationsRequest()
            await raw.send(bytes(request))
            result = (await raw.receive_object(RpcResult)).obj
            assert len(result_of(request, result).authorizations) == 101
            assert (raw.last_size < len(result.body) / 2) is (limit == 1024)


async def test_a_repeated_message_id_gets_the_first_answer_and_is_not_carried_out_again() -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        key = os.urandom(256)
        running.auth.add_ready_key(key, ann.id)
        request = functions.account.GetPasswordRequest()
        body = bytes(request)
        async with raw_client(running, key) as raw:
            msg_id = await raw.send(body)
            first = (await raw.receive_object(RpcResult)).obj
            await raw.send(body, msg_id)
            second = (await raw.receive_object(RpcResult)).obj
            # Each getPassword has fresh random bytes, so equal answers are one answer.
            assert second.req_msg_id == msg_id
            assert result_of(request, second) == result_of(request, first)
            assert running.counters.calls_of("account.getPassword") == 1
            await raw.send(body)
            third = (await raw.receive_object(RpcResult)).obj
            assert result_of(request, third) != result_of(request, first)


@pytest.mark.parametrize(("shift", "code"), [(2, 18), (-301 << 32, 16), (60 << 32, 17)])
async def test_message_ids_that_cannot_be_are_refused(shift: int, code: int) -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        key = os.urandom(256)
        running.auth.add_ready_key(key, ann.id)
        async with raw_client(running, key) as raw:
            msg_id = raw.state._get_new_msg_id() + shift
            await raw.send(bytes(functions.help.GetNearestDcRequest()), msg_id)
            notice = (await raw.receive_object(types.BadMsgNotification)).obj
            assert (notice.bad_msg_id, notice.error_code) == (msg_id, code)
            assert running.counters.calls_of("help.getNearestDc") == 0


@pytest.mark.parametrize("seconds", [3600, -3600])
async def test_a_client_corrects_its_clock(seconds: int) -> None:
    async with running_server() as running:
        running.faults.add(kind="clock_skew", seconds=seconds)
        ann = running.world.create_account("Ann")
        async with ready_client(running, ann) as client:
            assert (await client(functions.help.GetNearestDcRequest())).this_dc == 2
            assert abs(client._sender._state.time_offset - seconds) < 5


async def test_answers_have_ids_of_one_modulo_four_and_pushes_of_three() -> None:
    async with running_server() as running:
        ann, bob = running.world.create_account("Ann"), running.world.create_account("Bob")
        key = os.urandom(256)
        running.auth.add_ready_key(key, ann.id)
        async with raw_client(running, key) as raw:
            await raw.send(bytes(functions.account.GetPasswordRequest()))
            answer = await raw.receive_object(RpcResult)
            await raw.send(bytes(functions.account.GetAuthorizationsRequest()))
            await raw.receive_object(RpcResult)
            running.world.send_message(bob, ann.peer, text="hello")
            push = await raw.receive_object(types.Updates)
            assert (answer.msg_id % 4, push.msg_id % 4) == (1, 3)
            assert push.msg_id > answer.msg_id


async def test_a_salt_that_changed_costs_one_repeat_and_loses_nothing() -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        async with ready_client(running, ann) as client:
            for _ in range(3):
                before = client._sender._state.salt
                running.server.rotate_salts()
                answers = await asyncio.gather(*(client(functions.help.GetNearestDcRequest()) for _ in range(50)))
                assert len(answers) == 50
                assert client._sender._state.salt != before
            assert running.counters.calls_of("help.getNearestDc", ann.id) == 150


async def test_a_request_without_a_handler_fails_loudly_and_is_counted() -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        async with ready_client(running, ann) as client:
            with pytest.raises(errors.RPCError, match=r"METHOD_NOT_IMPLEMENTED_langpack\.getLanguages"):
                await client(functions.langpack.GetLanguagesRequest("android"))
        assert running.counters.unknown == {"langpack.getLanguages": 1}
        running.counters.reset()


async def test_bytes_that_are_no_request_are_refused_and_counted() -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        key = os.urandom(256)
        running.auth.add_ready_key(key, ann.id)
        async with raw_client(running, key) as raw:
            await raw.send(struct.pack("<I", 0x01020304))
            error = (await raw.receive_object(RpcResult)).obj.error
            assert error.error_message == f"INPUT_METHOD_INVALID_{0x01020304}"
        assert running.counters.unknown == {"01020304": 1}
        running.counters.reset()


@pytest.mark.parametrize(
    "junk", [b"GET / HTTP/1.1\r\n\r\n" + bytes(64), b"\x10\0\0\0\0\0\0\0junkjunk", b"\xef\x01abcd"]
)
async def test_junk_closes_its_own_connection_and_no_other(junk: bytes) -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        async with ready_client(running, ann) as client:
            reader, writer = await asyncio.open_connection(*running.mtproto_address)
            writer.write(junk)
            async with asyncio.timeout(5):
                assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
            assert (await client(functions.help.GetNearestDcRequest())).this_dc == 2


async def test_an_altered_packet_closes_the_connection() -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        key = os.urandom(256)
        running.auth.add_ready_key(key, ann.id)
        async with raw_client(running, key) as raw:
            body = bytes(functions.help.GetNearestDcRequest())
            data = struct.pack("<qii", raw.state._get_new_msg_id(), 1, len(body)) + body
            packet = bytearray(raw.state.encrypt_message_data(data))
            packet[-1] ^= 1
            await raw.connection.send(bytes(packet))
            await until(lambda: not running.server.connections)
        assert running.counters.calls_of("help.getNearestDc") == 0


async def test_a_request_cut_before_its_reply_is_carried_out_and_sent_again_by_the_client() -> None:
    async with running_server() as running:
        ann = running.world.create_account("Ann")
        async with ready_client(running, ann, connection_retries=5) as client:
            running.faults.add(kind="cut", method="getNearestDc")
            assert (await client(functions.help.GetNearestDcRequest())).this_dc == 2
            assert running.counters.calls_of("help.getNearestDc") == 2


async def test_connections_of_one_account_can_be_cut() -> None:
    async with running_server() as running:
        ann, bob = running.world.create_account("Ann"), running.world.create_account("Bob")
        async with (
            ready_client(running, ann, connection_retries=5) as first,
            ready_client(running, bob, connection_retries=5) as second,
        ):
            kept = second._sender._connection
            assert running.server.close_connections(ann.id) == 1
            assert (await first(functions.help.GetNearestDcRequest())).this_dc == 2
            assert second._sender._connection is kept
            assert len(running.server.connections) == 2
