"""Files that are carried over: which ones, part by part, and what becomes of them when posts are edited."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from telethon.tl import types

from bybot.mirror.audit import compare, wanted_of
from bybot.mirror.files import BIG, PART
from bybot.mirror.rules.book import Rules
from bybot.mirror.transfer import WINDOW
from bybot.sandbox.pictures import noise
from bybot.sandbox.samples import media_of
from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Media
from tests.mirror.carrying import ANEW, OLD_TO_NEW, big, file_of, mirrored, transfers
from tests.mirror.support import Ground, ground, until
from tests.sandbox.support import ready_client


async def test_without_need_no_file_is_moved() -> None:
    async with ground() as g:
        first = g.post("old", media=media_of(g.world, "photo", 1))
        g.post("an old reply", media=media_of(g.world, "video", 2), reply_to=first.id)
        g.album(1, 2, 3, text="old")
        async with mirrored(g, 5, OLD_TO_NEW):
            assert [file_of(m) for m in g.copies()] == [file_of(m) for m in g.originals()]
        assert transfers(g) == {}


async def test_only_posts_with_files_are_uploaded_anew_and_the_rest_goes_in_batches() -> None:
    async with ground() as g:
        for n in range(30):
            g.post(f"words {n}")
        g.post(media=media_of(g.world, "document", 1))
        for n in range(30):
            g.post(f"more words {n}")
        async with mirrored(g, 61):
            assert [m.text for m in g.copies()] == [m.text for m in g.originals()]
        calls = g.running.counters.calls_of
        assert (calls("forwardMessages"), calls("sendMedia"), calls("uploadMedia")) == (2, 1, 1)


async def test_an_album_is_uploaded_whole_with_its_captions_and_stays_one() -> None:
    async with ground() as g:
        kinds = ("photo", "video", "photo")
        parts = [Draft(text=f"{kind} {n}", media=media_of(g.world, kind, n)) for n, kind in enumerate(kinds)]
        sent = g.world.send_album(g.editor, g.source.peer, parts)
        answer = g.post("to the album", reply_to=sent[0].id, media=media_of(g.world, "voice", 1))
        async with mirrored(g, 4):
            *album, reply = g.copies()
        assert [m.text for m in album] == [m.text for m in sent]
        assert len({m.grouped_id for m in album}) == 1
        for was, now in zip([*sent, answer], [*album, reply], strict=True):
            assert file_of(now).id != file_of(was).id
            assert file_of(now).data == file_of(was).data
        assert reply.reply_to == album[0].id
        assert g.running.counters.calls_of("sendMultiMedia") == 1


async def test_stickers_of_a_set_stay_in_it() -> None:
    async with ground() as g:
        sticker = types.DocumentAttributeSticker(alt="🐙", stickerset=types.InputStickerSetID(5, 6))
        file = g.world.store_file(noise(1, 900), mime="image/webp", attributes=[sticker])
        g.post(media=Media(file))
        async with mirrored(g):
            assert file_of(g.copies()[0]) is file
        assert transfers(g) == {}


@pytest.mark.parametrize("reason", ["MEDIA_EMPTY", "MEDIA_INVALID"])
async def test_a_reply_whose_file_is_not_given_by_reference_is_uploaded_and_stays_a_reply(reason: str) -> None:
    async with ground() as g:
        first = g.post("the question")
        post = g.post("the answer", media=media_of(g.world, "photo", 1), reply_to=first.id)
        g.faults.add(kind="error", method="sendMedia", code=400, message=reason)
        async with mirrored(g, 2, Rules()):
            question, copy = g.copies()
        assert (copy.text, copy.reply_to) == ("the answer", question.id)
        assert file_of(copy).id != file_of(post).id
        assert file_of(copy).data == file_of(post).data


async def test_a_changed_caption_travels_with_an_upload_when_the_reference_is_of_no_use() -> None:
    async with ground() as g:
        album = g.album(1, 2, text="old")
        post = g.post("old words", media=media_of(g.world, "audio", 1))
        g.faults.add(kind="error", method="sendMedia", code=400, message="FILE_REFERENCE_EXPIRED", times=2)
        g.faults.add(kind="error", method="sendMultiMedia", code=400, message="MEDIA_EMPTY")
        async with mirrored(g, 3, OLD_TO_NEW):
            copies = g.copies()
        assert [m.text for m in copies] == ["new", "", "new words"]
        assert [file_of(m).data for m in copies] == [file_of(m).data for m in (*album, post)]
        assert not {file_of(m).id for m in copies} & {file_of(m).id for m in (*album, post)}


async def test_an_album_whose_reference_expired_is_read_again_and_not_uploaded() -> None:
    async with ground() as g:
        album = g.album(1, 2, text="old")
        stale = g.faults.add(kind="latency", method="sendMultiMedia", seconds=0.2, times=1)
        async with g.running_mirror(await g.client(), rules=OLD_TO_NEW):
            assert await g.faults.wait_fired(stale.id, 10)
            g.world.files.expire_reference(file_of(album[1]))
            await until(lambda: len(g.copies()) == 2)
        assert [file_of(m) for m in g.copies()] == [file_of(m) for m in album]
        assert [m.text for m in g.copies()] == ["new", ""]
        assert transfers(g) == {}


async def test_a_refused_upload_leaves_a_copy_by_reference() -> None:
    async with ground() as g:
        post = g.post("a picture", media=media_of(g.world, "photo", 1))
        g.faults.add(kind="error", method="uploadMedia", code=400, message="IMAGE_PROCESS_FAILED")
        async with mirrored(g):
            assert file_of(g.copies()[0]) is file_of(post)


# Parts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, PART, PART + 1, BIG, BIG + PART // 2])
async def test_a_file_arrives_whole_whatever_its_size(size: int) -> None:
    async with ground() as g:
        g.post(media=Media(g.world.store_file(noise(2, size), mime="application/zip")))
        async with mirrored(g):
            copy = file_of(g.copies()[0])
        assert (copy.size, copy.sha256) == (size, hashlib.sha256(noise(2, size)).hexdigest())
        assert g.running.counters.calls_of("saveBigFilePart") == (-(-size // PART) if size > BIG else 0)


async def test_no_more_parts_are_in_memory_than_the_window_holds() -> None:
    async with ground() as g:
        g.post(media=Media(big(g, 12)))
        g.faults.add(kind="latency", method="saveFilePart", seconds=0.04)
        most = 0
        calls = g.running.counters.calls_of
        async with g.running_mirror(await g.client(), rules=ANEW):
            while not g.copies():
                stored = sum(len(parts) for parts in g.world.files.uploads.values())
                most = max(most, calls("getFile") - stored if not calls("uploadMedia") else 0)
                await asyncio.sleep(0)  # every turn of the loop is seen
        assert WINDOW - 1 <= most <= WINDOW


async def test_a_reference_that_expires_in_the_middle_of_a_file_is_renewed() -> None:
    async with ground() as g:
        file = big(g, 10)
        post = g.post("long", media=Media(file))
        g.faults.add(kind="latency", method="getFile", seconds=0.005)
        async with g.running_mirror(await g.client(), rules=ANEW):
            for seen in (2, 6):
                await until(lambda seen=seen: g.running.counters.calls_of("getFile") > seen)
                g.world.files.expire_reference(file)
            await until(g.copies)
        assert file_of(g.copies()[0]).data == file_of(post).data
        assert g.running.counters.calls_of("getFile") == 11 + 2


async def test_a_post_that_is_gone_or_has_another_file_when_its_reference_expires_is_read_again() -> None:
    async with ground() as g:
        gone, changed = big(g, 3), big(g, 3)
        first, second = g.post("gone", media=Media(gone)), g.post("other", media=Media(changed))
        g.faults.add(kind="latency", method="getFile", seconds=0.01)
        async with g.running_mirror(await g.client(), rules=ANEW) as mirror:
            await until(lambda: g.running.counters.calls_of("getFile") > 0)
            g.world.delete_messages(g.editor, g.source.peer, [first.id])
            g.world.files.expire_reference(gone)
            await until(lambda: g.running.counters.calls_of("getFile") > 3)
            g.world.edit_message(g.editor, g.source.peer, second.id, text="other", media=media_of(g.world, "photo", 5))
            g.world.files.expire_reference(changed)
            await until(lambda: mirror.progress.phase == "live" and g.copies())
            assert [file_of(m).data for m in g.copies()] == [media_of(g.world, "photo", 5).file.data]  # type: ignore[union-attr]


async def test_thumb_and_cover_of_a_video_are_carried_too() -> None:
    async with ground() as g:
        video = media_of(g.world, "video", 1).file
        assert video is not None
        video.thumb = noise_picture(g, 2)
        cover = media_of(g.world, "photo", 3).file
        g.post("with a cover", media=Media(video, spoiler=True, cover=cover, timestamp=4))
        async with mirrored(g):
            copy = g.copies()[0].media
        assert copy is not None
        assert copy.file is not None
        assert copy.cover is not None
        assert cover is not None
        assert (copy.file.thumb, copy.cover.data) == (video.thumb, cover.data)
        assert (copy.spoiler, copy.timestamp) == (True, 4)
        assert not {copy.file.id, copy.cover.id} & {video.id, cover.id}


def noise_picture(g: Ground, number: int) -> bytes:
    return media_of(g.world, "photo", number).file.data  # type: ignore[union-attr]


async def test_a_file_of_another_data_centre_is_read_there() -> None:
    async with ground(dcs=(2, 4)) as g:
        file = big(g, 2, dc_id=4)
        g.post("far away", media=Media(file))
        client = await g.client()
        async with g.running_mirror(client, rules=ANEW):
            await until(g.copies, 20)
            g.world.files.move(file, 2)  # what was read of it names the old place
            g.post("moved", media=Media(file))
            await until(lambda: len(g.copies()) == 2)
            g.world.files.move(file, 4)
            await client._borrowed_senders[4][1].disconnect()
            g.post("moved back", media=Media(file))
            await until(lambda: len(g.copies()) == 3)
        assert [file_of(m).data for m in g.copies()] == [file.data] * 3
        assert file not in [file_of(m) for m in g.copies()]
        assert all(state._n == 0 for state, _ in client._borrowed_senders.values()), "every connection was given back"


async def test_an_audit_knows_copies_of_carried_files_that_nobody_noted() -> None:
    async with ground() as g:
        for number, kind in enumerate(("document", "voice", "photo")):
            g.post("words" if kind == "photo" else "", media=media_of(g.world, kind, number))
        async with mirrored(g, 3):
            pass
        async with ready_client(g.running, g.ann) as plain:
            posts, copies = [
                [m for m in await plain.get_messages(chat, limit=10, reverse=True) if m.action is None]
                for chat in ("source", "target")
            ]
        there = {m.id: m for m in copies}
        wanted = wanted_of(posts, None)
        lost = compare(posts, wanted, {}, there, (), carried=True)
        assert (lost.missing, lost.doubled) == ((), ())
        first = copies[0]
        again = compare(
            posts, wanted, {posts[0].id: first.id}, there | {99: first}, {m.id for m in copies}, carried=True
        )
        assert again.doubled == (99,)
        assert len(compare(posts, wanted, {}, there, ()).missing) == 3, "by their ids they are strangers"


# Edits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("online", [True, False])
async def test_an_edit_leaves_a_carried_file_alone_unless_there_is_another_one(online: bool) -> None:
    async with ground() as g:
        post = g.post("first words", media=media_of(g.world, "photo", 1))
        other = media_of(g.world, "photo", 2)
        async with mirrored(g):
            carried = file_of(g.copies()[0])
            if online:
                g.world.edit_message(g.editor, g.source.peer, post.id, text="later words")
                await until(lambda: g.copies()[0].text == "later words")
                assert file_of(g.copies()[0]) is carried
                g.world.edit_message(g.editor, g.source.peer, post.id, text="another picture", media=other)
                await until(lambda: g.copies()[0].text == "another picture")
        if not online:
            g.world.edit_message(g.editor, g.source.peer, post.id, text="another picture", media=other)
            async with mirrored(g):
                await until(lambda: g.copies()[0].text == "another picture")
        copy = file_of(g.copies()[0])
        assert copy.data == file_of(post).data
        assert copy.id not in (carried.id, file_of(post).id)


async def test_an_edit_that_becomes_a_post_of_its_own_has_a_file_of_its_own() -> None:
    async with ground() as g:
        post = g.post("first words", media=media_of(g.world, "document", 1))
        async with mirrored(g, rules=Rules(files="upload", edits="new")):
            g.world.edit_message(g.editor, g.source.peer, post.id, text="later words")
            await until(lambda: len(g.copies()) == 2)
        assert [m.text for m in g.copies()] == ["first words", "later words"]
        assert file_of(g.copies()[1]).data == file_of(post).data
        assert file_of(post).id not in [file_of(m).id for m in g.copies()]
