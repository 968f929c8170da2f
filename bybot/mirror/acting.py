"""The mirror with the rights of one caller: everybody has their own pairs, admins have all."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

from bybot.errors import Forbidden
from bybot.ids import user_key
from bybot.mirror.audit import Audit
from bybot.mirror.daybook import Day
from bybot.mirror.exchange.model import Document, Language, Report, Start
from bybot.mirror.model import ChannelPair, ChatRef, Estimate, Mode, PairStatus
from bybot.mirror.paircalls import History
from bybot.mirror.rules.book import Rules
from bybot.mirror.samples import Sample
from bybot.mirror.taskbook import TaskRecord

if TYPE_CHECKING:
    from bybot.mirror.supervisor import Supervisor


class ActingMirror:
    """What :class:`~bybot.mirror.supervisor.Supervisor` offers, for one caller. Every method raises as there, and:

    Raises:
        Forbidden: the caller is neither that user nor an admin.
    """

    def __init__(self, supervisor: Supervisor, caller_id: int | str, *, is_admin: bool) -> None:
        self._supervisor = supervisor
        self._caller = user_key(caller_id)
        self._is_admin = is_admin

    def _may(self, user: int | str) -> int | str:
        key = user_key(user)
        # A further account of the same person is {person}~{account}.
        if not self._is_admin and key != self._caller and not key.startswith(self._caller + "~"):
            raise Forbidden("These are another person's channels.")
        return user

    async def list_channels(self, user: int | str) -> list[ChatRef]:
        """Channels and groups that the user's account sees."""
        return await self._supervisor.list_channels(self._may(user))

    async def resolve(self, user: int | str, text: str | int) -> ChatRef:
        """The chat that a link, @name or id names."""
        return await self._supervisor.resolve(self._may(user), text)

    async def estimate(self, user: int | str, source: ChatRef | str | int, mode: Mode) -> Estimate:
        """What starting with this mode would mean."""
        return await self._supervisor.estimate(self._may(user), source, mode)

    async def add_pair(
        self,
        user: int | str,
        source: ChatRef | str | int,
        target: ChatRef | str | int,
        mode: Mode,
        *,
        history: History = "first",
    ) -> ChannelPair:
        """Make a pair and start it."""
        return await self._supervisor.add_pair(self._may(user), source, target, mode, history=history)

    async def add_task(self, user: int | str, pair_id: str, mode: Mode) -> ChannelPair:
        """Copy a range of a pair's posts beside it."""
        return await self._supervisor.add_task(self._may(user), pair_id, mode)

    async def list_tasks(self, user: int | str, pair_id: str) -> list[PairStatus]:
        """The tasks of a pair and what they do now."""
        return await self._supervisor.list_tasks(self._may(user), pair_id)

    async def open_tasks(self, user: int | str, pair_id: str) -> int:
        """How many tasks of a pair are not at their end."""
        return await self._supervisor.open_tasks(self._may(user), pair_id)

    async def cancel(self, user: int | str, task_id: str) -> None:
        """Stop a task for good."""
        await self._supervisor.cancel(self._may(user), task_id)

    async def task_history(self, user: int | str, pair_id: str) -> list[TaskRecord]:
        """The tasks of a pair that came to an end."""
        return await self._supervisor.task_history(self._may(user), pair_id)

    async def list_pairs(self, user: int | str) -> list[PairStatus]:
        """The user's pairs and what they do now."""
        return await self._supervisor.list_pairs(self._may(user))

    async def list_all(self, user: int | str) -> list[PairStatus]:
        """The pairs of all accounts of a person."""
        return await self._supervisor.list_all(self._may(user))

    async def numbers(self, user: int | str, pair_id: str) -> dict[date, Day]:
        """What a pair did day by day."""
        return await self._supervisor.numbers(self._may(user), pair_id)

    async def chart(self, user: int | str, pair_id: str, days: int = 30) -> bytes:
        """The same as a picture."""
        return await self._supervisor.chart(self._may(user), pair_id, days)

    async def find(self, user: int | str, pair_id: str) -> PairStatus | None:
        """A pair or task of any account of a person."""
        return await self._supervisor.find(self._may(user), pair_id)

    async def pause(self, user: int | str, pair_id: str) -> None:
        """Stop a pair until it is resumed."""
        await self._supervisor.pause(self._may(user), pair_id)

    async def set_rules(self, user: int | str, pair_id: str, rules: Rules) -> None:
        """From now on these rules hold for a pair."""
        await self._supervisor.set_rules(self._may(user), pair_id, rules)

    async def set_own(self, user: int | str, pair_id: str, own: Collection[str]) -> None:
        """Which rules are a pair's own; all others follow the defaults."""
        await self._supervisor.set_own(self._may(user), pair_id, own)

    async def default_rules(self, user: int | str) -> Rules:
        """The rules of a person's pairs where they set nothing themselves."""
        return await self._supervisor.default_rules(self._may(user))

    async def set_default_rules(self, user: int | str, rules: Rules) -> None:
        """From now on these hold for all pairs of a person where they set nothing themselves."""
        await self._supervisor.set_default_rules(self._may(user), rules)

    async def try_rules(self, user: int | str, pair_id: str, rules: Rules, count: int = 20) -> list[Sample]:
        """What rules would make of the last posts."""
        return await self._supervisor.try_rules(self._may(user), pair_id, rules, count)

    async def confirm_deletions(self, user: int | str, pair_id: str, yes: bool) -> int:
        """Delete copies whose sources were deleted in bulk, or keep them."""
        return await self._supervisor.confirm_deletions(self._may(user), pair_id, yes)

    async def audit(self, user: int | str, pair_id: str) -> Audit:
        """What a pair's target lacks or has twice."""
        return await self._supervisor.audit(self._may(user), pair_id)

    async def fill_in(self, user: int | str, pair_id: str) -> int:
        """Copy what is missing once more."""
        return await self._supervisor.fill_in(self._may(user), pair_id)

    async def remove_doubles(self, user: int | str, pair_id: str) -> int:
        """Delete second copies."""
        return await self._supervisor.remove_doubles(self._may(user), pair_id)

    async def undo(self, user: int | str, pair_id: str) -> None:
        """Delete all copies of a pair, and pause it."""
        await self._supervisor.undo(self._may(user), pair_id)

    async def resume(self, user: int | str, pair_id: str) -> None:
        """Let a pair go on."""
        await self._supervisor.resume(self._may(user), pair_id)

    async def comments_of(self, user: int | str, pair_id: str) -> PairStatus | None:
        """How the comments of a pair are."""
        return await self._supervisor.comments_of(self._may(user), pair_id)

    async def follow_comments(self, user: int | str, pair_id: str) -> ChannelPair:
        """Comments follow the posts of a pair."""
        return await self._supervisor.follow_comments(self._may(user), pair_id)

    async def stop_comments(self, user: int | str, pair_id: str) -> None:
        """Comments do not follow any more."""
        await self._supervisor.stop_comments(self._may(user), pair_id)

    async def remove(self, user: int | str, pair_id: str) -> None:
        """Forget a pair; copies stay."""
        await self._supervisor.remove(self._may(user), pair_id)

    async def remove_all(self, user: int | str) -> int:
        """Forget every pair of a person, over all their accounts."""
        return await self._supervisor.remove_all(self._may(user))

    async def export_pairs(self, user: int | str, language: Language | None = None) -> tuple[str, int]:
        """The pairs of all accounts of a person as a file's text, and how many there are."""
        return await self._supervisor.export_pairs(self._may(user), language)

    async def plan_import(self, user: int | str, document: Document, start: Start = "new") -> Report:
        """What taking a file over would do."""
        return await self._supervisor.plan_import(self._may(user), document, start)

    async def import_pairs(
        self, user: int | str, document: Document, start: Start = "new", *, settings: bool = True
    ) -> Report:
        """Make the pairs of a file."""
        return await self._supervisor.import_pairs(self._may(user), document, start, settings=settings)
