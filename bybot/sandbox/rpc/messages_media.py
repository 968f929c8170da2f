"""Input media: what a request wants to send."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from bybot.sandbox.rpc.registry import Context, RpcError
from bybot.sandbox.world.model import File, Media

_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF")


def to_media(ctx: Context, given: Any) -> Media:
    """The media, with the upload finished or the reference checked.

    Raises:
        RpcError: MEDIA_EMPTY, MEDIA_INVALID, IMAGE_PROCESS_FAILED, a bad upload or reference, or
            CHAT_FORWARDS_RESTRICTED for a file out of protected content.
    """
    spoiler = bool(getattr(given, "spoiler", False))
    seconds = getattr(given, "ttl_seconds", None)
    match given:
        case types.InputMediaUploadedPhoto():
            return Media(_uploaded_photo(ctx, given.file), spoiler, seconds)
        case types.InputMediaUploadedDocument():
            data = ctx.world.files.finish_upload(ctx.me.id, given.file)
            file = ctx.world.store_file(data, mime=given.mime_type, attributes=given.attributes, dc_id=ctx.me.dc_id)
            return Media(file, spoiler, seconds)
        case types.InputMediaPhoto():
            return Media(_by_reference(ctx, given.id, "photo"), spoiler, seconds)
        case types.InputMediaDocument():
            return Media(_by_reference(ctx, given.id, "document"), spoiler, seconds)
        case types.InputMediaEmpty():
            raise RpcError(400, "MEDIA_EMPTY")
    raise RpcError(400, "MEDIA_INVALID")


def _uploaded_photo(ctx: Context, upload: Any) -> File:
    data = ctx.world.files.finish_upload(ctx.me.id, upload)
    if not data.startswith(_PICTURES):
        raise RpcError(400, "IMAGE_PROCESS_FAILED")
    return ctx.world.store_file(data, mime="image/jpeg", kind="photo", dc_id=ctx.me.dc_id)


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
