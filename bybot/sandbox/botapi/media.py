"""What a message carries, in the Bot API's JSON."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from bybot.sandbox.botapi.files import FileIds, unique_id
from bybot.sandbox.world.kinds import kind_of
from bybot.sandbox.world.model import File, Media
from bybot.sandbox.world.polls import Poll


def media_json(files: FileIds, media: Media | None) -> dict[str, Any]:
    """The fields of a Message object that stand for its media; a link preview has none.

    Args:
        files: gives files their ids.
        media: of the message.
    """
    if media is None or media.is_preview:
        return {}
    if media.poll is not None:
        return {"poll": _poll(media.poll)}
    if media.file is None:
        return _plain(media.tl)
    if media.file.kind == "photo":
        return {"photo": files.photo_json(media.file)}
    return _file(files, media.file, kind_of(media))


def _file(files: FileIds, file: File, kind: str) -> dict[str, Any]:
    document = files.document_json(file)
    found = {type(attribute): attribute for attribute in file.attributes}
    video = found.get(types.DocumentAttributeVideo)
    audio = found.get(types.DocumentAttributeAudio)
    if kind == "sticker":
        shape = found.get(types.DocumentAttributeImageSize)
        size = {"width": shape.w, "height": shape.h} if shape is not None else {"width": 512, "height": 512}
        flags = {"type": "regular", "is_animated": False, "is_video": False}
        return {"sticker": _bare(file, document) | size | flags | {"emoji": found[types.DocumentAttributeSticker].alt}}
    if video is not None:
        length = {"duration": int(video.duration)}
        if kind == "round":
            return {"video_note": _bare(file, document) | length | {"length": video.w}}
        moving = document | length | {"width": video.w, "height": video.h}
        # An animation is a document too, for bots that do not know it (https://core.telegram.org/bots/api#message).
        return {"animation": moving, "document": document} if kind == "animation" else {"video": moving}
    if audio is not None:
        item = document | {"duration": audio.duration}
        if kind == "voice":
            return {"voice": item}
        named = {"title": audio.title, "performer": audio.performer}
        return {"audio": item | {key: value for key, value in named.items() if value}}
    return {"document": document}


def _bare(file: File, document: dict[str, Any]) -> dict[str, Any]:
    return {"file_id": document["file_id"], "file_unique_id": unique_id(file), "file_size": file.size}


def _plain(tl: Any) -> dict[str, Any]:
    match tl:
        case types.MessageMediaContact():
            contact = {"phone_number": tl.phone_number, "first_name": tl.first_name}
            more = {"last_name": tl.last_name, "vcard": tl.vcard, "user_id": tl.user_id}
            return {"contact": contact | {key: value for key, value in more.items() if value}}
        case types.MessageMediaGeo():
            return {"location": _point(tl.geo)}
        case types.MessageMediaGeoLive():
            return {"location": _point(tl.geo) | {"live_period": tl.period}}
        case types.MessageMediaVenue():
            place = _point(tl.geo)
            return {"venue": {"location": place, "title": tl.title, "address": tl.address}, "location": place}
        case types.MessageMediaDice():
            return {"dice": {"emoji": tl.emoticon, "value": tl.value}}
    raise ValueError(f"no JSON for {type(tl).__name__}")


def _point(geo: Any) -> dict[str, float]:
    return {"latitude": geo.lat, "longitude": geo.long}


def _poll(poll: Poll) -> dict[str, Any]:
    """Numbers are seen when it is closed."""
    counts = {option: sum(option in chosen for chosen in poll.votes.values()) for option in poll.options}
    return {
        "id": str(poll.id),
        "question": poll.tl.question.text,
        "options": [
            {
                "persistent_id": answer.option.hex(),
                "text": answer.text.text,
                "voter_count": counts[answer.option] if poll.closed else 0,
            }
            for answer in poll.tl.answers
        ],
        "total_voter_count": len(poll.votes),
        "is_closed": poll.closed,
        "is_anonymous": not poll.tl.public_voters,
        "type": "quiz" if poll.tl.quiz else "regular",
        "allows_multiple_answers": bool(poll.tl.multiple_choice),
        "members_only": False,
        "allows_revoting": not (poll.tl.quiz or poll.tl.revoting_disabled),
    }
