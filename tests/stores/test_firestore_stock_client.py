"""A stock google-cloud-firestore client on the sandbox's server, knowing nothing of bybot."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore
from google.cloud.firestore_v1.async_client import AsyncClient
from google.cloud.firestore_v1.base_query import FieldFilter

from bybot.sandbox.firestore import FirestoreServer

_spaces = itertools.count(1)


@pytest.fixture(params=["sandbox", "emulator"])
async def client(
    request: pytest.FixtureRequest, server: FirestoreServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AsyncClient]:
    address = server.address if request.param == "sandbox" else request.getfixturevalue("emulator")
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", address)
    client = AsyncClient(project=f"stock{next(_spaces)}", credentials=AnonymousCredentials())
    yield client
    await client._firestore_api.transport.grpc_channel.close()


async def ids(query: Any) -> list[str]:
    return [snapshot.id async for snapshot in query.stream()]


async def test_documents_are_set_read_changed_and_deleted(client: AsyncClient) -> None:
    one = client.document("c/1")
    assert not (await one.get()).exists
    await one.set({"a": 1, "m": {"x": 1, "y": 2}, "at": firestore.SERVER_TIMESTAMP})
    await one.update({"m.x": 5, "n": firestore.Increment(2), "l": firestore.ArrayUnion([1, 2])})
    await one.update({"n": firestore.Increment(2), "l": firestore.ArrayRemove([1]), "a": firestore.DELETE_FIELD})
    data = (await one.get()).to_dict()
    assert data.pop("at") is not None
    assert data == {"m": {"x": 5, "y": 2}, "n": 4, "l": [2]}
    await one.set({"m": {"z": 3}}, merge=True)
    assert (await one.get()).get("m") == {"x": 5, "y": 2, "z": 3}
    with pytest.raises(exceptions.AlreadyExists):
        await one.create({})
    with pytest.raises(exceptions.NotFound):
        await client.document("c/none").update({"a": 1})
    await one.delete()
    assert not (await one.get()).exists


async def test_a_condition_on_the_update_time_holds_or_fails(client: AsyncClient) -> None:
    one = client.document("c/1")
    await one.set({"a": 1})
    seen = (await one.get()).update_time
    await one.update({"a": 2}, option=client.write_option(last_update_time=seen))
    with pytest.raises(exceptions.FailedPrecondition):
        await one.update({"a": 3}, option=client.write_option(last_update_time=seen))


async def test_a_batch_is_all_or_nothing(client: AsyncClient) -> None:
    batch = client.batch()
    batch.set(client.document("c/1"), {"a": 1})
    batch.update(client.document("c/none"), {"a": 1})
    with pytest.raises(exceptions.NotFound):
        await batch.commit()
    assert await ids(client.collection("c")) == []


async def test_queries_filter_order_page_count_and_project(client: AsyncClient) -> None:
    people = client.collection("people")
    for n in range(10):
        await people.document(f"p{n}").set({"n": n, "odd": n % 2 == 1, "tags": [f"t{n % 3}"]})
    assert await ids(people.where(filter=FieldFilter("odd", "==", True)).limit(3)) == ["p1", "p3", "p5"]
    assert await ids(people.where(filter=FieldFilter("n", ">", 6)).order_by("n", direction="DESCENDING")) == [
        "p9",
        "p8",
        "p7",
    ]
    assert await ids(people.where(filter=FieldFilter("tags", "array_contains", "t1"))) == ["p1", "p4", "p7"]
    assert await ids(people.where(filter=FieldFilter("n", "in", [2, 4]))) == ["p2", "p4"]
    last = await people.document("p6").get()
    assert await ids(people.order_by("n").start_after(last).offset(1).limit(2)) == ["p8", "p9"]
    assert [s.to_dict() async for s in people.select(["n"]).limit(1).stream()] == [{"n": 0}]
    assert (await people.where(filter=FieldFilter("odd", "==", False)).count().get())[0][0].value == 5
    assert [reference.id async for reference in people.list_documents(page_size=4)] == [f"p{n}" for n in range(10)]
    assert [collection.id async for collection in client.collections()] == ["people"]
    assert len([s async for s in client.get_all([people.document("p1"), people.document("zz")])]) == 2


async def test_transactions_that_count_up_side_by_side_lose_nothing(client: AsyncClient) -> None:
    one = client.document("c/counter")
    await one.set({"n": 0})

    @firestore.async_transactional
    async def count_up(transaction: Any) -> None:
        seen = await one.get(transaction=transaction)
        transaction.update(one, {"n": seen.get("n") + 1})

    await asyncio.gather(*(count_up(client.transaction(max_attempts=20)) for _ in range(3)))
    assert (await one.get()).get("n") == 3
