"""The table of kinds: what becomes of every kind of post unchanged, uploaded anew, under a text and a caption rule.

Read back by a stock Telethon client that has nothing to do with the mirror.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import pytest
from telethon.tl import types

from bybot.mirror import Everything, NoticeKind
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Kinds, Words
from bybot.mirror.rules.post import Media as Kind
from bybot.mirror.rules.rich import Rich
from bybot.mirror.rules.transforms import Add, Replace
from bybot.sandbox.pictures import film, picture
from bybot.sandbox.samples import media_of
from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Media
from tests.mirror.support import Ground, ground, until
from tests.sandbox.support import ready_client

Cell = Literal["same", "changed", "footer", "left out"]
PAGE = "https://harbour.example/a"


def _words(text: str) -> Any:
    return types.TextWithEntities(text=text, entities=[])


def _ask(g: Ground, *, quiz: bool = False, question: str = "An old boat?") -> Media:
    answers = [types.InputPollAnswer(text=_words(text)) for text in ("yes", "an old one")]
    poll = types.Poll(id=0, question=_words(question), answers=answers, hash=0, quiz=quiz or None)
    return Media(poll=g.world.polls.create(g.editor, poll, (1,) if quiz else ()))


def _page(**chosen: Any) -> Callable[[Ground], dict[str, Any]]:
    def make(g: Ground) -> dict[str, Any]:
        page = g.world.pages.find(PAGE)
        above = chosen.pop("above", False)
        media = Media(tl=types.MessageMediaWebPage(webpage=page, manual=bool(chosen) or None, **chosen))
        return {"text": f"old {PAGE}", "media": media, "invert_media": above}

    return make


def _file(kind: str, **more: Any) -> Callable[[Ground], dict[str, Any]]:
    def make(g: Ground) -> dict[str, Any]:
        file = media_of(g.world, kind, 7).file
        hidden = more.pop("spoiler", False)
        return {"text": "an old 🐙 word", "media": Media(file, spoiler=hidden), **more}

    return make


def _bare(kind: str) -> Callable[[Ground], dict[str, Any]]:
    return lambda g: {"media": media_of(g.world, kind, 7)}


def _covered(g: Ground) -> dict[str, Any]:
    video, cover = media_of(g.world, "video", 7).file, media_of(g.world, "photo", 8).file
    assert video is not None
    video.thumb = picture(9)
    return {"text": "an old 🐙 word", "media": Media(video, cover=cover, timestamp=3)}


def _silent(g: Ground) -> dict[str, Any]:
    shape = types.DocumentAttributeVideo(duration=2.0, w=320, h=240, nosound=True, supports_streaming=True)
    return {"text": "an old word", "media": Media(g.world.store_file(film(3), mime="video/mp4", attributes=[shape]))}


def _rich(_: Ground) -> dict[str, Any]:
    marks = [types.MessageEntityBold(0, 6), types.MessageEntityCustomEmoji(7, 2, 5)]
    return {"text": "an old 🐙 word", "entities": [marks[0], marks[1]]}


#: Kind: how it is posted, and what becomes of it unchanged, under a text rule, and with a footer.
TABLE: Final[dict[str, tuple[Callable[[Ground], dict[str, Any]], Cell, Cell, Cell]]] = {
    "text": (_rich, "same", "changed", "footer"),
    "photo": (_file("photo"), "same", "changed", "footer"),
    "hidden photo": (_file("photo", spoiler=True), "same", "changed", "footer"),
    "caption above": (_file("photo", invert_media=True), "same", "changed", "footer"),
    "photo without caption": (_bare("photo"), "same", "same", "footer"),
    "video": (_file("video"), "same", "changed", "footer"),
    "video with cover and thumb": (_covered, "same", "changed", "footer"),
    "video without sound": (_silent, "same", "changed", "footer"),
    "voice": (_file("voice"), "same", "changed", "footer"),
    "audio": (_file("audio"), "same", "changed", "footer"),
    "animation": (_file("animation"), "same", "changed", "footer"),
    "document": (_file("document"), "same", "changed", "footer"),
    "round": (_bare("round"), "same", "same", "same"),
    "sticker": (_bare("sticker"), "same", "same", "same"),
    "poll": (lambda g: {"media": _ask(g)}, "same", "changed", "same"),
    "untouched poll": (lambda g: {"media": media_of(g.world, "poll", 7)}, "same", "same", "same"),
    "quiz": (lambda g: {"media": _ask(g, quiz=True)}, "same", "left out", "same"),
    "untouched quiz": (lambda g: {"media": media_of(g.world, "quiz", 7)}, "same", "same", "same"),
    "contact": (_bare("contact"), "same", "same", "same"),
    "location": (_bare("location"), "same", "same", "same"),
    "live location": (_bare("live_location"), "same", "same", "same"),
    "venue": (_bare("venue"), "same", "same", "same"),
    "dice": (_bare("dice"), "same", "same", "same"),
    "preview": (_page(), "same", "changed", "footer"),
    "small preview": (_page(force_small_media=True), "same", "changed", "footer"),
    "large preview above": (_page(force_large_media=True, above=True), "same", "changed", "footer"),
}
RULES: Final[dict[str, tuple[int, Rules]]] = {
    "unchanged": (1, Rules()),
    "re-upload": (1, Rules(files="upload")),
    "re-upload with text": (2, Rules(transforms=(Replace("old", "new"),), files="upload")),
    "text": (2, Rules(transforms=(Replace("old", "new"),))),
    "caption": (3, Rules(transforms=(Add(Rich("the end")),))),
}


FILES: Final = ("photo", "document", "video_cover")


def shape(message: Any, *, names: bool = True) -> dict[str, Any]:
    """A message as people see it, without what every copy has of its own.

    Args:
        names: whether ids of files count.
    """
    media = None if message.media is None else message.media.to_dict()
    for volatile in ("file_reference", "date", *(() if names else ("id", "access_hash"))):
        for part in FILES:
            ((media or {}).get(part) or {}).pop(volatile, None)
    if isinstance(message.media, types.MessageMediaGeoLive):
        media.pop("period")  # it counts from the date of the message
    if isinstance(message.media, types.MessageMediaPoll):
        poll = message.media.poll
        media = {"id": poll.id, "question": poll.question.text, "answers": [a.text.text for a in poll.answers]}
    entities = [entity.to_dict() for entity in message.entities or ()]
    return {"text": message.message, "entities": entities, "media": media, "above": bool(message.invert_media)}


async def contents(plain: Any, message: Any) -> dict[str, Any]:
    """The bytes of all files of a message, and the ids of those files."""
    media, found = message.media, {}
    for part in FILES:
        if (file := getattr(media, part, None)) is not None:
            found[part] = file.id, await plain.download_media(file, bytes)
    if getattr(getattr(media, "document", None), "thumbs", None):
        found["thumb"] = media.document.id, await plain.download_media(message, bytes, thumb=-1)
    return found


def check_uploaded(was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Equal bytes in files of their own."""
    assert was.keys() == now.keys()
    for part, (id_, data) in was.items():
        assert data
        assert data == now[part][1]
        assert id_ != now[part][0]


def expected(was: Mapping[str, Any], cell: Cell) -> dict[str, Any]:
    """What a copy looks like."""
    made = dict(was)
    if cell == "footer":
        made["text"] = f"{was['text']}\n\nthe end".strip()
    elif cell == "changed" and "question" in (was["media"] or {}):
        made["media"] = {"question": "An new boat?", "answers": ["yes", "an new one"]}
    elif cell == "changed":
        made["text"] = was["text"].replace("old", "new")
    return made


@pytest.mark.parametrize("name", list(RULES))
async def test_every_kind_of_post_becomes_what_the_table_says(name: str) -> None:
    column, rules = RULES[name]
    async with ground() as g:
        g.world.pages.add(PAGE, "Ships", large=True)
        posts = {kind: g.post(**row[0](g)) for kind, row in TABLE.items()}
        cells = {kind: row[column] for kind, row in TABLE.items()}
        staying = [kind for kind, cell in cells.items() if cell != "left out"]
        async with g.running_mirror(await g.client(), mode=Everything(), rules=rules) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live" and len(g.copies()) >= len(staying))
            assert mirror.progress is not None
            assert mirror.progress.left_out == len(cells) - len(staying)
        told = [facts for kind, facts in g.notices if kind is NoticeKind.LEFT_OUT]
        assert told == [{"what": "poll", "why": "rules"}] * (len(cells) - len(staying))
        reader = g.world.create_account("Reader", phone="447700900019")
        async with ready_client(g.running, reader) as plain:
            originals = {kind: (await plain.get_messages("source", ids=posts[kind].id)) for kind in TABLE}
            copies = [m for m in await plain.get_messages("target", limit=100, reverse=True) if m.action is None]
            if rules.files == "upload":
                for kind, copy in zip(staying, copies, strict=True):
                    check_uploaded(await contents(plain, originals[kind]), await contents(plain, copy))
        named = rules.files == "reference"
        assert len(copies) == len(staying)
        for kind, copy in zip(staying, copies, strict=True):
            was, found = shape(originals[kind], names=named), shape(copy, names=named)
            if cells[kind] == "changed" and "question" in (found["media"] or {}):
                assert found["media"].pop("id") != was["media"]["id"]
            assert found == expected(was, cells[kind]), kind
            assert copy.fwd_from is None


async def test_filters_read_the_words_of_polls_and_places_and_know_the_dice() -> None:
    async with ground() as g:
        for item in (_ask(g, question="Buy now?"), media_of(g.world, "venue", 3), media_of(g.world, "dice", 1)):
            g.post(media=item)
        last = g.post("a word")
        rules = Rules((Words(("buy", "pier 3")), Kinds(frozenset({Kind.DICE}), allow=False)))
        async with g.running_mirror(await g.client(), rules=rules) as mirror:
            await until(lambda: len(g.copies()) == 1 and mirror.progress.phase == "live")
        assert [copy.text for copy in g.copies()] == [last.text]


async def test_albums_of_any_kind_stay_whole_with_a_caption_for_each_part() -> None:
    async with ground() as g:
        for kinds in (("photo", "video", "photo"), ("document", "document"), ("audio", "audio", "audio")):
            parts = [Draft(text=f"{kind} {n}", media=media_of(g.world, kind, n)) for n, kind in enumerate(kinds)]
            g.world.send_album(g.editor, g.source.peer, parts)
        async with g.running_mirror(await g.client()):
            await g.wait_same()


async def test_a_poll_that_may_not_go_into_a_channel_is_counted_and_the_rest_is_copied() -> None:
    async with ground() as g:
        group = g.world.create_channel(g.editor, "Group", megagroup=True, username="group_source")
        g.world.join(g.ann, group)
        public = types.Poll(
            id=0,
            question=_words("Who?"),
            answers=[types.InputPollAnswer(text=_words(text)) for text in "ab"],
            hash=0,
            public_voters=True,
        )
        for item in ({"text": "one"}, {"media": Media(poll=g.world.polls.create(g.editor, public))}, {"text": "two"}):
            g.world.send_message(g.editor, group.peer, **item)
        async with g.running_mirror(await g.client(), source="@group_source") as mirror:
            await until(lambda: len(g.copies()) == 2 and mirror.progress.left_out == 1)
        assert (NoticeKind.LEFT_OUT, {"what": "poll", "why": "refused"}) in g.notices
        assert [copy.text for copy in g.copies()] == ["one", "two"]


async def test_an_edited_text_keeps_the_preview_that_was_chosen_for_it() -> None:
    async with ground() as g:
        g.world.pages.add(PAGE, "Ships", large=True)
        post = g.post(**_page(force_small_media=True)(g))
        async with g.running_mirror(await g.client()) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live" and g.same())
            g.world.edit_message(g.editor, g.source.peer, post.id, text=f"later {PAGE}", media=post.media)
            await until(lambda: g.copies()[0].text == f"later {PAGE}")
        assert g.copies()[0].media.tl.force_small_media


@pytest.mark.parametrize("online", [True, False])
async def test_a_poll_that_rules_made_anew_ends_with_its_source(online: bool) -> None:
    async with ground() as g:
        post = g.post(media=_ask(g))
        rules = RULES["text"][1]
        async with g.running_mirror(await g.client(), rules=rules) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live" and g.same())
            if online:
                g.world.changes.close_poll(g.editor, g.source.peer, post.id)
                await until(lambda: g.copies()[0].media.poll.closed)
        if not online:
            g.world.changes.close_poll(g.editor, g.source.peer, post.id)
            async with g.running_mirror(await g.client(), rules=rules):
                await until(lambda: g.copies()[0].media.poll.closed)
        assert g.copies()[0].media.poll is not post.media.poll  # type: ignore[union-attr]
        assert len(g.copies()) == 1
