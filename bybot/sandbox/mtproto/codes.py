"""Login codes, and how they are recognised when somebody types one into a chat."""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

# Between two digits of a disguised code: spaces, dashes, letters, emoji marks, line ends, but not a whole sentence.
_GAP = r"[^0-9]{0,12}"


@dataclass(slots=True, eq=False)
class CodeLogin:
    """One code that was sent.

    Attributes:
        phone: digits of the number it is for.
        hash: how the client names this login.
        key_id: the auth key that asked.
        tries: wrong codes so far.
        dead: why the code is good no more; empty while it is.
    """

    phone: str
    account_id: int
    hash: str
    key_id: int
    sent: datetime
    code: str = field(repr=False)
    tries: int = 0
    dead: str = ""


def new_code(length: int) -> str:
    """A code; it never starts with zero, so that it stays the same when it is taken for a number."""
    return str(secrets.randbelow(9 * 10 ** (length - 1)) + 10 ** (length - 1))


def digits_of(phone: str) -> str:
    """A phone number without everything that is not a digit."""
    return "".join(character for character in phone if character in "0123456789")


def plain_digits(text: str) -> str:
    """The text with the digits of all scripts (full-width, Arabic, circled) as 0 to 9."""
    if text.isascii():
        return text
    return "".join(_plain(character) for character in text)


def _plain(character: str) -> str:
    digit = unicodedata.digit(character, None)
    return character if digit is None else str(digit)


def appears(code: str, text: str) -> bool:
    """Whether a text gives a code away: as it is, or with spaces, dashes, letters or the like between its digits."""
    pattern = _GAP.join(code)
    return re.search(rf"(?<![0-9]){pattern}(?![0-9])", plain_digits(text)) is not None
