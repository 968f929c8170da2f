"""What is wrong with the environment, and what a caller may not do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bybot.errors.base import BybotError


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the configuration: the variable, the fact (never the value), what to do."""

    variable: str
    fact: str
    next_step: str


class ConfigurationError(BybotError):
    code = "configuration"
    exit_code = 78  # EX_CONFIG of sysexits.h

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [f"{p.variable}: {p.fact}. {p.next_step}" for p in problems]
        super().__init__("The configuration cannot be used:\n" + "\n".join(f"  - {line}" for line in lines))


class Forbidden(BybotError):
    code = "forbidden"
    exit_code = 77
    next_step = "Ask an administrator of this bot."


class FreshLogin(Forbidden):
    """Telegram lets a login end others only when it is a day old."""

    code = "fresh_login"
    next_step = "Try again tomorrow, or end it on your phone: Telegram, Settings, Devices."
