"""What makes a configuration unusable, as pure functions that name the variable and never show its value."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bybot.errors import Problem

if TYPE_CHECKING:
    from bybot.config import Settings

KEY_BYTES = 32
_TOKEN = re.compile(r"\d{5,20}:[A-Za-z0-9_-]{20,100}\Z")
_HASH = re.compile(r"[0-9a-fA-F]{32}\Z")
_BOT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")
_DC = re.compile(r"\d{1,5}:(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}\Z")
_PLACEHOLDER = re.compile(
    r"your|change.?me|placeholder|example|xxx|<.*>|\.\.\.|123456:abc|^0123456789abcdef|^(.)\1+$",
    re.IGNORECASE,
)
_PROXY_SCHEMES = {"socks5", "socks5h", "http", "tg"}

# Values that break no rule, to go on checking when a variable could not be read.
NEUTRAL: dict[str, Any] = {
    "bot_token": "10000001:" + "neutral_Neutral" * 3,
    "api_id": 1,
    "api_hash": "f00dcafe" * 4,
    "use_local_storage": None,
    "admin_ids": frozenset(),
    "allowed_users": frozenset(),
    "port": 8080,
    "pace": "safe",
    "cleanup_after_days": 0,
    "backup_hours": 0,
    "health_minutes": 15.0,
    "lease_seconds": 30.0,
    "idle_minutes": 30.0,
    "max_clients": 0,
    "sessions_per_user": 10,
    "record_minutes": 30.0,
    "sweep_minutes": 5.0,
    "log_level": "INFO",
    "log_format": "text",
    "render": False,
}

WHERE = {
    "BOT_TOKEN": "Ask @BotFather for one and put it in.",
    "API_ID": "Take the number from https://my.telegram.org, API development tools.",
    "API_HASH": "Take the 32 characters from https://my.telegram.org, API development tools.",
    "SESSION_ENCRYPTION_KEYS": "Make one with: python -m bybot keygen",
    "FIREBASE_PROJECT_ID": "Set it to the project's id in the Firebase console, or use USE_LOCAL_STORAGE=true.",
    "FIREBASE_CREDENTIALS": "Set it to the service account's JSON text, or to the path of its file.",
}


def split_list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def read_ids(value: Any) -> Any:
    """Comma-separated numbers to a frozenset; anything else is left for the type check."""
    if isinstance(value, int):
        return frozenset({value})
    if not isinstance(value, str):
        return value
    if not all(re.fullmatch(r"-?\d{1,20}", part) for part in split_list(value)):
        raise ValueError("it must be numbers separated by commas")
    return frozenset(int(part) for part in split_list(value))


def is_placeholder(text: str) -> bool:
    return bool(_PLACEHOLDER.search(text.strip()))


def from_validation(detail: Mapping[str, Any]) -> Problem:
    """One error of pydantic as a Problem, without the value."""
    variable = str(detail["loc"][0]).upper() if detail["loc"] else "environment"
    kind = detail["type"]
    if kind == "missing":
        return Problem(variable, "is not set", _where(variable))
    facts = {
        "int_parsing": "is not a whole number",
        "int_type": "is not a whole number",
        "bool_parsing": "is neither true nor false",
        "float_parsing": "is not a number",
    }
    if kind == "literal_error":
        fact = f"is not one of {detail['ctx']['expected']}"
    elif kind == "value_error":
        fact = str(detail["ctx"]["error"]).replace("it must be", "must be")
    elif kind in {"greater_than_equal", "less_than_equal"}:
        limit = detail["ctx"].get("ge", detail["ctx"].get("le"))
        fact = f"is {'below' if kind.startswith('greater') else 'above'} the limit of {limit}"
    else:
        fact = facts.get(kind, "cannot be read")
    return Problem(variable, fact, _where(variable))


def _where(variable: str) -> str:
    return WHERE.get(variable, "Correct it, or remove it to use the default.")


def _secret(variable: str, text: str, pattern: re.Pattern[str]) -> list[Problem]:
    if is_placeholder(text):
        return [Problem(variable, "is still a placeholder", _where(variable))]
    return [] if pattern.match(text) else [Problem(variable, "does not have the right form", _where(variable))]


def _bot_id() -> Problem:
    return Problem("BOT_ID", "has other characters than letters, digits, '.', '_', '-'", "Choose a plain name.")


def check(settings: Settings) -> list[Problem]:
    """Everything wrong with typed settings, in the order of the README's table."""
    return [problem for rule in _RULES for problem in rule(settings)]


def _identity(s: Settings) -> Iterable[Problem]:
    yield from _secret("BOT_TOKEN", s.bot_token.get_secret_value(), _TOKEN)
    if s.api_id <= 0:
        yield Problem("API_ID", "is not a positive number", _where("API_ID"))
    yield from _secret("API_HASH", s.api_hash.get_secret_value(), _HASH)
    if not _BOT_ID.match(s.data_space):
        yield _bot_id()


def _storage(s: Settings) -> Iterable[Problem]:
    if s.local_storage:
        if s.is_render and not _on_mounted_disk(s):
            yield Problem(
                "USE_LOCAL_STORAGE",
                "is true on Render, where files are lost at every restart",
                "Set it to false for Firestore, or set SESSIONS_DIR to a folder on a mounted disk.",
            )
        return
    if not s.firebase_project:
        yield Problem("FIREBASE_PROJECT_ID", "is not set, but Firestore is used", _where("FIREBASE_PROJECT_ID"))
    secret = s.firebase_secret
    if secret is None:
        if not s.firestore_emulator_host:
            yield Problem("FIREBASE_CREDENTIALS", "is not set", _where("FIREBASE_CREDENTIALS"))
    else:
        yield from _service_account(secret)


def _on_mounted_disk(s: Settings) -> bool:
    """Whether SESSIONS_DIR lies below a mount point other than the root."""
    path = os.path.abspath(s.sessions_dir)
    while path != os.path.dirname(path):
        if os.path.ismount(path):
            return True
        path = os.path.dirname(path)
    return False


def _service_account(secret: str) -> Iterable[Problem]:
    text = secret.strip()
    if not text.startswith("{"):
        if not os.path.isfile(text):
            yield Problem(
                "FIREBASE_CREDENTIALS",
                "is neither JSON text nor the path of a file",
                _where("FIREBASE_CREDENTIALS"),
            )
            return
        with open(text, encoding="utf-8") as file:
            text = file.read()
    try:
        parsed = json.loads(text)
        complete = isinstance(parsed, dict) and {"private_key", "client_email"} <= parsed.keys()
    except ValueError:
        yield Problem("FIREBASE_CREDENTIALS", "is not valid JSON", _where("FIREBASE_CREDENTIALS"))
        return
    if not complete:
        yield Problem("FIREBASE_CREDENTIALS", "is not a service account's key", _where("FIREBASE_CREDENTIALS"))


def decode_key(text: str) -> bytes | None:
    """The 32 bytes of a key in base64 (standard or URL alphabet), or None."""
    try:
        key = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None


def _keys(s: Settings) -> Iterable[Problem]:
    keys = [key.get_secret_value() for key in s.session_encryption_keys]
    if not keys and (s.is_render or not s.local_storage):
        yield Problem("SESSION_ENCRYPTION_KEYS", "is not set", _where("SESSION_ENCRYPTION_KEYS"))
    for number, key in enumerate(keys, 1):
        raw = decode_key(key)
        if raw is None:
            fact = f"has as key {number} something else than base64 of 32 bytes"
            yield Problem("SESSION_ENCRYPTION_KEYS", fact, _where("SESSION_ENCRYPTION_KEYS"))
        elif len(set(raw)) < 8:
            fact = f"has as key {number} a placeholder"
            yield Problem("SESSION_ENCRYPTION_KEYS", fact, _where("SESSION_ENCRYPTION_KEYS"))


def _service(s: Settings) -> Iterable[Problem]:
    if not 0 <= s.port <= 65535:
        yield Problem("PORT", "is not between 0 and 65535", "Choose a free port, such as 8080.")
    url = s.public_url
    if url:
        parts = urlsplit(url)
        name = "WEBHOOK_URL" if s.webhook_url else "RENDER_EXTERNAL_URL"
        if (parts.scheme != "https" and not (s.bot_api_url and parts.scheme == "http")) or not parts.hostname:
            yield Problem(name, "is not an https:// address", "Telegram delivers to https only.")
    if s.webhook_secret and not _SECRET.match(s.webhook_secret.get_secret_value()):
        yield Problem("WEBHOOK_SECRET", "has other characters than A-Z a-z 0-9 _ -, or over 256", "Choose a plain one.")
    if s.proxy_url:
        yield from _proxy(s.proxy_url.get_secret_value())


def _proxy(url: str) -> Iterable[Problem]:
    parts = urlsplit(url)
    hint = "Write socks5://host:port, http://host:port or tg://proxy?server=...&port=...&secret=..."
    try:
        port = parts.port
    except ValueError:
        port = None
    link = parts.scheme == "https" and parts.hostname == "t.me" and parts.path == "/proxy"
    if parts.scheme not in _PROXY_SCHEMES and not link:
        yield Problem("PROXY_URL", "is of an unknown kind", hint)
    elif parts.scheme == "tg" or link:
        if not all(f"{part}=" in parts.query for part in ("server", "port", "secret")):
            yield Problem("PROXY_URL", "lacks server, port or secret", hint)
    elif not parts.hostname or port is None:
        yield Problem("PROXY_URL", "lacks a host or a port", hint)


def _are_data_centres(text: str) -> bool:
    parts = [part.strip() for part in text.split(",")]
    return all(_DC.match(part) for part in parts) and len({part.partition(":")[0] for part in parts}) == len(parts)


def _other_telegram(s: Settings) -> Iterable[Problem]:
    if s.telegram_dc is not None and not _are_data_centres(s.telegram_dc):
        yield Problem(
            "TELEGRAM_DC", "is not id:host:port", "Write it like 2:127.0.0.1:8443, several with commas between them."
        )
    if s.telegram_rsa_key_file is not None and not s.telegram_rsa_key_file.is_file():
        yield Problem("TELEGRAM_RSA_KEY_FILE", "names a file that is not there", "Correct the path.")
    if s.telegram_dc is not None and s.telegram_rsa_key_file is None:
        yield Problem("TELEGRAM_RSA_KEY_FILE", "is not set, but TELEGRAM_DC is", "Set it to that server's public key.")
    if s.bot_api_url is not None and urlsplit(s.bot_api_url).scheme not in {"http", "https"}:
        yield Problem("BOT_API_URL", "is not an http:// or https:// address", "Write it like http://host:port/bot.")
    if s.pace == "off" and not s.other_telegram:
        yield Problem("PACE", "is off against the real Telegram, which costs accounts", "Remove it.")
    if s.bybot_sabotage is not None and not s.other_telegram:
        yield Problem("BYBOT_SABOTAGE", "is set against the real Telegram", "Remove it.")


_RULES = (_identity, _storage, _keys, _service, _other_telegram)
