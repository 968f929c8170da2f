"""Input media: what a request wants to send."""

from __future__ import annotations

import secrets
from typing import Any

from telethon.tl import types

from bybot.sandbox.rpc.registry import Context, RpcError
from bybot.sandbox.world.model import File, Media

_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF")
_DICE = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}
_LIVE_SECONDS = range(60, 86_401)
_LIVE_FOR_EVER = 0x7FFF_FFFF


def to_media(ctx: Context, given: Any) -> Media | None:
    """The media, with the upload finished or the reference checked; None for a preview of a page that is not there.

    Raises:
        RpcError: MEDIA_EMPTY, MEDIA_INVALID, IMAGE_PROCESS_FAILED, EMOTICON_INVALID, WEBPAGE_NOT_FOUND, a bad upload,
            reference, place or poll, or CHAT_FORWARDS_RESTRICTED for a file out of protected content.
    """
    spoiler = bool(getattr(given, "spoiler", False))
    seconds = getattr(given, "ttl_seconds", None)
    match given:
        case types.InputMediaUploadedPhoto():
            return Media(_uploaded_photo(ctx, given.file), spoiler, seconds)
        case types.InputMediaUploadedDocument():
            file = _uploaded_document(ctx, given)
            return Media(file, spoiler, seconds, cover=_cover(ctx, given), timestamp=given.video_timestamp)
        case types.InputMediaPhoto():
            return Media(_by_reference(ctx, given.id, "photo"), spoiler, seconds)
        case types.InputMediaDocument():
            file = _by_reference(ctx, given.id, "document")
            return Media(file, spoiler, seconds, cover=_cover(ctx, given), timestamp=given.video_timestamp)
        case types.InputMediaPoll():
            return Media(poll=_poll(ctx, given))
        case types.InputMediaWebPage():
            return _preview(ctx, given)
        case types.InputMediaEmpty():
            raise RpcError(400, "MEDIA_EMPTY")
    return Media(tl=_plain(ctx, given))


def _plain(ctx: Context, given: Any) -> Any:
    """What needs no file."""
    match given:
        case types.InputMediaContact():
            if not given.phone_number or not given.first_name:
                raise RpcError(400, "MEDIA_INVALID")
            known = ctx.world.account_by_phone(given.phone_number)
            return types.MessageMediaContact(
                phone_number=given.phone_number,
                first_name=given.first_name,
                last_name=given.last_name,
                vcard=given.vcard,
                user_id=known.id if known is not None else 0,
            )
        case types.InputMediaGeoPoint():
            return types.MessageMediaGeo(geo=_point(given.geo_point))
        case types.InputMediaGeoLive():
            period = given.period or 0
            if period not in _LIVE_SECONDS and period != _LIVE_FOR_EVER:
                raise RpcError(400, "MEDIA_INVALID")
            return types.MessageMediaGeoLive(
                geo=_point(given.geo_point),
                period=period,
                heading=given.heading,
                proximity_notification_radius=given.proximity_notification_radius,
            )
        case types.InputMediaVenue():
            return types.MessageMediaVenue(
                geo=_point(given.geo_point),
                title=given.title,
                address=given.address,
                provider=given.provider,
                venue_id=given.venue_id,
                venue_type=given.venue_type,
            )
        case types.InputMediaDice():
            sides = _DICE.get(given.emoticon)
            if sides is None:
                raise RpcError(400, "EMOTICON_INVALID")
            return types.MessageMediaDice(value=secrets.randbelow(sides) + 1, emoticon=given.emoticon)
    raise RpcError(400, "MEDIA_INVALID")


def _point(given: Any) -> Any:
    if not isinstance(given, types.InputGeoPoint) or abs(given.lat) > 90 or abs(given.long) > 180:
        raise RpcError(400, "MEDIA_INVALID")
    return types.GeoPoint(long=given.long, lat=given.lat, access_hash=0, accuracy_radius=given.accuracy_radius)


def _poll(ctx: Context, given: Any) -> Any:
    unknown = (given.attached_media, given.solution_media, given.poll.close_period, given.poll.close_date)
    if any(value is not None for value in unknown):
        raise RpcError(400, "MEDIA_INVALID")
    return ctx.world.polls.create(
        ctx.me, given.poll, given.correct_answers or (), given.solution, given.solution_entities or ()
    )


def _preview(ctx: Context, given: Any) -> Media | None:
    page = ctx.world.pages.find(given.url)
    if page is None:
        if given.optional:
            return None
        raise RpcError(400, "WEBPAGE_NOT_FOUND")
    large = given.force_large_media or None
    small = given.force_small_media or None
    tl = types.MessageMediaWebPage(webpage=page, force_large_media=large, force_small_media=small, manual=True)
    return Media(tl=tl)


def _cover(ctx: Context, given: Any) -> File | None:
    return None if given.video_cover is None else _by_reference(ctx, given.video_cover, "photo")


def _uploaded_photo(ctx: Context, upload: Any) -> File:
    data = ctx.world.files.finish_upload(ctx.me.id, upload)
    if not data.startswith(_PICTURES):
        raise RpcError(400, "IMAGE_PROCESS_FAILED")
    return ctx.world.store_file(data, mime="image/jpeg", kind="photo", dc_id=ctx.me.dc_id)


def _uploaded_document(ctx: Context, given: Any) -> File:
    """A document, with its thumb. A silent MP4 becomes an animation, unless it shall stay a video or a plain file."""
    data = ctx.world.files.finish_upload(ctx.me.id, given.file)
    attributes = list(given.attributes)
    silent = any(isinstance(each, types.DocumentAttributeVideo) and each.nosound for each in attributes)
    moving = any(isinstance(each, types.DocumentAttributeAnimated) for each in attributes)
    if silent and not moving and given.mime_type == "video/mp4" and not (given.nosound_video or given.force_file):
        attributes.append(types.DocumentAttributeAnimated())
    file = ctx.world.store_file(data, mime=given.mime_type, attributes=attributes, dc_id=ctx.me.dc_id)
    if given.thumb is not None:
        file.thumb = ctx.world.files.finish_upload(ctx.me.id, given.thumb)
        if not file.thumb.startswith(_PICTURES):
            raise RpcError(400, "IMAGE_PROCESS_FAILED")
    return file


def _by_reference(ctx: Context, given: Any, kind: str) -> File:
    if isinstance(given, types.InputPhotoEmpty | types.InputDocumentEmpty):
        raise RpcError(400, "MEDIA_EMPTY")
    file = ctx.world.files.checked(given.id, given.access_hash, given.file_reference, invalid="MEDIA_INVALID")
    if file.kind != kind:
        raise RpcError(400, "MEDIA_INVALID")
    origin = file.origin
    if origin is not None and origin.author_id != ctx.me.id:
        box = ctx.world.channels.get(origin.box.id) if origin.box.kind == "channel" else None
        if origin.noforwards or (box is not None and box.noforwards):
            raise RpcError(400, "CHAT_FORWARDS_RESTRICTED")
    return file
