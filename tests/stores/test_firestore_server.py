"""The sandbox's Firestore answers as Google's emulator did, and fails on purpose as asked."""

from __future__ import annotations

from pathlib import Path

import grpc
import grpc.aio
import pytest

from bybot.errors import StoreUnavailable
from bybot.sandbox.firestore import FirestoreServer
from bybot.stores.base import Key, Put
from bybot.stores.firestore import FirestoreStore
from tests.stores.firestore_calls import CALLS
from tests.stores.firestore_replay import RECORDINGS, Replay, load
from tests.waiting import until

TOPICS = pytest.mark.parametrize("path", sorted(RECORDINGS.glob("*.json")), ids=lambda path: path.stem)


async def compare(address: str, path: Path) -> None:
    """Make the calls of a recording and compare each answer."""
    async with grpc.aio.insecure_channel(address) as channel:
        replay = Replay(channel)
        for call in load(path):
            assert (call["name"], await replay.call(call)) == (call["name"], call["answer"])


@TOPICS
async def test_the_server_answers_what_googles_emulator_answered(server: FirestoreServer, path: Path) -> None:
    assert server.address is not None
    await compare(server.address, path)


@TOPICS
async def test_googles_emulator_still_answers_so(emulator: str, path: Path) -> None:
    await compare(emulator, path)


async def test_the_recordings_are_of_the_calls_that_are_listed() -> None:
    assert {path.stem: [{k: v for k, v in call.items() if k != "answer"} for call in load(path)]
            for path in RECORDINGS.glob("*.json")} == CALLS  # fmt: skip


async def test_an_unknown_call_is_unimplemented_and_counted() -> None:
    server = FirestoreServer()
    async with grpc.aio.insecure_channel(await server.start()) as channel:
        for method in ("/google.firestore.v1.Firestore/Listen", "/some.Other/Call"):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary(method)(b"", timeout=5)
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
            assert server.counts.unknown[method] == 1
    await server.stop()


async def test_documents_stay_over_a_stop_and_the_port_is_free_again() -> None:
    server = FirestoreServer()
    address = await server.start()
    store = FirestoreStore("p", None, "bot", emulator_host=address)
    await store.open()
    await store.commit([Put(Key("things", "1"), {"a": 1})])
    await server.stop()
    await server.stop()
    assert await server.start(port=int(address.rsplit(":", 1)[1])) == address

    async def answers() -> bool:
        try:
            return await store.get(Key("things", "1")) is not None
        except StoreUnavailable:
            return False

    await until(answers)
    await store.close()
    await server.stop()


async def test_a_port_in_use_is_refused(server: FirestoreServer) -> None:
    assert server.address is not None
    other = FirestoreServer()
    with pytest.raises(OSError, match="port"):
        await other.start(port=int(server.address.rsplit(":", 1)[1]))
