"""Documents as JSON text: bytes, times and odd numbers are tagged, so that everything comes back as it was."""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, datetime
from typing import Any

from bybot.stores.base import Value
from bybot.stores.writes import Stored


def to_json(value: Value) -> Any:
    """A value as plain JSON."""
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"$time": value.isoformat()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(value)}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        plain = {name: to_json(item) for name, item in value.items()}
        return {"$map": plain} if len(plain) == 1 and next(iter(plain)).startswith("$") else plain
    return value


def from_json(form: Any) -> Value:
    """The inverse of :func:`to_json`.

    Raises:
        ValueError: a tag is not known or its content is not readable.
    """
    if isinstance(form, list):
        return [from_json(item) for item in form]
    if not isinstance(form, dict):
        return form
    if len(form) == 1:
        ((tag, content),) = form.items()
        if tag.startswith("$"):
            return _tagged(tag, content)
    return {name: from_json(item) for name, item in form.items()}


def _tagged(tag: str, content: Any) -> Value:
    if tag == "$map" and isinstance(content, dict):
        return {name: from_json(item) for name, item in content.items()}
    if not isinstance(content, str):
        raise ValueError(f"unknown form {tag}")
    if tag == "$bytes":
        return base64.b64decode(content, validate=True)
    if tag == "$time":
        return datetime.fromisoformat(content).astimezone(UTC)
    if tag == "$float":
        return float(content)
    raise ValueError(f"unknown form {tag}")


def stored_to_json(stored: Stored) -> dict[str, Any]:
    """A document with its version and time as plain JSON."""
    return {
        "version": stored.version,
        "update_time": stored.update_time.isoformat(),
        "fields": {name: to_json(value) for name, value in stored.data.items()},
    }


def stored_from_json(form: Any) -> Stored:
    """The inverse of :func:`stored_to_json`.

    Raises:
        ValueError: it is not of that form.
    """
    try:
        version, time, fields = form["version"], form["update_time"], form["fields"]
        data = {name: from_json(value) for name, value in fields.items()}
        update_time = datetime.fromisoformat(time).astimezone(UTC)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a document: {type(error).__name__}") from error
    if not isinstance(version, str):
        raise ValueError("not a document: its version is no text")
    return Stored(data, version, update_time)


def dumps(form: Any) -> bytes:
    """JSON text, one line, in UTF-8."""
    return json.dumps(form, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"
