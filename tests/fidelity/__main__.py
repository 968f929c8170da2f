"""``python -m tests.fidelity``: ask Telegram's own test servers. Needs the variables that docs/fidelity.md names.

Exit code 0: everything is as assumed; 1: something is not; 2: a variable is missing.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from telethon import TelegramClient, errors
from telethon.sessions import MemorySession

from tests.fidelity.play import play

# Telegram's test data centre 2, as my.telegram.org shows it.
TEST_DC = (2, "149.154.167.40", 443)
_TEST_NUMBER = re.compile(r"\+?999662\d{4}\Z")


@dataclass(frozen=True, repr=False)
class Credentials:
    """An application and two test numbers (99966XYYYY, X being the data centre)."""

    api_id: int
    api_hash: str
    phones: tuple[str, str]


def credentials(environ: Mapping[str, str]) -> Credentials | list[str]:
    """From the environment; what is missing or wrong there, a sentence each, never with a value."""
    api_id, api_hash = environ.get("FIDELITY_API_ID", ""), environ.get("FIDELITY_API_HASH", "")
    phones = tuple(part.strip() for part in environ.get("FIDELITY_PHONES", "").split(",") if part.strip())
    wrong = [
        "FIDELITY_API_ID is missing: the number of an application of my.telegram.org." if not api_id else "",
        "FIDELITY_API_ID is no number." if api_id and not api_id.isdecimal() else "",
        "FIDELITY_API_HASH is missing: the hash of the same application." if not api_hash else "",
        "FIDELITY_PHONES is missing: two numbers, separated by a comma." if not phones else "",
        f"FIDELITY_PHONES has {len(phones)} numbers instead of two." if phones and len(phones) != 2 else "",
        "FIDELITY_PHONES: a test number is 99966XYYYY with X = 2, the data centre."
        if any(not _TEST_NUMBER.match(phone) for phone in phones)
        else "",
    ]
    found = [sentence for sentence in wrong if sentence]
    return found or Credentials(int(api_id), api_hash, (phones[0], phones[1]))


@asynccontextmanager
async def logged_in(given: Credentials, phone: str) -> AsyncIterator[TelegramClient]:
    """A client of a test number: its code is the digit of its data centre, five times or six."""
    session = MemorySession()
    session.set_dc(*TEST_DC)
    client = TelegramClient(session, given.api_id, given.api_hash)
    try:
        async with asyncio.timeout(60):
            await client.connect()
            sent = await client.send_code_request(phone)
            digits = getattr(sent.type, "length", 5)
            try:
                await client.sign_in(phone, phone.lstrip("+")[5] * digits)
            except errors.PhoneNumberUnoccupiedError:
                raise SystemExit(f"{phone[:6]}… is not registered: register it in an app on the test servers") from None
        yield client
    finally:
        await client.disconnect()


async def main() -> int:
    """Log in twice, play, log out."""
    given = credentials(os.environ)
    if not isinstance(given, Credentials):
        sys.stderr.write("\n".join(["Nothing was asked of Telegram:", *given, "See docs/fidelity.md."]) + "\n")
        return 2
    async with logged_in(given, given.phones[0]) as a, logged_in(given, given.phones[1]) as b:
        return await play(a, b)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
