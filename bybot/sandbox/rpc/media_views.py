"""Media as accounts see them: records to TL objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telethon.tl import types

from bybot.sandbox.world.files import picture_size
from bybot.sandbox.world.model import Account, File, Media, Message, Peer

if TYPE_CHECKING:
    from bybot.sandbox.world.polls import Poll


#: The one size that thumbs of documents have here.
THUMB_TYPE = "m"


def to_peer(peer: Peer) -> Any:
    """PeerUser, PeerChat or PeerChannel."""
    if peer.kind == "chat":
        return types.PeerChat(peer.id)
    return types.PeerUser(peer.id) if peer.kind == "user" else types.PeerChannel(peer.id)


def to_photo(file: File) -> Any:
    """Photo, with one size that is the file itself."""
    return types.Photo(
        id=file.id,
        access_hash=file.access_hash,
        file_reference=file.file_reference,
        date=file.date,
        sizes=[types.PhotoSize(type="x", w=file.width, h=file.height, size=file.size)],
        dc_id=file.dc_id,
    )


def to_document(file: File) -> Any:
    """Document, with its thumb if it has one."""
    thumbs = None
    if file.thumb:
        width, height = picture_size(file.thumb)
        thumbs = [types.PhotoSize(type=THUMB_TYPE, w=width, h=height, size=len(file.thumb))]
    return types.Document(
        id=file.id,
        access_hash=file.access_hash,
        file_reference=file.file_reference,
        date=file.date,
        mime_type=file.mime,
        size=file.size,
        dc_id=file.dc_id,
        attributes=file.attributes,
        thumbs=thumbs,
    )


def to_media(media: Media | None, viewer_id: int = 0) -> Any:
    """MessageMedia…, or None.

    Args:
        media: of a message.
        viewer_id: whose votes a poll shows.
    """
    if media is None:
        return None
    if media.poll is not None:
        return types.MessageMediaPoll(poll=media.poll.shown(viewer_id), results=media.poll.results(viewer_id))
    if media.file is None:
        return media.tl
    spoiler = media.spoiler or None
    if media.file.kind == "photo":
        return types.MessageMediaPhoto(photo=to_photo(media.file), spoiler=spoiler, ttl_seconds=media.ttl_seconds)
    video = next((a for a in media.file.attributes if isinstance(a, types.DocumentAttributeVideo)), None)
    audio = next((a for a in media.file.attributes if isinstance(a, types.DocumentAttributeAudio)), None)
    return types.MessageMediaDocument(
        document=to_document(media.file),
        spoiler=spoiler,
        ttl_seconds=media.ttl_seconds,
        video=video is not None or None,
        round=(video is not None and video.round_message) or None,
        voice=(audio is not None and audio.voice) or None,
        video_cover=to_photo(media.cover) if media.cover is not None else None,
        video_timestamp=media.timestamp,
    )


def poll_update(viewer: Account, message: Message, poll: Poll) -> Any:
    """UpdateMessagePoll, with the results that the viewer may see."""
    return types.UpdateMessagePoll(
        poll_id=poll.id,
        results=poll.results(viewer.id),
        peer=to_peer(message.peer),
        msg_id=message.id,
        poll=poll.shown(viewer.id),
    )
