"""/stats: what pairs did day by day, and a picture of it."""

from __future__ import annotations

from datetime import UTC, date

from bybot.bot.handlers.pairs import pairs, pressed
from bybot.bot.turn import Turn
from bybot.bot.views import numbers as views
from bybot.mirror.model import ChannelPair


async def stats(turn: Turn) -> None:
    """/stats: of the only pair, or of the one that is chosen."""
    statuses = await turn.mirror.list_all(turn.user_id)
    if not statuses:
        await pairs(turn)
    elif len(statuses) == 1:
        await _show(turn, statuses[0].pair)
    else:
        await turn.show(views.choose(turn.language, statuses))


async def on_press(turn: Turn) -> None:
    """Another pair, or a picture."""
    press = turn.press
    if press is None:
        return
    if press.action == "page":
        await turn.answer()
        statuses = await turn.mirror.list_all(turn.user_id)
        page = int(press.argument) if press.argument.isdigit() else 0
        await turn.show(views.choose(turn.language, statuses, page))
        return
    status = await pressed(turn, press.argument)
    if status is None:
        return
    await turn.answer()
    if press.action == "chart":
        await _picture(turn, status.pair, int(press.ticket) if press.ticket.isdigit() else views.SPANS[0])
    else:
        await _show(turn, status.pair)


async def _show(turn: Turn, pair: ChannelPair) -> None:
    days = await turn.mirror.numbers(pair.user, pair.id)
    await turn.show(views.numbers(turn.language, pair, days, _today(turn)))


async def _picture(turn: Turn, pair: ChannelPair, span: int) -> None:
    await turn.chat.typing()
    days = await turn.mirror.numbers(pair.user, pair.id)
    picture = await turn.mirror.chart(pair.user, pair.id, span)
    await turn.chat.photo(picture, views.caption(turn.language, pair, days, _today(turn), span), name="numbers.png")


def _today(turn: Turn) -> date:
    return turn.now.astimezone(UTC).date()
