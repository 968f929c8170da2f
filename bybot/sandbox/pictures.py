"""Pictures and films for demos and tests, made without any library: small, valid, and different for every number."""

from __future__ import annotations

import colorsys
import math
import random
import struct
import zlib
from functools import lru_cache

WIDTH, HEIGHT = 480, 300
_SCENES = 12


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _colour(hue: float, saturation: float, value: float) -> bytes:
    return bytes(round(part * 255) for part in colorsys.hsv_to_rgb(hue % 1, saturation, value))


@lru_cache(maxsize=_SCENES)
def _scene(number: int) -> tuple[bytes, bytes]:
    """A hilly landscape: the palette and the packed pixels of a PNG with 8-bit indices."""
    rng = random.Random(number)
    hue = number / _SCENES + rng.random() * 0.05
    sky = [_colour(hue, 0.55 - 0.4 * i / 199, 0.75 + 0.25 * i / 199) for i in range(200)]
    hills = [_colour(hue + 0.45 + 0.02 * i, 0.35 + 0.1 * i, 0.6 - 0.12 * i) for i in range(4)]
    palette = b"".join([*sky, *hills, _colour(hue + 0.5, 0.25, 1.0)])
    sun_x, sun_y, radius = rng.randrange(80, WIDTH - 80), rng.randrange(50, 120), rng.randrange(22, 40)
    tops = []
    for layer in range(4):
        phase, wave, size = rng.random() * 6, rng.uniform(60, 150), rng.uniform(12, 30)
        base = 150 + layer * 38
        tops.append([base + size * math.sin(x / wave * 3 + phase) for x in range(WIDTH)])
    rows = bytearray()
    for y in range(HEIGHT):
        row = bytearray([min(199, y)] * WIDTH)
        if abs(y - sun_y) < radius:
            half = int(math.sqrt(radius * radius - (y - sun_y) ** 2))
            row[sun_x - half : sun_x + half] = bytes([204]) * (2 * half)
        if y > 110:
            for layer, top in enumerate(tops):
                row = bytearray(200 + layer if y >= top[x] else pixel for x, pixel in enumerate(row))
        rows += b"\0" + row
    return palette, zlib.compress(bytes(rows), 6)


def picture(number: int) -> bytes:
    """A PNG of 480 by 300; each number gives other bytes, and one of twelve sceneries."""
    palette, pixels = _scene(number % _SCENES)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"PLTE", palette)
        + _chunk(b"tEXt", b"Comment\0" + str(number).encode())
        + _chunk(b"IDAT", pixels)
        + _chunk(b"IEND", b"")
    )


def film(number: int, size: int = 200_000) -> bytes:
    """Bytes in the boxes of an MP4 file with noise inside: for transport, not for the eye.

    Args:
        number: each gives other bytes.
        size: of the whole, in bytes.
    """
    kind = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"isom", 512, b"isom", b"mp42")
    body = random.Random(number).randbytes(max(0, size - len(kind) - 8))
    return kind + struct.pack(">I4s", len(body) + 8, b"mdat") + body


def noise(number: int, size: int) -> bytes:
    """Random bytes, the same for the same number."""
    return random.Random(number).randbytes(size)
