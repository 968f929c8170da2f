"""The table of requests: which function carries out which request, and what it may know.

A handler module decorates its functions with :func:`rpc`; :func:`load` imports every module of this package, so a new
module needs no entry anywhere.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from telethon.tl import functions

from bybot.sandbox.world.errors import TelegramError

if TYPE_CHECKING:
    from bybot.sandbox.faults import Counters, Faults
    from bybot.sandbox.mtproto.auth_service import AuthService
    from bybot.sandbox.mtproto.keys import AuthKey
    from bybot.sandbox.mtproto.server import MtprotoServer
    from bybot.sandbox.mtproto.session import Session
    from bybot.sandbox.mtproto.switches import Switches
    from bybot.sandbox.world.model import Account, SessionRef
    from bybot.sandbox.world.world import World


class RpcError(TelegramError):
    """A request is answered with this error: ``RpcError(400, "PEER_ID_INVALID")``."""


@dataclass(slots=True)
class Context:
    """Who asks, from where, and what the handler may use.

    Attributes:
        account: who is logged in with this key; None before login.
        key: the auth key's record.
        live: the MTProto session; ``session`` is its name.
        layer: the TL layer that the client announced, None before it did.
        msg_id: of the request.
    """

    world: World
    auth: AuthService
    faults: Faults
    counters: Counters
    switches: Switches
    server: MtprotoServer
    key: AuthKey
    live: Session
    account: Account | None
    layer: int | None = None
    msg_id: int = 0

    @property
    def session(self) -> SessionRef:
        """The calling session, as pushes exclude it."""
        return self.live.ref

    @property
    def me(self) -> Account:
        """The account; only for handlers that need a login.

        Raises:
            RpcError: 401, nobody is logged in.
        """
        if self.account is None:
            raise RpcError(401, "AUTH_KEY_UNREGISTERED")
        return self.account

    def push(self, updates: Any) -> None:
        """Send updates to this very session, logged in or not."""
        self.server.push_to(self.live, updates)


Handler = Callable[[Context, Any], Awaitable[Any]]
_F = TypeVar("_F", bound=Handler)


@dataclass(frozen=True, slots=True)
class Method:
    """One request that the server knows."""

    name: str
    handler: Handler
    needs_login: bool
    anywhere: bool = False


_methods: dict[int, Method] = {}


@cache
def method_name(request_class: Any) -> str:
    """A request's name as Telegram's documents spell it: ``messages.sendMessage``, ``ping``."""
    plain = re.sub(r"Request$", "", request_class.__name__)
    plain = plain[0].lower() + plain[1:]
    space = request_class.__module__.rsplit(".", 1)[-1]
    top = functions.__name__.rsplit(".", 1)[-1]
    return plain if space == top else f"{space}.{plain}"


def rpc(request_class: Any, *, needs_login: bool = True, anywhere: bool = False) -> Callable[[_F], _F]:
    """Register ``async def handler(ctx, request)`` for a request class of Telethon.

    The handler returns a TL object, a bool, a list of TL objects, or bytes (an answer packed already), or raises
    :class:`RpcError`.

    Args:
        needs_login: whoever is not logged in gets 401 AUTH_KEY_UNREGISTERED before the handler is called.
        anywhere: answered by every data centre; other requests that need a login get 303 USER_MIGRATE_X where the
            account is not kept.
    """

    def register(handler: _F) -> _F:
        number = request_class.CONSTRUCTOR_ID
        known = _methods.get(number)
        if known is not None and known.handler.__qualname__ != handler.__qualname__:
            raise ValueError(f"{known.name} has two handlers")
        _methods[number] = Method(method_name(request_class), handler, needs_login, anywhere)
        return handler

    return register


def find(request: Any) -> Method | None:
    """The method of a request, None when the server does not have it."""
    return _methods.get(request.CONSTRUCTOR_ID)


def load() -> None:
    """Import every module of :mod:`bybot.sandbox.rpc`, so that its handlers are registered."""
    package = importlib.import_module(__package__ or "bybot.sandbox.rpc")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
