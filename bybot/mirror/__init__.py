"""What a session is used for: copying posts from channels that a person can read into channels they can write."""

from __future__ import annotations

from bybot.mirror.model import (
    ByDates,
    ByIds,
    ChannelPair,
    ChatRef,
    Counts,
    Estimate,
    Everything,
    Last,
    Mode,
    New,
    Notice,
    NoticeKind,
    PairState,
    PairStatus,
    Progress,
)
from bybot.mirror.sabotage import Sabotage
from bybot.mirror.script import Mirror

__all__ = [
    "ByDates",
    "ByIds",
    "ChannelPair",
    "ChatRef",
    "Counts",
    "Estimate",
    "Everything",
    "Last",
    "Mirror",
    "Mode",
    "New",
    "Notice",
    "NoticeKind",
    "PairState",
    "PairStatus",
    "Progress",
    "Sabotage",
]
