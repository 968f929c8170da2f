"""Comparing a pair's target with its source, mending it, and undoing all of it."""

from __future__ import annotations

from bybot.bot.handlers.pairs import pressed, show_pair
from bybot.bot.turn import Turn
from bybot.bot.views import audit as views
from bybot.mirror.model import PairStatus


async def on_press(turn: Turn) -> None:
    """A button of the comparison, or of undoing."""
    press = turn.press
    if press is None:
        return
    status = await pressed(turn, press.argument)
    if status is not None:
        await _act(turn, press.action, status)


async def _act(turn: Turn, action: str, status: PairStatus) -> None:
    pair = status.pair
    if action == "undo":
        tasks = [] if pair.parent else await turn.mirror.list_tasks(pair.user, pair.id)
        copied = sum(each.counts.copied for each in (status, *tasks))
        await turn.show(views.undo(turn.language, pair, copied))
    elif action == "undone":
        await turn.mirror.undo(pair.user, pair.id)
        await turn.answer("audit.undoing")
        await show_pair(turn, pair.id)
    elif action == "fill":
        count = await turn.mirror.fill_in(pair.user, pair.id)
        await turn.answer("audit.filling" if count else "audit.nothing", count=count)
        await show_pair(turn, pair.id)
    elif action == "doubles":
        count = await turn.mirror.remove_doubles(pair.user, pair.id)
        await turn.answer("audit.doubles_gone" if count else "audit.nothing", count=count)
        await show_pair(turn, pair.id)
    else:
        await turn.answer()
        await turn.chat.typing()
        await turn.show(views.audit(turn.language, pair, await turn.mirror.audit(pair.user, pair.id)))
