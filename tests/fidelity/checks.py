"""One check per assumption: it does something through plain Telethon and says what came of it."""

from __future__ import annotations

import io
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from telethon import TelegramClient, errors, functions, types


@dataclass(frozen=True)
class Stage:
    """Two accounts and the chats of the first, of which the second is a member.

    Attributes:
        a, b: connected clients, logged in.
        news, copies: channels; ``talk``: a group; ``forum``: a group with topics. As input peers of ``a``.
    """

    a: TelegramClient
    b: TelegramClient
    news: Any
    copies: Any
    talk: Any
    forum: Any


@dataclass(frozen=True)
class Check:
    """An assumption.

    Attributes:
        question: in words.
        assumed: the answer that the sandbox gives.
        ask: finds out; returns the answer.
    """

    question: str
    assumed: str
    ask: Callable[[Stage], Awaitable[str]]


CHECKS: list[Check] = []


def _check(question: str, assumed: str) -> Callable[[Callable[[Stage], Awaitable[str]]], None]:
    return lambda ask: CHECKS.append(Check(question, assumed, ask))


def _random() -> int:
    return secrets.randbits(62) | 1


def _forward(ids: list[int], source: Any, target: Any, random_ids: list[int] | None = None, **options: Any) -> Any:
    random_ids = random_ids or [_random() for _ in ids]
    return functions.messages.ForwardMessagesRequest(
        from_peer=source, id=ids, to_peer=target, random_id=random_ids, drop_author=True, **options
    )


def _new(answer: Any) -> list[Any]:
    kinds = (types.UpdateNewChannelMessage, types.UpdateNewMessage)
    return [update.message for update in answer.updates if isinstance(update, kinds)]


def _named(answer: Any) -> list[int]:
    return [update.id for update in answer.updates if isinstance(update, types.UpdateMessageID)]


async def _send(client: TelegramClient, peer: Any, media: Any, text: str = "") -> Any:
    request = functions.messages.SendMediaRequest(peer=peer, media=media, message=text, random_id=_random())
    return _new(await client(request))[0]


def _poll(*, public: bool = False) -> Any:
    answers = [types.InputPollAnswer(text=types.TextWithEntities(text=text, entities=[])) for text in ("yes", "no")]
    question = types.TextWithEntities(text="Agreed?", entities=[])
    poll = types.Poll(id=0, question=question, answers=answers, hash=0, public_voters=public or None)
    return types.InputMediaPoll(poll=poll)


@_check("A forward is repeated with its random id", "the first copy, nothing new")
async def _repeated(stage: Stage) -> str:
    post = await stage.a.send_message(stage.news, "once")
    request = _forward([post.id], stage.news, stage.copies)
    first = _named(await stage.a(request))
    again = _named(await stage.a(request))
    top = (await stage.a.get_messages(stage.copies, limit=1))[0].id
    return "the first copy, nothing new" if first == again == [top] else f"{first}, {again}, newest {top}"


@_check("A forward mixes random ids that were used with new ones", "the used are replayed, the others sent")
async def _mixed(stage: Stage) -> str:
    posts = [await stage.a.send_message(stage.news, f"post {n}") for n in range(2)]
    ids, random_ids = [post.id for post in posts], [_random(), _random()]
    first = _named(await stage.a(_forward(ids[:1], stage.news, stage.copies, random_ids[:1])))
    try:
        both = _named(await stage.a(_forward(ids, stage.news, stage.copies, random_ids)))
    except (errors.RPCError, ValueError) as error:  # Telethon gives up on RANDOM_ID_DUPLICATE with a ValueError
        return f"refused: {type(error).__name__}"
    return "the used are replayed, the others sent" if both[:1] == first and len(both) == 2 else str((first, both))


@_check("A forward names a post that is gone beside others", "the others are sent")
async def _beside_gone(stage: Stage) -> str:
    posts = [await stage.a.send_message(stage.news, f"post {n}") for n in range(3)]
    await stage.a.delete_messages(stage.news, [posts[1].id])
    try:
        sent = _named(await stage.a(_forward([post.id for post in posts], stage.news, stage.copies)))
    except errors.RPCError as error:
        return f"refused: {type(error).__name__}"
    return "the others are sent" if len(sent) == 2 else f"{len(sent)} are sent"


@_check("A forward is repeated with its random id, and the post is gone", "the first copy, nothing new")
async def _repeated_gone(stage: Stage) -> str:
    post = await stage.a.send_message(stage.news, "soon gone")
    request = _forward([post.id], stage.news, stage.copies)
    first = _named(await stage.a(request))
    await stage.a.delete_messages(stage.news, [post.id])
    try:
        again = _named(await stage.a(request))
    except errors.RPCError as error:
        return f"refused: {type(error).__name__}"
    return "the first copy, nothing new" if first == again else f"{first}, {again}"


@_check("One part of an album is forwarded", "it stands alone")
async def _part_of_album(stage: Stage) -> str:
    files = [io.BytesIO(f"part {n}".encode()) for n in range(2)]
    for number, file in enumerate(files):
        file.name = f"part-{number}.txt"
    parts = await stage.a.send_file(stage.news, files, force_document=True)
    copy = _new(await stage.a(_forward([parts[1].id], stage.news, stage.copies)))[0]
    return "it stands alone" if copy.grouped_id is None else "it keeps a group"


@_check("A poll is forwarded without its author", "the same poll")
async def _same_poll(stage: Stage) -> str:
    post = await _send(stage.a, stage.news, _poll())
    copy = _new(await stage.a(_forward([post.id], stage.news, stage.copies)))[0]
    return "the same poll" if copy.media.poll.id == post.media.poll.id else "another poll"


@_check("A poll ends, and it was forwarded", "the copy ends too")
async def _ended(stage: Stage) -> str:
    post = await _send(stage.a, stage.news, _poll())
    copy = _new(await stage.a(_forward([post.id], stage.news, stage.copies)))[0]
    ended = _poll()
    ended.poll.id, ended.poll.closed = post.media.poll.id, True
    await stage.a(functions.messages.EditMessageRequest(stage.news, post.id, media=ended))
    found = await stage.a.get_messages(stage.copies, ids=copy.id)
    return "the copy ends too" if found.media.poll.closed else "the copy goes on"


@_check("Somebody votes in the copy of a poll", "it counts in the original")
async def _votes(stage: Stage) -> str:
    post = await _send(stage.a, stage.news, _poll())
    copy = _new(await stage.a(_forward([post.id], stage.news, stage.talk)))[0]
    talk = await stage.b.get_input_entity(types.PeerChannel(stage.talk.channel_id))
    await stage.b(functions.messages.SendVoteRequest(talk, copy.id, [copy.media.poll.answers[0].option]))
    found = await stage.a.get_messages(stage.news, ids=post.id)
    return "it counts in the original" if found.media.results.total_voters == 1 else "it counts there alone"


@_check("A poll with public votes is forwarded into a channel", "BroadcastPublicVotersForbiddenError")
async def _public(stage: Stage) -> str:
    post = await _send(stage.a, stage.talk, _poll(public=True))
    try:
        await stage.a(_forward([post.id], stage.talk, stage.copies))
    except errors.RPCError as error:
        return type(error).__name__
    return "it is copied"


@_check("A dice is forwarded", "it keeps its value")
async def _dice(stage: Stage) -> str:
    posts = [await _send(stage.a, stage.news, types.InputMediaDice("🎲")) for _ in range(4)]
    copies = _new(await stage.a(_forward([post.id for post in posts], stage.news, stage.copies)))
    same = [copy.media.value for copy in copies] == [post.media.value for post in posts]
    return "it keeps its value" if same else "it is thrown again"


@_check("A live location is forwarded", "MessageMediaGeoLive")
async def _live(stage: Stage) -> str:
    place = types.InputMediaGeoLive(geo_point=types.InputGeoPoint(lat=53.5, long=9.9), period=900)
    post = await _send(stage.a, stage.news, place)
    return type(_new(await stage.a(_forward([post.id], stage.news, stage.copies)))[0].media).__name__


@_check("A text is sent beside a contact", "it is ignored")
async def _beside(stage: Stage) -> str:
    contact = types.InputMediaContact("447700900123", "Harbour", "Master", "")
    post = await _send(stage.a, stage.news, contact, "a text")
    return "it is ignored" if not post.message else "it stays"


@_check("A post is pinned without a sound", "a service message says so")
async def _pinned(stage: Stage) -> str:
    post = await stage.a.send_message(stage.news, "pin this")
    request = functions.messages.UpdatePinnedMessageRequest(stage.news, post.id, silent=True)
    made = [message for message in _new(await stage.a(request)) if message.action is not None]
    return "a service message says so" if made else "nothing says so"


@_check("A topic is made twice under one random id", "there is one topic")
async def _topic_once(stage: Stage) -> str:
    request = functions.messages.CreateForumTopicRequest(stage.forum, "Ships", random_id=_random())
    first, again = _named(await stage.a(request)), _named(await stage.a(request))
    return "there is one topic" if first == again else f"{first}, {again}"


@_check("A forward names a topic", "it stands in the topic")
async def _into_topic(stage: Stage) -> str:
    request = functions.messages.CreateForumTopicRequest(stage.forum, "Trains", random_id=_random())
    topic = _named(await stage.a(request))[0]
    post = await stage.a.send_message(stage.news, "to the trains")
    copy = _new(await stage.a(_forward([post.id], stage.news, stage.forum, top_msg_id=topic)))[0]
    header = copy.reply_to
    inside = header is not None and header.forum_topic and header.reply_to_msg_id == topic
    return "it stands in the topic" if inside else "it stands elsewhere"


@_check("A post with comments is deleted", "its copy in the group goes too")
async def _discussed(stage: Stage) -> str:
    channel = types.InputChannel(stage.news.channel_id, stage.news.access_hash)
    group = types.InputChannel(stage.talk.channel_id, stage.talk.access_hash)
    await stage.a(functions.channels.SetDiscussionGroupRequest(channel, group))
    try:
        post = await stage.a.send_message(stage.news, "to be discussed")
        asked = await stage.a(functions.messages.GetDiscussionMessageRequest(stage.news, post.id))
        copy = asked.messages[0].id
        await stage.a.delete_messages(stage.news, [post.id])
        left = await stage.a.get_messages(stage.talk, ids=copy)
        return "its copy in the group goes too" if left is None else "its copy in the group stays"
    finally:
        await stage.a(functions.channels.SetDiscussionGroupRequest(channel, types.InputChannelEmpty()))
