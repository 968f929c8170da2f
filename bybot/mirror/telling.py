"""What the user of one pair is told by its engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from bybot.clock import Clock
from bybot.mirror.account import Report
from bybot.mirror.journal import Journal
from bybot.mirror.model import Lack, NoticeKind, Right
from bybot.mirror.outcome import Judgement
from bybot.mirror.rules.post import media_of

if TYPE_CHECKING:
    from bybot.mirror.engine import Engine


@dataclass(frozen=True, slots=True)
class Telling:
    """Of one engine."""

    engine: Engine
    journal: Journal
    report: Report
    clock: Clock

    def waits(self, judgement: Judgement) -> None:
        """Telegram asks to wait."""
        until = self.clock.now() + timedelta(seconds=judgement.seconds)
        self.report.notice(self.engine, NoticeKind.FLOOD, {"seconds": judgement.seconds, "until": until})
        self.report.progressed(self.engine)

    def day_is_over(self, until: datetime) -> None:
        """The account has sent as many posts as it may in a day."""
        self.report.notice(self.engine, NoticeKind.DAY_FULL, {"until": until})
        self.report.progressed(self.engine)

    def left_out(self, messages: Iterable[Any], why: Literal["refused", "rules"]) -> None:
        """These posts have no copy; each kind of them is named once.

        Args:
            messages: the posts.
            why: Telegram refused them, or rules would change what cannot be sent anew.
        """
        for kind in sorted({media_of(message) for message in messages}):
            self.once(NoticeKind.LEFT_OUT, about=f"{why}.{kind}", what=str(kind), why=why)

    def lacking(self, messages: Iterable[Any], lack: Lack) -> None:
        """Copies of these posts lack something; each kind of them is named once."""
        for kind in sorted({media_of(message) for message in messages}):
            self.once(NoticeKind.INCOMPLETE, about=f"{lack}.{kind}", what=str(kind), lack=lack)

    def rebuilt(self, what: Literal["map", "state"], count: int) -> None:
        """What the store had lost of the pair was made again; ``count`` copies are known of it."""
        self.report.notice(self.engine, NoticeKind.REBUILT, {"what": what, "count": count})

    def lacks(self, right: Right) -> None:
        """The account may not do this in the target; posts are copied nevertheless."""
        self.once(NoticeKind.RIGHT_MISSING, about=right, right=right)

    def once(self, kind: NoticeKind, *, about: str = "", **facts: Any) -> None:
        """Tell it, unless that was done before.

        Args:
            kind: what it is.
            about: of what, where a kind of notice can be about several things.
            **facts: of the notice.
        """
        name = f"{kind}.{about}" if about else kind.value
        if name not in self.journal.told:
            self.journal.told |= {name}
            self.journal.write_soon()
            self.report.notice(self.engine, kind, facts)
