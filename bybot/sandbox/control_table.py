"""The table of the control surface: which function answers which name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from bybot.sandbox.server import Sandbox

Params = Mapping[str, Any]
Action = Callable[["Sandbox", Params], Awaitable[Any]]
_F = TypeVar("_F", bound=Action)


class Actions:
    """Functions by the names under which they are served."""

    def __init__(self) -> None:
        self.readers: dict[str, Action] = {}
        self.writers: dict[str, Action] = {}

    def reads(self, function: _F) -> _F:
        """Serve under ``GET /control/<name of the function>``."""
        self.readers[function.__name__.rstrip("_")] = function
        return function

    def acts(self, function: _F) -> _F:
        """Serve under ``POST /control/<name of the function>``."""
        self.writers[function.__name__.rstrip("_")] = function
        return function
