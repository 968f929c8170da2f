"""The tasks of a pair: the list, adding one, pausing, cancelling, undoing, and those that ended."""

from __future__ import annotations

from bybot.bot.handlers import pair_wizard
from bybot.bot.handlers.pairs import find, pressed, show_pair
from bybot.bot.turn import Turn
from bybot.bot.views import tasks as views
from bybot.mirror.model import ChannelPair, PairStatus


async def on_press(turn: Turn) -> None:
    """A button of the list, or of one task."""
    press = turn.press
    if press is None:
        return
    paged = press.action in ("page", "records")  # these carry the pair before the number of the page
    status = await pressed(turn, press.ticket if paged else press.argument)
    if status is None:
        return
    page = int(press.argument) if paged and press.argument.isdigit() else 0
    if status.pair.parent is None:
        await _on_pair(turn, press.action, status.pair, page)
    else:
        await _on_task(turn, press.action, status)


async def _on_pair(turn: Turn, action: str, pair: ChannelPair, page: int) -> None:
    if action == "add":
        await pair_wizard.begin_task(turn, pair)
    elif action in ("history", "records"):
        records = await turn.mirror.task_history(pair.user, pair.id)
        await turn.show(views.history(turn.language, pair, records, page))
    else:
        await _show_list(turn, pair, page)


async def _show_list(turn: Turn, pair: ChannelPair, page: int = 0) -> None:
    tasks = await turn.mirror.list_tasks(pair.user, pair.id)
    await turn.show(views.task_list(turn.language, pair, tasks, page))


async def _on_task(turn: Turn, action: str, status: PairStatus) -> None:
    task, mirror = status.pair, turn.mirror
    if action in ("cancel", "undo", "forget"):
        await turn.show(views.ask(turn.language, status, action))
        return
    if action == "forget_yes":
        await mirror.remove(task.user, task.id)
        await turn.answer("task.forgotten")
        parent = await find(turn, task.family)
        if parent is not None:
            await _show_list(turn, parent.pair)
        return
    if action == "pause":
        await mirror.pause(task.user, task.id)
        await turn.answer("pair.paused")
    elif action == "resume":
        await mirror.resume(task.user, task.id)
        await turn.answer("pair.resumed")
    elif action == "cancel_yes":
        await mirror.cancel(task.user, task.id)
        await turn.answer("task.is_cancelled")
    elif action == "undo_yes":
        await mirror.undo(task.user, task.id)
        await turn.answer("audit.undoing")
    await show_pair(turn, task.id)
