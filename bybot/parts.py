"""Which implementations a configuration asks for: store, lease, session manager, way to Telegram."""

from __future__ import annotations

import os
import socket

from bybot import __version__
from bybot.clock import Clock
from bybot.config import Settings
from bybot.sessions.documentlease import DocumentLease
from bybot.sessions.housework import HouseworkSettings
from bybot.sessions.idle import Limits
from bybot.sessions.lease import Lease, LeaseTimes, Watchdog
from bybot.sessions.life import LockedLife, TimedLife
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.records.model import RecordSettings
from bybot.sessions.telegram import DataCenter, Proxy, TelegramEndpoint
from bybot.sessions.vault import Vault
from bybot.stores.base import Store
from bybot.stores.budget import Budget, BudgetedStore
from bybot.stores.local import LocalFileStore
from bybot.stores.locallock import InstanceLocks


def create_store(settings: Settings, clock: Clock) -> Store:
    """The store that the configuration asks for, not opened yet."""
    if settings.local_storage:
        return LocalFileStore(settings.sessions_dir, settings.data_space, clock)
    # Google's libraries take 50 MB of memory: loaded only where they are used.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    from bybot.stores.firestore import FirestoreStore

    store = FirestoreStore(
        settings.firebase_project,
        settings.firebase_secret,
        settings.data_space,
        commit_timeout=min(5.0, settings.lease_seconds / 3),
        emulator_host=settings.firestore_emulator_host,
    )
    return BudgetedStore(store, Budget(clock, settings.firestore_daily_writes))


def create_manager(
    settings: Settings,
    store: Store,
    clock: Clock,
    *,
    watchdog: bool = False,
    owns_store: bool = False,
    restore: bool = True,
) -> UserSessionManager:
    """The session manager of these settings over a store.

    Args:
        watchdog: let the process end itself when it hangs past its lease; for programs of which bybot is the main part.
        owns_store: the manager opens the store at its start and closes it at its end.
        restore: connect all stored sessions as soon as this process may act.
    """
    return UserSessionManager(
        store,
        create_vault(settings),
        create_endpoint(settings),
        bot_id=settings.data_space,
        clock=clock,
        lease=_lease(settings, store, clock, watchdog),
        admin_ids=settings.admin_ids,
        sessions_dir=str(settings.sessions_dir) if settings.local_storage else "",
        health_seconds=settings.health_minutes * 60,
        housework=HouseworkSettings(settings.cleanup_after_days, settings.backup_hours),
        most_accounts=settings.sessions_per_user,
        limits=Limits(idle_seconds=settings.idle_minutes * 60, max_clients=settings.max_clients),
        records=RecordSettings(
            timeout=settings.record_minutes * 60,
            idle_after=settings.idle_minutes * 60,
            sweep_every=settings.sweep_minutes * 60,
            per_person=settings.sessions_per_user,
        ),
        owns_store=owns_store,
        restore=restore,
    )


def create_vault(settings: Settings) -> Vault:
    """What seals with the configured keys."""
    keys = [key.get_secret_value() for key in settings.session_encryption_keys]
    return Vault.from_text(keys, bot_id=settings.data_space)


def create_endpoint(settings: Settings) -> TelegramEndpoint:
    """Where Telegram is and through which proxy it is reached."""
    pem = settings.telegram_rsa_key_file
    return TelegramEndpoint(
        settings.api_id,
        settings.api_hash.get_secret_value(),
        device_model=settings.device_model,
        app_version=__version__,
        dc=DataCenter.parse_all(settings.telegram_dc) if settings.telegram_dc else None,
        rsa_pem=pem.read_text() if pem else None,
        proxy=Proxy.parse(settings.proxy_url.get_secret_value()) if settings.proxy_url else None,
        # What the kernel holds must be gone before another process may speak: well inside the takeover margin.
        unsent_for=min(8.0, settings.lease_seconds / 3 * 0.8),
    )


def _lease(settings: Settings, store: Store, clock: Clock, watchdog: bool) -> Lease:
    label = settings.render_instance_id or socket.gethostname()
    times = LeaseTimes.of(settings.lease_seconds)
    locks = InstanceLocks(settings.sessions_dir, settings.data_space)
    life = LockedLife(locks, times) if settings.local_storage else TimedLife(times)
    return DocumentLease(store, clock, times, label=label, life=life, watchdog=Watchdog(enabled=watchdog))
