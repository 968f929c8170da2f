"""A world from a file.

A seed is a JSON object; every part may be left out::

    {
      "accounts": [{"name": "Ann", "last_name": "Ash", "username": "ann", "phone": "+44 7700 900101", "id": 5000100,
                    "lang_code": "en", "password": "two-step password", "hint": "its hint", "dc": 2}],
      "bots":     [{"name": "Mirror", "username": "mirror_bot", "token": "7000000001:AAE..."}],
      "channels": [{"title": "Harbour News", "username": "harbour_news", "creator": "@editor", "id": 1000000100,
                    "about": "", "megagroup": false, "noforwards": false, "invite": "hash of a link",
                    "members": ["@ann"], "admins": ["@bob"]}],
      "posts":    [{"chat": "@harbour_news", "as": "@editor", "html": "<b>Hello</b>", "photo": 1, "reply_to": 2},
                   {"chat": "@harbour_news", "corpus": {"count": 1000, "seed": 1, "holes": 0.1}}]
    }

People and chats are named by ``@username`` or id (a channel's id bare or with -100 before it); channels without a
username also by their title. A corpus takes the fields of :class:`bybot.sandbox.corpus.Corpus` and ``days``: over how
many days before now its dates are spread. Posts are written by the channel's creator unless ``as`` says otherwise. The
same seed gives the same contents; ids of files and hashes of access differ.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from bybot.sandbox.corpus import Corpus, Post, generate
from bybot.sandbox.samples import KINDS, media_of
from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import HOME_DC, Account, Channel, Media, Message, Peer

if TYPE_CHECKING:
    from bybot.sandbox.mtproto.auth_service import AuthService
    from bybot.sandbox.world.world import World

DEMO = Path(__file__).with_name("demo.json")
_BATCH = 200
_CHANNEL_BASE = 1_000_000_000_000


def load_seed(path: Path | str) -> dict[str, Any]:
    """Read a seed file; ``demo`` is the world that comes along.

    Raises:
        ValueError: it holds no JSON object.
        OSError: it cannot be read.
    """
    source = DEMO if str(path) == "demo" else Path(path)
    seed = json.loads(source.read_text(encoding="utf-8"))
    if not isinstance(seed, dict):
        raise ValueError(f"{source} holds no JSON object")
    return seed


def find_account(world: World, ref: int | str) -> Account:
    """Somebody by id, ``@username`` or ``+phone``.

    Raises:
        LookupError: nobody.
    """
    text = str(ref)
    found = world.account_by_phone(text) if text.startswith("+") else world.account_by_username(text)
    if found is None and text.isdigit():
        found = world.account_by_id(int(text))
    if found is None:
        raise LookupError(f"there is no account {ref!r}")
    return found


def find_channel(world: World, ref: int | str) -> Channel:
    """A channel by id, ``@username`` or title.

    Raises:
        LookupError: there is none.
    """
    text = str(ref)
    found = world.channel_by_username(text)
    if found is None and text.lstrip("-").isdigit():
        number = int(text)
        found = world.channels.get(-number - _CHANNEL_BASE if number < 0 else number)
    if found is None:
        found = next((channel for channel in world.channels.all() if channel.title == text), None)
    if found is None:
        raise LookupError(f"there is no channel {ref!r}")
    return found


def find_peer(world: World, ref: int | str) -> Peer:
    """A channel or an account, channels first.

    Raises:
        LookupError: neither.
    """
    try:
        return find_channel(world, ref).peer
    except LookupError:
        return find_account(world, ref).peer


async def plant(world: World, auth: AuthService, seed: Mapping[str, Any]) -> dict[int, str]:
    """Put what a seed describes into a world, beside what is there.

    Returns:
        The two-step passwords by account id: the world itself keeps only what proves them.

    Raises:
        ValueError, LookupError, TelegramError: the seed is wrong; what came before the mistake stays.
    """
    from bybot.sandbox.srp import PasswordRecord

    passwords: dict[int, str] = {}
    for item in seed.get("accounts", ()):
        account = world.create_account(
            item["name"],
            last_name=item.get("last_name", ""),
            username=item.get("username"),
            phone=item.get("phone"),
            id=item.get("id"),
            lang_code=item.get("lang_code", "en"),
            dc_id=int(item.get("dc", HOME_DC)),
        )
        if item.get("password"):
            passwords[account.id] = item["password"]
            account.password = await asyncio.to_thread(PasswordRecord.make, item["password"], item.get("hint", ""))
    for item in seed.get("bots", ()):
        world.create_bot(item["name"], item["username"], item["token"])
    for item in seed.get("channels", ()):
        _plant_channel(world, item)
    for item in seed.get("posts", ()):
        channel = find_channel(world, item["chat"])
        author = find_account(world, item.get("as", channel.creator_id))
        if "corpus" in item:
            spec = dict(item["corpus"])
            days = float(spec.pop("days", 30))
            await plant_corpus(world, author, channel, Corpus(**spec), days=days)
        else:
            plant_post(world, author, channel.peer, item)
    return passwords


def _plant_channel(world: World, item: Mapping[str, Any]) -> None:
    creator = find_account(world, item["creator"])
    channel = world.create_channel(
        creator,
        item["title"],
        username=item.get("username"),
        id=item.get("id"),
        megagroup=bool(item.get("megagroup")),
        noforwards=bool(item.get("noforwards")),
    )
    channel.about = item.get("about", "")
    for ref in item.get("members", ()):
        world.join(find_account(world, ref), channel)
    for ref in item.get("admins", ()):
        world.set_admin(channel, find_account(world, ref))
    if item.get("invite"):
        world.export_invite(channel, creator, hash=item["invite"])


def plant_post(world: World, author: Account, peer: Peer, item: Mapping[str, Any]) -> list[Message]:
    """Send one post (or album) as it is described.

    Args:
        world: where.
        author: who sends it.
        peer: the chat.
        item: ``text`` or ``html``; a kind of media (``photo``, ``poll``, ``venue``: see
            :data:`bybot.sandbox.samples.KINDS`) with the number of a made-up one; ``album`` with a list of numbers of
            photos; ``file`` with ``name``, ``base64`` and ``mime`` (a document with just these bytes); ``reply_to``,
            ``noforwards``, ``silent``.

    Returns:
        The author's copies.
    """
    from bybot.sandbox.botapi.html import parse_html

    text, entities = parse_html(item["html"]) if "html" in item else (str(item.get("text", "")), [])
    if item.get("album"):
        drafts = [Draft(media=media_of(world, "photo", int(number))) for number in item["album"]]
        drafts[0].text, drafts[0].entities = text, entities
        drafts[0].reply_to = item.get("reply_to")
        return world.send_album(author, peer, drafts)
    kind = next((name for name in KINDS if item.get(name) is not None), None)
    media = media_of(world, kind, int(item[kind])) if kind else None
    sent = world.send_message(
        author,
        peer,
        text=text,
        entities=entities,
        media=_attached(world, item["file"]) if "file" in item else media,
        reply_to=item.get("reply_to"),
        noforwards=bool(item.get("noforwards")),
        silent=bool(item.get("silent")),
    )
    return [sent]


def _attached(world: World, file: Mapping[str, Any]) -> Media:
    """A document that somebody attaches. Raises ValueError: its bytes are no base64, or there are none."""
    data = base64.b64decode(str(file["base64"]), validate=True)
    if not data:
        raise ValueError("an empty file cannot be sent")
    named = types.DocumentAttributeFilename(str(file["name"]))
    mime = str(file.get("mime") or "application/octet-stream")
    return Media(world.store_file(data, mime=mime, attributes=[named]))


async def plant_corpus(
    world: World, author: Account, channel: Channel, corpus: Corpus, *, days: float = 30
) -> list[int]:
    """Write a whole history.

    Args:
        world: where.
        author: who writes it.
        channel: where it goes.
        corpus: what it consists of.
        days: its dates are spread over that many days before now, where the channel is new.

    Returns:
        The ids of the messages that stay, in order.
    """
    posts = list(generate(corpus))
    new = len(channel.messages) <= 1
    dates = _Dates(world.clock.now(), timedelta(days=days if new else 0), len(posts))
    for message in channel.messages if new else ():
        dates.stamp(message)
    ids: list[int] = []
    holes: list[int] = []
    index = 0
    while index < len(posts):
        post = posts[index]
        batch = [post]
        while post.album is not None and index + len(batch) < len(posts):
            following = posts[index + len(batch)]
            if following.album != post.album:
                break
            batch.append(following)
        sent = _plant_batch(world, author, channel, batch, ids)
        for message in sent:
            dates.stamp(message)
        (holes if post.kind == "hole" else ids).extend(message.id for message in sent)
        if index // _BATCH != (index + len(batch)) // _BATCH:
            await asyncio.sleep(0)
        index += len(batch)
    for start in range(0, len(holes), 100):
        world.delete_messages(author, channel.peer, holes[start : start + 100])
    return ids


def _plant_batch(world: World, author: Account, channel: Channel, batch: list[Post], ids: list[int]) -> list[Message]:
    if batch[0].album is not None:
        drafts = [
            Draft(text=post.text, entities=post.entities, media=media_of(world, "album", post.picture))
            for post in batch
        ]
        return world.send_album(author, channel.peer, drafts)
    post = batch[0]
    plain = post.kind in ("text", "hole")
    sent = world.send_message(
        author,
        channel.peer,
        text=post.text,
        entities=post.entities,
        media=None if plain else media_of(world, post.kind, post.picture),
        reply_to=ids[-post.reply_back] if post.reply_back else None,
        noforwards=post.protected,
    )
    return [sent]


class _Dates:
    """Rising dates that end now."""

    def __init__(self, now: datetime, span: timedelta, count: int) -> None:
        self._next = now - span
        self._step = span / (count + 1)

    def stamp(self, message: Message) -> None:
        if not self._step:
            return
        message.date = self._next.replace(microsecond=0)
        message.changed()
        self._next += self._step
