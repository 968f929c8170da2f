"""Firestore's wire protocol on a socket: what a stock google-cloud-firestore client speaks to."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any, Final

import grpc
import grpc.aio

from bybot.clock import Clock, SystemClock
from bybot.sandbox.firestore.database import Database
from bybot.sandbox.firestore.errors import Refusal
from bybot.sandbox.firestore.faults import Counts, FirestoreFaults
from bybot.sandbox.firestore.pb import CALLS, Message
from bybot.sandbox.firestore.service import Service

_SERVICE: Final = "google.firestore.v1.Firestore"
_LARGEST_MESSAGE: Final = 16 * 1024 * 1024

log = logging.getLogger(__name__)


class FirestoreServer:
    """A Firestore in memory. Documents stay over stop() and start(), so that an outage can be played.

    Args:
        clock: the source of the server's time, made strictly monotonic; None: the machine's.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.counts = Counts()
        self.faults = FirestoreFaults()
        self._service = Service(Database(clock or SystemClock()), self.counts)
        self._server: grpc.aio.Server | None = None
        self.address: str | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and give ``host:port``.

        Raises:
            OSError: the port is in use.
        """
        options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", _LARGEST_MESSAGE)]
        server = grpc.aio.server(options=options)
        server.add_generic_rpc_handlers((_Handlers(self),))
        try:
            bound = server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as error:
            raise OSError(f"The port {port} cannot be used for Firestore") from error
        await server.start()
        self._server, self.address = server, f"{host}:{bound}"
        return self.address

    async def stop(self) -> None:
        """Close the socket and all connections at once. May be called twice."""
        server, self._server = self._server, None
        if server is not None:
            await self.faults.close()
            await server.stop(None)

    async def answer(self, rpc: str, request: Message, context: grpc.aio.ServicerContext) -> list[Message]:
        """Count a call, and carry it out under the faults that are on."""
        self.counts.requests[rpc] += 1
        try:
            return await self.faults.around(rpc, lambda: self._service.carry_out(rpc, request))
        except Refusal as refusal:
            await context.abort(refusal.code, refusal.details)
            raise  # abort() has raised already


class _Handlers(grpc.GenericRpcHandler):
    """Finds the handler of a call by its name, and counts calls that this server does not have."""

    def __init__(self, server: FirestoreServer) -> None:
        self._server = server

    def service(self, handler_call_details: Any) -> Any:
        service, _, rpc = handler_call_details.method.lstrip("/").partition("/")
        if service != _SERVICE or rpc not in CALLS:
            self._server.counts.unknown[handler_call_details.method] += 1
            log.error("A call that this Firestore does not have: %s", handler_call_details.method)
            return None
        request, response, streams = CALLS[rpc]
        make = grpc.unary_stream_rpc_method_handler if streams else grpc.unary_unary_rpc_method_handler
        return make(
            self._stream(rpc) if streams else self._single(rpc),
            request_deserializer=request.FromString,
            response_serializer=response.SerializeToString,
        )

    def _single(self, rpc: str) -> Any:
        async def call(request: Message, context: grpc.aio.ServicerContext) -> Message:
            (answer,) = await self._server.answer(rpc, request, context)
            return answer

        return call

    def _stream(self, rpc: str) -> Any:
        async def call(request: Message, context: grpc.aio.ServicerContext) -> AsyncIterator[Message]:
            for answer in await self._server.answer(rpc, request, context):
                yield answer

        return call
