"""Basic groups: up to 200 members, each with an own copy of every message, numbered in the member's own box.

So the same message has another id for each member, and the ids of one group have holes where the member's other chats
are. A group that becomes a megagroup stays behind, closed, and the megagroup numbers its messages anew
(https://core.telegram.org/api/channel#migration).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from telethon.tl import types

from bybot.sandbox.world.errors import bad
from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Account, Channel, Peer, SessionRef

if TYPE_CHECKING:
    from bybot.sandbox.world.world import World

FIRST_GROUP_ID = 4_000_001
MOST_MEMBERS = 200


@dataclass(slots=True, eq=False)
class Group:
    """A basic group.

    Attributes:
        members: ids of accounts.
        migrated_to: id of the megagroup that it became.
        noforwards: protected content.
    """

    id: int
    title: str
    creator_id: int
    date: datetime
    members: set[int] = field(default_factory=set)
    migrated_to: int | None = None
    noforwards: bool = False

    @property
    def peer(self) -> Peer:
        """How its members address it."""
        return Peer("chat", self.id)


class Groups:
    """All basic groups."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_id: dict[int, Group] = {}

    def get(self, id_: int) -> Group | None:
        """By id."""
        return self._by_id.get(id_)

    def find(self, id_: int, account: Account) -> Group:
        """A group that the account is in.

        Raises:
            TelegramError: PEER_ID_INVALID.
        """
        group = self._by_id.get(id_)
        if group is None or account.id not in group.members:
            raise bad("PEER_ID_INVALID")
        return group

    def open_for(self, id_: int, account: Account) -> Group:
        """A group that the account may write in. Raises TelegramError: PEER_ID_INVALID, also where it has moved."""
        group = self.find(id_, account)
        if group.migrated_to is not None:
            raise bad("PEER_ID_INVALID")
        return group

    def create(
        self, creator: Account, title: str, members: Sequence[Account] = (), *, exclude: SessionRef | None = None
    ) -> Group:
        """A new group with its first service message.

        Raises:
            TelegramError: CHAT_TITLE_EMPTY or USERS_TOO_MUCH.
        """
        if not title.strip():
            raise bad("CHAT_TITLE_EMPTY")
        ids = {creator.id, *(member.id for member in members)}
        if len(ids) > MOST_MEMBERS:
            raise bad("USERS_TOO_MUCH")
        group = Group(FIRST_GROUP_ID + len(self._by_id), title, creator.id, self._world.now(), ids)
        self._by_id[group.id] = group
        action = types.MessageActionChatCreate(title=title, users=sorted(ids))
        self._world.service_message(creator, group.peer, action, exclude=exclude)
        return group

    def migrate(self, account: Account, group_id: int, *, exclude: SessionRef | None = None) -> Channel:
        """Make a megagroup of it, with the same members; the old one is closed.

        Raises:
            TelegramError: PEER_ID_INVALID or CHAT_ADMIN_REQUIRED.
        """
        group = self.open_for(group_id, account)
        if group.creator_id != account.id:
            raise bad("CHAT_ADMIN_REQUIRED")
        world = self._world
        made = world.channels.create(account, group.title, megagroup=True, noforwards=group.noforwards, exclude=exclude)
        for member_id in sorted(group.members - {account.id}):
            world.channels.join(world.account(member_id), made, inviter_id=account.id)
        came = types.MessageActionChannelMigrateFrom(title=group.title, chat_id=group.id)
        went = types.MessageActionChatMigrateTo(channel_id=made.id)
        world.sending.send(account, group.peer, [Draft(action=went)], exclude=exclude)
        group.migrated_to = made.id
        world.sending.send(account, made.peer, [Draft(action=came)], exclude=exclude)
        return made
