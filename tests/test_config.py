"""The configuration: everything wrong at once, each variable named, no value shown."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bybot.clock import SystemClock
from bybot.config import Settings, load_settings
from bybot.errors import ConfigurationError
from bybot.log import Redaction
from bybot.parts import create_manager
from bybot.stores.memory import MemoryStore

Load = Callable[..., Settings]
KEY = base64.b64encode(bytes(range(32))).decode()
GOOD = {
    "BOT_TOKEN": "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc",
    "API_ID": "12345",
    "API_HASH": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "ADMIN_IDS": "1, 2",
}
SERVICE_ACCOUNT = json.dumps({"type": "service_account", "private_key": "k", "client_email": "e@p"})


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    def _load(*, env_file: str | None = None, **changes: str | None) -> Settings:
        for name in list(os.environ):
            if name.upper() in {field.upper() for field in Settings.model_fields}:
                monkeypatch.delenv(name)
        for name, value in {**GOOD, **changes}.items():
            if value is not None:
                monkeypatch.setenv(name, value)
        path = tmp_path / "env"
        path.write_text(env_file or "")
        return load_settings(path)

    return _load


def problems(caught: pytest.ExceptionInfo[ConfigurationError]) -> set[str]:
    return {problem.variable for problem in caught.value.problems}


def test_defaults_are_local_and_need_no_firebase(load: Load) -> None:
    settings = load()
    assert settings.local_storage
    assert settings.environment == "local"
    assert settings.data_space == "bybot_local"
    assert settings.admin_ids == {1, 2}
    assert settings.allowed_users == frozenset()
    assert (settings.bind_host, settings.port) == ("127.0.0.1", 8080)
    assert settings.public_url is None


def test_render_uses_firestore_and_its_own_names(load: Load) -> None:
    settings = load(
        RENDER="true",
        RENDER_EXTERNAL_URL="https://b.onrender.com",
        PORT="10000",
        FIREBASE_PROJECT_ID="p",
        FIREBASE_CREDENTIALS=SERVICE_ACCOUNT,
        SESSION_ENCRYPTION_KEYS=KEY,
    )
    assert not settings.local_storage
    assert settings.environment == "render"
    assert settings.data_space == "bybot_prod"
    assert (settings.bind_host, settings.port) == ("0.0.0.0", 10000)
    assert settings.public_url == "https://b.onrender.com"


def test_render_is_detected_by_its_address_alone(load: Load) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(RENDER_EXTERNAL_URL="https://b.onrender.com")
    assert problems(caught) == {"FIREBASE_PROJECT_ID", "FIREBASE_CREDENTIALS", "SESSION_ENCRYPTION_KEYS"}


def test_times_and_limits_of_sessions_in_use_are_set_by_configuration(load: Load) -> None:
    settings = load()
    assert (settings.idle_minutes, settings.record_minutes, settings.sweep_minutes) == (30, 30, 5)
    assert (settings.max_clients, settings.sessions_per_user) == (0, 10)
    changes = {"IDLE_MINUTES": "0.5", "RECORD_MINUTES": "2", "SWEEP_MINUTES": "1", "MAX_CLIENTS": "7"}
    settings = load(SESSIONS_PER_USER="3", **changes)
    manager = create_manager(settings, MemoryStore(SystemClock()), SystemClock())
    assert manager.records.settings.timeout == 120
    assert manager.records.settings.sweep_every == 60
    assert manager.records.settings.per_person == 3
    assert manager.records.settings.idle_after == manager._idle.limits.idle_seconds == 30
    assert manager._idle.limits.max_clients == 7
    for name in ("IDLE_MINUTES", "RECORD_MINUTES", "SWEEP_MINUTES", "MAX_CLIENTS", "SESSIONS_PER_USER"):
        with pytest.raises(ConfigurationError, match=name):
            load(**{name: "-1"})
    for name in ("IDLE_MINUTES", "RECORD_MINUTES", "SWEEP_MINUTES"):
        for endless in ("inf", "nan", "1e30"):
            with pytest.raises(ConfigurationError, match=name):
                load(**{name: endless})


def test_everything_wrong_is_reported_at_once(load: Load) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(
            BOT_TOKEN="your_bot_token",
            API_ID="abc",
            API_HASH=None,
            ADMIN_IDS="1,bob",
            PORT="70000",
            PROXY_URL="ftp://x",
            SESSION_ENCRYPTION_KEYS="short",
            USE_LOCAL_STORAGE="maybe",
            PACE="off",
        )
    expected = {"BOT_TOKEN", "API_ID", "API_HASH", "ADMIN_IDS", "PORT", "PROXY_URL", "SESSION_ENCRYPTION_KEYS"}
    assert problems(caught) == expected | {"USE_LOCAL_STORAGE", "PACE"}


def test_no_value_is_ever_shown(load: Load) -> None:
    values = {
        "BOT_TOKEN": "777:wrongwrong",
        "API_ID": "s3cretid",
        "API_HASH": "s3crethash",
        "PROXY_URL": "s3cr://u:pw@h",
    }
    with pytest.raises(ConfigurationError) as caught:
        load(
            SESSION_ENCRYPTION_KEYS="s3cretkey", FIREBASE_CREDENTIALS="s3cretfile", USE_LOCAL_STORAGE="false", **values
        )
    text = str(caught.value) + repr(caught.value)
    assert "s3cr" not in text
    assert "wrongwrong" not in text
    assert caught.value.exit_code == 78


def test_settings_mask_their_secrets(load: Load) -> None:
    settings = load(SESSION_ENCRYPTION_KEYS=KEY, PROXY_URL="socks5://user:pass@127.0.0.1:1080")
    shown = repr(settings) + str(settings)
    for secret in (GOOD["BOT_TOKEN"], GOOD["API_HASH"], KEY, "user:pass"):
        assert secret not in shown


@pytest.mark.parametrize("name", ["BOT_TOKEN", "API_HASH"])
@pytest.mark.parametrize("value", ["changeme", "YOUR_VALUE", "<paste here>", "xxxxxxxx", "..."])
def test_placeholders_are_refused(load: Load, name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(**{name: value})
    assert "placeholder" in str(caught.value)


NASTY = "socks5://user:a\"b'c$d@h:1"


@pytest.mark.parametrize("where", ["environment", "env file", "secret file"])
def test_colons_and_quotes_of_a_secret_stay_as_they_are(
    load: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    if where == "environment":
        settings = load(PROXY_URL=NASTY, FIREBASE_CREDENTIALS=SERVICE_ACCOUNT)
    elif where == "env file":
        quoted = NASTY.replace("'", "\\'")
        settings = load(env_file=f"PROXY_URL='{quoted}'\nFIREBASE_CREDENTIALS='{SERVICE_ACCOUNT}'\n")
    else:
        folder = tmp_path / "secrets"
        folder.mkdir()
        (folder / "proxy_url").write_text(NASTY + "\n")
        (folder / "firebase_credentials").write_text(SERVICE_ACCOUNT)
        (folder / "bot_token").write_text(GOOD["BOT_TOKEN"] + "\n")
        monkeypatch.setenv("SECRETS_DIR", str(folder))
        settings = load(BOT_TOKEN=None)
    assert settings.bot_token.get_secret_value() == GOOD["BOT_TOKEN"]
    assert settings.proxy_url is not None
    assert settings.proxy_url.get_secret_value() == NASTY
    assert settings.firebase_secret == SERVICE_ACCOUNT
    assert NASTY[14:20] not in repr(settings)


def test_a_folder_of_secrets_that_is_not_there_is_named(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRETS_DIR", "/nowhere/secrets")
    with pytest.raises(ConfigurationError) as caught:
        load()
    assert problems(caught) == {"SECRETS_DIR"}
    assert "/nowhere" not in caught.value.message


def test_every_secret_of_the_configuration_is_kept_out_of_logs(load: Load) -> None:
    settings = load(
        SESSION_ENCRYPTION_KEYS=KEY, WEBHOOK_SECRET="a-secret-of-ours", PROXY_URL="http://u:a%3Ab-proxy-pass@h:1"
    )
    text = f"{GOOD['BOT_TOKEN']} {GOOD['API_HASH']} {KEY} a-secret-of-ours u:a%3Ab-proxy-pass a:b-proxy-pass"
    cleaned = Redaction(settings.secret_texts).clean(text)
    assert cleaned.replace("[hidden]", "").split() == ["u:"]


def test_an_empty_value_counts_as_unset(load: Load) -> None:
    settings = load(USE_LOCAL_STORAGE="", PORT="", BOT_ID="", PROXY_URL="", WEBHOOK_URL="")
    assert settings.local_storage
    assert settings.port == 8080


def test_the_env_file_gives_values_and_the_environment_wins(load: Load) -> None:
    settings = load(env_file='BOT_ID="from:file"\nPORT=9\nDEVICE_MODEL="my phone: it\'s"\n', BOT_ID="fromenv")
    assert settings.data_space == "fromenv"
    assert settings.port == 9
    assert settings.device_model == "my phone: it's"


def test_files_on_render_are_refused_without_a_mounted_disk(load: Load) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(RENDER="true", USE_LOCAL_STORAGE="true", SESSION_ENCRYPTION_KEYS=KEY)
    assert problems(caught) == {"USE_LOCAL_STORAGE"}


@pytest.mark.parametrize("text", ["{not json", '{"a": 1}', "/no/such/file.json"])
def test_bad_service_accounts_are_refused(load: Load, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(USE_LOCAL_STORAGE="false", FIREBASE_PROJECT_ID="p", FIREBASE_CREDENTIALS=text, SESSION_ENCRYPTION_KEYS=KEY)
    assert problems(caught) == {"FIREBASE_CREDENTIALS"}


def test_the_names_of_google_s_tools_are_read_too(load: Load, tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    path.write_text(SERVICE_ACCOUNT)
    settings = load(
        USE_LOCAL_STORAGE="false",
        GOOGLE_CLOUD_PROJECT="p",
        GOOGLE_APPLICATION_CREDENTIALS=str(path),
        SESSION_ENCRYPTION_KEYS=KEY,
    )
    assert settings.firebase_project == "p"
    assert settings.firebase_secret == str(path)


@pytest.mark.parametrize(
    "url",
    [
        "socks5://h:1080",
        "http://user:p%40ss@h:8080",
        "tg://proxy?server=h&port=443&secret=dd00112233445566778899aabbccddeeff",
        "https://t.me/proxy?server=h&port=443&secret=00112233445566778899aabbccddeeff",
    ],
)
def test_proxies_of_every_kind_are_accepted(load: Load, url: str) -> None:
    assert load(PROXY_URL=url).proxy_url.get_secret_value() == url


@pytest.mark.parametrize("url", ["socks4a//h", "socks5://h", "tg://proxy?server=h", "socks5://h:notaport"])
def test_malformed_proxies_are_refused(load: Load, url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(PROXY_URL=url)
    assert problems(caught) == {"PROXY_URL"}


def test_pacing_and_sabotage_are_safe_against_the_real_telegram(load: Load) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(PACE="off", BYBOT_SABOTAGE="drop=1")
    assert problems(caught) == {"PACE", "BYBOT_SABOTAGE"}


def test_another_telegram_needs_its_key_and_may_be_unpaced(load: Load, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(TELEGRAM_DC="2:127.0.0.1:8443", PACE="off")
    assert problems(caught) == {"TELEGRAM_RSA_KEY_FILE"}
    pem = tmp_path / "key.pem"
    pem.write_text("x")
    assert load(TELEGRAM_DC="2:127.0.0.1:8443", PACE="off", TELEGRAM_RSA_KEY_FILE=str(pem)).other_telegram


@pytest.mark.parametrize("value", ["../up", "a/b", "", "-x", "ü"])
def test_a_data_space_has_a_plain_name(load: Load, value: str) -> None:
    if not value:
        assert load(BOT_ID=value).data_space == "bybot_local"
        return
    with pytest.raises(ConfigurationError) as caught:
        load(BOT_ID=value)
    assert problems(caught) == {"BOT_ID"}


def test_everyone_or_some_may_be_allowed(load: Load) -> None:
    assert load(ALLOWED_USERS="*").allowed_users == "*"
    assert load(ALLOWED_USERS="5,6").allowed_users == {5, 6}


@pytest.mark.parametrize(
    ("text", "good"), [("2:127.0.0.1:84,4:[::1]:85", True), ("2:h:1,2:h:2", False), ("2:h", False)]
)
def test_another_telegram_may_have_several_data_centres(load: Load, tmp_path: Path, text: str, good: bool) -> None:
    pem = tmp_path / "key.pem"
    pem.write_text("x")
    if good:
        assert load(TELEGRAM_DC=text, TELEGRAM_RSA_KEY_FILE=str(pem)).telegram_dc == text
        return
    with pytest.raises(ConfigurationError) as caught:
        load(TELEGRAM_DC=text, TELEGRAM_RSA_KEY_FILE=str(pem))
    assert problems(caught) == {"TELEGRAM_DC"}


def test_what_is_done_by_itself_is_set_by_the_configuration(load: Load) -> None:
    quiet, busy = load(), load(CLEANUP_AFTER_DAYS="90", BACKUP_HOURS="24", HEALTH_MINUTES="5")
    managers = [create_manager(settings, MemoryStore(SystemClock()), SystemClock()) for settings in (quiet, busy)]
    assert [manager.health.every for manager in managers] == [900, 300]
    assert [[(job.name, job.every) for job in manager.housework.schedule.jobs] for manager in managers] == [
        [],
        [("cleanup", 86_400), ("backup", 86_400)],
    ]


@pytest.mark.parametrize(
    "variable", [("CLEANUP_AFTER_DAYS", "-1"), ("BACKUP_HOURS", "soon"), ("HEALTH_MINUTES", "0")], ids=lambda v: v[0]
)
def test_a_bad_interval_is_named(load: Load, variable: tuple[str, str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(**dict([variable]))
    assert problems(caught) == {variable[0]}
