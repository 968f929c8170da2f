"""A file of pairs, whoever wrote it: which format it has, and what it says."""

from __future__ import annotations

from typing import Final

from bybot.errors import UnreadablePairs
from bybot.mirror.exchange import native, telemirror, tgcf
from bybot.mirror.exchange.located import Located, from_json, from_variables, from_yaml
from bybot.mirror.exchange.model import MOST_BYTES, MOST_PAIRS, Document

#: YAML takes long to read: larger files are none that a person wrote.
_MOST_YAML: Final = 200_000


def read(data: bytes) -> Document:
    """What a file says. It may take tenths of a second: use a thread.

    Args:
        data: bybot's own JSON, tgcf.config.json, tgcf.config.yml, mirror.config.yml, or telemirror's .env.

    Raises:
        UnreadablePairs: it is none of these, or not whole, or too large.
    """
    if len(data) > MOST_BYTES:
        raise UnreadablePairs(f"The file is larger than {MOST_BYTES // 1000} kB.", why="too_large")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadablePairs("The file is no text.", why="not_text") from None
    if "\0" in text:
        raise UnreadablePairs("The file is no text.", why="not_text")
    if not text.strip():
        raise UnreadablePairs("The file is empty.", why="empty")
    document = _document(text)
    if len(document.entries) > MOST_PAIRS:
        raise UnreadablePairs(f"The file has more than {MOST_PAIRS} pairs.", why="too_many")
    return document


def _document(text: str) -> Document:
    if text.lstrip()[0] in "{[":
        return _of(from_json(text))
    variables = from_variables(text)
    if telemirror.is_environment(variables.value):
        return telemirror.read_variables(variables)
    if len(text) > _MOST_YAML:
        raise UnreadablePairs("The file is no file of pairs.", why="unknown")
    return _of(from_yaml(text))


def _of(where: Located) -> Document:
    value = where.value
    if isinstance(value, dict):
        if value.get("format") == native.FORMAT:
            return native.read(where)
        if tgcf.is_tgcf(value):
            return tgcf.read(where)
        if telemirror.is_telemirror(value):
            return telemirror.read(where)
    raise UnreadablePairs("The file is no file of pairs.", why="unknown")
