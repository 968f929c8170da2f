"""Sessions as older versions kept them, found in a directory or in the store.

Files are ``user_{user}.session`` and ``user_{user}_{host}.session``; documents ``user_sessions/{user}`` and
``user_sessions/{user}_{host}``, whose ``session_data`` is a plain SQLite file and which have no ``state``. Sessions of
the present layout whose metadata were lost on a disk look like that too, and are found with them.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bybot.errors import PortableError, UnreadableSession, VaultError
from bybot.ids import user_id_from_key, user_key
from bybot.sessions.codec import Codec
from bybot.sessions.formats.detect import load, read
from bybot.sessions.formats.login import Login
from bybot.sessions.image import MAGIC
from bybot.sessions.model import METADATA, SESSIONS
from bybot.sessions.oldermeta import Noted, Times, noted_in, noted_of, times_in
from bybot.stores.base import Document, Store

log = logging.getLogger(__name__)

# Telegram's ids are numbers, so what follows one is the host; other ids are taken whole.
_NAME: Final = re.compile(r"(?P<user>\d+)_(?P<host>.+)\Z", re.DOTALL)
_FILES: Final = "user_*.session"
_METADATA: Final = "metadata.json"


Stamp = tuple[int, int, int]


def stamp_of(facts: os.stat_result) -> Stamp:
    """By what a file is known, whatever its name."""
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


@dataclass(frozen=True)
class Older:
    """One session of an older layout.

    Attributes:
        source: the file's path or the document's name, for people.
        user, host: whose it is, and the machine that kept it, if that was noted.
        when: when it was used last.
        path, stamp, document: where it is, and by what a file is known to be the same still.
    """

    source: str
    user: str
    host: str | None
    login: Login
    when: datetime
    created: datetime | None = None
    path: Path | None = None
    stamp: Stamp | None = None
    document: Document | None = None


@dataclass
class Found:
    """What was found, and what could not be read: by source, why."""

    sessions: list[Older] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


def split_name(name: str) -> tuple[str, str | None]:
    """User and host of ``123`` or ``123_host``."""
    match = _NAME.match(name)
    return (name, None) if match is None else (match["user"], match["host"])


def at_path(path: Path) -> Found:
    """Look through a directory and those directly in it, or take one file. Blocks: run it in a thread.

    Raises:
        PortableError: it cannot be read, or is not there.
    """
    if not path.exists():
        step = "Paths are those of the process that holds the sessions. Or import each file by itself, with --user."
        raise PortableError(f"{path} is not there.", next_step=step)
    return _in_directory(path) if path.is_dir() else _one_file(path)


def _in_directory(directory: Path) -> Found:
    found = Found()
    try:
        inner = sorted(path for path in directory.iterdir() if path.is_dir())
        places = [directory, *inner]
        noted: dict[tuple[str, str | None], Times] = {}
        for place in reversed(places):  # what the outer one says comes last and counts
            noted |= _noted_in_file(place / _METADATA)
        for place in places:
            for path in sorted(place.glob(_FILES)):
                _take_file(path, noted, found)
    except OSError as error:
        raise PortableError(f"{directory} cannot be read: {error.strerror or type(error).__name__}.") from error
    return found


def _one_file(path: Path) -> Found:
    found = Found()
    _take_file(path, _noted_in_file(path.with_name(_METADATA)), found)
    return found


def _take_file(path: Path, noted: Noted, found: Found) -> None:
    try:
        content = load(path)
        if not content.startswith(MAGIC):
            raise UnreadableSession("This is no session of an older layout.")
        login = read(content)
        name = path.name.removeprefix("user_").removesuffix(".session")
        user, host = split_name(name)
        times = noted_of(noted, user, host)
        facts = path.stat()
        when = times.used or _of_states(login) or datetime.fromtimestamp(facts.st_mtime, UTC)
        user_key(user)
    except (UnreadableSession, ValueError) as error:
        found.unreadable[str(path)] = str(error)
        return
    found.sessions.append(Older(str(path), user, host, login, when, times.created, path, stamp_of(facts)))


def _noted_in_file(path: Path) -> dict[tuple[str, str | None], Times]:
    try:
        return noted_in(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("%s is passed over: %s", path, type(error).__name__)
        return {}


def aside_metadata(directory: Path) -> list[Any]:
    """What metadata files say that the present layout put aside, the newest last. Blocks."""
    forms: list[Any] = []
    for path in sorted(directory.glob(f"{_METADATA}.corrupt-*")):
        try:
            forms.append(json.loads(path.read_bytes()))
        except (OSError, ValueError):
            continue  # it was put aside for being broken
    return forms


async def in_store(store: Store, codec: Codec, extra: Iterable[Mapping[str, Any]] = ()) -> Found:
    """Documents of older layouts. Raises StoreUnavailable.

    Args:
        extra: what else was noted about sessions, such as a metadata file that the present layout put aside.
    """
    found = Found()
    noted: dict[tuple[str, str | None], Times] = {}
    for form in extra:
        noted |= noted_in(form)
    metadata = await store.get(METADATA)
    if metadata is not None:
        noted |= noted_in(metadata.data)
    for document in await store.query(SESSIONS):
        if is_older(document):
            _take_document(document, codec, noted, found)
    return found


def is_older(document: Document) -> bool:
    """Whether a session document is of an older layout."""
    return "state" not in document.data and isinstance(document.data.get("session_data"), bytes)


def _take_document(document: Document, codec: Codec, noted: Noted, found: Found) -> None:
    source, data = f"{SESSIONS}/{document.key.id}", document.data["session_data"]
    present = not data.startswith(MAGIC)
    try:
        login = read(codec.image_bytes(document.key.id, data))
    except (UnreadableSession, VaultError) as error:
        found.unreadable[source] = error.message
        return
    user, host = (user_id_from_key(document.key.id), None) if present else split_name(document.key.id)
    times = times_in(document.data).or_else(noted_of(noted, user, host))
    when = times.used or _of_states(login) or document.update_time
    found.sessions.append(Older(source, user, host, login, when, times.created, document=document))


def _of_states(login: Login) -> datetime | None:
    """When updates were read last."""
    dates = [state.when for state in login.states.values() if state.date > 0]
    return max(dates, default=None)
