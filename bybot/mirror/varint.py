"""Numbers of any size as bytes of seven bits, the lowest first: small numbers take one byte."""

from __future__ import annotations

from collections.abc import Iterator


def write(out: bytearray, number: int) -> None:
    """Append a number of at least zero."""
    while number > 0x7F:
        out.append((number & 0x7F) | 0x80)
        number >>= 7
    out.append(number)


def read_all(data: bytes) -> Iterator[int]:
    """Every number that was written.

    Raises:
        ValueError: the bytes end in the middle of a number.
    """
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
        else:
            yield number
            number = shift = 0
    if shift:
        raise ValueError("bytes that end in the middle of a number")
