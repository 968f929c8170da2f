"""/forget_me and /forget_user: everything kept about a person is erased, and said."""

from __future__ import annotations

from bybot.bot.handlers import login_steps
from bybot.bot.handlers.account import names
from bybot.bot.handlers.session import deletion_report
from bybot.bot.services import Person
from bybot.bot.texts import Html, lines
from bybot.bot.turn import Turn
from bybot.bot.views import info as views
from bybot.bot.views.base import View
from bybot.errors import Forbidden


async def forget_me(turn: Turn) -> None:
    """Ask first."""
    await turn.reply(views.forget(turn.language))


async def forget_user(turn: Turn) -> None:
    """The same for somebody else, by admins."""
    if not turn.is_admin:
        await turn.say("access.admins_only")
        return
    wanted = turn.arguments[0] if len(turn.arguments) == 1 else ""
    if not wanted.isdecimal() or len(wanted) > 20:
        await turn.say("forget.usage")
        return
    await turn.reply(views.forget(turn.language, other=int(wanted)))


async def on_forget(turn: Turn) -> None:
    """The answer to the question."""
    await turn.answer()
    press = turn.press
    if press is None or press.action != "yes":
        await turn.show(View(turn.t("forget.kept")))
        return
    await turn.chat.typing()
    if not press.argument or int(press.argument) == turn.user_id:
        report = await _erase(turn, turn.user_id)
    elif turn.is_admin:
        other = int(press.argument)
        async with turn.services.states.lock(other):
            report = await _erase(turn, other)
    else:
        raise Forbidden("only administrators erase other people")
    await turn.show(View(turn.t("forget.done", report=report)))


async def _erase(by: Person, user_id: int) -> Html:
    """Erase everything about ``user_id`` with the rights of ``by``; each part is tried, whatever the others do.

    Returns:
        What was done, a line each.
    """
    services = by.services
    services.tasks.cancel(login_steps.qr_task(user_id))
    services.timeouts.clear(user_id)
    services.keypads.pop(user_id, None)
    services.lists.drop_all(user_id)
    called = dict(names(by)) if by.user_id == user_id else {}
    pairs = await by.mirror.remove_all(user_id)
    forgotten = await by.sessions.forget_person(user_id)
    await services.profiles.erase(user_id)
    await services.states.erase(user_id)
    several = len(forgotten.accounts) > 1
    reports = [
        deletion_report(by, each, called.get(each.user_id, each.user_id) if several else None)
        for each in forgotten.accounts
    ]
    return lines(
        by.t("report.pairs", count=pairs),
        *reports,
        *(by.t("report.part_failed", part=failure) for failure in forgotten.failures),
        by.t("report.backups", count=forgotten.backups) if forgotten.backups else None,
        by.t("report.profile"),
        by.t("report.consent"),
    )
