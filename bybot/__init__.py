"""bybot: a Telegram bot that many people share, each with their own account.

The public names are loaded when they are first used, so that ``import bybot`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "Settings": "bybot.config",
    "get_config": "bybot.config",
    "UserSessionManager": "bybot.sessions.manager",
    "create_user_session_manager_from_config": "bybot.deployment",
    "create_deployment_manager": "bybot.deployment",
    "get_session": "bybot.commands.scripts",
    "get_session_info": "bybot.commands.scripts",
    "force_refresh": "bybot.commands.scripts",
    "start_local_deployment": "bybot.deployment",
    "start_render_deployment": "bybot.deployment",
    "LocalFileStore": "bybot.stores.local",
    "FirestoreStore": "bybot.stores.firestore",
    "MemoryStore": "bybot.stores.memory",
    "Mirror": "bybot.mirror",
    "BybotError": "bybot.errors",
    "SessionRevoked": "bybot.errors",
    "StoreUnavailable": "bybot.errors",
    "OwnedElsewhere": "bybot.errors",
}

__all__ = [
    "BybotError",
    "FirestoreStore",
    "LocalFileStore",
    "MemoryStore",
    "Mirror",
    "OwnedElsewhere",
    "SessionRevoked",
    "Settings",
    "StoreUnavailable",
    "UserSessionManager",
    "__version__",
    "create_deployment_manager",
    "create_user_session_manager_from_config",
    "force_refresh",
    "get_config",
    "get_session",
    "get_session_info",
    "start_local_deployment",
    "start_render_deployment",
]

if TYPE_CHECKING:
    from bybot.commands.scripts import force_refresh, get_session, get_session_info
    from bybot.config import Settings, get_config
    from bybot.deployment import (
        create_deployment_manager,
        create_user_session_manager_from_config,
        start_local_deployment,
        start_render_deployment,
    )
    from bybot.errors import BybotError, OwnedElsewhere, SessionRevoked, StoreUnavailable
    from bybot.mirror import Mirror
    from bybot.sessions.manager import UserSessionManager
    from bybot.stores.firestore import FirestoreStore
    from bybot.stores.local import LocalFileStore
    from bybot.stores.memory import MemoryStore


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'bybot' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
