"""A client takes its login along when Telegram moves the account to another data centre.

Stock Telethon answers USER_MIGRATE by going to the other data centre with an empty key, which ends every login. Here
the login is exported, imported there under a new key, stored, and only then spoken with: until the store has
acknowledged the new key, the old one is the one that is stored and used. A client that is not logged in yet just goes
there. The client stays connected as an object: whoever holds it goes on with the same one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from telethon import TelegramClient, errors
from telethon.network import MTProtoSender
from telethon.tl import functions, types
from telethon.tl.alltlobjects import LAYER

from bybot.sessions.datacenter import DataCenter
from bybot.sessions.image import Image

log = logging.getLogger(__name__)

Settle = Callable[[Image], Awaitable[None]]
_LONGEST: Final = 20.0
_CLOSE_SECONDS: Final = 5.0


class Moves:
    """Takes the place of what one client does when Telegram sends it elsewhere.

    Args:
        client: a client of Telethon on a :class:`StoredSession`, with connections under a permit.
        places: addresses of data centres that are known beforehand; others are asked for.
    """

    __slots__ = ("_client", "_lock", "_places", "_tries")

    def __init__(self, client: TelegramClient, places: Mapping[int, DataCenter]) -> None:
        self._client = client
        self._places = places
        self._lock: asyncio.Lock | None = None
        self._tries = 0
        settle_with(client, None)
        client._switch_dc = self.switch
        client._get_dc = self.find
        client._create_exported_sender = self.exported_sender

    async def find(self, dc_id: int, cdn: bool = False) -> Any:
        """Where a data centre is."""
        place = self._places.get(dc_id)
        if place is not None and not cdn:
            return types.DcOption(id=place.id, ip_address=place.host, port=place.port)
        if not cdn:
            TelegramClient._config = None  # Telethon keeps the addresses for as long as the process lives
        return await TelegramClient._get_dc(self._client, dc_id, cdn)

    # Moving -------------------------------------------------------------------------------------------------------

    async def switch(self, new_dc: int) -> None:
        """Go to another data centre, with the login if there is one.

        Raises:
            errors.RPCError: Telegram refuses to let the login go along; the client stays.
            ConnectionError, OSError, TimeoutError: it did not work out; the client stays.
        """
        if self._lock is None:
            self._lock = asyncio.Lock()
        seen = self._tries
        async with self._lock:
            if self._client.session.dc_id == new_dc:
                return  # another request was told the same
            if self._tries != seen:
                raise ConnectionError(f"the move to data centre {new_dc} failed just now")
            self._tries += 1
            async with asyncio.timeout(_LONGEST):
                await self._move(new_dc)

    async def _move(self, new_dc: int) -> None:
        client, session = self._client, self._client.session
        try:
            exported = await client._sender.send(functions.auth.ExportAuthorizationRequest(new_dc))
        except errors.UnauthorizedError:
            if session.authorised:
                raise
            await TelegramClient._switch_dc(client, new_dc)
            await self._settle(session.snapshot())
            return
        place = await self.find(new_dc)
        there = await self._import_at(place, exported)
        key = there.auth_key.key
        await _close(there)  # before the client itself speaks with this key
        where = {"dc_id": place.id, "server_address": place.ip_address, "port": place.port}
        await self._settle(replace(session.snapshot(), auth_key=key, **where))
        await self._go_over(place, key)
        log.info("A login was carried over to data centre %d.", new_dc)

    async def _settle(self, image: Image) -> None:
        settle: Settle | None = self._client._settle_move
        if settle is not None:
            await settle(image)

    async def _go_over(self, place: Any, key: bytes) -> None:
        """Let the sender reconnect over there: as after a broken connection, nothing that waits is lost."""
        client, sender = self._client, self._client._sender
        connection = sender._connection
        if not client.is_connected() or connection is None:
            raise ConnectionError("the client was disconnected while it moved")
        connection.abort()
        connection.go_to(place.ip_address, place.port, place.id)
        client.session.set_dc(place.id, place.ip_address, place.port)
        sender.auth_key.key = key
        client.session.auth_key = sender.auth_key
        client.session.authorise()
        sender._start_reconnect(None)
        if sender._reconnect_task is not None:
            await asyncio.wait({sender._reconnect_task})

    # File servers -------------------------------------------------------------------------------------------------

    async def exported_sender(self, dc_id: int) -> MTProtoSender:
        """As Telethon's, but bounded in time, and nothing stays open when it fails."""
        async with asyncio.timeout(_LONGEST):
            place = await self.find(dc_id)
            exported = await self._client(functions.auth.ExportAuthorizationRequest(dc_id))
            return await self._import_at(place, exported)

    async def _import_at(self, place: Any, exported: types.auth.ExportedAuthorization) -> MTProtoSender:
        """A connection with a new key to which the login was carried over."""
        client = self._client
        sender = MTProtoSender(None, loggers=client._log, retries=2, connect_timeout=client._timeout)
        try:
            await sender.connect(
                client._connection(
                    place.ip_address,
                    place.port,
                    place.id,
                    loggers=client._log,
                    proxy=client._proxy,
                    local_addr=client._local_addr,
                )
            )
            client._init_request.query = functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes)
            await sender.send(functions.InvokeWithLayerRequest(LAYER, client._init_request))
        except errors.UnauthorizedError as error:
            await _close(sender)
            # Whether the login itself is over, only its own key can tell.
            raise ConnectionError(f"the login could not be carried over: {type(error).__name__}") from error
        except BaseException:
            await _close(sender)
            raise
        return sender


def settle_with(client: TelegramClient, settle: Settle | None) -> None:
    """Let a client's new key be stored by this, durably, before it is spoken with; an error keeps it where it is."""
    client._settle_move = settle


async def _close(sender: MTProtoSender) -> None:
    """End a connection that nobody else has."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await sender.disconnect()
    ended = sender._disconnected
    if ended.done() and not ended.cancelled():
        ended.exception()  # Telethon told whoever asked; nobody else looks
