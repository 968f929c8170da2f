"""Whether a whole source forbids forwarding: asked once, and while it does, every few minutes."""

from __future__ import annotations

from typing import Any, Final

from bybot.clock import Clock
from bybot.mirror.chats import refresh
from bybot.mirror.model import ChatRef

#: Seconds after which a protected source is asked whether it still is.
_SECONDS: Final = 300.0


class Protection:
    """Of one source, as one account sees it."""

    __slots__ = ("_asked_at", "_client", "_clock", "_known", "_source")

    def __init__(self, client: Any, source: ChatRef, clock: Clock) -> None:
        self._client = client
        self._source = source
        self._clock = clock
        self._known: bool | None = None
        self._asked_at = 0.0

    @property
    def on(self) -> bool:
        """As far as it is known."""
        return bool(self._known)

    def learn(self, source: ChatRef | None) -> bool:
        """The source as it was told just now; None: it was not. Returns whether it was."""
        if source is None:
            return False
        self._known, self._asked_at = source.protected, self._clock.elapsed()
        return True

    async def look(self) -> None:
        """Ask when that is due. Raises as :meth:`ask`."""
        old = self._clock.elapsed() - self._asked_at > _SECONDS
        if self._known is None or (self._known and old):
            await self.ask()

    async def ask(self) -> bool:
        """Ask Telegram now. Raises ChatNotReadable, TelegramUnreachable."""
        self._known = (await refresh(self._client, self._source)).protected
        self._asked_at = self._clock.elapsed()
        return self._known
