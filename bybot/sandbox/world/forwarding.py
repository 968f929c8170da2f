"""Forwarding: copies by reference, albums whole, protected content refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from bybot.sandbox.world.errors import bad
from bybot.sandbox.world.messages import Draft, fresh_group_id, require_writer
from bybot.sandbox.world.model import Account, Forward, Message, Peer, SessionRef

if TYPE_CHECKING:
    from bybot.sandbox.world.world import World

MAX_IDS = 100


class Forwarding:
    """messages.forwardMessages without its wire shape."""

    def __init__(self, world: World) -> None:
        self._world = world

    def sources(self, account: Account, peer: Peer, ids: Sequence[int]) -> list[Message | None]:
        """The messages behind ids; None for holes and service messages.

        Raises:
            TelegramError: MESSAGE_IDS_EMPTY, LIMIT_INVALID above 100, CHANNEL_PRIVATE, CHAT_FORWARDS_RESTRICTED.
        """
        if not ids:
            raise bad("MESSAGE_IDS_EMPTY")
        if len(ids) > MAX_IDS:
            raise bad("LIMIT_INVALID")
        history = self._world.messages_of(account, peer)
        if peer.kind == "channel" and self._world.channel(peer.id).noforwards:
            raise bad("CHAT_FORWARDS_RESTRICTED")
        if peer.kind == "chat" and self._world.groups.find(peer.id, account).noforwards:
            raise bad("CHAT_FORWARDS_RESTRICTED")
        found = [history.get(id_) for id_ in ids]
        if any(message is not None and message.noforwards for message in found):
            raise bad("CHAT_FORWARDS_RESTRICTED")
        return [None if message is None or message.action is not None else message for message in found]

    def forward(
        self,
        sender: Account,
        from_peer: Peer,
        ids: Sequence[int],
        to_peer: Peer,
        *,
        random_ids: Sequence[int] | None = None,
        drop_author: bool = False,
        drop_captions: bool = False,
        silent: bool = False,
        noforwards: bool = False,
        reply_to: int | None = None,
        topic: int | None = None,
        keep_links: bool = True,
        exclude: SessionRef | None = None,
    ) -> list[Message | None]:
        """Forward in the order given; what does not exist is left out.

        Args:
            keep_links: a keyboard of nothing but links stays below the copy.

        Returns:
            For each id the sender's copy, or None.

        Raises:
            TelegramError: as :meth:`sources`, MESSAGE_ID_INVALID when nothing is left, or why the sender may not
                write there.
        """
        require_writer(sender)
        found = self.sources(sender, from_peer, ids)
        if not any(found):
            raise bad("MESSAGE_ID_INVALID")
        groups = self._fresh_groups(found)
        drafts: list[Draft] = []
        for index, source in enumerate(found):
            if source is None:
                continue
            caption = not (drop_author and drop_captions and source.media is not None)
            drafts.append(
                Draft(
                    text=source.text if caption else "",
                    entities=source.entities if caption else (),
                    media=source.media,
                    reply_to=reply_to,
                    topic=topic,
                    grouped_id=groups.get(source.grouped_id) if source.grouped_id else None,
                    fwd=None if drop_author else self._header(source, to_peer, sender),
                    random_id=random_ids[index] if random_ids else None,
                    silent=silent,
                    noforwards=noforwards,
                    reply_markup=source.reply_markup if keep_links and _only_links(source.reply_markup) else None,
                    invert_media=source.invert_media,
                )
            )
        sent = iter(self._world.sending.send(sender, to_peer, drafts, exclude=exclude))
        if not drop_author:
            self._count(found)
        return [None if source is None else next(sent) for source in found]

    @staticmethod
    def _fresh_groups(found: Sequence[Message | None]) -> dict[int, int]:
        parts = Counter(message.grouped_id for message in found if message is not None and message.grouped_id)
        return {old: fresh_group_id() for old, count in parts.items() if old is not None and count > 1}

    @staticmethod
    def _header(source: Message, to_peer: Peer, sender: Account) -> Forward:
        saved = to_peer == sender.peer
        origin = source.fwd or Forward(
            date=source.date,
            sender=source.peer if source.post else source.sender,
            channel_post=source.id if source.post else None,
            post_author=source.post_author,
        )
        return Forward(
            date=origin.date,
            sender=origin.sender,
            from_name=origin.from_name,
            channel_post=origin.channel_post,
            post_author=origin.post_author,
            saved_from=source.peer if saved else None,
            saved_from_id=source.id if saved else None,
        )

    @staticmethod
    def _count(found: Sequence[Message | None]) -> None:
        for source in found:
            if source is not None and source.forwards is not None:
                source.forwards += 1
                source.changed()


def _only_links(markup: Any) -> bool:
    buttons = [button for row in getattr(markup, "rows", None) or () for button in row.buttons]
    return bool(buttons) and all(isinstance(button.type, types.InlineButtonTypeUrl) for button in buttons)
