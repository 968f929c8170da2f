"""A file's values with the line that each stands on, so that whoever wrote it finds what is wrong."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from bybot.errors import UnreadablePairs

Path = tuple[str | int, ...]

#: Values of a file, those behind YAML's aliases counted each time: a short file can stand for a huge one.
_MOST_VALUES: Final = 100_000
#: How deep values may lie in each other: far deeper than in any file of pairs.
_MOST_DEEP: Final = 30
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NAME: Final = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)\Z")
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Located:
    """Plain values and where they stand.

    Attributes:
        lines: where a value begins, from 1, by its path.
    """

    value: Any
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """Where it stands, or the nearest thing around it that is there."""
        return self.lines[self.known(path)]

    def known(self, path: Path) -> Path:
        """The path without the parts that the file does not have."""
        found: Path = ()
        for part in path:
            if (*found, part) in self.lines:
                found = (*found, part)
        return found


def shown(path: Path) -> str:
    """A path as people write it: ``pairs[2].source``; entries of a list count from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def from_json(text: str) -> Located:
    """
    Raises:
        UnreadablePairs: it is no JSON, and where; or a name stands twice in one object.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant)
        walk = _Walk(text)
        walk.value(0, ())
    except json.JSONDecodeError as error:
        raise UnreadablePairs(f"The file is no JSON: {error.msg}.", why="broken", line=error.lineno) from None
    except (RecursionError, ValueError):
        raise UnreadablePairs(
            "The file is nested too deeply, or holds a number that JSON lacks.", why="broken"
        ) from None
    return Located(value, walk.lines)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


class _Walk:
    """Goes through a text that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._text = text
        self._breaks = [at for at, char in enumerate(text) if char == "\n"]
        self._decoder = json.JSONDecoder()

    def value(self, at: int, path: Path) -> int:
        """Note where everything from ``at`` stands. Returns where it ends. Raises ValueError: it is too much."""
        if len(path) > _MOST_DEEP or len(self.lines) > _MOST_VALUES:
            raise ValueError("too many values, or too deep")
        at = self._skip(at)
        self.lines[path] = self._line(at)
        if self._text[at] == "{":
            return self._object(at + 1, path)
        if self._text[at] == "[":
            return self._array(at + 1, path)
        return self._scalar(at)[1]

    def _object(self, at: int, path: Path) -> int:
        at = self._skip(at)
        while self._text[at] != "}":
            name, end = self._scalar(at)
            if (*path, name) in self.lines:
                raise UnreadablePairs(f"{shown((*path, name))} stands twice.", why="twice", line=self._line(at))
            at = self._skip(self.value(self._skip(end) + 1, (*path, name)))  # past the colon
            at = self._skip(at + 1) if self._text[at] == "," else at
        return at + 1

    def _array(self, at: int, path: Path) -> int:
        at, number = self._skip(at), 0
        while self._text[at] != "]":
            at = self._skip(self.value(at, (*path, number)))
            at = self._skip(at + 1) if self._text[at] == "," else at
            number += 1
        return at + 1

    def _scalar(self, at: int) -> tuple[Any, int]:
        value, end = self._decoder.raw_decode(self._text, at)
        return value, end

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found is not None else at

    def _line(self, at: int) -> int:
        return bisect_right(self._breaks, at) + 1


def from_yaml(text: str) -> Located:
    """
    Raises:
        UnreadablePairs: it is no YAML, and where; or it asks for more than plain values.
    """
    loader = _Loader(text)
    try:
        _check_depth(text)
        node = loader.get_single_node()
        lines: dict[Path, int] = {(): 1}
        if node is not None:
            _note(node, (), lines, [_MOST_VALUES])
        return Located(loader.construct_document(node) if node is not None else None, lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = None if mark is None else min(mark.line, text.count("\n")) + 1
        raise UnreadablePairs(f"The file is no YAML: {error.problem}.", why="broken", line=line) from None
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        raise UnreadablePairs("The file is no YAML that can be read.", why="broken") from None
    finally:
        loader.dispose()


def _check_depth(text: str) -> None:
    """Events are read one by one; only what is not too deep may be composed, which goes down by calling itself.

    Raises:
        ValueError: too many values, or too deep: it could end the process.
        yaml.YAMLError: it is no YAML.
    """
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MOST_DEEP or count > _MOST_VALUES:
            raise ValueError("too many values, or too deep")


def _note(node: Any, path: Path, lines: dict[Path, int], left: list[int]) -> None:
    left[0] -= 1
    if left[0] < 0:
        raise ValueError("too many nodes")
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            _note(value, (*path, str(name)), lines, left)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _note(value, (*path, number), lines, left)


def from_variables(text: str) -> Located:
    """Lines of NAME=value, as in an .env file. Quotes around a value are taken off; a quoted value may go on."""
    value: dict[str, str] = {}
    lines: dict[Path, int] = {(): 1}
    quote, name = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        if quote:
            ended = line.rstrip().endswith(quote)
            value[name] += "\n" + (line.rstrip()[:-1] if ended else line)
            quote = "" if ended else quote
            continue
        left, equals, right = line.partition("=")
        found = _NAME.match(left.strip()) if equals else None  # a comment has no name
        if found is None:
            continue
        name, written = found[1], right.strip()
        lines[name,] = number
        mark = written[:1]
        if mark in ("'", '"') and mark:
            quote = "" if len(written) > 1 and written.endswith(mark) else mark
            written = written[1:] if quote else written[1:-1]
        value[name] = written
    return Located(value, lines)
