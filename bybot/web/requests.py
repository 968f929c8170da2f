"""Reading what an asker sends: arguments of the path, the query and a JSON body, or a file."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import Request

from bybot.web.operation import Operation, value_of

#: What an operator sends is small; a backup is a file of the whole store.
MOST_BYTES: Final = 1_000_000
MOST_FILE_BYTES: Final = 4_000_000_000
_PIECE: Final = 1_000_000


@asynccontextmanager
async def arguments_of(request: Request, operation: Operation) -> AsyncIterator[dict[str, Any]]:
    """The arguments of a request. A file that came with it is there until the end.

    Raises:
        ValueError: the body is no JSON object, or too large.
    """
    arguments: dict[str, Any] = dict(request.query_params)
    path = {name: value_of(value) for name, value in request.path_params.items()}
    if operation.upload is not None:
        async with _received(request) as file:
            if file is not None:
                arguments[operation.upload] = file
            yield arguments | path
        return
    if request.method != "GET":
        arguments |= await _object(request)
    yield arguments | path


async def _object(request: Request) -> dict[str, Any]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise ValueError("The body is too large.")
    if not body:
        return {}
    try:
        given = json.loads(body)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise ValueError("The body is not a JSON object.")
    return given


@asynccontextmanager
async def _received(request: Request) -> AsyncIterator[Path | None]:
    """The body as a file that only this process's user can read; None when there is no body."""
    with tempfile.NamedTemporaryFile(prefix="bybot-upload-") as file:
        size, waiting = 0, bytearray()
        async for part in request.stream():
            size += len(part)
            if size > MOST_FILE_BYTES:
                raise ValueError("The body is too large.")
            waiting += part
            if len(waiting) >= _PIECE:
                await asyncio.to_thread(file.write, bytes(waiting))
                waiting.clear()
        file.write(waiting)
        file.flush()
        yield Path(file.name) if size else None
