"""What the bot must know of the configuration, and nothing more."""

from __future__ import annotations

import hashlib
import hmac
import string
from dataclasses import dataclass, field
from typing import Literal

from bybot.config import Settings

_HEADER_ALPHABET = frozenset(string.ascii_letters + string.digits + "_-")


@dataclass(frozen=True)
class BotOptions:
    """Settings of the chat.

    Attributes:
        token: the bot's token.
        api_url: base address of the Bot API up to and without the token, such as ``http://host:port/bot``; None:
            Telegram's own.
        proxy_url: socks5:// or http:// proxy for the Bot API; None: direct.
        admin_ids: Telegram ids that may do everything.
        allowed_users: Telegram ids that may use the bot beside the admins; ``*`` is everyone.
        webhook_url: public base address of this service; None: polling.
        webhook_secret: derived from the token unless set.
        device_model: the name that Telegram's list of devices shows.
        storage: where sessions are kept, for the notice of consent.
        sealed: whether sessions are encrypted at rest.
        wizard_seconds: a dialogue without an answer ends after that time.
        login_seconds: the same for a login, whose code is valid for a short time only.
    """

    token: str = field(repr=False)
    api_url: str | None = None
    proxy_url: str | None = field(default=None, repr=False)
    admin_ids: frozenset[int] = frozenset()
    allowed_users: frozenset[int] | Literal["*"] = frozenset()
    webhook_url: str | None = None
    webhook_secret: str | None = field(default=None, repr=False)
    device_model: str = "bybot"
    storage: Literal["local", "firebase", "memory"] = "local"
    sealed: bool = True
    wizard_seconds: float = 600.0
    login_seconds: float = 300.0

    @classmethod
    def from_settings(cls, settings: Settings) -> BotOptions:
        """The options that the configuration asks for. An MTProto proxy link serves no HTTP and is left out."""
        proxy = settings.proxy_url.get_secret_value() if settings.proxy_url else None
        if proxy and proxy.startswith(("tg://", "https://t.me/")):
            proxy = None
        secret = settings.webhook_secret
        return cls(
            token=settings.bot_token.get_secret_value(),
            api_url=settings.bot_api_url,
            proxy_url=proxy,
            admin_ids=settings.admin_ids,
            allowed_users=settings.allowed_users,
            webhook_url=settings.public_url,
            webhook_secret=secret.get_secret_value() if secret else None,
            device_model=settings.device_model,
            storage="local" if settings.local_storage else "firebase",
            sealed=bool(settings.session_encryption_keys),
        )

    @property
    def header_secret(self) -> str:
        """What Telegram sends in X-Telegram-Bot-Api-Secret-Token: 1 to 256 of ``A-Z a-z 0-9 _ -``."""
        given = self.webhook_secret
        if given and len(given) <= 256 and set(given) <= _HEADER_ALPHABET:
            return given
        return self._derive("header", given or "")

    @property
    def webhook_path(self) -> str:
        """The path that receives updates; it cannot be guessed without the token."""
        return "/telegram/" + self._derive("path", self.webhook_secret or "")[:32]

    def _derive(self, purpose: str, extra: str) -> str:
        text = f"bybot webhook {purpose} {extra}".encode()
        return hmac.new(self.token.encode(), text, hashlib.sha256).hexdigest()
