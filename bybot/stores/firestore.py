"""A store in Google's Firestore, for hosts without a disk.

Documents are at ``bots/{bot_id}/{collection}/{id}``; the ``session_data`` of a session is base64 text there. Nothing
relies on the library's own retries: a commit is sent once, a reading is repeated within its time limit, and after
silence the connection is replaced.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.cloud.firestore_v1.types import firestore

from bybot.errors import ConfigurationError, CorruptDocument, Problem, StoreUnavailable
from bybot.stores.base import Committed, Delete, Document, Key, Where, Write
from bybot.stores.firestore_client import Connection, load_account
from bybot.stores.firestore_errors import FOREIGN, is_silence, may_repeat, translated
from bybot.stores.firestore_queries import query_request
from bybot.stores.firestore_values import Message, decode_fields, from_timestamp, version_of
from bybot.stores.firestore_writes import commit_request, has_condition
from bybot.stores.values import SESSION_COLLECTION, SESSION_FIELD
from bybot.stores.writes import checked_where, checked_writes

_PAGE: Final = 300
_PAGE_WITH_BYTES: Final = 30  # a session may be near 1 MiB
_PAUSES: Final = (0.05, 0.2, 0.5, 1.0)  # seconds between two tries of a reading

T = TypeVar("T")

log = logging.getLogger(__name__)


class FirestoreStore:
    """Keeps every guarantee of :mod:`bybot.stores.base` in Firestore.

    Args:
        project_id: the Firebase project; None: the one that the credentials name.
        credentials: a service account as JSON text or a path; None: Google's application default.
        bot_id: the data space.
        commit_timeout: seconds after which a commit's outcome counts as unknown.
        read_timeout: seconds that a reading, or one page of a query, may take with all its repetitions.
        emulator_host: ``host:port`` of an emulator; None: FIRESTORE_EMULATOR_HOST, else Google.
        database: the name of the project's database.
    """

    kind = "firebase"

    def __init__(
        self,
        project_id: str | None,
        credentials: str | None,
        bot_id: str,
        *,
        commit_timeout: float = 5.0,
        read_timeout: float = 10.0,
        emulator_host: str | None = None,
        database: str = "(default)",
    ) -> None:
        self._project = project_id
        self._credentials = credentials
        self._bot_id = bot_id
        self._commit_timeout = commit_timeout
        self._read_timeout = read_timeout
        self._emulator = emulator_host or os.environ.get("FIRESTORE_EMULATOR_HOST") or None
        self._database_id = database
        self._connection: Connection | None = None
        self._database = self._root = ""

    def __repr__(self) -> str:
        return f"FirestoreStore(project={self._project}, bot_id={self._bot_id})"

    async def open(self) -> None:
        """Read the credentials, connect, and ask once.

        Raises:
            ConfigurationError: the credentials cannot be used, or no project is named.
            StoreUnavailable: no answer in time.
        """
        if self._connection is not None:
            return
        account = await asyncio.to_thread(load_account, self._credentials, for_emulator=self._emulator is not None)
        project = self._project or account.project
        if not project:
            step = "Set it to the id of the Firebase project."
            raise ConfigurationError([Problem("FIREBASE_PROJECT_ID", "it is not set", step)])
        self._database = f"projects/{project}/databases/{self._database_id}"
        self._root = f"{self._database}/documents/bots/{self._bot_id}"
        self._connection = Connection(account, self._emulator, self._read_timeout)
        try:
            await self.now()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def get(self, key: Key) -> Document | None:
        answer = await self._ask(key)
        if answer.WhichOneof("result") != "found":
            return None
        return self._document(answer.found, answer.read_time)

    async def now(self) -> datetime:
        return from_timestamp((await self._ask(Key("system", "clock"))).read_time)

    async def query(
        self,
        collection: str,
        where: Where | None = None,
        *,
        fields: Sequence[str] | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Document]:
        where = checked_where(where)
        with_bytes = collection == SESSION_COLLECTION and (fields is None or SESSION_FIELD in fields)
        page = _PAGE_WITH_BYTES if with_bytes else _PAGE
        found: list[Document] = []
        left = limit
        while left is None or left > 0:
            size = page if left is None else min(page, left)
            answers = await self._page(collection, where, fields, size, after)
            found += self._readable(answers)
            if len(answers) < size:
                break
            after = answers[-1].document.name.rpartition("/")[2]
            left = None if limit is None else limit - len(found)
        return found

    async def commit(self, writes: Sequence[Write]) -> Committed:
        checked = checked_writes(writes)
        if not checked:
            return Committed(await self.now())
        request = commit_request(self._database, self._root, checked)

        async def send(client: FirestoreAsyncClient) -> Message:
            # Sent once: with one lost reply a repeated commit would refuse, or repeat, its own work.
            answer = await client.commit(
                firestore.CommitRequest.wrap(request),
                retry=None,
                timeout=self._commit_timeout,
                metadata=self._metadata(),
            )
            return firestore.CommitResponse.pb(answer)

        answer = await self._call(send, self._commit_timeout, conditional=has_condition(request))
        versions = {
            write.key: version_of(result.update_time)
            for write, result in zip(checked, answer.write_results, strict=True)
            if not isinstance(write, Delete)
        }
        return Committed(from_timestamp(answer.commit_time), versions)

    async def _ask(self, key: Key) -> Message:
        request = firestore.BatchGetDocumentsRequest(
            database=self._database, documents=[f"{self._root}/{key.collection}/{key.id}"]
        )

        async def read(client: FirestoreAsyncClient, timeout: float) -> Message:
            stream = await client.batch_get_documents(request, retry=None, timeout=timeout, metadata=self._metadata())
            return [firestore.BatchGetDocumentsResponse.pb(answer) async for answer in stream]

        (answer,) = await self._read(read)
        return answer

    async def _page(
        self,
        collection: str,
        where: Where | None,
        fields: Sequence[str] | None,
        size: int,
        after: str | None,
    ) -> list[Message]:
        request = query_request(self._root, collection, where, fields, size, after)

        async def read(client: FirestoreAsyncClient, timeout: float) -> list[Message]:
            stream = await client.run_query(request, retry=None, timeout=timeout, metadata=self._metadata())
            answers = [firestore.RunQueryResponse.pb(answer) async for answer in stream]
            return [answer for answer in answers if answer.HasField("document")]

        return await self._read(read)

    def _readable(self, answers: list[Message]) -> list[Document]:
        documents: list[Document] = []
        for answer in answers:
            try:
                documents.append(self._document(answer.document, answer.read_time))
            except CorruptDocument as error:
                log.error("%s; it is left out", error.message)
        return documents

    def _document(self, found: Message, read_time: Message) -> Document:
        collection, id_ = found.name.rsplit("/", 2)[1:]
        try:
            key = Key(collection, id_)
            data = decode_fields(collection, found.fields)
        except ValueError as error:
            raise CorruptDocument(f"{collection}/{id_} cannot be read") from error
        version = version_of(found.update_time)
        return Document(key, data, version, from_timestamp(found.update_time), from_timestamp(read_time))

    def _metadata(self) -> list[tuple[str, str]]:
        return [] if self._connection is None else self._connection.metadata

    async def _read(self, read: Callable[[FirestoreAsyncClient, float], Awaitable[T]]) -> T:
        """Carry out a reading, again and again within its time limit while that may help."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._read_timeout
        pauses = iter(_PAUSES)
        while True:
            # Half of what is left: after silence there is time for another try on a fresh connection.
            timeout = max(0.05, (deadline - loop.time()) / 2)
            try:
                return await self._call(lambda client, timeout=timeout: read(client, timeout), timeout)  # type: ignore[misc]
            except StoreUnavailable as error:
                pause = next(pauses, _PAUSES[-1])
                if not may_repeat(error.__cause__ or error) or loop.time() + pause + 0.1 > deadline:
                    raise
                await asyncio.sleep(pause)

    async def _call(
        self,
        make: Callable[[FirestoreAsyncClient], Awaitable[T]],
        timeout: float,
        *,
        conditional: bool = False,
    ) -> T:
        """Make one call, in our words and within its time whatever the library does."""
        connection = self._connection
        if connection is None:
            raise StoreUnavailable("The store is not open")
        client = connection.client
        try:
            async with asyncio.timeout(timeout + 0.5):
                return await make(client)
        except asyncio.CancelledError as error:
            task: asyncio.Task[Any] | None = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise translated(error) from error  # the channel was closed under the call
        except FOREIGN as error:
            if is_silence(error) and connection is self._connection:
                connection.replace(client)
            raise translated(error, conditional=conditional) from error
