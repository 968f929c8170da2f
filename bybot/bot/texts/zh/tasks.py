"""配对的任务。"""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "error.too_many_tasks": "📋 这个配对已经有 {most} 个未完成的任务。请取消一个，或等其中一个完成。",
    "state.cancelled": "✖️ 已取消",
    "state.undone": "↩️ 已撤销",
}
