"""Channels and megagroups: members, rights, invite links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from bybot.sandbox.world.entities import Names
from bybot.sandbox.world.errors import TelegramError, bad, forbidden
from bybot.sandbox.world.events import ChannelChanged, Event, Log, MembershipChanged
from bybot.sandbox.world.model import (
    Account,
    Channel,
    Participant,
    SessionRef,
    Status,
    derived_hash,
)

if TYPE_CHECKING:
    from bybot.sandbox.world.world import World

FIRST_CHANNEL_ID = 1_000_000_001
ALL_RIGHTS = types.ChatAdminRights(
    change_info=True,
    post_messages=True,
    edit_messages=True,
    delete_messages=True,
    ban_users=True,
    invite_users=True,
    pin_messages=True,
    add_admins=True,
    manage_call=True,
    manage_topics=True,
    other=True,
)


class Channels:
    """All channels and groups, and who is in them."""

    def __init__(self, world: World, names: Names) -> None:
        self._world = world
        self._names = names
        self._by_id: dict[int, Channel] = {}
        self._next_id = FIRST_CHANNEL_ID

    def get(self, id_: int) -> Channel | None:
        """By bare id."""
        return self._by_id.get(id_)

    def all(self) -> list[Channel]:
        """In order of creation, without deleted ones."""
        return [channel for channel in self._by_id.values() if not channel.deleted]

    def create(
        self,
        creator: Account,
        title: str,
        *,
        megagroup: bool = False,
        username: str | None = None,
        id: int | None = None,
        noforwards: bool = False,
        about: str = "",
        exclude: SessionRef | None = None,
    ) -> Channel:
        """A new channel with its first service message.

        Raises:
            TelegramError: CHAT_TITLE_EMPTY, or a bad or taken username.
            ValueError: the id is taken.
        """
        if not title.strip():
            raise bad("CHAT_TITLE_EMPTY")
        if id is None:
            while self._next_id in self._by_id:
                self._next_id += 1
            id = self._next_id
        if id in self._by_id:
            raise ValueError(f"the channel id {id} is taken")
        channel = Channel(
            id=id,
            access_hash=derived_hash("channel", id),
            title=title,
            creator_id=creator.id,
            date=self._world.now(),
            log=Log(self._world.first_pts("channel"), limit=self._world.channel_log_limit),
            megagroup=megagroup,
            about=about,
            noforwards=noforwards,
        )
        if username:
            self._names.claim(channel, username)
        self._by_id[id] = channel
        event = self._set(channel, creator, "creator", admin_rights=ALL_RIGHTS)
        self._world.events.publish([event], exclude=exclude)
        self._world.service_message(
            creator, channel.peer, types.MessageActionChannelCreate(title=title), exclude=exclude
        )
        return channel

    def find(self, peer_id: int) -> Channel:
        """An existing channel.

        Raises:
            TelegramError: CHANNEL_INVALID for an unknown one, CHANNEL_PRIVATE for a deleted one.
        """
        channel = self._by_id.get(peer_id)
        if channel is None:
            raise bad("CHANNEL_INVALID")
        if channel.deleted:
            raise bad("CHANNEL_PRIVATE")
        return channel

    # Rights ---------------------------------------------------------------------------------------------------

    def is_member(self, channel: Channel, account: Account) -> bool:
        """Whether the account is in it now."""
        return account.id in channel.members

    def require_readable(self, channel: Channel, account: Account) -> None:
        """Members read; everybody but the banned reads public ones.

        Raises:
            TelegramError: CHANNEL_PRIVATE.
        """
        if account.id in channel.members and not channel.deleted:
            return
        place = channel.participants.get(account.id)
        if channel.deleted or channel.username is None or (place and place.status == "banned"):
            raise bad("CHANNEL_PRIVATE")

    def has_right(self, channel: Channel, account: Account, right: str) -> bool:
        """Whether the creator's or an admin's rights include one, such as ``post_messages``."""
        place = channel.participants.get(account.id)
        if place is None:
            return False
        if place.status == "creator":
            return True
        return place.status == "admin" and bool(getattr(place.admin_rights, right))

    def require_right(self, channel: Channel, account: Account, right: str) -> None:
        """
        Raises:
            TelegramError: CHANNEL_PRIVATE or CHAT_ADMIN_REQUIRED.
        """
        self.require_readable(channel, account)
        if not self.has_right(channel, account, right):
            raise bad("CHAT_ADMIN_REQUIRED")

    def require_postable(self, channel: Channel, account: Account, *, media: bool = False) -> None:
        """Whether the account may write here now.

        Raises:
            TelegramError: CHANNEL_PRIVATE, CHAT_WRITE_FORBIDDEN, USER_BANNED_IN_CHANNEL, CHAT_SEND_MEDIA_FORBIDDEN
                or SLOWMODE_WAIT_x.
        """
        place = channel.participants.get(account.id)
        if place is not None and place.status == "banned" and not place.present and channel.username is not None:
            raise bad("USER_BANNED_IN_CHANNEL")
        self.require_readable(channel, account)
        if place is not None and place.status in ("creator", "admin"):
            if channel.megagroup or self.has_right(channel, account, "post_messages"):
                return
            raise forbidden("CHAT_WRITE_FORBIDDEN")
        if not channel.megagroup or place is None or not place.present:
            raise forbidden("CHAT_WRITE_FORBIDDEN")
        if place.status == "banned" and place.banned_rights.send_messages:
            raise bad("USER_BANNED_IN_CHANNEL")
        if media and place.status == "banned" and place.banned_rights.send_media:
            raise forbidden("CHAT_SEND_MEDIA_FORBIDDEN")
        default = channel.default_banned_rights
        if default is not None and default.send_messages:
            raise forbidden("CHAT_WRITE_FORBIDDEN")
        self._slow_mode(channel, account)

    def _slow_mode(self, channel: Channel, account: Account) -> None:
        last = channel.last_sent.get(account.id)
        if not channel.slowmode_seconds or last is None:
            return
        left = last + timedelta(seconds=channel.slowmode_seconds) - self._world.now()
        if left > timedelta(0):
            raise TelegramError(420, f"SLOWMODE_WAIT_{max(1, round(left.total_seconds()))}")

    # Membership -----------------------------------------------------------------------------------------------

    def join(
        self,
        account: Account,
        channel: Channel,
        *,
        inviter_id: int | None = None,
        exclude: SessionRef | None = None,
    ) -> None:
        """Become a member of a public channel, or of any when invited.

        Raises:
            TelegramError: CHANNEL_PRIVATE, USER_ALREADY_PARTICIPANT or USER_BANNED_IN_CHANNEL.
        """
        place = channel.participants.get(account.id)
        if place is not None and place.present:
            raise bad("USER_ALREADY_PARTICIPANT")
        if place is not None and place.status == "banned":
            raise bad("USER_BANNED_IN_CHANNEL" if channel.username else "CHANNEL_PRIVATE")
        if channel.deleted or (channel.username is None and inviter_id is None):
            raise bad("CHANNEL_PRIVATE")
        top = channel.messages.top
        if top is not None:
            account.read_inbox[channel.peer] = top.id
        event = self._set(channel, account, "member", inviter_id=inviter_id)
        self._world.events.publish([event], exclude=exclude)

    def leave(self, account: Account, channel: Channel, *, exclude: SessionRef | None = None) -> None:
        """
        Raises:
            TelegramError: USER_NOT_PARTICIPANT, or USER_CREATOR: the creator deletes the channel instead.
        """
        place = channel.participants.get(account.id)
        if place is None or not place.present:
            raise bad("USER_NOT_PARTICIPANT")
        if place.status == "creator":
            raise bad("USER_CREATOR")
        self._world.events.publish([self._set(channel, account, "left")], exclude=exclude)

    def ban(
        self,
        channel: Channel,
        account: Account,
        rights: Any = None,
        *,
        by: Account | None = None,
        exclude: SessionRef | None = None,
    ) -> None:
        """Ban, restrict or (with empty rights) forgive; without rights: kick for good.

        Raises:
            TelegramError: USER_ADMIN_INVALID for the creator.
        """
        rights = rights or types.ChatBannedRights(until_date=None, view_messages=True, send_messages=True)
        place = channel.participants.get(account.id)
        if place is not None and place.status == "creator":
            raise bad("USER_ADMIN_INVALID")
        restricted = any(value for key, value in vars(rights).items() if key != "until_date")
        if restricted:
            event = self._set(channel, account, "banned", banned_rights=rights, promoted_by=by.id if by else None)
        elif place is not None and place.status == "banned":
            event = self._set(channel, account, "member" if place.present else "left")
        else:
            return
        self._world.events.publish([event], exclude=exclude)

    def set_admin(
        self,
        channel: Channel,
        account: Account,
        rights: Any = ALL_RIGHTS,
        *,
        by: Account | None = None,
        rank: str | None = None,
        exclude: SessionRef | None = None,
    ) -> None:
        """Give admin rights (adding the account when it is not a member), or take them with empty ones.

        Raises:
            TelegramError: USER_CREATOR.
        """
        place = channel.participants.get(account.id)
        if place is not None and place.status == "creator":
            raise bad("USER_CREATOR")
        if any(vars(rights).values()):
            event = self._set(
                channel, account, "admin", admin_rights=rights, promoted_by=by.id if by else channel.creator_id
            )
            channel.participants[account.id].rank = rank
        else:
            event = self._set(channel, account, "member" if place and place.present else "left")
        self._world.events.publish([event], exclude=exclude)

    def _set(
        self,
        channel: Channel,
        account: Account,
        status: Status,
        *,
        inviter_id: int | None = None,
        promoted_by: int | None = None,
        admin_rights: Any = None,
        banned_rights: Any = None,
    ) -> Event:
        old = channel.participants.get(account.id)
        place = Participant(
            account_id=account.id,
            status=status,
            date=self._world.now(),
            inviter_id=inviter_id or (old.inviter_id if old else None),
            promoted_by=promoted_by,
            admin_rights=admin_rights,
            banned_rights=banned_rights,
        )
        channel.participants[account.id] = place
        if place.present:
            channel.members.add(account.id)
            account.channels.add(channel.id)
        else:
            channel.members.discard(account.id)
            account.channels.discard(channel.id)
        return MembershipChanged(channel.peer, 0, 0, None, account, old.status if old else "left", status)

    # Settings -------------------------------------------------------------------------------------------------

    def changed(self, channel: Channel, *, exclude: SessionRef | None = None) -> None:
        """Tell the members that title, name, protection or slow mode changed."""
        self._world.events.publish([ChannelChanged(channel.peer, 0, 0, None)], exclude=exclude)

    def set_username(self, channel: Channel, username: str | None) -> None:
        """Make it public under that name, or private with None.

        Raises:
            TelegramError: USERNAME_INVALID or USERNAME_OCCUPIED.
        """
        self._names.claim(channel, username)
        self.changed(channel)

    def set_noforwards(self, channel: Channel, value: bool, *, exclude: SessionRef | None = None) -> None:
        """Protect the content, or stop protecting it."""
        channel.noforwards = value
        self.changed(channel, exclude=exclude)

    def delete(self, channel: Channel, *, exclude: SessionRef | None = None) -> None:
        """Remove the channel for everybody."""
        members = [self._world.account(id_) for id_ in sorted(channel.members)]
        channel.deleted = True
        self._names.claim(channel, None)
        events: Sequence[Event] = [self._set(channel, member, "left") for member in members]
        self._world.events.publish(events, exclude=exclude)
