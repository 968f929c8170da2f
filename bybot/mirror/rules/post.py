"""The facts of a post that rules look at, read from a message of Telethon."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from telethon.tl import types

from bybot.mirror.rules import polls


class Media(StrEnum):
    """What a post carries."""

    TEXT = "text"
    PHOTO = "photo"
    VIDEO = "video"
    ROUND = "round"
    VOICE = "voice"
    AUDIO = "audio"
    ANIMATION = "animation"
    STICKER = "sticker"
    DOCUMENT = "document"
    POLL = "poll"
    CONTACT = "contact"
    LOCATION = "location"
    DICE = "dice"
    OTHER = "other"


@dataclass(frozen=True)
class Post:
    """One post, or one album, as rules see it.

    Attributes:
        text: all texts of it, with the words of a poll, a contact or a place.
        media: of its parts, in order.
        names: file names.
        size: bytes of its largest file.
        sender: marked id of who wrote it, if that is known.
        digest: equal for posts of equal content; empty for those with nothing to compare.
    """

    ids: tuple[int, ...]
    text: str
    media: tuple[Media, ...]
    names: tuple[str, ...]
    size: int
    sender: int | None
    digest: bytes

    @property
    def extensions(self) -> frozenset[str]:
        """Of the file names, lower case, without the dot."""
        return frozenset(PurePosixPath(name).suffix[1:].lower() for name in self.names)


def post_of(messages: tuple[Any, ...]) -> Post:
    """The facts of a post (one message) or an album (several)."""
    files = [getattr(m.media, "document", None) for m in messages]
    documents = [file for file in files if isinstance(file, types.Document)]
    names = [a.file_name for d in documents for a in d.attributes if isinstance(a, types.DocumentAttributeFilename)]
    sender = messages[0].from_id
    return Post(
        ids=tuple(m.id for m in messages),
        text="\n".join(words for m in messages for words in words_of(m)),
        media=tuple(media_of(m) for m in messages),
        names=tuple(names),
        size=max([int(d.size) for d in documents] + [_photo_bytes(m) for m in messages]),
        sender=None if sender is None else _marked(sender),
        digest=_digest(messages),
    )


def media_of(message: Any) -> Media:
    """What one message carries; a link preview is text."""
    media = message.media
    if media is None or isinstance(media, types.MessageMediaWebPage):
        return Media.TEXT
    if isinstance(media, types.MessageMediaPhoto):
        return Media.PHOTO
    if isinstance(media, types.MessageMediaDocument) and isinstance(media.document, types.Document):
        return _document_kind(media.document)
    for kind, name in _PLAIN.items():
        if isinstance(media, kind):
            return name
    return Media.OTHER


_PLAIN: dict[Any, Media] = {
    types.MessageMediaPoll: Media.POLL,
    types.MessageMediaContact: Media.CONTACT,
    types.MessageMediaGeo: Media.LOCATION,
    types.MessageMediaGeoLive: Media.LOCATION,
    types.MessageMediaVenue: Media.LOCATION,
    types.MessageMediaDice: Media.DICE,
}
_WITHOUT_TEXT = frozenset(
    {Media.ROUND, Media.STICKER, Media.POLL, Media.CONTACT, Media.LOCATION, Media.DICE, Media.OTHER}
)


def takes_text(message: Any) -> bool:
    """Whether it has a text or a caption, or could have one: a sticker or a place has none."""
    return bool(message.message) or media_of(message) not in _WITHOUT_TEXT


def words_of(message: Any) -> list[str]:
    """Everything to read in a message: its text, and the words of a poll, a contact or a place."""
    media = message.media
    words = [message.message]
    if isinstance(media, types.MessageMediaPoll):
        words += polls.words_of(media)
    elif isinstance(media, types.MessageMediaContact):
        words += [f"{media.first_name} {media.last_name}".strip(), media.phone_number]
    elif isinstance(media, types.MessageMediaVenue):
        words += [media.title, media.address]
    return [each for each in words if each]


def _document_kind(document: Any) -> Media:
    by_type = {type(attribute): attribute for attribute in document.attributes}
    if types.DocumentAttributeSticker in by_type or types.DocumentAttributeCustomEmoji in by_type:
        return Media.STICKER
    if types.DocumentAttributeAnimated in by_type:
        return Media.ANIMATION
    video = by_type.get(types.DocumentAttributeVideo)
    if video is not None:
        return Media.ROUND if video.round_message else Media.VIDEO
    audio = by_type.get(types.DocumentAttributeAudio)
    if audio is not None:
        return Media.VOICE if audio.voice else Media.AUDIO
    return Media.DOCUMENT


def _photo_bytes(message: Any) -> int:
    photo = getattr(message.media, "photo", None)
    if not isinstance(photo, types.Photo):
        return 0
    sizes = [size.size for size in photo.sizes if isinstance(size, types.PhotoSize)]
    sizes += [max(size.sizes) for size in photo.sizes if isinstance(size, types.PhotoSizeProgressive)]
    return max(sizes, default=0)


def _marked(peer: Any) -> int:
    if isinstance(peer, types.PeerUser):
        return int(peer.user_id)
    if isinstance(peer, types.PeerChat):
        return -int(peer.chat_id)
    return -1_000_000_000_000 - int(peer.channel_id)


def _thing(media: Any) -> bytes:
    """What a message carries besides words."""
    if isinstance(media, types.MessageMediaDice):
        return f"{media.emoticon}{media.value}".encode()
    if isinstance(point := getattr(media, "geo", None), types.GeoPoint):
        return f"{point.lat:.6f},{point.long:.6f}".encode()
    file = getattr(media, "document", None) or getattr(media, "photo", None)
    return str(getattr(file, "id", "")).encode()


def _digest(messages: tuple[Any, ...]) -> bytes:
    """Words without space and case, and the files by their ids: a file that is posted again keeps its id."""
    state = hashlib.blake2b(digest_size=8)
    something = False
    for message in messages:
        words = "".join(unicodedata.normalize("NFKC", "\n".join(words_of(message))).split()).casefold()
        thing = _thing(message.media)
        something = something or bool(words or thing)
        state.update(words.encode("utf-8", "surrogatepass") + b"\x00" + thing + b"\x01")
    return state.digest() if something else b""
