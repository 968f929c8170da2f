"""Made-up media of every kind, different for every number."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from bybot.sandbox.pictures import film, noise, picture
from bybot.sandbox.world.model import Account, Media

if TYPE_CHECKING:
    from bybot.sandbox.world.world import World

_Make = Callable[["World", int], Media]
_STICKERS = types.InputStickerSetEmpty()


def _photo(world: World, number: int) -> Media:
    return Media(world.store_file(picture(number), mime="image/jpeg", kind="photo"))


def _document(world: World, number: int) -> Media:
    data = noise(number, 2_000 + number * 7919 % 60_000)
    return _file(world, data, "application/octet-stream", f"notes-{number}.bin")


def _file(world: World, data: bytes, mime: str, name: str, *attributes: Any) -> Media:
    named = [*attributes, types.DocumentAttributeFilename(name)]
    return Media(world.store_file(data, mime=mime, attributes=named))


def _video(world: World, number: int) -> Media:
    shape = types.DocumentAttributeVideo(duration=8.0, w=640, h=360, supports_streaming=True)
    return _file(world, film(number), "video/mp4", f"film-{number}.mp4", shape)


def _round(world: World, number: int) -> Media:
    shape = types.DocumentAttributeVideo(duration=5.0, w=240, h=240, round_message=True)
    return _file(world, film(number), "video/mp4", f"round-{number}.mp4", shape)


def _animation(world: World, number: int) -> Media:
    shape = types.DocumentAttributeVideo(duration=2.0, w=320, h=240, nosound=True)
    return _file(world, film(number), "video/mp4", f"loop-{number}.mp4", shape, types.DocumentAttributeAnimated())


def _voice(world: World, number: int) -> Media:
    sound = types.DocumentAttributeAudio(duration=4, voice=True, waveform=noise(number, 63))
    return Media(world.store_file(noise(number, 3_000), mime="audio/ogg", attributes=[sound]))


def _audio(world: World, number: int) -> Media:
    sound = types.DocumentAttributeAudio(duration=180, title=f"Tune {number}", performer="The Gulls")
    return _file(world, noise(number, 9_000), "audio/mpeg", f"tune-{number}.mp3", sound)


def _sticker(world: World, number: int) -> Media:
    sticker = types.DocumentAttributeSticker(alt="🐙", stickerset=_STICKERS)
    shape = types.DocumentAttributeImageSize(w=512, h=512)
    return _file(world, noise(number, 1_500), "image/webp", "sticker.webp", shape, sticker)


def _words(text: str) -> Any:
    return types.TextWithEntities(text=text, entities=[])


def _ask(world: World, number: int, *, quiz: bool) -> Media:
    answers = [types.InputPollAnswer(text=_words(text)) for text in ("by boat", "by train", "on foot")]
    question = _words(f"How do you come to harbour day {number}?")
    given = types.Poll(id=0, question=question, answers=answers, hash=0, quiz=quiz or None)
    creator = next(iter(world.accounts.all()), None)
    assert isinstance(creator, Account)
    return Media(poll=world.polls.create(creator, given, (number % 3,) if quiz else (), "The pier is narrow."))


def _poll(world: World, number: int) -> Media:
    return _ask(world, number, quiz=False)


def _quiz(world: World, number: int) -> Media:
    return _ask(world, number, quiz=True)


def _contact(_: World, number: int) -> Media:
    phone = f"44770090{number % 10_000:04}"
    return Media(tl=types.MessageMediaContact(phone, f"Harbour {number}", "Master", vcard="", user_id=0))


def _point(number: int) -> Any:
    return types.GeoPoint(long=9.9 + number % 100 / 100, lat=53.5, access_hash=0)


def _location(_: World, number: int) -> Media:
    return Media(tl=types.MessageMediaGeo(geo=_point(number)))


def _live_location(_: World, number: int) -> Media:
    return Media(tl=types.MessageMediaGeoLive(geo=_point(number), period=900))


def _venue(_: World, number: int) -> Media:
    point = _point(number)
    return Media(tl=types.MessageMediaVenue(point, f"Pier {number}", "Harbour Road", "foursquare", "", ""))


def _dice(_: World, number: int) -> Media:
    return Media(tl=types.MessageMediaDice(value=number % 6 + 1, emoticon="🎲"))


KINDS: dict[str, _Make] = {
    "photo": _photo,
    "video": _video,
    "document": _document,
    "round": _round,
    "animation": _animation,
    "voice": _voice,
    "audio": _audio,
    "sticker": _sticker,
    "poll": _poll,
    "quiz": _quiz,
    "contact": _contact,
    "location": _location,
    "live_location": _live_location,
    "venue": _venue,
    "dice": _dice,
}
"""Everything but text that a post can be."""


def media_of(world: World, kind: str, number: int) -> Media:
    """A made-up photo, poll, venue and so on.

    Args:
        world: where files are kept.
        kind: one of :data:`KINDS`, or ``album`` (a photo).
        number: each gives other contents.

    Raises:
        ValueError: there is no such kind.
    """
    make = KINDS.get("photo" if kind == "album" else kind)
    if make is None:
        raise ValueError(f"unknown kind of media {kind!r}")
    return make(world, number)
