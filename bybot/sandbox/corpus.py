"""A channel's history, made up: the same for the same seed, and like real ones in all that is hard to copy."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from telethon.tl import types

from bybot.sandbox.botapi.entities import Entity, Writer

Kind = str  # text, album, hole, or one of bybot.sandbox.samples.KINDS

_SENTENCES = {
    "en": [
        "The first train left the valley before sunrise.",
        "Rain again, and the market opened anyway.",
        "Our readers sent more than two hundred letters this week.",
        "A small workshop by the harbour builds violins from driftwood.",
        "Tomorrow the old bridge opens for walkers.",
    ],
    "de": ["Am Morgen lag Nebel über dem Fluß.", "Die Bäckerei am Platz öffnet schon um fünf Uhr."],
    "fr": ["Le vieux théâtre rouvre ses portes ce soir.", "Il a neigé jusqu’à l’aube."],
    "ru": ["Утром над рекой стоял туман.", "Новая выставка открывается в четверг."],
    "zh": ["清晨的市场已经人声鼎沸。", "明天这座老桥将对行人开放。", "本周我们收到了两百多封来信。"],
    "ja": ["朝の港は静かだった。", "古い橋は明日から歩いて渡れる。"],
    "ar": ["وصل القطار الأول قبل شروق الشمس."],
    "hi": ["सुबह की पहली रेलगाड़ी समय पर निकली।"],
    "el": ["Το παλιό θέατρο ανοίγει ξανά απόψε."],
}
_EMOJI = ["🌊", "🎻", "🚂", "🌧️", "👩‍🚀", "🏳️‍🌈", "👍🏽", "❤️", "📷", "🗞️", "🇪🇺", "☕"]
_CODE = ["pip install telethon", "for row in rows:\n    print(row)", "SELECT 1;", "make demo"]
_MUTE = ("round", "sticker", "poll", "quiz", "contact", "location", "live_location", "venue", "dice")
_OTHERS = (*_MUTE, "voice", "audio", "animation")
_MARKS: list[Any] = [
    types.MessageEntityBold,
    types.MessageEntityItalic,
    types.MessageEntityUnderline,
    types.MessageEntityStrike,
    types.MessageEntitySpoiler,
    types.MessageEntityCode,
]


@dataclass(frozen=True)
class Corpus:
    """What a history consists of.

    Attributes:
        count: messages that stay; each picture of an album is one.
        seed: decides everything that is left to chance.
        holes: share of ids that were deleted.
        replies, photos, albums, documents: shares of the messages that stay.
        others: share of polls, stickers, places and so on.
        videos, protected: how many there are (protected: forwarding forbidden for that post alone).
        picture_number: pictures are numbered from here, so that two corpora share none.
    """

    count: int = 100
    seed: int = 1
    holes: float = 0.1
    replies: float = 0.1
    photos: float = 0.12
    albums: float = 0.1
    documents: float = 0.02
    others: float = 0.0
    videos: int = 1
    protected: int = 3
    picture_number: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.holes < 1:
            raise ValueError("holes is a share from 0 to below 1")
        if self.count < 0:
            raise ValueError("count is not negative")


@dataclass(frozen=True)
class Post:
    """One message to be.

    Attributes:
        kind: of the content; a hole is sent and deleted.
        number: running number among those that stay, from 1; 0 for a hole.
        reply_back: the reply goes to the message that many before among those that stay; 0 is no reply.
        album: number of its album; messages of one album follow each other.
        picture: which picture, film or noise it carries.
    """

    kind: Kind
    number: int
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    reply_back: int = 0
    album: int | None = None
    picture: int = 0
    protected: bool = False


def sentence(rng: random.Random, number: int) -> tuple[str, list[Entity]]:
    """A text with some formatting, in one or two languages.

    Args:
        rng: where chance comes from.
        number: shown in the text, so that no two are equal.
    """
    out = Writer()
    language = rng.choice(list(_SENTENCES))
    _marked(out, f"{number:,}", rng.choice(_MARKS[:3]))
    out.write(" · ")
    for part in rng.choice(_SENTENCES[language]).split(" "):
        if rng.random() < 0.12:
            _marked(out, part, rng.choice(_MARKS))
        else:
            out.write(part)
        out.write(" ")
    if rng.random() < 0.5:
        out.write(rng.choice(_EMOJI) + " ")
    if rng.random() < 0.2:
        outer = out.offset
        out.write(rng.choice(_SENTENCES["zh"]))
        _marked(out, rng.choice(_EMOJI) + " nested", types.MessageEntityItalic)
        out.entities.append(types.MessageEntityBold(outer, out.offset - outer))
        out.write(" ")
    if rng.random() < 0.15:
        start = out.offset
        out.write("more")
        out.entities.append(types.MessageEntityTextUrl(start, 4, f"https://example.org/{number}"))
        out.write(" ")
    if rng.random() < 0.1:
        out.write(f"https://example.com/p/{number} #news ")
    if rng.random() < 0.08:
        out.write("\n")
        start = out.offset
        out.write(rng.choice(_CODE))
        out.entities.append(types.MessageEntityPre(start, out.offset - start, "python"))
    elif rng.random() < 0.08:
        out.write("\n")
        start = out.offset
        out.write(rng.choice(_SENTENCES["en"]))
        out.entities.append(types.MessageEntityBlockquote(start, out.offset - start))
    text, entities = out.result()
    body = text.rstrip()
    return body, entities


def _marked(out: Writer, text: str, mark: Any) -> None:
    start = out.offset
    out.write(text)
    out.entities.append(mark(start, out.offset - start))


def generate(corpus: Corpus) -> Iterator[Post]:
    """The posts of a corpus in order, holes among them.

    Yields:
        ``corpus.count`` posts that stay and the holes between them; the last one is never a hole.
    """
    rng = random.Random(corpus.seed)
    protected = set(rng.sample(range(1, corpus.count + 1), min(corpus.protected, corpus.count)))
    videos = set(rng.sample(range(1, corpus.count + 1), min(corpus.videos, corpus.count)))
    # An album has four parts in the mean, so it begins four times as rarely as its share says.
    album_start = corpus.albums / 4
    number, albums, picture = 0, 0, corpus.picture_number
    while number < corpus.count:
        while rng.random() < corpus.holes:
            yield Post("hole", 0, "soon deleted")
        left = corpus.count - number
        chance = rng.random()
        size = min(rng.randint(2, 6), left)
        single = (protected | videos).intersection(range(number + 1, number + size + 1))
        if chance < album_start / (1 - corpus.albums + album_start) and size >= 2 and not single:
            albums += 1
            text, entities = sentence(rng, number + 1)
            for part in range(size):
                number += 1
                picture += 1
                caption = (text, entities) if part == 0 else ("", [])
                yield Post("album", number, *caption, album=albums, picture=picture)
            continue
        number += 1
        text, entities = sentence(rng, number)
        kind: Kind = "text"
        if number in videos:
            kind = "video"
        elif rng.random() < corpus.photos:
            kind = "photo"
        elif rng.random() < corpus.documents:
            kind = "document"
        elif corpus.others and rng.random() < corpus.others:
            kind = rng.choice(_OTHERS)
        if kind != "text":
            picture += 1
        if kind in _MUTE:
            yield Post(kind, number, picture=picture, protected=number in protected)
            continue
        back = rng.randint(1, min(40, number - 1)) if number > 1 and rng.random() < corpus.replies else 0
        yield Post(kind, number, text, entities, back, None, picture, number in protected)
