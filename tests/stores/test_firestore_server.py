"""The sandbox's Firestore answers as Google's emulator did, and fails on purpose as asked."""

from __future__ import annotations

from pathlib import Path

import grpc.aio
import pytest

from bybot.sandbox.firestore import FirestoreServer
from tests.stores.firestore_replay import RECORDINGS, Replay, load


@pytest.mark.parametrize("path", sorted(RECORDINGS.glob("*.json")), ids=lambda path: path.stem)
async def test_the_server_answers_what_googles_emulator_answered(path: Path) -> None:
    server = FirestoreServer()
    address = await server.start()
    try:
        async with grpc.aio.insecure_channel(address) as channel:
            replay = Replay(channel)
            for call in load(path):
                assert (call["name"], await replay.call(call)) == (call["name"], call["answer"])
    finally:
        await server.stop()
    assert not server.counts.unknown
