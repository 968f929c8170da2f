"""What happens to messages after they were sent: edits, deletions, read marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from bybot.sandbox.world.errors import bad, forbidden
from bybot.sandbox.world.events import DeletedMessages, EditedMessage, Event, ReadInbox, ReadOutbox
from bybot.sandbox.world.messages import check_text, require_writer
from bybot.sandbox.world.model import Account, Channel, Media, Message, Peer, SessionRef

if TYPE_CHECKING:
    from bybot.sandbox.world.world import World


class Changes:
    """Edits, deletions and read marks, in channels and private chats."""

    def __init__(self, world: World) -> None:
        self._world = world

    # Edits ----------------------------------------------------------------------------------------------------

    def edit(
        self,
        editor: Account,
        peer: Peer,
        id_: int,
        *,
        text: str | None = None,
        entities: Sequence[Any] | None = None,
        media: Media | None = None,
        reply_markup: Any = None,
        no_webpage: bool = False,
        invert_media: bool = False,
        exclude: SessionRef | None = None,
    ) -> Message:
        """Change a message on both sides.

        Args:
            text: None leaves text and entities as they are.
            media: None leaves it as it is; a new text has the preview of its own link.
            reply_markup: always replaces: None removes the buttons.
            no_webpage: without a preview.
            invert_media: the media stands below the text, the preview above it; where there is a new text or media.

        Raises:
            TelegramError: MESSAGE_ID_INVALID, MESSAGE_AUTHOR_REQUIRED, MESSAGE_NOT_MODIFIED, MEDIA_PREV_INVALID for a
                poll, or a bad text.
        """
        require_writer(editor)
        message = self._world.messages_of(editor, peer).get(id_)
        if message is None or message.action is not None:
            raise bad("MESSAGE_ID_INVALID")
        self._require_editor(editor, peer, message)
        new_text = message.text if text is None else text
        new_entities = message.entities if text is None else entities or ()
        new_media = media or message.media
        if media is None and text is not None and (message.media is None or message.media.is_preview):
            new_media = None if no_webpage else self._world.pages.preview(new_text, new_entities)
        if media is not None and message.media is not None and message.media.poll is not None:
            raise bad("MEDIA_PREV_INVALID")
        inverted = message.invert_media if text is None and media is None else invert_media
        check_text(new_text, new_media)
        old = (message.text, message.media, message.invert_media)
        content = (new_text, new_media, inverted) == old and _same(new_entities, message.entities)
        if content and _packed(reply_markup) == _packed(message.reply_markup):
            raise bad("MESSAGE_NOT_MODIFIED")
        events: list[Event] = []
        for copy in (message, *message.others, self._world.threads.copy_of(message)):
            if copy is None:
                continue
            copy.text, copy.entities, copy.media = new_text, new_entities, new_media
            copy.reply_markup, copy.invert_media = reply_markup, inverted
            if not content:
                copy.edit_date = self._world.now()
            events.append(EditedMessage(copy.box, 0, 1, editor.id, copy))
        self._world.events.publish(events, exclude=exclude)
        return message

    def close_poll(self, editor: Account, peer: Peer, id_: int, *, exclude: SessionRef | None = None) -> None:
        """End a poll, in every message that carries it.

        Raises:
            TelegramError: MESSAGE_ID_INVALID, MESSAGE_AUTHOR_REQUIRED or MESSAGE_POLL_CLOSED.
        """
        require_writer(editor)
        poll = self._world.polls.of(editor, peer, id_)
        message = self._world.messages_of(editor, peer).get(id_)
        assert message is not None
        self._require_editor(editor, peer, message)
        if poll.closed:
            raise bad("MESSAGE_POLL_CLOSED")
        poll.closed = True
        events = [EditedMessage(carrier.box, 0, 1, editor.id, carrier) for carrier in poll.messages]
        self._world.events.publish(events, exclude=exclude)

    def _require_editor(self, editor: Account, peer: Peer, message: Message) -> None:
        own = message.author_id == editor.id
        if peer.kind != "channel":
            allowed = own
        else:
            channel = self._world.channel(peer.id)
            right = "post_messages" if own else "edit_messages"
            allowed = own if channel.megagroup else self._world.channels.has_right(channel, editor, right)
        if not allowed:
            raise forbidden("MESSAGE_AUTHOR_REQUIRED")

    # Deletions ------------------------------------------------------------------------------------------------

    def delete_in_channel(
        self, account: Account, channel: Channel, ids: Iterable[int], *, exclude: SessionRef | None = None
    ) -> tuple[int, ...]:
        """Delete for everybody; ids that do not exist are ignored.

        Returns:
            The ids that went away.

        Raises:
            TelegramError: CHANNEL_PRIVATE or MESSAGE_DELETE_FORBIDDEN.
        """
        require_writer(account)
        self._world.channels.require_readable(channel, account)
        wanted = [message for id_ in dict.fromkeys(ids) if (message := channel.messages.get(id_)) is not None]
        for message in wanted:
            own = message.author_id == account.id
            posts = channel.megagroup or self._world.channels.has_right(channel, account, "post_messages")
            if not (own and posts) and not self._world.channels.has_right(channel, account, "delete_messages"):
                raise forbidden("MESSAGE_DELETE_FORBIDDEN")
        gone = tuple(message.id for message in channel.messages.remove([message.id for message in wanted]))
        events: list[Event] = [DeletedMessages(channel.peer, 0, len(gone), account.id, gone)] if gone else []
        for message in wanted:
            self._world.threads.counted(message, -1)
        if copies := [copy for message in wanted if (copy := self._world.threads.copy_of(message)) is not None]:
            group = self._world.channel(copies[0].box.id)
            lost = tuple(message.id for message in group.messages.remove([copy.id for copy in copies]))
            events += [DeletedMessages(group.peer, 0, len(lost), account.id, lost)] if lost else []
        self._world.events.publish(events, exclude=exclude)
        return gone

    def delete_private(
        self, account: Account, ids: Iterable[int], *, revoke: bool, exclude: SessionRef | None = None
    ) -> tuple[int, ...]:
        """Delete from the account's box and, with ``revoke``, the other side's copies.

        Returns:
            The ids that went away from the account's own box.
        """
        require_writer(account)
        wanted = [message for id_ in dict.fromkeys(ids) if (message := account.box.messages.get(id_)) is not None]
        boxes: dict[int, list[Message]] = {account.id: wanted} if wanted else {}
        if revoke:
            for message in wanted:
                for copy in message.others:
                    boxes.setdefault(copy.box.id, []).append(copy)
        events: list[Event] = []
        for owner_id, messages in boxes.items():
            self._drop(self._world.account(owner_id), messages)
            ids_gone = tuple(message.id for message in messages)
            events.append(DeletedMessages(Peer("user", owner_id), 0, len(ids_gone), account.id, ids_gone))
        self._world.events.publish(events, exclude=exclude)
        return tuple(message.id for message in wanted)

    @staticmethod
    def _drop(owner: Account, messages: Sequence[Message]) -> None:
        for message in messages:
            del owner.box.messages[message.id]
            owner.box.chat(message.peer).remove([message.id])
            if message.twin is not None:
                message.twin.twin = None
            if message.copies:
                message.copies.remove(message)

    # Read marks -----------------------------------------------------------------------------------------------

    def read(self, account: Account, peer: Peer, max_id: int, *, exclude: SessionRef | None = None) -> int:
        """Mark a chat as read up to an id (0: everything).

        Returns:
            By how much the box's pts moved.
        """
        history = self._world.messages_of(account, peer)
        top = history.top
        newest = 0 if top is None else top.id
        max_id = min(max_id, newest) if max_id > 0 else newest
        before = account.read_inbox.get(peer, 0)
        if max_id <= before:
            return 0
        account.read_inbox[peer] = max_id
        unread = history.above(max_id)
        if peer.kind == "channel":
            event = ReadInbox(peer, 0, 0, account.id, account.id, peer, max_id, unread)
            self._world.events.publish([event], exclude=exclude)
            return 0
        events: list[Event] = [ReadInbox(account.peer, 0, 1, account.id, account.id, peer, max_id, unread)]
        seen = [m for m in history.window(max_id=max_id + 1, min_id=before, limit=1000) if not m.out and m.twin]
        if seen and seen[0].twin is not None:
            other, newest_id = self._world.account(peer.id), seen[0].twin.id
            other.read_outbox[account.peer] = newest_id
            events.append(ReadOutbox(other.peer, 0, 1, account.id, account.peer, newest_id))
        self._world.events.publish(events, exclude=exclude)
        return 1


def _packed(value: Any) -> bytes:
    return b"" if value is None else bytes(value._bytes())


def _same(left: Sequence[Any], right: Sequence[Any]) -> bool:
    return [_packed(entity) for entity in left] == [_packed(entity) for entity in right]
