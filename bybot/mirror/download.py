"""One file, part by part, from the data centre that has it, through the connections that Telethon keeps for that."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from telethon import errors
from telethon.tl import functions

from bybot.mirror.files import PART, Original
from bybot.mirror.lane import answer_of

#: Seconds for a part, and for a connection to another data centre.
_PART_SECONDS: Final = 60.0
_CONNECT_SECONDS: Final = 30.0
_LANDING_SECONDS: Final = 3.0


class Download:
    """Reads a file. ``close`` it in the end.

    Args:
        client: a connected client.
        original: where the file is; set it anew after its reference was renewed.
    """

    def __init__(self, client: Any, original: Original) -> None:
        self.original = original
        self._client = client
        self._dc = original.dc
        self._borrowed: Any = None

    async def part(self, number: int) -> bytes:
        """The bytes of one part.

        Raises:
            RPCError, TimeoutError, ConnectionError: ask again, or not.
        """
        request = functions.upload.GetFileRequest(self.original.location, offset=number * PART, limit=PART)
        try:
            return await self._ask(request)
        except errors.FileMigrateError as moved:
            await self.close()
            self._dc = moved.new_dc
            return await self._ask(request)

    async def _ask(self, request: Any) -> bytes:
        sender = await self._sender()
        answer = await answer_of(self._client._call(sender, request), timeout=_PART_SECONDS)
        return bytes(answer.bytes)

    async def _sender(self) -> Any:
        """The connection to the data centre of the file."""
        if self._dc == self._client.session.dc_id:
            return self._client._sender
        if self._borrowed is not None and not self._borrowed.is_connected():
            await self.close()
        if self._borrowed is None:
            self._borrowed = await self._borrow()
        return self._borrowed

    async def _borrow(self) -> Any:
        """Telethon keeps half a connection when this is cancelled midway, so it is left to end by itself first."""
        borrowing = asyncio.ensure_future(self._client._borrow_exported_sender(self._dc))
        try:
            await asyncio.wait({borrowing}, timeout=_CONNECT_SECONDS)
        except asyncio.CancelledError:
            await asyncio.wait({borrowing}, timeout=_LANDING_SECONDS)
            if borrowing.done() and not borrowing.cancelled() and borrowing.exception() is None:
                await self._client._return_exported_sender(borrowing.result())
            raise
        finally:
            borrowing.cancel()
        sender = await answer_of(borrowing)
        if sender.is_connected():
            return sender
        # It gave up at some time. Telethon would lend it for ever: let it make another one.
        if self._is_lent(sender):
            del self._client._borrowed_senders[self._dc]
        return await answer_of(self._client._borrow_exported_sender(self._dc), timeout=_CONNECT_SECONDS)

    async def close(self) -> None:
        """Give the connection back; Telethon closes it when nobody borrowed it for a minute."""
        borrowed, self._borrowed = self._borrowed, None
        if borrowed is not None and self._is_lent(borrowed):
            await self._client._return_exported_sender(borrowed)

    def _is_lent(self, sender: Any) -> bool:
        """Whether Telethon still has it for others."""
        _, known = self._client._borrowed_senders.get(self._dc, (None, None))
        return known is sender
