"""Files: uploaded parts, photos and documents, and what is asked of them."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from telethon.tl import types

from bybot.sandbox.world.errors import bad
from bybot.sandbox.world.model import HOME_DC, File, derived_hash

if TYPE_CHECKING:
    from bybot.sandbox.world.world import World

MAX_SIZE = 20 * 1024 * 1024
MAX_PART = 512 * 1024
_DEFAULT_PICTURE = (800, 600)


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG or JPEG in pixels; 800 by 600 for what cannot be read."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return int(width), int(height)
    if data[:2] == b"\xff\xd8":
        at = 2
        while at + 9 <= len(data) and data[at] == 0xFF:
            marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack(">HH", data[at + 5 : at + 9])
                return int(width), int(height)
            at += 2 + length
    return _DEFAULT_PICTURE


class Files:
    """All files of the world, and the uploads that are not finished.

    Attributes:
        uploads: parts by their numbers, by account and file id.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_id: dict[int, File] = {}
        self._next_id = 1
        self.uploads: dict[tuple[int, int], dict[int, bytes]] = {}

    def all(self) -> list[File]:
        """In the order in which they were stored."""
        return list(self._by_id.values())

    def get(self, id_: int) -> File | None:
        """By id."""
        return self._by_id.get(id_)

    def store(
        self,
        data: bytes,
        *,
        mime: str,
        attributes: Sequence[Any] = (),
        kind: Literal["photo", "document"] = "document",
        dc_id: int = HOME_DC,
    ) -> File:
        """Keep bytes as a photo or document."""
        # The time makes ids differ between runs, so that a stale reference is not taken for a new file.
        id_ = int(self._world.now().timestamp()) << 24 | self._next_id
        self._next_id += 1
        width, height = picture_size(data) if kind == "photo" else (0, 0)
        file = File(
            id=id_,
            access_hash=derived_hash("file", id_),
            file_reference=b"\x01" + os.urandom(16),
            size=len(data),
            mime=mime,
            attributes=list(attributes),
            kind=kind,
            data=data,
            sha256=hashlib.sha256(data).hexdigest(),
            date=self._world.now(),
            width=width,
            height=height,
            dc_id=dc_id,
        )
        self._by_id[id_] = file
        return file

    def expire_reference(self, file: File) -> None:
        """Make every file reference given out so far useless; reading its messages again gives a new one."""
        file.file_reference = b"\x01" + os.urandom(16)
        self._changed(file)

    def move(self, file: File, dc_id: int) -> None:
        """Let another data centre serve a file."""
        file.dc_id = dc_id
        self._changed(file)

    def _changed(self, file: File) -> None:
        """Forget the packed views of every message that carries a file."""
        histories = [channel.messages for channel in self._world.channels.all()]
        histories += [chat for account in self._world.accounts.all() for chat in account.box.chats.values()]
        for history in histories:
            for message in history:
                if message.media is not None and message.media.file is file:
                    message.changed()

    def checked(self, id_: int, access_hash: int, reference: bytes | None, *, invalid: str) -> File:
        """A file that the caller can prove to know.

        Args:
            invalid: the error for an unknown id or wrong hash.

        Raises:
            TelegramError: that error, or FILE_REFERENCE_EMPTY, or FILE_REFERENCE_EXPIRED.
        """
        file = self._by_id.get(id_)
        if file is None or file.access_hash != access_hash:
            raise bad(invalid)
        if reference is not None and not reference:
            raise bad("FILE_REFERENCE_EMPTY")
        if reference is not None and reference != file.file_reference:
            raise bad("FILE_REFERENCE_EXPIRED")
        return file

    # Uploads --------------------------------------------------------------------------------------------------

    def save_part(self, account_id: int, file_id: int, part: int, data: bytes) -> None:
        """Keep one part until the file is sent.

        Raises:
            TelegramError: FILE_PART_INVALID, FILE_PART_EMPTY, FILE_PART_TOO_BIG.
        """
        if not 0 <= part < 8000:
            raise bad("FILE_PART_INVALID")
        if not data:
            raise bad("FILE_PART_EMPTY")
        if len(data) > MAX_PART:
            raise bad("FILE_PART_TOO_BIG")
        self.uploads.setdefault((account_id, file_id), {})[part] = data

    def finish_upload(self, account_id: int, upload: Any) -> bytes:
        """The bytes of an InputFile or InputFileBig; the upload is forgotten.

        Raises:
            TelegramError: FILE_PARTS_INVALID, FILE_PART_x_MISSING, FILE_ID_INVALID, MD5_CHECKSUM_INVALID,
                FILE_PART_SIZE_INVALID, FILE_PARTS_INVALID above 20 MB.
        """
        if not isinstance(upload, types.InputFile | types.InputFileBig):
            raise bad("FILE_ID_INVALID")
        parts = self.uploads.get((account_id, upload.id))
        if parts is None:
            raise bad("FILE_ID_INVALID" if upload.parts else "FILE_PARTS_INVALID")
        for part in range(upload.parts):
            if part not in parts:
                raise bad(f"FILE_PART_{part}_MISSING")
        sizes = {len(parts[part]) for part in range(upload.parts - 1)}
        if len(sizes) > 1 or any(size % 1024 or MAX_PART % size for size in sizes):
            raise bad("FILE_PART_SIZE_INVALID")
        data = b"".join(parts[part] for part in range(upload.parts))
        if not data or len(data) > MAX_SIZE:
            raise bad("FILE_PARTS_INVALID")
        checksum = getattr(upload, "md5_checksum", "")
        if checksum and checksum.lower() != hashlib.md5(data, usedforsecurity=False).hexdigest():
            raise bad("MD5_CHECKSUM_INVALID")
        del self.uploads[account_id, upload.id]
        return data
