"""An album at the very end of a source may still grow: waited for until it does not any more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

from bybot.clock import Clock
from bybot.mirror.patience import Patience
from bybot.mirror.reader import ALBUM_PARTS, Reader, open_album

#: Seconds that an album at the very end may take until its next part.
_PART_SECONDS: Final = 1.0
#: Albums older than this are complete, by Telegram's dates.
_OLD: Final = timedelta(seconds=60)


async def until_whole(album: list[Any], reader: Reader, clock: Clock, patience: Patience) -> AsyncIterator[list[Any]]:
    """The album once it is whole, with what came after it, and before that whatever stands before a later one.

    Raises:
        ChatNotReadable, SessionRevoked, AccountLimited, ConnectionError: as the reader does.
    """
    while True:
        age = clock.now() - album[-1].date
        if age < _OLD:
            await patience.pause(_PART_SECONDS)
        again = await reader.page(album[0].id - 1)
        cut = open_album(again)
        if cut == len(again) or len(again) - cut <= len(album) or age >= _OLD:
            yield again
            return
        yield again[:cut]
        album = again[cut : cut + ALBUM_PARTS]
