"""/status, /session_stats, /create_session, /logout."""

from __future__ import annotations

from bybot.bot.handlers.account import WORKING, account_of, session_info
from bybot.bot.handlers.login import login
from bybot.bot.services import ACCOUNT, Person
from bybot.bot.texts import Html, lines
from bybot.bot.turn import Turn
from bybot.bot.views import info as views
from bybot.bot.views.base import View
from bybot.bot.views.login import start_login
from bybot.mirror.model import PairState
from bybot.sessions.model import Deletion

_RUNNING = frozenset({PairState.STARTING, PairState.HISTORY, PairState.LIVE, PairState.WAITING})


async def status(turn: Turn) -> None:
    """How the session and the pairs stand."""
    session = await session_info(turn)
    state = str(session.get("status"))
    account = await account_of(turn) if state in WORKING else None
    pairs = await turn.mirror.list_pairs(turn.user_id)
    reason = session.get("reason")
    view = views.status(
        turn.language,
        state=state,
        account=account,
        since=session.get("created_at") if account else None,
        reason=str(reason) if reason else None,
        pairs=len(pairs),
        running=sum(pair.state in _RUNNING for pair in pairs),
    )
    await turn.show(view)


async def session_stats(turn: Turn) -> None:
    """Figures about sessions, as far as the person may see them."""
    figures = await turn.sessions.get_session_stats()
    state = str((await session_info(turn)).get("status"))
    await turn.reply(views.stats(turn.language, figures, state))


async def create_session(turn: Turn) -> None:
    """Make sure that there is a session: says so when there is one, otherwise starts the login."""
    if await turn.sessions.create_user_session(turn.user_id):
        await status(turn)
    else:
        await login(turn)


async def logout(turn: Turn) -> None:
    """Ask first."""
    session = await session_info(turn)
    if session.get("status") == "no_session":
        await turn.show(View(turn.t("logout.none"), start_login(turn.language)))
        return
    account = await account_of(turn) if session.get("status") in WORKING else str(turn.state.get(ACCOUNT) or "")
    await turn.reply(views.logout(turn.language, account or str(turn.user_id)))


async def on_logout(turn: Turn) -> None:
    """The answer to the question."""
    await turn.answer()
    if turn.press is None or turn.press.action != "yes":
        await turn.show(View(turn.t("logout.kept")))
        return
    await turn.chat.typing()
    report = await turn.sessions.delete_user_session(turn.user_id, reason="logout")
    turn.state.pop(ACCOUNT, None)
    turn.services.lists.drop(turn.user_id)
    text = turn.t("logout.done", report=deletion_report(turn, report))
    await turn.show(View(text, start_login(turn.language)))


def deletion_report(person: Person, report: Deletion) -> Html:
    """What was done about a session, a line each."""
    if not report.existed:
        return person.t("logout.none")
    device = person.services.options.device_model
    return lines(
        person.t("report.telegram") if report.logged_out else person.t("report.telegram_failed", device=device),
        person.t("report.session") if "session" in report.removed else None,
        *(person.t("report.part_failed", part=failure) for failure in report.failures),
    )
