"""Configuration: the environment and an env file become one checked, frozen :class:`Settings`.

Everything wrong is reported at once, each problem naming its variable and never its value. An empty value counts as
unset. Nothing is read when this module is imported.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from bybot import config_rules as rules
from bybot.errors import ConfigurationError, Problem

Everyone = Literal["*"]


class Settings(BaseSettings):
    """Every variable of bybot. Field names are the variables' names in lower case.

    Source: process environment first, then the file named by ``ENV_FILE`` (default ``.env``), then the files in
    ``SECRETS_DIR``, each named like its variable, as Docker and Kubernetes mount them.
    """

    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, case_sensitive=False, env_ignore_empty=True, hide_input_in_errors=True
    )

    bot_token: SecretStr
    api_id: int
    api_hash: SecretStr
    bot_id: str = ""
    use_local_storage: bool | None = None
    sessions_dir: Path = Path("sessions")
    firebase_project_id: str | None = None
    firebase_credentials: SecretStr | None = None
    firestore_emulator_host: str | None = None
    firestore_daily_writes: int = Field(default=0, ge=0)
    session_encryption_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    admin_ids: Annotated[frozenset[int], NoDecode] = frozenset()
    allowed_users: Annotated[frozenset[int] | Everyone, NoDecode] = frozenset()
    port: int = 8080
    host: str = ""
    webhook_url: str | None = None
    webhook_secret: SecretStr | None = None
    proxy_url: SecretStr | None = None
    pace: Literal["safe", "off"] = "safe"
    cleanup_after_days: int = Field(default=0, ge=0)
    backup_hours: int = Field(default=0, ge=0)
    health_minutes: float = Field(default=15.0, ge=0.01, le=1440)
    lease_seconds: float = Field(default=30.0, ge=0.5, le=600)
    idle_minutes: float = Field(default=30.0, ge=0, le=525_600)
    max_clients: int = Field(default=0, ge=0)
    sessions_per_user: int = Field(default=10, ge=1)
    record_minutes: float = Field(default=30.0, gt=0, le=525_600)
    sweep_minutes: float = Field(default=5.0, gt=0, le=525_600)
    device_model: str = "bybot"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    telegram_dc: str | None = None
    telegram_rsa_key_file: Path | None = None
    bot_api_url: str | None = None
    bybot_sabotage: str | None = None

    # Set by Render itself.
    render: bool = False
    render_external_url: str | None = None
    render_instance_id: str | None = None
    render_git_commit: str | None = None

    # Names that Google's own tools use, read when ours are unset.
    google_cloud_project: str | None = None
    google_application_credentials: SecretStr | None = None

    @field_validator("admin_ids", mode="before")
    @classmethod
    def _read_admin_ids(cls, value: Any) -> Any:
        return rules.read_ids(value)

    @field_validator("allowed_users", mode="before")
    @classmethod
    def _read_allowed_users(cls, value: Any) -> Any:
        return "*" if isinstance(value, str) and value.strip() == "*" else rules.read_ids(value)

    @field_validator("session_encryption_keys", mode="before")
    @classmethod
    def _read_keys(cls, value: Any) -> Any:
        return tuple(rules.split_list(value)) if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, dotenv_settings, file_secret_settings

    @property
    def is_render(self) -> bool:
        """Render is known by RENDER or RENDER_EXTERNAL_URL."""
        return self.render or bool(self.render_external_url)

    @property
    def environment(self) -> Literal["local", "render"]:
        return "render" if self.is_render else "local"

    @property
    def local_storage(self) -> bool:
        """Whether files hold the sessions and data: USE_LOCAL_STORAGE, else true locally and false on Render."""
        return not self.is_render if self.use_local_storage is None else self.use_local_storage

    @property
    def data_space(self) -> str:
        """BOT_ID, or its default for the environment."""
        return self.bot_id or ("bybot_prod" if self.is_render else "bybot_local")

    @property
    def bind_host(self) -> str:
        return self.host or ("0.0.0.0" if self.is_render else "127.0.0.1")

    @property
    def public_url(self) -> str | None:
        """Where Telegram reaches the webhook; None means polling."""
        url = self.webhook_url or self.render_external_url
        return url.rstrip("/") if url else None

    @property
    def firebase_project(self) -> str | None:
        return self.firebase_project_id or self.google_cloud_project

    @property
    def firebase_secret(self) -> str | None:
        """Service account as JSON text or a path, when one is set."""
        secret = self.firebase_credentials or self.google_application_credentials
        return secret.get_secret_value() if secret else None

    @property
    def secret_texts(self) -> list[str]:
        """What must never stand in a log, word for word."""
        kept = [self.bot_token, self.api_hash, *self.session_encryption_keys]
        kept += [secret for secret in (self.webhook_secret, self.proxy_url) if secret is not None]
        texts = [secret.get_secret_value() for secret in kept]
        password = urlsplit(self.proxy_url.get_secret_value()).password if self.proxy_url else None
        return [*texts, unquote(password), password] if password else texts

    @property
    def other_telegram(self) -> bool:
        """True when this is not the real Telegram."""
        return self.telegram_dc is not None


def load_settings(env_file: str | os.PathLike[str] | None = None) -> Settings:
    """Read and check the configuration.

    Args:
        env_file: the env file; None: the variable ENV_FILE, else ``.env`` in the working directory.

    Raises:
        ConfigurationError: anything missing, left as a placeholder, or unsafe; all of it in one error.
    """
    path = env_file if env_file is not None else os.environ.get("ENV_FILE") or ".env"
    problems: list[Problem] = []
    try:
        settings = _read(path)
    except ValidationError as error:
        problems = [rules.from_validation(detail) for detail in error.errors(include_input=False)]
        # The other rules still apply to the rest: check them with neutral values for what could not be read.
        neutral = {name: rules.NEUTRAL[name] for p in problems if (name := p.variable.lower()) in rules.NEUTRAL}
        if len(neutral) < len(problems):
            raise ConfigurationError(problems) from None
        settings = _read(path, **neutral)
    named = {problem.variable for problem in problems}
    problems += [problem for problem in rules.check(settings) if problem.variable not in named]
    if problems:
        raise ConfigurationError(problems)
    return settings


def _read(env_file: str | os.PathLike[str], **neutral: Any) -> Settings:
    folder = os.environ.get("SECRETS_DIR") or None
    if folder is not None and not os.path.isdir(folder):
        raise ConfigurationError([Problem("SECRETS_DIR", "names a folder that is not there", "Correct the path.")])
    return Settings(_env_file=env_file, _secrets_dir=folder, **neutral)  # type: ignore[call-arg]


@cache
def get_config() -> Settings:
    """The process's settings, read once. ``get_config.cache_clear()`` reads anew.

    Raises:
        ConfigurationError: see :func:`load_settings`.
    """
    return load_settings()


__all__ = ["Problem", "Settings", "get_config", "load_settings"]
