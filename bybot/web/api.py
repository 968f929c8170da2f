"""The operator's HTTP API under ``/api/v1``: the table of :mod:`bybot.web.operations`, for whoever has the token.

Answers are JSON. What fails is answered as ``{"error": {"code", "message", "next_step", ...facts}}`` with a status that
fits; :func:`bybot.web.errorfacts.error_of` makes the
same typed error of it at the other end.
"""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError, validate_call

from bybot.errors import BybotError
from bybot.sessions.acting import ActingManager
from bybot.web.auth import bearer, same
from bybot.web.errorfacts import facts_of
from bybot.web.operations import OPERATIONS, PREFIX, Operation, user_of
from bybot.web.plain import plain

_log = logging.getLogger(__name__)

#: What an operator sends is small.
_MOST_BYTES: Final = 1_000_000
_FRESH: Final = {"Cache-Control": "no-store"}
_STATUS: Final = {
    "forbidden": 403,
    "no_session": 404,
    "not_found": 404,
    "owned_elsewhere": 409,
    "invalid_transition": 409,
    "stale_write": 409,
    "store_unavailable": 503,
    "telegram_unreachable": 503,
}
_OTHER_STATUS: Final = 422

About = Callable[[], Mapping[str, Any]]


def create_api(acting: ActingManager, *, token: str, about: About) -> APIRouter:
    """The routes.

    Args:
        acting: the manager with the operator's rights.
        token: what callers must send as ``Authorization: Bearer``.
        about: facts about this process: bot_id, instance, state, version.
    """
    router = APIRouter(prefix=PREFIX)

    async def process(request: Request) -> Response:
        return _refused(request, token) or _answer(about())

    router.add_api_route("/process", process, methods=["GET"], response_model=None)
    for operation in OPERATIONS:
        endpoint = _endpoint(operation, acting, token)
        router.add_api_route(operation.path, endpoint, methods=[operation.method], response_model=None)
    return router


def _endpoint(operation: Operation, acting: ActingManager, token: str) -> Callable[[Request], Any]:
    names = set(inspect.signature(operation.run).parameters)
    run = validate_call(config={"arbitrary_types_allowed": True})(operation.run)

    async def endpoint(request: Request) -> Response:
        refused = _refused(request, token)
        if refused is not None:
            return refused
        try:
            arguments = await _arguments(request)
            unknown = sorted(set(arguments) - names)
            if unknown:
                return _wrong(f"{unknown[0]}: there is no such argument.")
            return _answer(await run(acting, **arguments))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            return _wrong(f"{first['loc'][-1]}: {first['msg']}.")
        except ValueError as error:
            return _wrong(str(error))
        except BybotError as error:
            return JSONResponse({"error": facts_of(error)}, _STATUS.get(error.code, _OTHER_STATUS), headers=_FRESH)
        except Exception:
            _log.exception("The operator's request %s failed.", operation.name)
            return _failed(500, "internal", "This failed inside; the log of the bot's process tells why.")

    return endpoint


def _refused(request: Request, token: str) -> Response | None:
    if same(bearer(request.headers.get("Authorization")), token):
        return None
    _log.warning("A request to %s without the operator's token was refused.", request.url.path)
    answer = _failed(401, "unauthorized", "The token is missing or wrong.")
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


async def _arguments(request: Request) -> dict[str, Any]:
    """What the path, the query and a JSON body say.

    Raises:
        ValueError: the body is no JSON object, or too large.
    """
    arguments: dict[str, Any] = dict(request.query_params)
    if request.method != "GET":
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _MOST_BYTES:
                raise ValueError("The body is too large.")
        if body:
            try:
                given = json.loads(body)
            except ValueError:
                given = None
            if not isinstance(given, dict):
                raise ValueError("The body is not a JSON object.")
            arguments |= given
    return arguments | {name: user_of(value) for name, value in request.path_params.items()}


def _answer(value: Any) -> Response:
    return JSONResponse(plain(value), headers=_FRESH)


def _wrong(message: str) -> JSONResponse:
    return _failed(400, "bad_request", message)


def _failed(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers=_FRESH)
