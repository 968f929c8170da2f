"""Everything that a post can be: sent by stock Telethon, seen by another account."""

from __future__ import annotations

import io
from typing import Any

import pytest
from telethon import TelegramClient, errors, functions, types

from bybot.sandbox.samples import KINDS, media_of
from bybot.sandbox.world.kinds import kind_of
from tests.sandbox.chats import Chats, Recorder, chats, forward, new_messages, random_id

POINT = types.InputGeoPoint(lat=53.5, long=9.9)


def words(text: str) -> Any:
    return types.TextWithEntities(text=text, entities=[])


def ask(*answers: str, right: int | None = None, **flags: Any) -> Any:
    """A poll, or with a right answer a quiz, as clients send it."""
    given = [types.InputPollAnswer(text=words(text)) for text in answers]
    quiz = right is not None
    poll = types.Poll(id=0, question=words("How?"), answers=given, hash=0, quiz=quiz or None, **flags)
    hint = {"solution": "Look up", "solution_entities": [types.MessageEntityBold(0, 4)]} if quiz else {}
    return types.InputMediaPoll(poll=poll, correct_answers=None if right is None else [right], **hint)


async def send(client: TelegramClient, peer: Any, media: Any, text: str = "", **options: Any) -> Any:
    """messages.sendMedia; the message as the sender gets it."""
    target = await client.get_input_entity(peer)
    answer = await client(
        functions.messages.SendMediaRequest(peer=target, media=media, message=text, random_id=random_id(), **options)
    )
    return new_messages(answer)[0]


async def seen(c: Chats, id_: int) -> Any:
    """Bob's view of a post in the news."""
    return await c.b.get_messages("news_all", ids=id_)


@pytest.mark.parametrize(
    ("given", "kind", "facts"),
    [
        (types.InputMediaContact("4915", "Ann", "Ash", ""), types.MessageMediaContact, {"phone_number": "4915"}),
        (types.InputMediaVenue(POINT, "Pier", "Road 1", "x", "1", ""), types.MessageMediaVenue, {"title": "Pier"}),
        (types.InputMediaGeoPoint(POINT), types.MessageMediaGeo, {}),
        (types.InputMediaDice("🎰"), types.MessageMediaDice, {"emoticon": "🎰"}),
    ],
)
async def test_what_needs_no_file_is_seen_by_others(given: Any, kind: Any, facts: dict[str, Any]) -> None:
    async with chats() as c:
        heard = Recorder(c.b)
        sent = await send(c.a, "news_all", given, "ignored beside such media")
        pushed = (await heard.wait(types.UpdateNewChannelMessage))[0].message
        found = await seen(c, sent.id)
        for message in (sent, pushed, found):
            assert isinstance(message.media, kind)
            assert message.message == ""
            assert facts.items() <= message.media.to_dict().items()
        point = getattr(found.media, "geo", None)
        assert point is None or (round(point.lat, 1), round(point.long, 1)) == (53.5, 9.9)
        copy = new_messages(await c.a(forward(await c.a.get_input_entity("news_all"), [sent.id], "me")))[0]
        assert copy.media.to_dict() == found.media.to_dict()


async def test_the_server_throws_the_dice_and_refuses_other_emoji() -> None:
    async with chats() as c:
        values = {(await send(c.a, "news_all", types.InputMediaDice("🎲"))).media.value for _ in range(40)}
        assert values <= set(range(1, 7))
        assert len(values) > 1
        with pytest.raises(errors.EmoticonInvalidError):
            await send(c.a, "news_all", types.InputMediaDice("🐙"))
        with pytest.raises(errors.MediaInvalidError):
            await send(c.a, "news_all", types.InputMediaGeoPoint(types.InputGeoPoint(lat=99, long=0)))


async def test_a_live_location_moves_and_stops() -> None:
    async with chats() as c:
        sent = await send(c.a, "news_all", types.InputMediaGeoLive(geo_point=POINT, period=900))
        there = await c.a.get_input_entity("news_all")
        moved = types.InputMediaGeoLive(geo_point=types.InputGeoPoint(lat=54, long=10), heading=90)
        await c.a(functions.messages.EditMessageRequest(there, sent.id, media=moved))
        found = (await seen(c, sent.id)).media
        assert (found.geo.lat, found.heading, found.period) == (54, 90, 900)
        stopped = types.InputMediaGeoLive(geo_point=types.InputGeoPointEmpty(), stopped=True)
        await c.a(functions.messages.EditMessageRequest(there, sent.id, media=stopped))
        assert (await seen(c, sent.id)).media.period < 60


async def test_the_kinds_of_files_are_told_apart() -> None:
    async with chats() as c:
        ids = {kind: c.post(media=media_of(c.world, kind, 3)).id for kind in KINDS}
        found = {kind: await seen(c, id_) for kind, id_ in ids.items()}
        assert found["round"].video_note
        assert found["voice"].voice
        assert found["audio"].audio
        assert found["animation"].gif
        assert found["sticker"].sticker
        assert found["video"].video
        assert found["document"].document
        for kind, message in found.items():
            real = {"quiz": "poll"}.get(kind, kind)
            assert kind_of(c.news.messages.get(message.id).media) == real  # type: ignore[union-attr]
        for given, kind in ((types.InputMessagesFilterVoice(), "voice"), (types.InputMessagesFilterGif(), "animation")):
            assert [m.id for m in await c.b.get_messages("news_all", filter=given)] == [ids[kind]]


async def test_uploaded_recordings_keep_what_they_are_and_their_spoiler() -> None:
    async with chats() as c:
        sound = types.DocumentAttributeAudio(duration=3, voice=True, waveform=b"\x01" * 9)
        voice = await c.a.send_file("news_all", io.BytesIO(b"ogg" * 99), attributes=[sound], voice_note=True)
        assert (await seen(c, voice.id)).media.voice
        film = await c.a.send_file("news_all", io.BytesIO(b"mp4" * 99), video_note=True, attributes=[
            types.DocumentAttributeVideo(duration=3, w=9, h=9, round_message=True)
        ])  # fmt: skip
        assert (await seen(c, film.id)).video_note
        photo = c.photo(text="look")
        reference = types.InputPhoto(photo.media.file.id, photo.media.file.access_hash, photo.media.file.file_reference)
        covered = types.InputMediaPhoto(reference, spoiler=True)
        sent = await send(c.a, "news_all", covered, "guess", invert_media=True)
        found = await seen(c, sent.id)
        assert (found.media.spoiler, found.invert_media, found.message) == (True, True, "guess")
        copy = new_messages(await c.a(forward(await c.a.get_input_entity("news_all"), [sent.id], "me")))[0]
        assert (copy.media.spoiler, copy.invert_media) == (True, True)


async def test_votes_are_counted_and_shown_to_those_who_voted() -> None:
    async with chats() as c:
        sent = await send(c.a, "news_all", ask("red", "blue", "green"))
        there = await c.b.get_input_entity("news_all")
        before = (await seen(c, sent.id)).media
        assert [answer.text.text for answer in before.poll.answers] == ["red", "blue", "green"]
        assert (before.results.results, before.results.total_voters, sent.media.poll.creator) == (None, 0, True)
        heard = Recorder(c.a)
        blue = before.poll.answers[1].option
        answer = await c.b(functions.messages.SendVoteRequest(there, sent.id, [blue]))
        results = answer.updates[0].results
        assert [(r.voters, bool(r.chosen)) for r in results.results] == [(0, False), (1, True), (0, False)]
        pushed = (await heard.wait(types.UpdateMessagePoll))[0]
        assert (pushed.poll_id, pushed.results.results, pushed.results.total_voters) == (before.poll.id, None, 1)
        with pytest.raises(errors.OptionsTooMuchError):
            await c.b(functions.messages.SendVoteRequest(there, sent.id, [before.poll.answers[0].option, blue]))
        await c.b(functions.messages.SendVoteRequest(there, sent.id, []))
        asked = await c.b(functions.messages.GetPollResultsRequest(there, sent.id, 0))
        assert (asked.updates[0].results.results, asked.updates[0].results.total_voters) == (None, 0)


async def test_a_quiz_tells_the_answer_after_the_one_vote() -> None:
    async with chats() as c:
        sent = await send(c.a, "news_all", ask("red", "blue", right=1))
        there = await c.b.get_input_entity("news_all")
        before = (await seen(c, sent.id)).media
        assert before.results.solution is None
        red = before.poll.answers[0].option
        await c.b(functions.messages.SendVoteRequest(there, sent.id, [red]))
        after = (await seen(c, sent.id)).media.results
        assert ([bool(r.correct) for r in after.results], after.solution) == ([False, True], "Look up")
        with pytest.raises(errors.RevoteNotAllowedError):
            await c.b(functions.messages.SendVoteRequest(there, sent.id, []))
        with pytest.raises(errors.QuizCorrectAnswersEmptyError):
            await send(c.a, "news_all", types.InputMediaPoll(poll=ask("a", "b", right=0).poll))
        with pytest.raises(errors.PollAnswersInvalidError):
            await send(c.a, "news_all", ask("alone"))


async def test_a_forwarded_poll_is_the_same_poll_and_ends_with_it() -> None:
    async with chats() as c:
        c.world.join(c.bob, c.vault)
        sent = await send(c.a, "news_all", ask("red", "blue"))
        source, target = await c.a.get_input_entity("news_all"), await c.meet(c.a, c.vault)
        copy = new_messages(await c.a(forward(source, [sent.id], target)))[0]
        assert copy.media.poll.id == sent.media.poll.id
        vault = await c.meet(c.b, c.vault)
        red = copy.media.poll.answers[0].option
        await c.b(functions.messages.SendVoteRequest(vault, copy.id, [red]))
        assert (await seen(c, sent.id)).media.results.total_voters == 1
        heard = Recorder(c.b)
        closed = types.InputMediaPoll(poll=types.Poll(id=0, question=words(""), answers=[], hash=0, closed=True))
        await c.a(functions.messages.EditMessageRequest(source, sent.id, media=closed))
        edited = await heard.wait(types.UpdateEditChannelMessage, 2)
        assert {update.message.id for update in edited} == {sent.id, copy.id}
        assert all(update.message.media.poll.closed for update in edited)
        with pytest.raises(errors.MessagePollClosedError):
            await c.b(functions.messages.SendVoteRequest(vault, copy.id, [red]))
        assert (await c.a.get_messages(target, ids=copy.id)).media.results.results[0].voters == 1


async def test_a_poll_with_public_votes_does_not_go_into_a_channel() -> None:
    async with chats() as c:
        public = await send(c.a, "group_all", ask("red", "blue", public_voters=True))
        target = await c.meet(c.a, c.vault)
        with pytest.raises(errors.BroadcastPublicVotersForbiddenError):
            await c.a(forward(await c.a.get_input_entity("group_all"), [public.id], target))


async def test_a_link_has_the_preview_of_its_page() -> None:
    async with chats() as c:
        c.world.pages.add("https://harbour.example/a", "Ships", "All of them", large=True)
        heard = Recorder(c.b)
        sent = await c.a.send_message("news_all", "see https://harbour.example/a and https://other.example")
        pushed = (await heard.wait(types.UpdateNewChannelMessage))[0].message
        assert (pushed.media.webpage.title, pushed.media.manual) == ("Ships", False)
        bare = await c.a.send_message("news_all", "see https://harbour.example/a", link_preview=False)
        assert (await seen(c, bare.id)).media is None
        small = types.InputMediaWebPage("https://harbour.example/a", force_small_media=True)
        chosen = await send(c.a, "news_all", small, "look", invert_media=True)
        found = await seen(c, chosen.id)
        assert (found.media.webpage.title, found.media.force_small_media, found.invert_media) == ("Ships", True, True)
        copy = new_messages(await c.a(forward(await c.a.get_input_entity("news_all"), [chosen.id], "me")))[0]
        assert (copy.media.force_small_media, copy.invert_media, copy.message) == (True, True, "look")
        await c.a.edit_message("news_all", sent.id, "no link any more")
        assert (await seen(c, sent.id)).media is None
        with pytest.raises(errors.BadRequestError, match="WEBPAGE_NOT_FOUND"):
            await send(c.a, "news_all", types.InputMediaWebPage("https://nowhere.example"), "x")
        optional = types.InputMediaWebPage("https://nowhere.example", optional=True)
        assert (await send(c.a, "news_all", optional, "x")).media is None
        asked = await c.a(functions.messages.GetWebPagePreviewRequest("at https://harbour.example/a"))
        assert asked.media.webpage.description == "All of them"
