"""/pairs and /my_channels: lists, and what can be done with an entry."""

from __future__ import annotations

from collections.abc import Sequence

from bybot.bot.handlers.account import names, working_accounts
from bybot.bot.handlers.pair_wizard import channels_of
from bybot.bot.turn import Turn
from bybot.bot.views import info
from bybot.bot.views import pairs as views
from bybot.bot.views import tasks as taskviews
from bybot.bot.views.base import View
from bybot.bot.views.login import start_login
from bybot.mirror.model import PairStatus


async def pairs(turn: Turn) -> None:
    """/pairs"""
    statuses = await _statuses(turn)
    if not statuses and not await working_accounts(turn):
        await turn.show(View(turn.t("error.no_session"), start_login(turn.language)))
        return
    await turn.show(_list(turn, statuses))


def _list(turn: Turn, statuses: Sequence[PairStatus], page: int | None = None) -> View:
    return views.pair_list(turn.language, statuses, _page(turn) if page is None else page, names(turn))


async def _statuses(turn: Turn) -> Sequence[PairStatus]:
    return await turn.mirror.list_all(turn.user_id)


def _page(turn: Turn) -> int:
    argument = turn.press.argument if turn.press else ""
    return int(argument) if argument.isdigit() else 0


async def on_press(turn: Turn) -> None:
    """A button of the list or of one pair."""
    press = turn.press
    if press is None:
        return
    if press.action == "list":
        await turn.answer()
        await pairs(turn)
        return
    status = await pressed(turn, press.argument)
    if status is not None:
        await _act(turn, press.action, status)


async def pressed(turn: Turn, pair_id: str) -> PairStatus | None:
    """The pair that a button names; when it is gone, None, and the person sees those that are left."""
    status = await find(turn, pair_id)
    if status is None:
        await turn.answer("pair.gone")
        await pairs_without_page(turn)
    return status


async def pairs_without_page(turn: Turn) -> None:
    """The list from its beginning."""
    await turn.show(_list(turn, await _statuses(turn), 0))


async def find(turn: Turn, pair_id: str) -> PairStatus | None:
    """The person's pair or task with that id, over all accounts."""
    return await turn.mirror.find(turn.user_id, pair_id)


async def _act(turn: Turn, action: str, status: PairStatus) -> None:
    user, pair_id = status.pair.user, status.pair.id
    if action == "remove":
        await turn.show(views.remove(turn.language, status))
        return
    if action == "removed":
        await turn.mirror.remove(user, pair_id)
        await turn.answer("pair.removed", **views.names(status.pair, 60))
        await pairs_without_page(turn)
        return
    if action in ("copies_delete", "copies_keep"):
        yes = action == "copies_delete"
        count = await turn.mirror.confirm_deletions(user, pair_id, yes)
        text = ("pair.copies_deleted" if yes else "pair.copies_kept") if count else "pair.nothing_waits"
        await turn.answer(text, count=count)
    elif action == "pause":
        await turn.mirror.pause(user, pair_id)
        await turn.answer("pair.paused")
    elif action == "resume":
        await turn.mirror.resume(user, pair_id)
        await turn.answer("pair.resumed")
    elif action == "comments_on":
        await turn.mirror.follow_comments(user, pair_id)
        await turn.answer("comments.on")
    elif action == "comments_off":
        await turn.mirror.stop_comments(user, pair_id)
        await turn.answer("comments.off")
    await show_pair(turn, pair_id)


async def show_pair(turn: Turn, pair_id: str) -> None:
    """One pair as it is now; the list when it is gone."""
    status = await find(turn, pair_id)
    if status is None:
        await pairs_without_page(turn)
    elif status.pair.role == "task":
        await turn.show(taskviews.task(turn.language, status, turn.now))
    elif status.pair.parent is not None:
        await show_pair(turn, status.pair.parent)
    else:
        comments = await turn.mirror.comments_of(status.pair.user, pair_id)
        tasks = await turn.mirror.open_tasks(status.pair.user, pair_id)
        await turn.show(views.pair(turn.language, status, turn.now, names(turn), comments, tasks))


async def my_channels(turn: Turn) -> None:
    """/my_channels: through the person's own client."""
    accounts = await working_accounts(turn)
    if not accounts:
        await turn.show(View(turn.t("error.no_session"), start_login(turn.language)))
        return
    wanted = turn.press.ticket if turn.press else ""
    account = next((each for each in accounts if each.user == wanted), accounts[0])
    chats = await channels_of(turn, account.user, fresh=turn.press is None)
    await turn.show(info.channels(turn.language, chats, _page(turn), account, accounts))


async def on_channels(turn: Turn) -> None:
    """Turning a page, or reading the list anew."""
    await turn.answer()
    if turn.press is not None and turn.press.action == "refresh":
        turn.services.lists.drop_all(turn.user_id)
    await my_channels(turn)
