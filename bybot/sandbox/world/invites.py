"""Invite links."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from bybot.sandbox.world.errors import bad
from bybot.sandbox.world.model import Account, Channel, Invite, SessionRef

if TYPE_CHECKING:
    from bybot.sandbox.world.world import World


class Invites:
    """All links, used up and revoked ones included."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._invites: dict[str, Invite] = {}

    def export(
        self,
        channel: Channel,
        admin: Account,
        *,
        expires: datetime | None = None,
        usage_limit: int | None = None,
        title: str | None = None,
        hash: str | None = None,
    ) -> Invite:
        """A new link; ``hash`` fixes it for demos."""
        invite = Invite(
            hash=hash or secrets.token_urlsafe(12),
            channel_id=channel.id,
            admin_id=admin.id,
            date=self._world.now(),
            expires=expires,
            usage_limit=usage_limit,
            title=title,
        )
        channel.invites[invite.hash] = invite
        self._invites[invite.hash] = invite
        return invite

    def find(self, hash_: str) -> tuple[Invite, Channel]:
        """A link that can be used, and its channel.

        Raises:
            TelegramError: INVITE_HASH_EMPTY, INVITE_HASH_INVALID or INVITE_HASH_EXPIRED.
        """
        if not hash_:
            raise bad("INVITE_HASH_EMPTY")
        found = self._invites.get(hash_.rsplit("/", 1)[-1].lstrip("+"))
        if found is None:
            raise bad("INVITE_HASH_INVALID")
        channel = self._world.channel(found.channel_id)
        over = found.expires is not None and found.expires <= self._world.now()
        used_up = found.usage_limit is not None and found.usage >= found.usage_limit
        if found.revoked or over or used_up or channel.deleted:
            raise bad("INVITE_HASH_EXPIRED")
        return found, channel

    def use(self, account: Account, hash_: str, *, exclude: SessionRef | None = None) -> Channel:
        """Join by link.

        Raises:
            TelegramError: as :meth:`find` and :meth:`Channels.join`.
        """
        invite, channel = self.find(hash_)
        self._world.channels.join(account, channel, inviter_id=invite.admin_id, exclude=exclude)
        invite.usage += 1
        return channel
