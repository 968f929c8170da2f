"""The button below the warning that a session is logged out soon."""

from __future__ import annotations

from bybot.bot.turn import Turn
from bybot.bot.views import sessionnews as views


async def on_press(turn: Turn) -> None:
    """Somebody wants to keep a session: that is a use of it."""
    await turn.answer()
    if turn.press is None or turn.press.action != "keep":
        await turn.stale()
        return
    await turn.sessions.keep_session(turn.press.argument or turn.user_id)
    await turn.show(views.kept(turn.language))
