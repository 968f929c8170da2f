"""upload.*"""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc.media_views import THUMB_TYPE
from bybot.sandbox.rpc.registry import Context, RpcError, rpc

_MEGABYTE = 1024 * 1024
_TYPES = {
    "image/jpeg": types.storage.FileJpeg,
    "image/png": types.storage.FilePng,
    "image/gif": types.storage.FileGif,
    "video/mp4": types.storage.FileMp4,
    "audio/mpeg": types.storage.FileMp3,
    "application/pdf": types.storage.FilePdf,
}


@rpc(functions.upload.SaveFilePartRequest, anywhere=True)
async def save_file_part(ctx: Context, request: functions.upload.SaveFilePartRequest) -> bool:
    """Keep a part of a file below 10 MB."""
    ctx.world.files.save_part(ctx.me.id, request.file_id, request.file_part, request.bytes)
    return True


@rpc(functions.upload.SaveBigFilePartRequest, anywhere=True)
async def save_big_file_part(ctx: Context, request: functions.upload.SaveBigFilePartRequest) -> bool:
    """Keep a part of a larger file."""
    ctx.world.files.save_part(ctx.me.id, request.file_id, request.file_part, request.bytes)
    return True


@rpc(functions.upload.GetFileRequest, anywhere=True)
async def get_file(ctx: Context, request: functions.upload.GetFileRequest) -> Any:
    """A part of a file; behind its end an empty one.

    Raises:
        RpcError: OFFSET_INVALID, LIMIT_INVALID, LOCATION_INVALID (no such place, or no such size),
            FILE_ID_INVALID, FILE_REFERENCE_EXPIRED; 303 FILE_MIGRATE_X, the data centre that serves it.
    """
    offset, limit = request.offset, request.limit
    unit = 1024 if request.precise else 4096
    if offset < 0 or offset % unit:
        raise RpcError(400, "OFFSET_INVALID")
    aligned = request.precise or _MEGABYTE % limit == 0 if limit > 0 else False
    if limit <= 0 or limit % unit or limit > _MEGABYTE or not aligned:
        raise RpcError(400, "LIMIT_INVALID")
    if offset // _MEGABYTE != (offset + limit - 1) // _MEGABYTE:
        raise RpcError(400, "LIMIT_INVALID")
    location = request.location
    if not isinstance(location, types.InputDocumentFileLocation | types.InputPhotoFileLocation):
        raise RpcError(400, "LOCATION_INVALID")
    file = ctx.world.files.checked(
        location.id, location.access_hash, location.file_reference, invalid="FILE_ID_INVALID"
    )
    if file.dc_id != ctx.key.dc:
        raise RpcError(303, f"FILE_MIGRATE_{file.dc_id}")
    kind, data = _TYPES.get(file.mime, types.storage.FileUnknown), file.data
    if file.kind == "document" and location.thumb_size:
        kind, data = types.storage.FileJpeg, file.thumb
        if not data or location.thumb_size != THUMB_TYPE:
            raise RpcError(400, "LOCATION_INVALID")
    return types.upload.File(type=kind(), mtime=int(file.date.timestamp()), bytes=data[offset : offset + limit])
