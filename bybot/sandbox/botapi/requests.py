"""Parameters of a Bot API call: query string, form, multipart or JSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from bybot.sandbox.botapi.errors import BotApiError, bad_request

MAX_BODY = 52 * 1024 * 1024
_PARAMETER = re.compile(r';\s*(\w+\*?)=(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))')


@dataclass(frozen=True)
class Upload:
    """A file inside a multipart body."""

    name: str
    data: bytes = field(repr=False)
    mime: str = "application/octet-stream"


@dataclass
class Call:
    """One Bot API call: its method and parameters, read as the types that the method wants."""

    method: str
    values: dict[str, Any]
    files: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """A parameter as text."""
        value = self.values.get(name)
        return default if value is None else str(value)

    def optional(self, name: str) -> str | None:
        """A parameter as text, or None when it is absent or empty."""
        return self.text(name) or None

    def integer(self, name: str, default: int = 0) -> int:
        """A parameter as a number.

        Raises:
            BotApiError: it is no number.
        """
        value = self.values.get(name)
        if value is None or value == "":
            return default
        try:
            return int(value)
        except (TypeError, ValueError):
            raise bad_request(f'parameter "{name}" must be an integer') from None

    def flag(self, name: str) -> bool:
        """A parameter as a boolean."""
        return str(self.values.get(name, "")).lower() in ("true", "1", "yes")

    def json(self, name: str) -> Any:
        """A parameter that holds JSON, decoded; None when absent.

        Raises:
            BotApiError: it is not JSON.
        """
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object") from None


async def read_call(request: Request, method: str) -> Call:
    """Read the call's parameters.

    Raises:
        BotApiError: 413 for a body above 50 MB, 400 for one that cannot be read.
    """
    values: dict[str, Any] = dict(request.query_params)
    body = await request.body()
    if len(body) > MAX_BODY:
        raise BotApiError(413, "Request Entity Too Large")
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    files: dict[str, Upload] = {}
    if kind == "application/json" and body:
        try:
            decoded = json.loads(body)
        except ValueError:
            raise bad_request("can't parse JSON object") from None
        if not isinstance(decoded, dict):
            raise bad_request("expected an object in JSON")
        values.update(decoded)
    elif kind == "application/x-www-form-urlencoded":
        values.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    elif kind == "multipart/form-data":
        fields, files = parse_multipart(body, content_type)
        values.update(fields)
    return Call(method, values, files)


def parse_multipart(body: bytes, content_type: str) -> tuple[dict[str, str], dict[str, Upload]]:
    """Fields and files of a multipart body (RFC 7578).

    Raises:
        BotApiError: the boundary is missing.
    """
    boundary = _parameters(content_type).get("boundary")
    if not boundary:
        raise bad_request("boundary is missing")
    fields: dict[str, str] = {}
    files: dict[str, Upload] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:]:
        if part.startswith(b"--"):
            break
        head, separator, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not separator:
            continue
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n"))
        }
        disposition = _parameters(headers.get("content-disposition", ""))
        name = disposition.get("name", "")
        if "filename" in disposition:
            mime = headers.get("content-type", "application/octet-stream")
            files[name] = Upload(disposition["filename"], data, mime)
        else:
            fields[name] = data.decode("utf-8", "replace")
    return fields, files


def _parameters(header: str) -> dict[str, str]:
    return {
        name.lower(): (plain or re.sub(r"\\(.)", r"\1", quoted)) for name, quoted, plain in _PARAMETER.findall(header)
    }
