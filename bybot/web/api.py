"""The operator's HTTP API under ``/api/v1``: the table of :mod:`bybot.web.operations`, for whoever has the token.

Answers are JSON. What fails is answered as ``{"error": {"code", "message", "next_step", ...facts}}`` with a status that
fits; :func:`bybot.web.errorfacts.error_of` makes the same typed error of it at the other end.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError, validate_call

from bybot.errors import BybotError
from bybot.web.auth import Rights
from bybot.web.errorfacts import facts_of
from bybot.web.operations import OPERATIONS, PREFIX, Operation
from bybot.web.plain import plain
from bybot.web.requests import arguments_of

_log = logging.getLogger(__name__)

_FRESH: Final = {"Cache-Control": "no-store"}
_STATUS: Final = {
    "unauthorized": 401,
    "forbidden": 403,
    "no_session": 404,
    "record_not_found": 404,
    "record_expired": 410,
    "owned_elsewhere": 409,
    "invalid_transition": 409,
    "stale_write": 409,
    "record_exists": 409,
    "too_many_records": 429,
    "too_many_clients": 429,
    "store_unavailable": 503,
    "quota_used_up": 503,
    "telegram_unreachable": 503,
}
_OTHER_STATUS: Final = 422

About = Callable[[], Mapping[str, Any]]


def create_api(rights: Rights, *, about: About) -> APIRouter:
    """The routes.

    Args:
        rights: who may do what.
        about: facts about this process: bot_id, instance, state, version.
    """
    router = APIRouter(prefix=PREFIX)

    async def process(request: Request) -> Response:
        if not rights.is_operator(request.headers.get("Authorization")):
            return _unauthorized(request)
        return _answer(about())

    router.add_api_route("/process", process, methods=["GET"], response_model=None)
    for operation in OPERATIONS:
        router.add_api_route(
            operation.path, _endpoint(operation, rights), methods=[operation.method], response_model=None
        )
    return router


def _endpoint(operation: Operation, rights: Rights) -> Callable[[Request], Any]:
    names = list(inspect.signature(operation.run).parameters)[1:]
    run = validate_call(config={"arbitrary_types_allowed": True})(operation.run)

    async def endpoint(request: Request) -> Response:
        try:
            first = await rights.of(request.headers.get("Authorization"), operation, request.path_params)
            if first is None:
                return _unauthorized(request)
            async with arguments_of(request, operation) as arguments:
                unknown = sorted(set(arguments) - set(names))
                if unknown:
                    return _wrong(f"{unknown[0]}: there is no such argument.")
                return _answer(await run(first, **arguments))
        except ValidationError as error:
            details = error.errors(include_input=False, include_url=False, include_context=False)[0]
            return _wrong(f"{details['loc'][-1]}: {details['msg']}.")
        except ValueError as error:
            return _wrong(str(error))
        except BybotError as error:
            return JSONResponse({"error": facts_of(error)}, _STATUS.get(error.code, _OTHER_STATUS), headers=_FRESH)
        except Exception:
            _log.exception("The operator's request %s failed.", operation.name)
            return _failed(500, "internal", "This failed inside; the log of the bot's process tells why.")

    return endpoint


def _unauthorized(request: Request) -> Response:
    _log.warning("A request to %s without a right token was refused.", request.url.path)
    answer = _failed(401, "unauthorized", "The token is missing or wrong.")
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _answer(value: Any) -> Response:
    return JSONResponse(plain(value), headers=_FRESH)


def _wrong(message: str) -> JSONResponse:
    return _failed(400, "bad_request", message)


def _failed(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers=_FRESH)
