"""Asking the process that holds the sessions, over its HTTP API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx

from bybot.errors import Forbidden, OwnerUnreachable
from bybot.web.errorfacts import error_of
from bybot.web.operations import BY_NAME, PREFIX, Facts, path_of

_CONNECT_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 3.0
_PIECE: Final = 1_000_000


class There:
    """Operations, carried out by another process.

    Args:
        address: of its HTTP service.
        token: the operator's.
        label: names it for people.
    """

    def __init__(self, address: str, token: str, *, label: str = "") -> None:
        self.address = address.rstrip("/")
        self.label = label or self.address
        # No proxy of the environment: the token goes to the owner alone.
        self._http = httpx.AsyncClient(
            base_url=self.address + PREFIX, headers={"Authorization": f"Bearer {token}"}, trust_env=False
        )

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.aclose()

    async def about(self) -> Facts:
        """Which process answers there.

        Raises:
            OwnerUnreachable: none, or none of ours.
            Forbidden: it does not accept the token.
        """
        return await self._ask("GET", "/process", _LOOK_SECONDS)

    async def call(self, name: str, /, **arguments: Any) -> Facts:
        """See :class:`bybot.web.operations.Operator`.

        Raises:
            OwnerUnreachable: no answer in time.
            Forbidden: it does not accept the token.
            BybotError: what the operation raised there.
        """
        operation = BY_NAME[name]
        path, left = path_of(operation, arguments)
        left = {name: value for name, value in left.items() if value is not None}
        file = left.pop(operation.upload, None) if operation.upload is not None else None
        if operation.method == "GET" or operation.upload is not None:
            given: dict[str, Any] = {"params": left}
        else:
            given = {"json": left}
        if file is not None:
            given["content"] = file if isinstance(file, bytes) else _pieces(file)
        return await self._ask(operation.method, path, operation.seconds, **given)

    async def _ask(self, method: str, path: str, seconds: float, **given: Any) -> Facts:
        timeout = httpx.Timeout(seconds, connect=_CONNECT_SECONDS)
        try:
            answer = await self._http.request(method, path, timeout=timeout, **given)
            facts = answer.json()
        except httpx.TimeoutException as error:
            raise self._unreachable(f"did not answer within {seconds:g} s.") from error
        except httpx.HTTPError as error:
            raise self._unreachable("does not answer.") from error
        except ValueError as error:
            raise self._unreachable("is another program.") from error
        return self._read(answer, facts)

    def _read(self, answer: httpx.Response, facts: Any) -> Facts:
        if answer.is_success and isinstance(facts, dict):
            return facts
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise Forbidden(
                f"The process at {self.address} does not accept this command line's token.",
                next_step="Run it with the same BOT_TOKEN and BOT_ID as the bot.",
            )
        error = facts.get("error") if isinstance(facts, dict) else None
        if not isinstance(error, dict):
            raise self._unreachable("does not know this request; is it of another version?")
        raise error_of(error)

    def _unreachable(self, what: str) -> OwnerUnreachable:
        message = f"The process that holds the sessions ({self.label}, {self.address}) {what}"
        return OwnerUnreachable(message, address=self.address)


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(file.open, "rb") as opened:
        while piece := await asyncio.to_thread(opened.read, _PIECE):
            yield piece
