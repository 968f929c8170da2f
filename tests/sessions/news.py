"""What was told about sessions, and what is stored of them."""

from __future__ import annotations

from typing import Any

from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import session_key
from bybot.sessions.news import SessionNews
from bybot.stores.base import Store

ASKED = "users.getUsers"


def news_of(manager: UserSessionManager) -> list[SessionNews]:
    """Everything that the manager tells, as it comes."""
    told: list[SessionNews] = []
    manager.on_news(told.append)
    return told


async def fields(store: Store, user: str = "1") -> dict[str, Any]:
    document = await store.get(session_key(user))
    assert document is not None
    return dict(document.data)


async def fields_have(store: Store, name: str, user: str = "1") -> bool:
    return name in await fields(store, user)
