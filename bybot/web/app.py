"""The HTTP service: is it alive, how does it stand, and the bot's webhook.

The service knows neither the bot nor the manager; :mod:`bybot.deployment` hands it functions that answer.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from bybot.errors import BybotError

_log = logging.getLogger(__name__)

Facts = Callable[[], Awaitable[Mapping[str, Any]]]
Feed = Callable[[Mapping[str, Any]], Awaitable[bool]]

#: Updates are far smaller; anything larger is not from Telegram.
MOST_BYTES: Final = 4_000_000
_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(frozen=True)
class Webhook:
    """Where Telegram delivers updates.

    Attributes:
        path: begins with a slash and cannot be guessed.
        secret: what Telegram sends along in a header.
        feed: takes an update; False asks Telegram to send it again later.
    """

    path: str = field(repr=False)
    secret: str = field(repr=False)
    feed: Feed


def create_app(
    *, health: Facts, status: Facts, webhook: Webhook | None = None, routers: Sequence[APIRouter] = ()
) -> FastAPI:
    """The service.

    Args:
        health: facts for ``/health`` with at least ``status`` (healthy, degraded or error) and ``state`` (waiting,
            active, ...). Only ``error`` is answered with 503: a process that waits for its turn is healthy.
        status: public facts for ``/status``.
        webhook: where Telegram delivers; None when the bot polls.
        routers: further routes, such as the operator's.
    """
    app = FastAPI(title="bybot", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health")
    async def show_health() -> JSONResponse:
        facts = await _facts(health)
        return JSONResponse(facts, 503 if facts.get("status") == "error" else 200, headers=_FRESH)

    @app.get("/status")
    async def show_status() -> JSONResponse:
        return JSONResponse(await _facts(status), headers=_FRESH)

    @app.get("/ping")
    async def ping() -> PlainTextResponse:
        return PlainTextResponse("pong", headers=_FRESH)

    # Hosts and load balancers ask with HEAD too.
    for path, endpoint in (("/health", show_health), ("/status", show_status), ("/ping", ping)):
        app.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)
    if webhook is not None:
        _add_webhook(app, webhook)
    for router in routers:
        app.include_router(router)
    return app


_FRESH: Final = {"Cache-Control": "no-store"}


async def _facts(source: Facts) -> dict[str, Any]:
    """The facts as JSON knows them; a source that fails makes the answer an error without telling secrets."""
    try:
        facts = await source()
        return dict(json.loads(json.dumps(facts, default=_plain)))
    except BybotError as error:
        return {"status": "error", "state": "unknown", "error": error.code}


def _plain(value: Any) -> Any:
    """Times as ISO 8601, everything else as text."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _add_webhook(app: FastAPI, webhook: Webhook) -> None:
    @app.post(webhook.path)
    async def receive(request: Request) -> Response:
        given = request.headers.get(_HEADER, "")
        if not hmac.compare_digest(given.encode(), webhook.secret.encode()):
            return Response(status_code=403)
        try:
            update = json.loads(await _body(request))
        except ValueError:
            return Response(status_code=400)
        if not isinstance(update, dict):
            return Response(status_code=400)
        taken = await webhook.feed(update)
        # 503: this process is not the active one; Telegram keeps the update and tries again.
        return Response(status_code=200 if taken else 503)


async def _body(request: Request) -> bytes:
    """The body, as long as it is no larger than an update can be.

    Raises:
        ValueError: it is larger.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise ValueError("the body is too large")
        parts.append(part)
    return b"".join(parts)
