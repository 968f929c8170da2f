"""Tasks of a pair."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "error.too_many_tasks": "📋 This pair has {most} open tasks already. Cancel one, or wait until one is done.",
    "state.cancelled": "✖️ cancelled",
    "state.undone": "↩️ undone",
}
