"""Logs for people (text) or machines (JSON), with a filter that keeps secrets out whatever a library prints."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

# What a secret of each kind looks like inside a longer text.
_PATTERNS = (
    re.compile(r"\d{5,20}:[A-Za-z0-9_-]{30,}"),  # a bot token, also inside an address
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(?<=tg://login\?token=)[A-Za-z0-9_-]+"),
    re.compile(r"(?<![\w.:/-])\+\d{7,15}(?!\w)"),  # a phone number as people write it
    re.compile(r"\b1[A-Za-z0-9_-]{200,}=*"),  # a Telethon session string
)
_MASK = "[hidden]"


class Redaction(logging.Filter):
    """Masks known secrets and everything that looks like one, in messages and tracebacks alike."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = sorted({s for s in secrets if len(s) >= 6}, key=len, reverse=True)

    def clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        for pattern in _PATTERNS:
            text = pattern.sub(_MASK, text)
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = self.clean(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.clean(record.exc_text)
        return True


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_text:
            entry["traceback"] = record.exc_text
        return json.dumps(entry, ensure_ascii=False)


def setup_logging(
    level: str = "INFO", form: Literal["text", "json"] = "text", secrets: Iterable[str] = ()
) -> logging.Handler:
    """Send all logs to stderr through the redaction.

    Args:
        level: the least level of bybot's own loggers; libraries are held at WARNING unless it is DEBUG.
        form: "text" for people, "json" for one object a line.
        secrets: exact texts never to be printed, beside everything that looks like a secret.

    Returns:
        The handler that was installed.
    """
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%Y-%m-%dT%H:%M:%S")
    handler.setFormatter(_Json() if form == "json" else text)
    handler.addFilter(Redaction(secrets))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if level == "DEBUG" else logging.WARNING)
    logging.getLogger("bybot").setLevel(level)
    # At DEBUG python-telegram-bot logs every update: what people write, passwords among it. A partly failed forward
    # makes Telethon log whole message texts; httpx logs addresses that hold the token.
    logging.getLogger("telegram").setLevel(logging.INFO if level == "DEBUG" else logging.WARNING)
    logging.getLogger("telethon.client.messageparse").setLevel(logging.ERROR)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    return handler
