"""What exists in the world: accounts, channels, messages, files.

Plain records without behaviour towards the outside; only :mod:`bybot.sandbox.world.events` moves ``pts``.
Rich TL values that the sandbox merely carries (entities, keyboards, rights, service actions) stay Telethon's types.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from telethon.tl import types

from bybot.sandbox.world.history import MessageList

if TYPE_CHECKING:
    from bybot.sandbox.world.events import Log
    from bybot.sandbox.world.polls import Poll
    from bybot.sandbox.world.threads import Topic

SERVICE_ACCOUNT = 777000
HOME_DC = 2  # where accounts and files are unless something else is said
"""The id of the account "Telegram", which sends login codes."""


class Peer(NamedTuple):
    """A chat as one of its members addresses it."""

    kind: Literal["user", "chat", "channel"]
    id: int


class SessionRef(NamedTuple):
    """One MTProto session: an auth key can have several."""

    auth_key_id: int
    session_id: int


def derived_hash(*parts: object) -> int:
    """A signed 64-bit number that looks random and is the same after a restart."""
    digest = hashlib.blake2b(":".join(map(str, parts)).encode(), digest_size=8, key=b"sandbox").digest()
    return int.from_bytes(digest, "big", signed=True)


@dataclass(slots=True, eq=False)
class File:
    """A photo or document with its bytes.

    Attributes:
        size: in bytes.
        width, height: of a photo, in pixels.
        dc_id: the data centre that serves it.
        origin: the message that carried it first; its protection holds for the file.
        thumb: a small picture of a document, as it was uploaded with it.
    """

    id: int
    access_hash: int
    file_reference: bytes
    size: int
    mime: str
    attributes: list[Any]
    kind: Literal["photo", "document"]
    data: bytes = field(repr=False)
    sha256: str
    date: datetime
    width: int = 0
    height: int = 0
    dc_id: int = HOME_DC
    origin: Message | None = field(default=None, repr=False)
    thumb: bytes = field(default=b"", repr=False)

    @property
    def name(self) -> str | None:
        """The file name, where the sender gave one."""
        for attribute in self.attributes:
            if isinstance(attribute, types.DocumentAttributeFilename):
                return str(attribute.file_name)
        return None


@dataclass(frozen=True, slots=True)
class Media:
    """What hangs on a message: a file, a poll, or any other TL media as it is.

    Attributes:
        cover, timestamp: of a video: its picture, and the second at which it starts.
    """

    file: File | None = None
    spoiler: bool = False
    ttl_seconds: int | None = None
    tl: Any = None
    poll: Poll | None = None
    cover: File | None = None
    timestamp: int | None = None

    @property
    def is_preview(self) -> bool:
        """Whether it is a link preview, so that the message is still a text."""
        return isinstance(self.tl, types.MessageMediaWebPage)


@dataclass(frozen=True, slots=True)
class Forward:
    """The "forwarded from" of a message.

    Attributes:
        date: when the original was sent.
        sender: who wrote the original; None for a hidden name.
        channel_post: the original's id, when it was a channel post.
    """

    date: datetime
    sender: Peer | None = None
    from_name: str | None = None
    channel_post: int | None = None
    post_author: str | None = None
    saved_from: Peer | None = None
    saved_from_id: int | None = None


@dataclass(slots=True, eq=False)
class Message:
    """One message as its owner sees it; a private message exists twice, once per box.

    Attributes:
        box: where it is kept: the channel, or the account whose copy this is.
        peer: the chat it lives in, as the owner of the box addresses it.
        sender: None for posts of a broadcast channel.
        author_id: the account that really sent it, also behind a channel post.
        reply_top: the top of its thread, where it answers another message of it.
        in_topic: it stands in a topic of a forum.
        quote: what it quotes of the message that it answers: text, entities, offset.
        replies: how many comments are below it.
        discussion, discussed_in: its copy in the group of the comments, and that group's id.
        pts: of the newest event about it in its box.
        twin: the other person's copy of a private message, until it is deleted.
        copies: of a basic group's message: those of all members, this one included, until they are deleted.
        tl: the packed view for everybody but the author; None when it must be built anew.
    """

    id: int
    box: Peer
    peer: Peer
    sender: Peer | None
    author_id: int
    date: datetime
    text: str = ""
    entities: Sequence[Any] = ()
    media: Media | None = None
    reply_to: int | None = None
    grouped_id: int | None = None
    fwd: Forward | None = None
    edit_date: datetime | None = None
    post_author: str | None = None
    views: int | None = None
    forwards: int | None = None
    noforwards: bool = False
    reply_markup: Any = None
    out: bool = False
    silent: bool = False
    post: bool = False
    action: Any = None
    via_bot_id: int | None = None
    edit_hide: bool = False
    invert_media: bool = False
    pinned: bool = False
    reply_top: int | None = None
    in_topic: bool = False
    quote: tuple[str, Sequence[Any], int] | None = None
    replies: int = 0
    discussion: Message | None = field(default=None, repr=False)
    discussed_in: int | None = None
    pts: int = 0
    twin: Message | None = field(default=None, repr=False)
    copies: list[Message] = field(default_factory=list, repr=False)
    tl: Any = field(default=None, repr=False)
    tl_own: Any = field(default=None, repr=False)

    @property
    def others(self) -> list[Message]:
        """What other people have of it, in their own boxes."""
        twins = [] if self.twin is None else [self.twin]
        return twins + [copy for copy in self.copies if copy is not self]

    def changed(self) -> None:
        """Forget the packed views."""
        self.tl = self.tl_own = None


@dataclass(slots=True, eq=False)
class Box:
    """An account's own update box: its private messages, and pts."""

    log: Log
    next_id: int = 1
    messages: dict[int, Message] = field(default_factory=dict)
    chats: dict[Peer, MessageList] = field(default_factory=dict)

    def chat(self, peer: Peer) -> MessageList:
        """The messages with one person, made on first use."""
        found = self.chats.get(peer)
        if found is None:
            found = self.chats[peer] = MessageList()
        return found


@dataclass(slots=True, eq=False)
class Account:
    """A person or a bot.

    Attributes:
        phone: digits only.
        password: the two-step password's record, kept by the authorization code.
        dc_id: the data centre that keeps it.
        frozen, frozen_since: it may read but not write.
        blocked: ids of accounts that may not write to this one.
        channels: ids of the channels and groups it is a member of.
        read_inbox, read_outbox: per chat the newest id that is read.
    """

    id: int
    access_hash: int
    first_name: str
    box: Box = field(repr=False)
    created: datetime
    last_name: str = ""
    username: str | None = None
    phone: str | None = field(default=None, repr=False)
    lang_code: str = "en"
    is_bot: bool = False
    bot_token: str | None = field(default=None, repr=False)
    about: str = ""
    deactivated: bool = False
    frozen: bool = False
    frozen_since: datetime | None = None
    dc_id: int = HOME_DC
    password: Any = field(default=None, repr=False)
    blocked: set[int] = field(default_factory=set)
    channels: set[int] = field(default_factory=set)
    read_inbox: dict[Peer, int] = field(default_factory=dict)
    read_outbox: dict[Peer, int] = field(default_factory=dict)

    @property
    def pts(self) -> int:
        """Where the account's own update box stands."""
        return self.box.log.pts

    @property
    def peer(self) -> Peer:
        """How others address this account."""
        return Peer("user", self.id)


Status = Literal["creator", "admin", "member", "banned", "left"]


@dataclass(slots=True, eq=False)
class Participant:
    """Somebody's place in a channel; kept after leaving, so that a ban stays."""

    account_id: int
    status: Status
    date: datetime
    inviter_id: int | None = None
    promoted_by: int | None = None
    admin_rights: Any = None
    banned_rights: Any = None
    rank: str | None = None

    @property
    def present(self) -> bool:
        """Whether it is a member: a muted person is, a kicked one is not."""
        if self.status == "banned":
            return not self.banned_rights.view_messages
        return self.status != "left"


@dataclass(slots=True, eq=False)
class Invite:
    """An invite link."""

    hash: str
    channel_id: int
    admin_id: int
    date: datetime
    permanent: bool = False
    revoked: bool = False
    expires: datetime | None = None
    usage_limit: int | None = None
    usage: int = 0
    title: str | None = None

    @property
    def link(self) -> str:
        """As people share it."""
        return f"https://t.me/+{self.hash}"


@dataclass(slots=True, eq=False)
class Channel:
    """A broadcast channel or a megagroup: own ids, own pts.

    Attributes:
        noforwards: protected content.
        slowmode_seconds: for members of a group without rights; 0 is off.
        forum, topics: whether a group has topics, and those besides the general one.
        linked_id: the group of a channel's comments, or the channel of such a group.
        last_sent: when each account last wrote, for slow mode.
    """

    id: int
    access_hash: int
    title: str
    creator_id: int
    date: datetime
    log: Log = field(repr=False)
    megagroup: bool = False
    username: str | None = None
    about: str = ""
    noforwards: bool = False
    signatures: bool = False
    slowmode_seconds: int = 0
    default_banned_rights: Any = None
    deleted: bool = False
    next_id: int = 1
    messages: MessageList = field(default_factory=MessageList, repr=False)
    participants: dict[int, Participant] = field(default_factory=dict, repr=False)
    members: set[int] = field(default_factory=set, repr=False)
    invites: dict[str, Invite] = field(default_factory=dict, repr=False)
    last_sent: dict[int, datetime] = field(default_factory=dict, repr=False)
    forum: bool = False
    topics: dict[int, Topic] = field(default_factory=dict, repr=False)
    linked_id: int | None = None

    @property
    def pts(self) -> int:
        """Where the channel's update box stands."""
        return self.log.pts

    @property
    def peer(self) -> Peer:
        """How accounts address this channel."""
        return Peer("channel", self.id)
