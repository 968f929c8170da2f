"""Connections to Firestore: credentials by firebase-admin, and a channel that comes back quickly after an outage."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import firebase_admin.credentials
import grpc.aio
from google.auth import exceptions as auth
from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport

from bybot.errors import ConfigurationError, Problem

_HOST: Final = "firestore.googleapis.com"
_VARIABLE: Final = "FIREBASE_CREDENTIALS"
_OPTIONS: Final = [
    # gRPC's own back-off grows to two minutes: an outage of a minute would cost another quarter of one.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A channel of our own is a connection of our own: a fresh one after silence really is fresh.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
]


@dataclass(frozen=True)
class Account:
    """Who speaks to Firestore, and about which project. ``credential`` is None for an emulator."""

    project: str | None
    credential: Any = None

    def __repr__(self) -> str:
        return f"Account({self.project})"


def load_account(credentials: str | None, *, for_emulator: bool) -> Account:
    """Read a service account. Blocking: it reads files and may ask Google's metadata server.

    Args:
        credentials: JSON text, a path, or None for Google's application default.
        for_emulator: then none is needed.

    Raises:
        ConfigurationError: they cannot be used; the message never shows them.
    """
    if credentials is None and for_emulator:
        return Account(None)
    try:
        if credentials is None:
            default = firebase_admin.credentials.ApplicationDefault()
            return Account(default.project_id, default.get_credential())
        certificate = firebase_admin.credentials.Certificate(_certificate(credentials))
        return Account(certificate.project_id, certificate.get_credential())
    except auth.DefaultCredentialsError:
        raise _problem("it is not set") from None
    except OSError as error:
        raise _problem(f"its file cannot be read ({type(error).__name__})") from None
    except (ValueError, TypeError, KeyError):
        raise _problem("it is not the key of a service account") from None


def _certificate(credentials: str) -> str | Mapping[str, Any]:
    text = credentials.strip()
    if not text.startswith("{"):
        return text
    certificate = json.loads(text)
    if not isinstance(certificate, dict):
        raise ValueError("no object")
    return certificate


def _problem(fact: str) -> ConfigurationError:
    step = "Give the service account's JSON, or the path of its file (Firebase console, Project settings)."
    return ConfigurationError([Problem(_VARIABLE, fact, step)])


class Connection:
    """The current client, and how to get a fresh one.

    Args:
        account: who speaks.
        emulator: ``host:port`` of an emulator; None: Google.
        grace: seconds that calls on a channel being replaced may still take.
    """

    def __init__(self, account: Account, emulator: str | None, grace: float) -> None:
        self._account = account
        self._emulator = emulator
        self._grace = grace
        self._closing: set[asyncio.Task[None]] = set()
        self.client = self._made()

    def replace(self, client: FirestoreAsyncClient) -> None:
        """Make a fresh channel unless that client was replaced already."""
        if client is self.client:
            self.client = self._made()
            task = asyncio.create_task(self._close(client, self._grace))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close all channels at once."""
        closing = list(self._closing)
        for task in closing:
            task.cancel()
        await asyncio.gather(*closing, return_exceptions=True)
        await self._close(self.client, None)

    @property
    def metadata(self) -> list[tuple[str, str]]:
        """What every call carries."""
        return [("authorization", "Bearer owner")] if self._emulator else []

    def _made(self) -> FirestoreAsyncClient:
        if self._emulator is not None:
            channel = grpc.aio.insecure_channel(self._emulator, options=_OPTIONS)
        else:
            channel = FirestoreGrpcAsyncIOTransport.create_channel(
                _HOST, credentials=self._account.credential, options=_OPTIONS
            )
        return FirestoreAsyncClient(transport=FirestoreGrpcAsyncIOTransport(channel=channel))

    @staticmethod
    async def _close(client: FirestoreAsyncClient, grace: float | None) -> None:
        try:
            await client.transport.grpc_channel.close(grace)
        except asyncio.CancelledError:
            await client.transport.grpc_channel.close(None)
            raise
