"""The single owner of the sandbox's state. Both protocols act through it.

Methods are synchronous and complete: when one returns, state, logs, pushes and observers have all seen the change.
Refusals are :class:`~bybot.sandbox.world.errors.TelegramError`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from bybot.clock import Clock, SystemClock
from bybot.sandbox.rpc import views
from bybot.sandbox.world.callbacks import CallbackAnswer, Callbacks
from bybot.sandbox.world.changes import Changes
from bybot.sandbox.world.channels import ALL_RIGHTS, Channels
from bybot.sandbox.world.detect import with_found_entities
from bybot.sandbox.world.entities import Accounts, Names
from bybot.sandbox.world.errors import bad
from bybot.sandbox.world.events import Events, Typing
from bybot.sandbox.world.files import Files
from bybot.sandbox.world.forwarding import Forwarding
from bybot.sandbox.world.groups import Groups
from bybot.sandbox.world.history import MessageList
from bybot.sandbox.world.invites import Invites
from bybot.sandbox.world.messages import Draft, Sending, fresh_group_id
from bybot.sandbox.world.model import (
    HOME_DC,
    SERVICE_ACCOUNT,
    Account,
    Channel,
    File,
    Invite,
    Media,
    Message,
    Peer,
    SessionRef,
)
from bybot.sandbox.world.pages import Pages
from bybot.sandbox.world.pins import Pins
from bybot.sandbox.world.polls import Polls
from bybot.sandbox.world.random_ids import RandomIds
from bybot.sandbox.world.threads import Threads

_PTS_EPOCH = 1_767_225_600  # 2026-01-01
# Above what a run can reach before it is started again; the numbers come round after ten days.
_PTS_PER_SECOND = 1_000
_PTS_START = {"channel": 1_000, "user": 1_000_000_000}


class World:
    """Accounts, channels, messages and files, and what happens to them.

    Args:
        clock: where dates come from.
        account_log_limit, channel_log_limit: how many events a box keeps for differences.
    """

    def __init__(
        self, clock: Clock | None = None, *, account_log_limit: int = 1_000_000, channel_log_limit: int = 100_000
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.account_log_limit = account_log_limit
        self.channel_log_limit = channel_log_limit
        self.events = Events(self, views.to_updates)
        self.names = Names()
        self.random_ids = RandomIds(self.clock)
        self.accounts = Accounts(self, self.names)
        self.channels = Channels(self, self.names)
        self.invites = Invites(self)
        self.files = Files(self)
        self.pages = Pages()
        self.polls = Polls(self)
        self.threads = Threads(self)
        self.pins = Pins(self)
        self.sending = Sending(self)
        self.forwarding = Forwarding(self)
        self.groups = Groups(self)
        self.changes = Changes(self)
        self.callbacks = Callbacks(self)

    def now(self) -> datetime:
        """The date of what happens now, in whole seconds as on the wire."""
        return self.clock.now().replace(microsecond=0)

    def first_pts(self, kind: Literal["user", "channel"]) -> int:
        """Where a new box starts: accounts far from channels, and both above every earlier run's."""
        seconds = max(0, int(self.clock.now().timestamp()) - _PTS_EPOCH)
        return _PTS_START[kind] + seconds * _PTS_PER_SECOND % 900_000_000

    # Who --------------------------------------------------------------------------------------------------------

    def create_account(
        self,
        first_name: str,
        *,
        phone: str | None = None,
        username: str | None = None,
        id: int | None = None,
        lang_code: str = "en",
        last_name: str = "",
        dc_id: int = HOME_DC,
    ) -> Account:
        """A person. See :meth:`Accounts.create`."""
        return self.accounts.create(
            first_name, phone=phone, username=username, id=id, lang_code=lang_code, last_name=last_name, dc_id=dc_id
        )

    def create_bot(self, name: str, username: str, token: str) -> Account:
        """A bot; its id is the number before the colon of its token."""
        return self.accounts.create(name, username=username, id=int(token.split(":")[0]), is_bot=True, token=token)

    def account(self, id_: int) -> Account:
        """
        Raises:
            TelegramError: PEER_ID_INVALID.
        """
        found = self.accounts.get(id_)
        if found is None:
            raise bad("PEER_ID_INVALID")
        return found

    def channel(self, id_: int) -> Channel:
        """
        Raises:
            TelegramError: CHANNEL_INVALID for an id that never existed; a deleted channel is returned.
        """
        found = self.channels.get(id_)
        if found is None:
            raise bad("CHANNEL_INVALID")
        return found

    def account_by_id(self, id_: int) -> Account | None:
        """None when there is no such account."""
        return self.accounts.get(id_)

    def account_by_phone(self, phone: str) -> Account | None:
        """By phone number in any spelling."""
        return self.accounts.by_phone(phone)

    def account_by_username(self, username: str) -> Account | None:
        """By public name, with or without ``@``."""
        found = self.names.find(username)
        return found if isinstance(found, Account) else None

    def channel_by_username(self, username: str) -> Channel | None:
        """By public name, with or without ``@``."""
        found = self.names.find(username)
        return found if isinstance(found, Channel) else None

    def bot_by_token(self, token: str) -> Account | None:
        """By the bot's token."""
        return self.accounts.by_token(token)

    def resolve(self, peer: Peer) -> Account | Channel:
        """
        Raises:
            TelegramError: PEER_ID_INVALID or CHANNEL_INVALID.
        """
        return self.account(peer.id) if peer.kind == "user" else self.channel(peer.id)

    # Channels ---------------------------------------------------------------------------------------------------

    def create_channel(
        self,
        creator: Account,
        title: str,
        *,
        megagroup: bool = False,
        username: str | None = None,
        id: int | None = None,
        noforwards: bool = False,
    ) -> Channel:
        """See :meth:`Channels.create`."""
        return self.channels.create(
            creator, title, megagroup=megagroup, username=username, id=id, noforwards=noforwards
        )

    def join(self, account: Account, channel: Channel, *, inviter_id: int | None = None) -> None:
        """Make the account a member; private channels need an inviter."""
        self.channels.join(account, channel, inviter_id=inviter_id or channel.creator_id)

    def leave(self, account: Account, channel: Channel) -> None:
        """See :meth:`Channels.leave`."""
        self.channels.leave(account, channel)

    def ban(self, channel: Channel, account: Account, rights: Any = None) -> None:
        """See :meth:`Channels.ban`."""
        self.channels.ban(channel, account, rights)

    def set_admin(self, channel: Channel, account: Account, rights: Any = ALL_RIGHTS) -> None:
        """See :meth:`Channels.set_admin`."""
        self.channels.set_admin(channel, account, rights)

    def export_invite(self, channel: Channel, admin: Account, **options: Any) -> Invite:
        """See :meth:`Invites.export`."""
        return self.invites.export(channel, admin, **options)

    # Messages ---------------------------------------------------------------------------------------------------

    def messages_of(self, viewer: Account, peer: Peer) -> MessageList:
        """A chat's messages as the viewer has them.

        Raises:
            TelegramError: CHANNEL_PRIVATE, CHANNEL_INVALID, PEER_ID_INVALID.
        """
        if peer.kind == "chat":
            self.groups.find(peer.id, viewer)
        if peer.kind != "channel":
            return viewer.box.chats.get(peer) or MessageList()
        channel = self.channel(peer.id)
        self.channels.require_readable(channel, viewer)
        return channel.messages

    def history(self, viewer: Account, peer: Peer) -> list[Message]:
        """All messages of a chat, oldest first."""
        return list(self.messages_of(viewer, peer))

    def send_message(
        self,
        sender: Account,
        peer: Peer,
        *,
        text: str = "",
        entities: Sequence[Any] = (),
        media: Media | None = None,
        reply_to: int | None = None,
        grouped_id: int | None = None,
        reply_markup: Any = None,
        random_id: int | None = None,
        silent: bool = False,
        noforwards: bool = False,
        topic: int | None = None,
        quote: tuple[str, Sequence[Any], int] | None = None,
        no_webpage: bool = False,
        invert_media: bool = False,
        exclude: SessionRef | None = None,
    ) -> Message:
        """Send one message; commands, names, hashtags and links in it become entities, and a link has its preview.

        Returns:
            The sender's copy (``twin`` is the other side's).
        """
        found = with_found_entities(text, entities)
        if media is None and not no_webpage:
            media = self.pages.preview(text, found)
        draft = Draft(
            text=text,
            entities=found,
            media=media,
            reply_to=reply_to,
            grouped_id=grouped_id,
            reply_markup=reply_markup,
            random_id=random_id,
            silent=silent,
            noforwards=noforwards,
            topic=topic,
            quote=quote,
            invert_media=invert_media,
        )
        return self.sending.send(sender, peer, [draft], exclude=exclude)[0]

    def send_album(
        self, sender: Account, peer: Peer, parts: Sequence[Draft], *, exclude: SessionRef | None = None
    ) -> list[Message]:
        """Send 2 to 10 media as one album.

        Raises:
            TelegramError: MULTI_MEDIA_TOO_LONG, MEDIA_EMPTY, or why the sender may not write there.
        """
        if len(parts) > 10:
            raise bad("MULTI_MEDIA_TOO_LONG")
        if not parts or any(part.media is None for part in parts):
            raise bad("MEDIA_EMPTY")
        group = fresh_group_id() if len(parts) > 1 else None
        for part in parts:
            part.grouped_id = group
            part.entities = with_found_entities(part.text, part.entities)
        return self.sending.send(sender, peer, parts, exclude=exclude)

    def service_message(
        self, author: Account, peer: Peer, action: Any, *, exclude: SessionRef | None = None
    ) -> Message:
        """A service message, such as "channel created"."""
        return self.sending.send(author, peer, [Draft(action=action)], exclude=exclude)[0]

    def send_login_code(self, account: Account, text: str) -> Message:
        """A message from "Telegram"; returns the receiver's copy."""
        sent = self.send_message(self.account(SERVICE_ACCOUNT), account.peer, text=text)
        assert sent.twin is not None
        return sent.twin

    def edit_message(self, editor: Account, peer: Peer, id_: int, **changes: Any) -> Message:
        """See :meth:`Changes.edit`; found entities are added."""
        if changes.get("text") is not None:
            changes["entities"] = with_found_entities(changes["text"], changes.get("entities") or ())
        return self.changes.edit(editor, peer, id_, **changes)

    def delete_messages(
        self,
        account: Account,
        peer: Peer,
        ids: Sequence[int],
        *,
        revoke: bool = True,
        exclude: SessionRef | None = None,
    ) -> tuple[int, ...]:
        """Delete from a channel, or from a private chat (with ``revoke`` on both sides). Returns what went away."""
        if peer.kind == "channel":
            return self.changes.delete_in_channel(account, self.channel(peer.id), ids, exclude=exclude)
        return self.changes.delete_private(account, ids, revoke=revoke, exclude=exclude)

    def forward_messages(
        self, sender: Account, from_peer: Peer, ids: Sequence[int], to_peer: Peer, **options: Any
    ) -> list[Message | None]:
        """See :meth:`Forwarding.forward`."""
        return self.forwarding.forward(sender, from_peer, ids, to_peer, **options)

    def read_history(self, account: Account, peer: Peer, max_id: int = 0) -> int:
        """See :meth:`Changes.read`."""
        return self.changes.read(account, peer, max_id)

    def typing(self, account: Account, peer: Peer, action: Any) -> None:
        """Show the other side that the account is typing, or uploading."""
        box = peer if peer.kind == "channel" else self.account(peer.id).peer
        shown = peer if peer.kind == "channel" else account.peer
        self.events.publish([Typing(box, 0, 0, account.id, shown, action)])

    # Buttons and files ------------------------------------------------------------------------------------------

    def press_button(
        self, person: Account, bot: Account, message_id: int, data: bytes
    ) -> asyncio.Future[CallbackAnswer]:
        """Press a button of a bot's message in the private chat; ``message_id`` is the person's copy."""
        return self.callbacks.press(person, bot.peer, message_id, data)

    def answer_callback(
        self, bot: Account, query_id: int, text: str | None = None, alert: bool = False, url: str | None = None
    ) -> None:
        """See :meth:`Callbacks.answer`."""
        self.callbacks.answer(bot, query_id, CallbackAnswer(text, alert, url))

    def store_file(
        self,
        data: bytes,
        *,
        mime: str,
        attributes: Sequence[Any] = (),
        kind: Literal["photo", "document"] = "document",
        dc_id: int = HOME_DC,
    ) -> File:
        """Keep bytes as a photo or document that messages can carry."""
        return self.files.store(data, mime=mime, attributes=attributes, kind=kind, dc_id=dc_id)
