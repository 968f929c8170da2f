"""File ids of the Bot API."""

from __future__ import annotations

import base64
from typing import Any

from bybot.sandbox.botapi.errors import bad_request
from bybot.sandbox.world.model import File

DOWNLOAD_LIMIT = 20 * 1024 * 1024


class FileIds:
    """Names files for bots: an id is the same for every bot and after every call."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}

    def id_of(self, file: File) -> str:
        """The ``file_id``; the file can be found by it from now on."""
        raw = f"{file.kind}:{file.id}:{file.access_hash}".encode()
        file_id = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        self._files[file_id] = file
        return file_id

    def find(self, file_id: str) -> File:
        """The file.

        Raises:
            BotApiError: no such id.
        """
        try:
            return self._files[file_id]
        except KeyError:
            raise bad_request("wrong file identifier/HTTP URL specified") from None

    def by_path(self, path: str) -> File | None:
        """The file of a download path as :meth:`path_of` gives it."""
        wanted = path.rpartition("_")[2].partition(".")[0]
        return next((file for file in self._files.values() if str(file.id) == wanted), None)

    def path_of(self, file: File) -> str:
        """The ``file_path`` for a download."""
        folder = "photos" if file.kind == "photo" else "documents"
        extension = {"image/jpeg": ".jpg", "image/png": ".png", "video/mp4": ".mp4"}.get(file.mime, "")
        return f"{folder}/file_{file.id}{extension}"

    def photo_json(self, file: File) -> list[dict[str, Any]]:
        """PhotoSize entries, the largest last."""
        size = {"width": file.width or 1, "height": file.height or 1, "file_size": file.size}
        return [{"file_id": self.id_of(file), "file_unique_id": unique_id(file), **size}]

    def document_json(self, file: File) -> dict[str, Any]:
        """A Document entry."""
        item: dict[str, Any] = {"file_id": self.id_of(file), "file_unique_id": unique_id(file)}
        if file.name:
            item["file_name"] = file.name
        return {**item, "mime_type": file.mime, "file_size": file.size}


def unique_id(file: File) -> str:
    """The ``file_unique_id``: the same for every bot, of no use for downloads."""
    return base64.urlsafe_b64encode(abs(file.id).to_bytes(9, "big")).decode().rstrip("=")
