"""The files of posts: which can be carried over anew, where their bytes are, and how they are sent. Pure.

What stays by reference: stickers of a set and custom emoji (their file belongs to the set, not to the post), photos
with a moving part, and files above what an account without Premium may upload. What is never carried: media that
destroys itself or must be paid for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from telethon import utils
from telethon.tl import types

#: Bytes of a part: the largest that Telegram takes (https://core.telegram.org/api/files).
PART: Final = 512 * 1024
#: From here on a file is uploaded as a big one.
BIG: Final = 10 * 1024 * 1024
#: The largest file that an account without Premium uploads, in bytes.
MOST: Final = 4000 * PART
_SETTLED: Final = timedelta(hours=1)
_KINDS: Final = (
    types.DocumentAttributeVideo,
    types.DocumentAttributeAudio,
    types.DocumentAttributeAnimated,
    types.DocumentAttributeSticker,
)


@dataclass(frozen=True)
class Original:
    """Where the bytes of a file are.

    Attributes:
        location: for upload.getFile.
        dc: the data centre that has it.
        size: in bytes.
        name: for the upload.
    """

    location: Any
    dc: int
    size: int
    name: str

    @property
    def parts(self) -> int:
        """How many there are."""
        return -(-self.size // PART)

    def size_of(self, number: int) -> int:
        """Bytes of a part: all but the last are equal."""
        return min(PART, self.size - number * PART)

    @property
    def is_big(self) -> bool:
        """Whether it is uploaded with saveBigFilePart."""
        return self.size > BIG


def is_guarded(message: Any) -> bool:
    """Whether a message must not be copied: protected, paid for, or destroying itself."""
    media = getattr(message, "media", None)
    paid = isinstance(media, types.MessageMediaPaidMedia)
    return bool(getattr(message, "noforwards", False) or paid or getattr(media, "ttl_seconds", None))


def can_carry(message: Any) -> bool:
    """Whether the file of a message can be carried over anew; False: it has none, or only by reference."""
    original = None if is_guarded(message) else original_of(message.media)
    return original is not None and 0 < original.size <= MOST


def original_of(media: Any) -> Original | None:
    """The file of a message's media; None: there is none that could be carried."""
    if isinstance(media, types.MessageMediaPhoto) and isinstance(media.photo, types.Photo) and not media.live_photo:
        return photo_original(media.photo)
    if isinstance(media, types.MessageMediaDocument) and isinstance(media.document, types.Document):
        document = media.document
        if any(_of_a_set(attribute) for attribute in document.attributes):
            return None
        location = types.InputDocumentFileLocation(document.id, document.access_hash, document.file_reference, "")
        return Original(location, document.dc_id, document.size, _name_of(document))
    return None


def photo_original(photo: Any) -> Original | None:
    """The largest size of a photo."""
    size = _largest(photo.sizes)
    if size is None:
        return None
    location = types.InputPhotoFileLocation(photo.id, photo.access_hash, photo.file_reference, size.type)
    return Original(location, photo.dc_id, _bytes_of(size), "photo.jpg")


def thumb_original(media: Any) -> Original | None:
    """The picture that stands for a document before it is loaded; None: it has none."""
    document = getattr(media, "document", None)
    size = _largest(getattr(document, "thumbs", None) or ())
    if document is None or size is None:
        return None
    place = (document.id, document.access_hash, document.file_reference)
    return Original(types.InputDocumentFileLocation(*place, size.type), document.dc_id, _bytes_of(size), "thumb.jpg")


def cover_original(media: Any) -> Original | None:
    """The cover of a video; None: it has none."""
    cover = getattr(media, "video_cover", None)
    return photo_original(cover) if isinstance(cover, types.Photo) else None


def uploaded(media: Any, file: Any, thumb: Any | None) -> Any:
    """An upload with everything that is said about the original.

    Args:
        media: of the original message.
        file, thumb: InputFile or InputFileBig.
    """
    if isinstance(media, types.MessageMediaPhoto):
        return types.InputMediaUploadedPhoto(file)
    document = media.document
    kinds = {type(attribute) for attribute in document.attributes}
    moving = types.DocumentAttributeVideo in kinds and types.DocumentAttributeAnimated not in kinds
    return types.InputMediaUploadedDocument(
        file,
        document.mime_type,
        # That others' stickers are on it is Telegram's own mark.
        [each for each in document.attributes if not isinstance(each, types.DocumentAttributeHasStickers)],
        nosound_video=moving or None,  # a video without sound stays a video
        force_file=not kinds & set(_KINDS) or None,  # a picture that was sent as a file stays one
        thumb=thumb,
    )


def in_place(media: Any, carried: Any, cover: Any | None) -> Any | None:
    """What to send in place of the original media; None: Telegram made something else of the upload.

    Args:
        media: of the original message.
        carried: what messages.uploadMedia made of it.
        cover: the carried cover, as an InputPhoto.
    """
    if isinstance(media, types.MessageMediaPhoto):
        photo = getattr(carried, "photo", None)
        known = isinstance(photo, types.Photo)
        return types.InputMediaPhoto(utils.get_input_photo(photo), spoiler=media.spoiler) if known else None
    document = getattr(carried, "document", None)
    if not isinstance(document, types.Document):
        return None
    return types.InputMediaDocument(
        utils.get_input_document(document),
        spoiler=media.spoiler,
        video_cover=cover,
        video_timestamp=media.video_timestamp,
    )


def file_id(message: Any) -> int | None:
    """The id of the photo or document that a message carries."""
    return getattr(_file_of(message), "id", None)


def looks(message: Any) -> tuple[Any, ...] | None:
    """What stays of a file when it is uploaded anew, while its id does not; None: the message has no file."""
    file = _file_of(message)
    if isinstance(file, types.Document):
        waves = [a.waveform for a in file.attributes if isinstance(a, types.DocumentAttributeAudio)]
        return ("document", file.size, file.mime_type, _name_of(file), *waves)
    size = _largest(file.sizes) if isinstance(file, types.Photo) else None
    return None if size is None else ("photo", size.w, size.h)


def looks_carried(message: Any, copy: Any) -> bool:
    """Whether a copy, whose file has an id of its own, seems to have the file that its source has now.

    A photo that takes the place of another often looks like it, so a photo counts as another one unless the copy was
    made or changed long after the last edit of its source.
    """
    if looks(message) is None or looks(message) != looks(copy):
        return False
    edited = message.edit_date if isinstance(_file_of(message), types.Photo) else None
    return edited is None or bool((copy.edit_date or copy.date) > edited + _SETTLED)


def _file_of(message: Any) -> Any | None:
    media = getattr(message, "media", None)
    return getattr(media, "document", None) or getattr(media, "photo", None)


def _of_a_set(attribute: Any) -> bool:
    if isinstance(attribute, types.DocumentAttributeSticker):
        return not isinstance(attribute.stickerset, types.InputStickerSetEmpty)
    return isinstance(attribute, types.DocumentAttributeCustomEmoji)


def _name_of(document: Any) -> str:
    names = (a.file_name for a in document.attributes if isinstance(a, types.DocumentAttributeFilename))
    return next(names, "file")


def _largest(sizes: Sequence[Any]) -> Any | None:
    """The largest of the sizes that are files of their own."""
    real = [size for size in sizes if isinstance(size, types.PhotoSize | types.PhotoSizeProgressive)]
    return max(real, key=lambda size: int(size.w) * int(size.h), default=None)


def _bytes_of(size: Any) -> int:
    return int(max(size.sizes)) if isinstance(size, types.PhotoSizeProgressive) else int(size.size)
