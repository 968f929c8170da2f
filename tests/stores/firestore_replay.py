"""Fixed lists of calls, and what Google's emulator answered to them.

``python -m tests.stores.firestore_replay`` starts the emulator, makes the calls of :mod:`firestore_calls` and writes
calls and answers to ``firestore_recordings/``. The tests make the same calls to the sandbox's server and compare.

Times differ in each run, so an answer's time is compared by what it is: ``@c2`` is the commit time of the call named
c2, ``@read`` the time of a reading, ``@other`` any other time. ``{{c2}}`` in a request is the commit time of c2, and
``{{5*x}}`` is xxxxx.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.cloud.firestore_v1.types import document, firestore
from google.protobuf import empty_pb2, json_format

RECORDINGS = Path(__file__).with_name("firestore_recordings")
_SERVICE = "/google.firestore.v1.Firestore/"
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z")
_TOKEN = re.compile(r"\{\{(\w+)\}\}")
_REPEAT = re.compile(r"\{\{(\d+)\*(\w)\}\}")

# name: request, response, whether the answer is a stream
RPCS: dict[str, tuple[Any, Any, bool]] = {
    "GetDocument": (firestore.GetDocumentRequest, document.Document, False),
    "ListDocuments": (firestore.ListDocumentsRequest, firestore.ListDocumentsResponse, False),
    "UpdateDocument": (firestore.UpdateDocumentRequest, document.Document, False),
    "DeleteDocument": (firestore.DeleteDocumentRequest, None, False),
    "CreateDocument": (firestore.CreateDocumentRequest, document.Document, False),
    "BatchGetDocuments": (firestore.BatchGetDocumentsRequest, firestore.BatchGetDocumentsResponse, True),
    "BeginTransaction": (firestore.BeginTransactionRequest, firestore.BeginTransactionResponse, False),
    "Commit": (firestore.CommitRequest, firestore.CommitResponse, False),
    "Rollback": (firestore.RollbackRequest, None, False),
    "RunQuery": (firestore.RunQueryRequest, firestore.RunQueryResponse, True),
    "RunAggregationQuery": (firestore.RunAggregationQueryRequest, firestore.RunAggregationQueryResponse, True),
    "ListCollectionIds": (firestore.ListCollectionIdsRequest, firestore.ListCollectionIdsResponse, False),
    "BatchWrite": (firestore.BatchWriteRequest, firestore.BatchWriteResponse, False),
}


class Replay:
    """Makes calls on one channel and keeps what later calls refer to."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        self._times: dict[str, str] = {}
        self._transactions: dict[str, str] = {}

    async def call(self, call: dict[str, Any]) -> Any:
        """Make one call and give its answer in the form of a recording."""
        request_type, response_type, streams = RPCS[call["rpc"]]
        text = json.dumps(call["request"])
        text = _TOKEN.sub(lambda match: self._times.get(match[1]) or self._transactions[match[1]], text)
        text = _REPEAT.sub(lambda match: match[2] * int(match[1]), text)
        message = json_format.Parse(text, request_type.pb(request_type()))
        parse = empty_pb2.Empty.FromString if response_type is None else response_type.pb(response_type()).FromString
        make = self._channel.unary_stream if streams else self._channel.unary_unary
        method = make(
            _SERVICE + call["rpc"], request_serializer=type(message).SerializeToString, response_deserializer=parse
        )
        metadata = (
            ("authorization", "Bearer owner"),
            ("google-cloud-resource-prefix", "projects/p/databases/(default)"),
        )
        try:
            if streams:
                answers = [answer async for answer in method(message, timeout=10, metadata=metadata)]
            else:
                answers = [await method(message, timeout=10, metadata=metadata)]
        except grpc.aio.AioRpcError as error:
            return {"error": error.code().name, "details": self._without_ids(error.details() or "")}
        forms = [json_format.MessageToDict(answer) for answer in answers]
        self._remember(call["name"], forms)
        return [self._normal(form, "") for form in forms if form or not streams]

    def _remember(self, name: str, forms: list[dict[str, Any]]) -> None:
        for form in forms:
            time = form.get("commitTime") or form.get("updateTime")
            if time is None and form.get("writeResults"):
                time = form["writeResults"][0].get("updateTime")
            if time:
                self._times[name] = time
            if form.get("transaction"):
                self._transactions[name] = form["transaction"]

    def _normal(self, form: Any, name: str) -> Any:
        if isinstance(form, dict):
            return {key: self._normal(value, key) for key, value in form.items()}
        if isinstance(form, list):
            return [self._normal(item, name) for item in form]
        if name == "transaction":
            return "@transaction"
        if name == "nextPageToken":
            return "@page" if form else form
        if name == "readTime":
            return "@read"
        if isinstance(form, str) and _TIME.match(form) and not form.startswith("2020-"):
            return next((f"@{label}" for label, time in self._times.items() if time == form), "@other")
        return form

    def _without_ids(self, details: str) -> str:
        details = re.sub(r"\(\d{10,}\)", "(@time)", re.sub(r"\d{16,}", "@time", details))
        return re.sub(r"20\d\d-\d\d-\d\dT[\d:.]+Z", "@time", details)


def load(path: Path) -> list[dict[str, Any]]:
    """The calls of a recording with their answers."""
    return json.loads(path.read_text())["calls"]


async def record(address: str) -> None:
    """Make all calls at the emulator and write the recordings."""
    from tests.stores.firestore_calls import CALLS

    RECORDINGS.mkdir(exist_ok=True)
    for topic, calls in CALLS.items():
        async with grpc.aio.insecure_channel(address) as channel:
            replay = Replay(channel)
            recorded = [call | {"answer": await replay.call(call)} for call in calls]
        text = json.dumps(
            {"recorded_from": "Google's Firestore emulator", "calls": recorded}, indent=1, ensure_ascii=False
        )
        (RECORDINGS / f"{topic}.json").write_text(text + "\n")
        print(f"{topic}: {len(recorded)} calls")


def main() -> None:
    from tests.stores.emulator import running_emulator

    with running_emulator(Path(tempfile.gettempdir()) / "firestore-emulator.log") as address:
        asyncio.run(record(address))


if __name__ == "__main__":
    main()
