"""The updates that wait for one bot: long polling and the webhook."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from bybot.clock import Clock
from bybot.sandbox.botapi.errors import BotApiError

KEPT_FOR = timedelta(hours=24)
MAX_TIMEOUT = 50
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
RETRY_DELAYS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
DELIVERY_TIMEOUT = 30.0

_WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
_OTHER_POLLER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


@dataclass(frozen=True)
class Update:
    """One update and when it came."""

    id: int
    kind: str
    body: dict[str, Any]
    date: datetime

    def as_json(self) -> dict[str, Any]:
        """As the bot gets it."""
        return {"update_id": self.id, self.kind: self.body}


@dataclass
class Webhook:
    """Where updates are posted, and how the last delivery failed."""

    url: str
    secret_token: str | None
    max_connections: int = 40
    last_error_date: datetime | None = None
    last_error_message: str | None = None


class Inbox:
    """Updates of one bot, in order, until they are confirmed or a day old.

    Args:
        clock: for the age of updates and the pauses between deliveries.
        first_id: the number of the first update.
    """

    def __init__(self, clock: Clock, first_id: int) -> None:
        self._clock = clock
        self._next_id = first_id
        self._updates: deque[Update] = deque()
        self._arrived = asyncio.Event()
        self._poller: asyncio.Future[None] | None = None
        self._delivery: asyncio.Task[None] | None = None
        self.allowed: frozenset[str] | None = None
        self.webhook: Webhook | None = None

    @property
    def pending(self) -> int:
        """How many updates wait."""
        self._forget_old()
        return len(self._updates)

    def put(self, kind: str, body: dict[str, Any]) -> None:
        """Add an update, unless the bot does not want that kind."""
        if kind not in self.allowed if self.allowed is not None else kind in NOT_BY_DEFAULT:
            return
        self._updates.append(Update(self._next_id, kind, body, self._clock.now()))
        self._next_id += 1
        self._wake()

    def set_allowed(self, kinds: Any) -> None:
        """Remember ``allowed_updates``; None leaves it as it was, an empty list means the default."""
        if isinstance(kinds, list):
            self.allowed = frozenset(map(str, kinds)) or None

    def drop_pending(self) -> None:
        """Forget all waiting updates."""
        self._updates.clear()

    def _wake(self) -> None:
        self._arrived.set()
        self._arrived = asyncio.Event()

    def _forget_old(self) -> None:
        oldest = self._clock.now() - KEPT_FOR
        while self._updates and self._updates[0].date < oldest:
            self._updates.popleft()

    # Polling --------------------------------------------------------------------------------------------------

    async def poll(self, offset: int, limit: int, timeout: int, allowed: Any) -> list[dict[str, Any]]:
        """getUpdates: confirm what is below the offset, then wait for updates.

        Args:
            offset: the first update wanted; everything before it is forgotten. Negative: counted from the end.
            limit: at most that many, 1 to 100.
            timeout: seconds to wait for the first one.
            allowed: ``allowed_updates`` of the call.

        Raises:
            BotApiError: 409 with a webhook set, or when another poll begins meanwhile.
        """
        if self.webhook is not None:
            raise BotApiError(409, _WEBHOOK_ACTIVE)
        if self._poller is not None and not self._poller.done():
            self._poller.set_exception(BotApiError(409, _OTHER_POLLER))
        self.set_allowed(allowed)
        self._confirm(offset)
        terminated: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._poller = terminated
        try:
            if not self.pending and timeout > 0:
                await self._wait(terminated, min(timeout, MAX_TIMEOUT))
            if terminated.done():
                terminated.result()
            count = min(max(limit, 1), 100)
            return [update.as_json() for update in list(self._updates)[:count]]
        finally:
            if self._poller is terminated:
                self._poller = None
            terminated.cancel()

    async def _wait(self, terminated: asyncio.Future[None], timeout: int) -> None:
        arrived: asyncio.Future[Any] = asyncio.ensure_future(self._arrived.wait())
        try:
            await asyncio.wait([arrived, terminated], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            arrived.cancel()

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self._updates) > -offset:
                self._updates.popleft()
            return
        while self._updates and self._updates[0].id < offset:
            self._updates.popleft()

    # Webhook --------------------------------------------------------------------------------------------------

    async def set_webhook(self, webhook: Webhook | None) -> None:
        """Begin or end delivery; a running poll ends with the same error as a later one."""
        await self.close()
        self.webhook = webhook
        if webhook is None:
            return
        if self._poller is not None and not self._poller.done():
            self._poller.set_exception(BotApiError(409, "Conflict: terminated by setWebhook request"))
        self._delivery = asyncio.create_task(self._deliver(webhook), name="webhook delivery")

    async def close(self) -> None:
        """End delivery and polls."""
        if self._delivery is not None:
            self._delivery.cancel()
            await asyncio.gather(self._delivery, return_exceptions=True)
            self._delivery = None
        if self._poller is not None and not self._poller.done():
            self._poller.set_exception(BotApiError(502, "Bad Gateway"))

    async def _deliver(self, webhook: Webhook) -> None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret_token} if webhook.secret_token else {}
        failures = 0
        async with httpx.AsyncClient(timeout=DELIVERY_TIMEOUT, trust_env=False) as client:
            while True:
                if not self.pending:
                    await self._arrived.wait()
                    continue
                update = self._updates[0]
                problem = await _post(client, webhook.url, update.as_json(), headers)
                if problem is None:
                    failures = 0
                    if self._updates and self._updates[0] is update:
                        self._updates.popleft()
                    continue
                webhook.last_error_date, webhook.last_error_message = self._clock.now(), problem
                await asyncio.sleep(RETRY_DELAYS[min(failures, len(RETRY_DELAYS) - 1)])
                failures += 1


async def _post(client: httpx.AsyncClient, url: str, body: dict[str, Any], headers: dict[str, str]) -> str | None:
    try:
        response = await client.post(url, json=body, headers=headers)
    except httpx.TimeoutException:
        return "Connection timed out"
    except httpx.HTTPError:
        return "Connection refused"
    if response.is_success:
        return None
    return f"Wrong response from the webhook: {response.status_code} {response.reason_phrase}"


def valid_secret(secret: str) -> bool:
    """Whether it may be a secret token: 1 to 256 of ``A-Z a-z 0-9 _ -``."""
    allowed: Iterable[bool] = (c.isascii() and (c.isalnum() or c in "_-") for c in secret)
    return 1 <= len(secret) <= 256 and all(allowed)
