"""Pinned messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from telethon.tl import types

from bybot.sandbox.world.errors import bad
from bybot.sandbox.world.events import Event, PinnedMessages
from bybot.sandbox.world.messages import Draft, require_writer
from bybot.sandbox.world.model import Account, Message, Peer, SessionRef

if TYPE_CHECKING:
    from bybot.sandbox.world.world import World


class Pins:
    """Which messages are pinned is kept with them; the newest stands first."""

    def __init__(self, world: World) -> None:
        self._world = world

    def pin(
        self,
        account: Account,
        peer: Peer,
        message_id: int,
        *,
        silent: bool = False,
        one_side: bool = False,
        exclude: SessionRef | None = None,
    ) -> None:
        """Pin one message, with a service message that says so.

        Args:
            silent: without a sound; and in a private chat without the service message.
            one_side: in a private chat, not for the other person.

        Raises:
            TelegramError: MESSAGE_ID_INVALID, CHAT_ADMIN_REQUIRED, CHAT_NOT_MODIFIED when it is pinned.
        """
        message = self._checked(account, peer, message_id)
        if message.pinned:
            raise bad("CHAT_NOT_MODIFIED")
        self._mark([message], True, account, one_side, exclude)
        if one_side or (silent and peer.kind == "user"):
            return
        draft = Draft(action=types.MessageActionPinMessage(), reply_to=message_id, silent=silent)
        self._world.sending.send(account, peer, [draft], exclude=exclude)

    def unpin(self, account: Account, peer: Peer, message_id: int, *, exclude: SessionRef | None = None) -> None:
        """
        Raises:
            TelegramError: MESSAGE_ID_INVALID, CHAT_ADMIN_REQUIRED, CHAT_NOT_MODIFIED when it is not pinned.
        """
        message = self._checked(account, peer, message_id)
        if not message.pinned:
            raise bad("CHAT_NOT_MODIFIED")
        self._mark([message], False, account, False, exclude)

    def unpin_all(self, account: Account, peer: Peer, *, exclude: SessionRef | None = None) -> int:
        """Returns how many were pinned. Raises CHAT_ADMIN_REQUIRED."""
        self._require(account, peer)
        pinned = self.pinned(account, peer)
        self._mark(pinned, False, account, False, exclude)
        return len(pinned)

    def pinned(self, viewer: Account, peer: Peer) -> list[Message]:
        """Oldest first."""
        return [message for message in self._world.messages_of(viewer, peer) if message.pinned]

    def _checked(self, account: Account, peer: Peer, message_id: int) -> Message:
        self._require(account, peer)
        message = self._world.messages_of(account, peer).get(message_id)
        if message is None or message.action is not None:
            raise bad("MESSAGE_ID_INVALID")
        return message

    def _require(self, account: Account, peer: Peer) -> None:
        require_writer(account)
        if peer.kind == "channel":
            channel = self._world.channel(peer.id)
            right = "pin_messages" if channel.megagroup else "edit_messages"
            self._world.channels.require_right(channel, account, right)

    def _mark(
        self, messages: Sequence[Message], pinned: bool, by: Account, one_side: bool, exclude: SessionRef | None
    ) -> None:
        boxes: dict[Peer, list[Message]] = {}
        for message in messages:
            for copy in (message, *(() if one_side else message.others)):
                copy.pinned = pinned
                copy.changed()
                boxes.setdefault(copy.box, []).append(copy)
        events: list[Event] = [
            PinnedMessages(box, 0, len(copies), by.id, copies[0].peer, tuple(m.id for m in copies), pinned)
            for box, copies in boxes.items()
        ]
        self._world.events.publish(events, exclude=exclude)
