"""The root of the tree."""

from __future__ import annotations

from typing import ClassVar


class BybotError(Exception):
    """Base of all. ``code`` is stable; ``exit_code`` is what the command line ends with."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    next_step: str = ""

    def __init__(self, message: str, *, next_step: str | None = None) -> None:
        super().__init__(message)
        if next_step is not None:
            self.next_step = next_step

    @property
    def message(self) -> str:
        return str(self.args[0])
