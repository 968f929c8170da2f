"""What kind of post a message is."""

from __future__ import annotations

from typing import Any, Literal

from telethon.tl import types

from bybot.sandbox.world.model import File, Media

Kind = Literal[
    "text",
    "photo",
    "video",
    "round",
    "voice",
    "audio",
    "animation",
    "sticker",
    "document",
    "poll",
    "contact",
    "location",
    "live_location",
    "venue",
    "dice",
    "paid",
]
_PLAIN: dict[Any, Kind] = {
    types.MessageMediaContact: "contact",
    types.MessageMediaGeo: "location",
    types.MessageMediaGeoLive: "live_location",
    types.MessageMediaVenue: "venue",
    types.MessageMediaDice: "dice",
    types.MessageMediaPaidMedia: "paid",
}


def kind_of(media: Media | None) -> Kind:
    """The kind of a message by its media; a link preview is text.

    Raises:
        ValueError: media that this Telegram does not have.
    """
    if media is None or media.is_preview:
        return "text"
    if media.poll is not None:
        return "poll"
    if media.file is not None:
        return _kind_of_file(media.file)
    for tl, kind in _PLAIN.items():
        if isinstance(media.tl, tl):
            return kind
    raise ValueError(f"no kind for {type(media.tl).__name__}")


def _kind_of_file(file: File) -> Kind:
    if file.kind == "photo":
        return "photo"
    found = {type(attribute): attribute for attribute in file.attributes}
    if types.DocumentAttributeSticker in found:
        return "sticker"
    if types.DocumentAttributeAnimated in found:
        return "animation"
    video = found.get(types.DocumentAttributeVideo)
    if video is not None:
        return "round" if video.round_message else "video"
    audio = found.get(types.DocumentAttributeAudio)
    if audio is not None:
        return "voice" if audio.voice else "audio"
    return "document"


def takes_text(media: Media | None) -> bool:
    """Whether a message with it has a text; what people write beside other kinds is ignored."""
    return media is None or media.is_preview or (media.file is not None and _kind_of_file(media.file) not in _MUTE)


_MUTE = ("sticker", "round")
