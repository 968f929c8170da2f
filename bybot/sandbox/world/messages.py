"""Sending: into channels, and into private chats, where each side has a copy of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bybot.sandbox.world.errors import BotNotStarted, TelegramError, bad
from bybot.sandbox.world.events import Event, NewMessage
from bybot.sandbox.world.history import MessageList
from bybot.sandbox.world.model import (
    SERVICE_ACCOUNT,
    Account,
    Channel,
    Forward,
    Media,
    Message,
    Peer,
    SessionRef,
)

if TYPE_CHECKING:
    from bybot.sandbox.world.world import World

MAX_TEXT = 4096
MAX_CAPTION = 1024


@dataclass(slots=True)
class Draft:
    """What is to be sent; ids come when it is."""

    text: str = ""
    entities: Sequence[Any] = ()
    media: Media | None = None
    reply_to: int | None = None
    grouped_id: int | None = None
    fwd: Forward | None = None
    reply_markup: Any = None
    random_id: int | None = None
    silent: bool = False
    noforwards: bool = False
    action: Any = None
    views: int = 1
    via_bot_id: int | None = None
    invert_media: bool = False
    topic: int | None = None
    quote: tuple[str, Sequence[Any], int] | None = None


def check_text(text: str, media: Media | None, *, service: bool = False) -> None:
    """
    Raises:
        TelegramError: MESSAGE_EMPTY, MESSAGE_TOO_LONG or MEDIA_CAPTION_TOO_LONG.
    """
    if media is not None and not media.is_preview:
        if len(text) > MAX_CAPTION:
            raise bad("MEDIA_CAPTION_TOO_LONG")
    elif len(text) > MAX_TEXT:
        raise bad("MESSAGE_TOO_LONG")
    elif not service and not text.strip():
        raise bad("MESSAGE_EMPTY")


def require_writer(account: Account) -> None:
    """
    Raises:
        TelegramError: USER_DEACTIVATED or, for a frozen account, FROZEN_METHOD_INVALID.
    """
    if account.deactivated:
        raise TelegramError(401, "USER_DEACTIVATED")
    if account.frozen:
        raise TelegramError(420, "FROZEN_METHOD_INVALID")


def fresh_group_id() -> int:
    """An id for the parts of a new album."""
    return secrets.randbits(62) | 1


class Sending:
    """Puts messages into boxes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def send(
        self, sender: Account, peer: Peer, drafts: Sequence[Draft], *, exclude: SessionRef | None = None
    ) -> list[Message]:
        """Send in order, as one change: all or nothing.

        Returns:
            The sender's copies.

        Raises:
            TelegramError: why the sender may not write there, or what is wrong with a draft.
        """
        require_writer(sender)
        for draft in drafts:
            check_text(draft.text, draft.media, service=draft.action is not None)
        if peer.kind == "channel":
            channel = self._world.channel(peer.id)
            service = all(draft.action is not None for draft in drafts)
            if not service:
                media = any(draft.media is not None and not draft.media.is_preview for draft in drafts)
                self._world.channels.require_postable(channel, sender, media=media)
                if not channel.megagroup and any(_is_public_poll(draft.media) for draft in drafts):
                    raise bad("BROADCAST_PUBLIC_VOTERS_FORBIDDEN")
            messages, events = self._to_channel(sender, channel, drafts)
        elif peer.kind == "chat":
            self._world.groups.open_for(peer.id, sender)
            messages, events = self._to_group(sender, peer, drafts)
        else:
            messages, events = self._to_person(sender, self._receiver(sender, peer), drafts)
        remember = self._world.random_ids.remember
        for message, draft in zip(messages, drafts, strict=True):
            remember(sender.id, peer, draft.random_id, message.id)
        self._world.events.publish(events, exclude=exclude)
        return messages

    def send_late(self, sender: Account, channel: Channel, drafts: Sequence[Draft]) -> Callable[[], list[Message]]:
        """Send into a channel what nobody sees yet: ids are given out now, and others may stand above them meanwhile.

        Returns:
            Lets the messages appear, in the history and to everybody, and returns them.

        Raises:
            TelegramError: as :meth:`send`.
        """
        require_writer(sender)
        self._world.channels.require_postable(channel, sender, media=any(draft.media is not None for draft in drafts))
        messages, events = self._to_channel(sender, channel, drafts)
        channel.messages.remove([message.id for message in messages])

        def appear() -> list[Message]:
            for message in messages:
                channel.messages.insert(message)
            self._world.events.publish(events)
            return messages

        return appear

    def _to_channel(
        self, sender: Account, channel: Channel, drafts: Sequence[Draft]
    ) -> tuple[list[Message], list[Event]]:
        now = self._world.now()
        box = peer = channel.peer
        post = not channel.megagroup
        author = Peer("user", sender.id)
        signature = f"{sender.first_name} {sender.last_name}".strip() if post and channel.signatures else None
        messages: list[Message] = []
        events: list[Event] = []
        for draft in drafts:
            place = self._world.threads.place(sender, channel, draft)
            message = Message(
                id=channel.next_id,
                box=box,
                peer=peer,
                sender=None if post else author,
                author_id=sender.id,
                date=now,
                text=draft.text,
                entities=draft.entities,
                media=draft.media,
                reply_to=place.reply_to,
                reply_top=place.top,
                in_topic=place.topic,
                quote=draft.quote if place.reply_to is not None else None,
                grouped_id=draft.grouped_id,
                fwd=draft.fwd,
                post_author=signature,
                views=draft.views if post else None,
                forwards=0 if post else None,
                noforwards=draft.noforwards,
                reply_markup=draft.reply_markup,
                silent=draft.silent,
                post=post,
                action=draft.action,
                via_bot_id=draft.via_bot_id,
                invert_media=draft.invert_media,
            )
            channel.next_id += 1
            _note_origin(message)
            channel.messages.add(message)
            self._world.threads.counted(message, 1)
            messages.append(message)
            events.append(NewMessage(box, 0, 1, sender.id, message, draft.random_id))
        events += self._world.threads.discussed(channel, messages)
        sender.read_inbox[peer] = channel.next_id - 1
        if channel.slowmode_seconds:
            channel.last_sent[sender.id] = now
        return messages, events

    def _receiver(self, sender: Account, peer: Peer) -> Account:
        receiver = self._world.account(peer.id)
        if receiver.deactivated:
            raise bad("INPUT_USER_DEACTIVATED")
        if sender.is_bot and receiver.is_bot:
            raise bad("USER_IS_BOT")
        if sender.id in receiver.blocked:
            raise bad("USER_IS_BLOCKED")
        if receiver.id in sender.blocked:
            raise bad("YOU_BLOCKED_USER")
        if sender.is_bot and not any(not message.out for message in sender.box.chats.get(peer, MessageList())):
            raise BotNotStarted
        return receiver

    def _to_person(
        self, sender: Account, receiver: Account, drafts: Sequence[Draft]
    ) -> tuple[list[Message], list[Event]]:
        messages: list[Message] = []
        events: list[Event] = []
        for draft in drafts:
            answered = sender.box.messages.get(draft.reply_to) if draft.reply_to else None
            if answered is not None and answered.peer != receiver.peer:
                answered = None
            own = self._copy(sender, receiver.peer, sender, draft, answered, out=True)
            messages.append(own)
            if sender.id != SERVICE_ACCOUNT:
                events.append(NewMessage(own.box, 0, 1, sender.id, own, draft.random_id))
                sender.read_inbox[receiver.peer] = own.id
            if receiver.id != sender.id:
                twin = self._copy(receiver, sender.peer, sender, draft, answered and answered.twin, out=False)
                own.twin, twin.twin = twin, own
                events.append(NewMessage(twin.box, 0, 1, sender.id, twin, None))
        return messages, events

    def _to_group(self, sender: Account, peer: Peer, drafts: Sequence[Draft]) -> tuple[list[Message], list[Event]]:
        """A copy for every member, in the member's own box."""
        members = sorted(self._world.groups.find(peer.id, sender).members, key=lambda id_: id_ != sender.id)
        messages: list[Message] = []
        events: list[Event] = []
        for draft in drafts:
            answered = sender.box.messages.get(draft.reply_to) if draft.reply_to else None
            theirs = {copy.box.id: copy for copy in answered.copies} if answered is not None else {}
            copies: list[Message] = []
            for member_id in members:
                owner, own = self._world.account(member_id), member_id == sender.id
                copy = self._copy(owner, peer, sender, draft, theirs.get(member_id), out=own)
                copy.copies = copies
                copies.append(copy)
                events.append(NewMessage(copy.box, 0, 1, sender.id, copy, draft.random_id if own else None))
            messages.append(copies[0])
            sender.read_inbox[peer] = copies[0].id
        return messages, events

    def _copy(
        self, owner: Account, peer: Peer, sender: Account, draft: Draft, answered: Message | None, *, out: bool
    ) -> Message:
        box = owner.box
        message = Message(
            id=box.next_id,
            box=owner.peer,
            peer=peer,
            sender=sender.peer,
            author_id=sender.id,
            date=self._world.now(),
            text=draft.text,
            entities=draft.entities,
            media=draft.media,
            reply_to=answered.id if answered is not None else None,
            quote=draft.quote if answered is not None else None,
            grouped_id=draft.grouped_id,
            fwd=draft.fwd,
            noforwards=draft.noforwards,
            reply_markup=draft.reply_markup,
            out=out,
            silent=draft.silent,
            action=draft.action,
            via_bot_id=draft.via_bot_id,
            invert_media=draft.invert_media,
        )
        box.next_id += 1
        _note_origin(message)
        box.messages[message.id] = message
        box.chat(peer).add(message)
        return message


def _is_public_poll(media: Media | None) -> bool:
    return media is not None and media.poll is not None and bool(media.poll.tl.public_voters)


def _note_origin(message: Message) -> None:
    media = message.media
    if media is not None and media.file is not None and media.file.origin is None:
        media.file.origin = message
    if media is not None and media.poll is not None:
        media.poll.messages.append(message)
