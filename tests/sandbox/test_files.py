"""Uploads and downloads with a stock client: bytes, attributes, parts, references."""

from __future__ import annotations

import hashlib
import io
import os
from typing import Any

import pytest
from telethon import errors, functions, types, utils

from tests.sandbox.chats import PIXEL, chats, picture, random_id


def named(data: bytes, name: str) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file


@pytest.mark.parametrize("size", [1, 4096, 700_001, 11 * 1024 * 1024 + 13])
async def test_a_document_arrives_byte_for_byte_with_its_name(size: int) -> None:
    async with chats() as c:
        data = os.urandom(size)
        sent = await c.a.send_file("news_all", named(data, "report.bin"), caption="the report", force_document=True)
        seen = await c.b.get_messages("news_all", ids=sent.id)
        assert (seen.file.name, seen.file.size, seen.message) == ("report.bin", size, "the report")
        assert seen.document.dc_id == 2
        got = await c.b.download_media(seen, bytes)
        assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()


async def test_a_photo_has_its_size_in_pixels_and_is_kept_as_it_is() -> None:
    async with chats() as c:
        sent = await c.a.send_file("news_all", picture(), caption="tiny")
        seen = await c.b.get_messages("news_all", ids=sent.id)
        [size] = seen.photo.sizes
        assert (size.w, size.h, size.size) == (3, 2, len(PIXEL))
        assert await c.b.download_media(seen, bytes) == PIXEL
        with pytest.raises(errors.ImageProcessFailedError):
            await c.a.send_file("news_all", named(b"no picture", "x.png"))


async def test_videos_and_sounds_keep_their_attributes() -> None:
    async with chats() as c:
        video = types.DocumentAttributeVideo(duration=7, w=64, h=48, supports_streaming=True)
        sent = await c.a.send_file("news_all", named(b"moving", "film.mp4"), attributes=[video])
        seen = await c.b.get_messages("news_all", ids=sent.id)
        assert (seen.file.mime_type, seen.file.duration, seen.file.width) == ("video/mp4", 7, 64)
        assert seen.media.video
        assert seen.video.id == sent.video.id
        voice = await c.a.send_file("news_all", named(b"sound", "v.ogg"), voice_note=True)
        assert (await c.b.get_messages("news_all", ids=voice.id)).media.voice


async def test_a_document_has_the_thumb_that_was_uploaded_with_it() -> None:
    async with chats() as c:
        shape = types.DocumentAttributeVideo(duration=7, w=64, h=48)
        sent = await c.a.send_file("news_all", named(b"moving", "film.mp4"), attributes=[shape], thumb=PIXEL)
        seen = await c.b.get_messages("news_all", ids=sent.id)
        [thumb] = seen.document.thumbs
        assert (thumb.w, thumb.h, thumb.size) == (3, 2, len(PIXEL))
        assert await c.b.download_media(seen, bytes, thumb=-1) == PIXEL
        assert await c.b.download_media(seen, bytes) == b"moving"
        place = (seen.document.id, seen.document.access_hash, seen.document.file_reference)
        with pytest.raises(errors.LocationInvalidError):
            await c.b(functions.upload.GetFileRequest(types.InputDocumentFileLocation(*place, "x"), 0, 4096))
        with pytest.raises(errors.ImageProcessFailedError):
            await c.a.send_file("news_all", named(b"moving", "film.mp4"), attributes=[shape], thumb=b"no picture")


@pytest.mark.parametrize("stays", [True, False])
async def test_a_film_without_sound_becomes_an_animation_unless_it_shall_stay_a_video(stays: bool) -> None:
    async with chats() as c:
        shape = types.DocumentAttributeVideo(duration=7, w=64, h=48, nosound=True)
        sent = await c.a.send_file(
            "news_all", named(b"moving", "film.mp4"), attributes=[shape], nosound_video=stays or None
        )
        seen = await c.b.get_messages("news_all", ids=sent.id)
        assert bool(seen.gif) is not stays


async def test_an_upload_becomes_media_that_can_be_sent_later_and_more_than_once() -> None:
    async with chats() as c:
        news = await c.a.get_input_entity("news_all")
        upload = await c.a.upload_file(named(b"some notes", "notes.bin"))
        media = types.InputMediaUploadedDocument(upload, "text/plain", [types.DocumentAttributeFilename("notes.bin")])
        placed = await c.a(functions.messages.UploadMediaRequest(news, media))
        assert not [m for m in c.news.messages if m.action is None], "nothing is posted by an upload"
        first = await c.a.send_file("news_all", placed.document)
        again = await c.a.send_file("news_all", placed.document)
        assert first.document.id == again.document.id == placed.document.id
        assert await c.b.download_media(await c.b.get_messages("news_all", ids=again.id), bytes) == b"some notes"
        with pytest.raises(errors.FileIdInvalidError):  # the parts are gone
            await c.a(functions.messages.UploadMediaRequest(news, media))


async def test_media_is_sent_again_by_reference_without_an_upload() -> None:
    async with chats() as c:
        sent = await c.a.send_file("news_all", named(b"data", "a.bin"))
        calls = c.running.counters
        before = calls.calls_of("saveFilePart")
        again = await c.b.send_file("group_all", (await c.b.get_messages("news_all", ids=sent.id)).document)
        assert again.document.id == sent.document.id
        assert calls.calls_of("saveFilePart") == before


async def test_an_upload_with_a_missing_or_bad_part_is_refused() -> None:
    async with chats() as c:
        save = functions.upload.SaveFilePartRequest
        with pytest.raises(errors.FilePartEmptyError):
            await c.a(save(1, 0, b""))
        with pytest.raises(errors.FilePartTooBigError):
            await c.a(save(1, 0, b"x" * (512 * 1024 + 1)))
        assert await c.a(save(1, 0, b"x" * 1024))
        assert await c.a(save(1, 2, b"x"))
        news = await c.a.get_input_entity("news_all")

        async def send(file: Any) -> Any:
            media = types.InputMediaUploadedDocument(file, "text/plain", [])
            return await c.a(functions.messages.SendMediaRequest(news, media, ""))

        with pytest.raises(errors.FilePartMissingError):
            await send(types.InputFile(1, 3, "x.txt", ""))
        assert await c.a(save(1, 1, b"y" * 1024))
        with pytest.raises(errors.Md5ChecksumInvalidError):
            await send(types.InputFile(1, 3, "x.txt", "0" * 32))
        with pytest.raises(errors.FileIdInvalidError):
            await send(types.InputFile(2, 1, "x.txt", ""))
        for number, size in enumerate((1000, 1000, 1)):
            assert await c.a(save(3, number, b"x" * size))
        with pytest.raises(errors.FilePartSizeInvalidError):
            await send(types.InputFile(3, 3, "x.txt", ""))
        answer = await send(types.InputFile(1, 3, "x.txt", ""))
        assert answer.updates[-1].message.media.document.size == 2049


async def test_a_file_above_twenty_megabytes_is_refused() -> None:
    async with chats() as c:
        part = b"x" * (512 * 1024)
        for number in range(41):
            assert await c.a(functions.upload.SaveBigFilePartRequest(5, number, 41, part))
        media = types.InputMediaUploadedDocument(types.InputFileBig(5, 41, "big.bin"), "text/plain", [])
        news = await c.a.get_input_entity("news_all")
        with pytest.raises(errors.FilePartsInvalidError):
            await c.a(functions.messages.SendMediaRequest(news, media, ""))


async def test_downloads_obey_the_rules_of_offset_and_limit() -> None:
    async with chats() as c:
        data = os.urandom(10_000)
        file = c.world.store_file(data, mime="application/pdf")

        async def get(offset: int, limit: int, *, precise: bool = False, **changes: Any) -> Any:
            place = {"id": file.id, "access_hash": file.access_hash, "file_reference": file.file_reference}
            location = types.InputDocumentFileLocation(**(place | changes), thumb_size="")
            return await c.b(functions.upload.GetFileRequest(location, offset, limit, precise=precise))

        assert (await get(0, 4096)).bytes == data[:4096]
        assert (await get(8192, 4096)).bytes == data[8192:]
        assert (await get(12288, 4096)).bytes == b""
        assert (await get(1024, 1024, precise=True)).bytes == data[1024:2048]
        assert isinstance((await get(0, 4096)).type, types.storage.FilePdf)
        for offset, limit, error in (
            (1, 4096, errors.OffsetInvalidError),
            (0, 1000, errors.LimitInvalidError),
            (0, 2 * 1024 * 1024, errors.LimitInvalidError),
            (0, 12288, errors.LimitInvalidError),
            (1020 * 1024, 8192, errors.LimitInvalidError),
        ):
            with pytest.raises(error):
                await get(offset, limit)
        with pytest.raises(errors.FileIdInvalidError):
            await get(0, 4096, access_hash=1)
        with pytest.raises(errors.FileReferenceEmptyError):
            await get(0, 4096, file_reference=b"")


async def test_an_expired_reference_is_renewed_by_reading_the_message_again() -> None:
    async with chats() as c:
        post = c.photo(text="renewable")
        seen = await c.b.get_messages("news_all", ids=post.id)
        c.world.files.expire_reference(post.media.file)
        location = types.InputPhotoFileLocation(seen.photo.id, seen.photo.access_hash, seen.photo.file_reference, "x")
        with pytest.raises(errors.FileReferenceExpiredError):
            await c.b(functions.upload.GetFileRequest(location, 0, 4096))
        again = await c.b.get_messages("news_all", ids=post.id)
        assert await c.b.download_media(again, bytes) == PIXEL


async def test_an_album_names_the_part_whose_reference_has_expired() -> None:
    async with chats() as c:
        posts = [c.photo() for _ in range(2)]
        photos = [(await c.b.get_messages("news_all", ids=post.id)).photo for post in posts]
        c.world.files.expire_reference(posts[1].media.file)
        parts = [
            types.InputSingleMedia(types.InputMediaPhoto(utils.get_input_photo(photo)), "", random_id=random_id())
            for photo in photos
        ]
        group = await c.b.get_input_entity("group_all")
        with pytest.raises(errors.BadRequestError, match="FILE_REFERENCE_1_EXPIRED"):
            await c.b(functions.messages.SendMultiMediaRequest(group, parts))
        assert not [m for m in c.group.messages if m.action is None], "none of it was sent"


async def test_a_photo_id_is_no_document_and_unknown_places_are_refused() -> None:
    async with chats() as c:
        file = c.world.store_file(PIXEL, mime="image/png", kind="photo")
        wrong = types.InputDocument(file.id, file.access_hash, file.file_reference)
        with pytest.raises(errors.MediaInvalidError):
            await c.a.send_file("news_all", types.InputMediaDocument(wrong))
        with pytest.raises(errors.LocationInvalidError):
            await c.a(functions.upload.GetFileRequest(types.InputTakeoutFileLocation(), 0, 4096))
