"""The web, as far as this Telegram knows it: pages that links lead to, for previews."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon.tl import types

from bybot.sandbox.world.model import Media, derived_hash


def _plain(url: str) -> str:
    return url.removeprefix("https://").removeprefix("http://").rstrip("/").casefold()


class Pages:
    """Pages by their addresses; what was not added does not exist, and has no preview."""

    def __init__(self) -> None:
        self._pages: dict[str, Any] = {}

    def add(self, url: str, title: str, description: str = "", *, large: bool = False) -> Any:
        """Put a page on the web.

        Args:
            url: its address.
            title, description: what a preview shows.
            large: it has a picture that may be shown large.

        Returns:
            The TL WebPage.
        """
        page = types.WebPage(
            id=derived_hash("page", _plain(url)),
            url=url,
            display_url=_plain(url),
            hash=0,
            type="article",
            site_name=_plain(url).split("/")[0],
            title=title,
            description=description or None,
            has_large_media=large or None,
        )
        self._pages[_plain(url)] = page
        return page

    def find(self, url: str) -> Any | None:
        """The page behind an address, None where there is none."""
        return self._pages.get(_plain(url))

    def preview(self, text: str, entities: Sequence[Any]) -> Media | None:
        """The preview of the first link in a text that leads to a page."""
        if not self._pages:
            return None
        raw = text.encode("utf-16-le")
        for entity in entities:
            match entity:
                case types.MessageEntityTextUrl():
                    url = entity.url
                case types.MessageEntityUrl():
                    url = raw[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")
                case _:
                    continue
            if (page := self.find(url)) is not None:
                return Media(tl=types.MessageMediaWebPage(webpage=page))
        return None
