"""Where an account is logged in, and the question before one of those logins is ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bybot.bot.callbacks import Press
from bybot.bot.texts import Html, Language, lines, t
from bybot.bot.texts.formats import ago, short
from bybot.bot.views.base import AccountFacts, View, button, grid, labelled
from bybot.sessions.devices import Device

AREA: Final = "dv"
#: Telegram shows more; a screen does not.
_MOST: Final = 20


def title(device: Device) -> str:
    """What a device is called: model and program."""
    return short(", ".join(part for part in (device.device_model, device.app_name) if part) or "?", 40)


def device_list(language: Language, account: AccountFacts, devices: Sequence[Device], now: datetime) -> View:
    """All logins of an account, this one first, with a button for each other one."""
    rising = sorted(devices, key=lambda device: (not device.current, -device.active.timestamp()))[:_MOST]
    entries = [_entry(language, number, device, now) for number, device in enumerate(rising, 1)]
    buttons = [
        labelled(f"✖️ {number}", Press(AREA, "ask", argument=f"{account.user}/{device.id}"))
        for number, device in enumerate(rising, 1)
        if not device.current
    ]
    heading = t(language, "devices.title", account=short(account.name, 40), count=len(devices))
    hint = t(language, "devices.choose") if buttons else t(language, "devices.only")
    text = Html("\n\n".join((heading, *entries, hint)))
    last = (
        button(language, "back", Press("ac", "view", argument=account.user)),
        button(language, "refresh", Press(AREA, "list", argument=account.user)),
    )
    return View(text, (*grid(buttons, 4), last))


def _entry(language: Language, number: int, device: Device, now: datetime) -> Html:
    key = "devices.this" if device.current else "devices.line"
    place = ", ".join(part for part in (short(device.platform, 20), short(device.country, 30)) if part)
    return lines(
        t(language, key, number=number, device=title(device)),
        Html(f"     {t(language, 'devices.facts', place=place, active=ago(language, device.active, now))}"),
    )


def ask(language: Language, account: AccountFacts, device: Device) -> View:
    """The question before a login is ended."""
    return View(
        t(language, "devices.ask", device=title(device), country=device.country or "?", account=account.name),
        (
            (button(language, "end_login", Press(AREA, "end", argument=f"{account.user}/{device.id}")),),
            (button(language, "back", Press(AREA, "list", argument=account.user)),),
        ),
    )
