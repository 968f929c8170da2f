"""What an engine works with: the connected account, and whom it tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from bybot.mirror.allowance import Allowance
from bybot.mirror.live import Ears
from bybot.mirror.model import NoticeKind
from bybot.mirror.pacing import Pacing

if TYPE_CHECKING:
    from bybot.mirror.engine import Engine


@dataclass(frozen=True, slots=True)
class Account:
    """What the engines of one account share while its client is connected here."""

    client: Any
    pacing: Pacing
    ears: Ears
    allowance: Allowance


class Report(Protocol):
    """Whom an engine tells."""

    def progressed(self, engine: Engine) -> None:
        """Something changed: counts, phase, or a wait."""

    def notice(self, engine: Engine, kind: NoticeKind, facts: Mapping[str, Any]) -> None:
        """The user should know."""
