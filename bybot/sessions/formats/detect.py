"""Which form a session has, by its content alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bybot.errors import UnreadableSession
from bybot.sessions.formats import pyrogram, telethon
from bybot.sessions.formats.login import Login
from bybot.sessions.formats.sqlitefile import opened
from bybot.sessions.image import MAGIC

#: Telethon's and Pyrogram's files grow with the number of known chats; 20,000 of them take 3 MB.
MAX_BYTES: Final = 64 << 20
# While a program has a file open, or after its crash, the newest changes stand beside it.
_BESIDE: Final = ("-wal", "-journal")


def read(data: bytes | str) -> Login:
    """The login of a session string or of a session file's content.

    Raises:
        UnreadableSession: it is none of the known forms, incomplete, or not logged in. The content is never shown.
    """
    if isinstance(data, bytes) and data.startswith(MAGIC):
        return _read_file(data)
    try:
        text = data if isinstance(data, str) else data.decode("ascii")
    except UnicodeDecodeError:
        raise UnreadableSession("This is no session of a known form.") from None
    text = text.strip()
    length = len(text.rstrip("="))
    if length in telethon.string_lengths() and text.startswith(telethon.PREFIX):
        return telethon.read_string(text)
    if length in pyrogram.string_lengths():
        return pyrogram.read_string(text)
    raise UnreadableSession("This is no session of a known form.")


def _read_file(data: bytes) -> Login:
    with opened(data) as tables:
        if tables.columns("peers"):
            return pyrogram.read_file(tables)
        if tables.columns("entities") and tables.columns("sessions"):
            return telethon.read_file(tables)
    raise UnreadableSession("This SQLite file is no session.")


def load(path: Path) -> bytes:
    """The content of a file that is to be imported. It is only read.

    Raises:
        UnreadableSession: it cannot be read, is far too large, or another program is using it.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableSession(f"{path.name} is too large for a session.")
        busy = [suffix for suffix in _BESIDE if _has_content(path.with_name(path.name + suffix))]
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableSession(f"{path} cannot be read: {error.strerror or type(error).__name__}.") from None
    if busy:
        step = f"Stop the program that uses it; {path.name}{busy[0]} goes then."
        raise UnreadableSession(f"{path.name} is in use, or its program crashed.", next_step=step)
    return content


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0
