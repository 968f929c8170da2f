"""Looking for secrets in bytes, in every form in which they might have slipped out."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_PART = 24  # bytes of a secret that are enough to recognise it


def forms(secret: bytes) -> Iterator[bytes]:
    """How a part of a binary secret may be written down."""
    for start in range(0, len(secret) - _PART + 1, _PART):
        part = secret[start : start + _PART]
        yield part
        yield part.hex().encode()
        yield part.hex().upper().encode()
        yield repr(part)[2:-1].encode()
    for shift in range(3):  # base64 of anything around it
        for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
            yield alphabet(secret[shift:])[4:-8][: _PART * 4 // 3]


Wanted = dict[str, re.Pattern[bytes]]


def patterns(binary: Mapping[str, bytes], text: Mapping[str, str], digits: Mapping[str, str]) -> Wanted:
    """What to look for, by the name that is reported.

    Args:
        binary: keys; each part of them counts.
        text: passwords and tokens, as they are.
        digits: codes and numbers, which count unless they are inside of a longer number.
    """
    found = {name: re.compile(b"|".join(re.escape(form) for form in forms(value))) for name, value in binary.items()}
    found |= {name: re.compile(re.escape(value.encode())) for name, value in text.items()}
    found |= {name: re.compile(rb"(?<![\d.])" + value.encode() + rb"(?![\d])") for name, value in digits.items()}
    return found


def find(wanted: Wanted, where: str, content: bytes) -> list[str]:
    """The names of what stands in there, with the place."""
    return [
        f"{name} in {where} at byte {hit.start()}" for name, each in wanted.items() if (hit := each.search(content))
    ]


def find_in_folder(wanted: Wanted, folder: Path) -> list[str]:
    """The same for every file below a folder, and their names."""
    found: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found += find(wanted, str(path.relative_to(folder)), path.read_bytes() + str(path).encode())
    return found
