"""Seeds: the same seed gives the same world, and a corpus is what it says."""

from __future__ import annotations

from collections import Counter
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bybot.sandbox.corpus import Corpus, generate
from bybot.sandbox.mtproto.auth_service import AuthService
from bybot.sandbox.pictures import film, picture
from bybot.sandbox.seed import find_account, find_channel, load_seed, plant
from bybot.sandbox.world.kinds import Kind, kind_of
from bybot.sandbox.world.model import Message
from bybot.sandbox.world.world import World

CREATED = 1  # the service message of a new channel


async def planted(seed: dict[str, Any]) -> World:
    world = World()
    auth = AuthService(world)
    await plant(world, auth, seed)
    auth.close()
    return world


def contents(message: Message) -> tuple[Any, ...]:
    media = message.media.file.sha256 if message.media is not None and message.media.file is not None else None
    entities = [entity.to_dict() for entity in message.entities]
    return message.id, message.text, entities, media, message.reply_to, message.noforwards, message.grouped_id is None


def corpus(**spec: Any) -> dict[str, Any]:
    return {
        "accounts": [{"name": "A", "username": "aaaa"}],
        "channels": [{"title": "C", "creator": "@aaaa"}],
        "posts": [{"chat": "C", "corpus": spec}],
    }


async def test_the_same_seed_gives_the_same_history() -> None:
    seed = corpus(count=300, seed=42)
    first, second = await planted(seed), await planted(seed)
    histories = [[contents(m) for m in find_channel(w, "C").messages] for w in (first, second)]
    assert histories[0] == histories[1]
    other = await planted(corpus(count=300, seed=43))
    assert [contents(m) for m in find_channel(other, "C").messages] != histories[0]


async def test_a_corpus_is_what_it_says() -> None:
    world = await planted(corpus(count=1000, seed=5, holes=0.1, replies=0.1, albums=0.1, protected=4, videos=2))
    channel = find_channel(world, "C")
    posts = list(channel.messages)[CREATED:]
    assert len(posts) == 1000
    span = posts[-1].id - posts[0].id + 1
    assert 0.05 < 1 - 1000 / span < 0.15
    assert posts[-1].id == channel.next_id - 1
    assert sum(m.noforwards for m in posts) == 4
    kinds = Counter(m.media.file.mime for m in posts if m.media is not None and m.media.file is not None)
    assert kinds["video/mp4"] == 2
    assert 40 <= sum(m.grouped_id is not None for m in posts) <= 170
    groups = Counter(m.grouped_id for m in posts if m.grouped_id is not None)
    assert set(groups.values()) <= {2, 3, 4, 5, 6}
    ids = {m.id for m in posts}
    replies = [m for m in posts if m.reply_to is not None]
    assert 60 <= len(replies) <= 140
    assert all(m.reply_to in ids for m in replies)
    assert [m.date for m in posts] == sorted(m.date for m in posts)
    assert all(any(ord(c) > 0xFFFF for c in m.text) for m in posts if "🌊" in m.text)


async def test_pictures_differ_and_stay_the_same() -> None:
    assert picture(1) == picture(1)
    assert len({picture(n) for n in range(40)}) == 40
    assert film(1) == film(1) != film(2)
    assert len(film(1, 5000)) == 5000


@given(
    count=st.integers(0, 60),
    seed=st.integers(0, 1000),
    holes=st.floats(0, 0.5),
    albums=st.floats(0, 1),
    others=st.floats(0, 1),
)
@settings(max_examples=40, deadline=None)
def test_a_generated_history_has_exactly_its_count(
    count: int, seed: int, holes: float, albums: float, others: float
) -> None:
    posts = list(generate(Corpus(count=count, seed=seed, holes=holes, albums=albums, others=others)))
    staying = [post for post in posts if post.kind != "hole"]
    assert [post.number for post in staying] == list(range(1, count + 1))
    assert not posts or posts[-1].kind != "hole"
    assert all(post.reply_back < post.number for post in staying)
    for post in staying:
        units = len(post.text.encode("utf-16-le")) // 2
        assert all(e.offset >= 0 and e.length > 0 and e.offset + e.length <= units for e in post.entities)
        assert post.text == post.text.strip()


async def test_a_history_can_have_every_kind_of_post_that_may_be_copied() -> None:
    world = await planted(corpus(count=300, others=0.5))
    found = {kind_of(message.media) for message in find_channel(world, "C").messages if message.action is None}
    assert found == set(get_args(Kind)) - {"paid"}  # as good as protected


async def test_the_demo_world_is_complete() -> None:
    world = await planted(load_seed("demo"))
    ann = find_account(world, "+44 7700 900101")
    assert ann is find_account(world, "@ann") is find_account(world, ann.id)
    assert ann.password is not None
    assert [a.username for a in world.accounts.all() if a.is_bot] == ["bybot_demo_bot"]
    assert len(find_channel(world, "@harbour_news").messages) == 120 + CREATED
    assert find_channel(world, -1001000000400).noforwards


async def test_a_seed_with_a_mistake_says_which() -> None:
    with pytest.raises(LookupError, match="there is no account '@nobody'"):
        await planted({"channels": [{"title": "C", "creator": "@nobody"}]})
    with pytest.raises(ValueError, match="holes is a share"):
        await planted(corpus(holes=2))
