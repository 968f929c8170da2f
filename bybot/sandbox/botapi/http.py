"""The Bot API's two addresses: methods and file downloads."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bybot.sandbox.botapi import chats, messages, webhooks  # noqa: F401  (they register their methods)
from bybot.sandbox.botapi.api import BotApi
from bybot.sandbox.botapi.errors import BotApiError
from bybot.sandbox.botapi.requests import read_call
from bybot.sandbox.faults import BotFault


class _Cut(Response):
    """Begins an answer and never ends it: the server closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"1000000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


def failure(error: BotApiError) -> Response:
    """An error as JSON, with ``parameters`` where there are any."""
    body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return JSONResponse(body, status_code=error.code)


def routes(api: BotApi) -> list[Route]:
    """``/bot<token>/<method>`` and ``/file/bot<token>/<path>``."""

    async def call(request: Request) -> Response:
        fault: BotFault | None = None
        try:
            parameters = await read_call(request, request.path_params["method"])
            result, fault = await api.call(request.path_params["token"], parameters)
        except BotApiError as error:
            return failure(error)
        if fault is not None:
            return _Cut()
        return JSONResponse({"ok": True, "result": result})

    async def download(request: Request) -> Response:
        if api.world.bot_by_token(request.path_params["token"]) is None:
            return failure(BotApiError(401, "Unauthorized"))
        file = api.files.by_path(request.path_params["path"])
        if file is None:
            return failure(BotApiError(404, "Not Found"))
        return Response(file.data, media_type="application/octet-stream")

    return [
        Route("/bot{token}/{method}", call, methods=["GET", "POST"]),
        Route("/file/bot{token}/{path:path}", download, methods=["GET"]),
    ]
