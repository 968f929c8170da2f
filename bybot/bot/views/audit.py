"""What a pair's target lacks or has twice, and the question before all copies are deleted."""

from __future__ import annotations

from typing import Final

from bybot.bot.callbacks import Press
from bybot.bot.texts import Html, Language, lines, t
from bybot.bot.texts.formats import number
from bybot.bot.views.base import View, button
from bybot.bot.views.pairs import names
from bybot.mirror.audit import Audit
from bybot.mirror.model import ChannelPair

AREA: Final = "au"


def audit(language: Language, pair: ChannelPair, found: Audit) -> View:
    """What a comparison found, with what can be done about it."""
    missing, doubled = len(found.missing), len(found.doubled)
    facts = lines(
        t(language, "audit.looked", count=number(found.looked)),
        t(language, "audit.missing", count=number(missing)) if missing else None,
        t(language, "audit.doubled", count=number(doubled)) if doubled else None,
        None if missing or doubled else t(language, "audit.fine"),
    )
    rows = (
        ((button(language, "audit_fill", _press(pair, "fill")),),) if missing else (),
        ((button(language, "audit_doubles", _press(pair, "doubles")),),) if doubled else (),
        (
            (
                button(language, "back", Press("pr", "view", argument=pair.id)),
                button(language, "refresh", _press(pair, "check")),
            ),
        ),
    )
    title = t(language, "audit.title", **names(pair))
    return View(Html(f"{title}\n\n{facts}"), tuple(row for group in rows for row in group))


def undo(language: Language, pair: ChannelPair, copied: int) -> View:
    """The question before all copies of a pair are deleted."""
    return View(
        t(language, "audit.undo_ask", count=number(copied), **names(pair)),
        (
            (button(language, "undo_yes", _press(pair, "undone")),),
            (button(language, "back", Press("pr", "view", argument=pair.id)),),
        ),
    )


def _press(pair: ChannelPair, action: str) -> Press:
    return Press(AREA, action, argument=pair.id)
