"""Asks all questions of one Telegram and shows the answers."""

from __future__ import annotations

from telethon import TelegramClient

from tests.fidelity.checks import CHECKS
from tests.fidelity.stage import stage


async def play(a: TelegramClient, b: TelegramClient) -> int:
    """Print a line for each question.

    Args:
        a, b: connected clients of two accounts.

    Returns:
        0 when every answer is the assumed one, else 1.
    """
    others = 0
    async with stage(a, b) as made:
        for check in CHECKS:
            answer = await check.ask(made)
            others += answer != check.assumed
            note = "" if answer == check.assumed else f"   (assumed: {check.assumed})"
            print(f"{'as assumed' if not note else 'DIFFERENT '}  {check.question}: {answer}{note}")
    print(f"{len(CHECKS) - others} of {len(CHECKS)} as assumed")
    return 1 if others else 0
