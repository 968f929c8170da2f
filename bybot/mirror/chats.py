"""From what a person types to a chat that their account sees, and what the account may do there.

Raw requests throughout: Telethon's ``get_dialogs`` would make the client poll every channel it saw, for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from telethon import errors, utils
from telethon.tl import functions, types

from bybot.errors import ChatNotFound, ChatNotReadable, SessionRevoked, TelegramUnreachable
from bybot.mirror.lane import call
from bybot.mirror.model import ChatRef
from bybot.mirror.outcome import Meaning, judge

_TIMEOUT = 30.0
_DIALOGS_PER_PAGE = 100
#: Dialogs looked through at most, for a list and for an id that the session does not know.
MAX_DIALOGS = 1_000

_LINK = re.compile(
    r"""(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)/(?P<path>[^\s?#]+)""", re.IGNORECASE
)
_RESOLVE = re.compile(r"tg://(?P<what>resolve|join|privatepost)\?(?P<query>\S+)", re.IGNORECASE)
_NAME = re.compile(r"@?(?P<name>[A-Za-z][A-Za-z0-9_]{2,31})\Z")
_ID = re.compile(r"-?\d{1,15}\Z")
_CHANNEL_OFFSET = 1_000_000_000_000


@dataclass(frozen=True)
class Named:
    """What a text names: a public name, an invite's hash, or a chat's marked id."""

    kind: Literal["name", "invite", "id"]
    value: str


def parse(text: str | int) -> Named:
    """Read a t.me or tg:// link, a t.me/c/ID link, an invite link, @name, name, or an id in any spelling.

    Raises:
        ChatNotFound: it is none of these.
    """
    text = str(text).strip()
    link = _LINK.match(text)
    if link is not None:
        return _from_path(link["path"].strip("/").split("/"))
    deep = _RESOLVE.match(text)
    if deep is not None:
        return _from_query(dict(item.partition("=")[::2] for item in deep["query"].split("&")))
    if _ID.match(text):
        return Named("id", str(marked_id(int(text))))
    name = _NAME.match(text)
    if name is not None:
        return Named("name", name["name"])
    raise ChatNotFound("That is no link, name or id of a channel.")


def _from_path(parts: list[str]) -> Named:
    first = parts[0]
    if first == "c" and len(parts) > 1 and parts[1].isdecimal():
        return Named("id", str(marked_id(int(parts[1]))))
    if first.startswith("+") and len(first) > 1:
        return Named("invite", first[1:])
    if first == "joinchat" and len(parts) > 1:
        return Named("invite", parts[1])
    if first == "s" and len(parts) > 1:
        first = parts[1]
    name = _NAME.match(first)
    if name is None:
        raise ChatNotFound("That link names no channel.")
    return Named("name", name["name"])


def _from_query(query: dict[str, str]) -> Named:
    if query.get("domain"):
        return Named("name", query["domain"])
    if query.get("invite"):
        return Named("invite", query["invite"])
    if query.get("channel", "").isdecimal():
        return Named("id", str(marked_id(int(query["channel"]))))
    raise ChatNotFound("That link names no channel.")


def marked_id(number: int) -> int:
    """A chat's id with its mark: ``123`` and ``-100123`` are channel 123; other negative ids are basic groups."""
    if number > 0:
        return -(_CHANNEL_OFFSET + number)
    return number


def input_peer(chat: ChatRef) -> Any:
    """How requests name a chat."""
    number, kind = utils.resolve_id(chat.id)
    if kind is types.PeerChat:
        return types.InputPeerChat(number)
    return types.InputPeerChannel(number, chat.access_hash)


def chat_ref(entity: Any) -> ChatRef | None:
    """A chat as Telegram describes it to an account; None for people and what is no chat any more."""
    if isinstance(entity, types.Channel):
        return ChatRef(
            id=utils.get_peer_id(entity),
            title=entity.title,
            username=entity.username or next((n.username for n in entity.usernames or () if n.active), None),
            kind="channel" if entity.broadcast else "megagroup",
            can_read=bool(not entity.left or entity.username or entity.usernames),
            can_post=_can_post(entity),
            protected=bool(entity.noforwards),
            access_hash=entity.access_hash or 0,
        )
    if isinstance(entity, types.Chat) and not entity.deactivated:
        return ChatRef(
            id=utils.get_peer_id(entity),
            title=entity.title,
            kind="group",
            can_read=not entity.left,
            can_post=not entity.left and not _forbids(entity.default_banned_rights),
            protected=bool(entity.noforwards),
        )
    return None


def _can_post(channel: Any) -> bool:
    if channel.creator:
        return True
    if channel.broadcast:
        return bool(channel.admin_rights and channel.admin_rights.post_messages)
    if channel.left:
        return False
    if channel.admin_rights:
        return True
    return not _forbids(channel.banned_rights) and not _forbids(channel.default_banned_rights)


def _forbids(rights: Any) -> bool:
    return bool(rights and (rights.send_messages or rights.view_messages))


async def own_id(client: Any) -> int:
    """The id of the client's account. Raises SessionRevoked, TelegramUnreachable."""
    (me,) = await _ask(client, functions.users.GetUsersRequest([types.InputUserSelf()]))
    return int(me.id)


async def resolve(client: Any, text: str | int, *, search: bool = True) -> ChatRef:
    """The chat that a text names, as the client's account sees it now.

    Args:
        search: look through the dialogs for an id that the session does not know.

    Raises:
        ChatNotFound: there is none, or it is a person.
        ChatNotReadable: the account is not in it.
        SessionRevoked, TelegramUnreachable: as they say.
    """
    named = parse(text)
    if named.kind == "name":
        return await _by_name(client, named.value)
    if named.kind == "invite":
        return await _by_invite(client, named.value)
    return await _by_id(client, int(named.value), search=search)


async def refresh(client: Any, chat: ChatRef) -> ChatRef:
    """The same chat as it is now. Raises as :func:`resolve`."""
    number, kind = utils.resolve_id(chat.id)
    if kind is types.PeerChat:
        answer = await _ask(client, functions.messages.GetChatsRequest([number]))
        if any(isinstance(each, types.Chat) and each.migrated_to for each in answer.chats):
            return replace(chat, can_post=False)  # what was written there can still be read
    else:
        answer = await _ask(
            client, functions.channels.GetChannelsRequest([types.InputChannel(number, chat.access_hash)])
        )
    found = next(_refs(answer.chats, chat.id), None)
    if found is None:
        raise ChatNotReadable("The account cannot see this chat any more.")
    return found


async def moved_to(client: Any, chat: ChatRef) -> ChatRef | None:
    """The supergroup that a basic group has become; None: it is still there. Raises as resolve."""
    number, _ = utils.resolve_id(chat.id)
    answer = await _ask(client, functions.messages.GetChatsRequest([number]))
    made = next((each.migrated_to for each in answer.chats if isinstance(each, types.Chat) and each.migrated_to), None)
    if made is None:
        return None
    marked = utils.get_peer_id(types.PeerChannel(made.channel_id))
    return await refresh(client, replace(chat, id=marked, kind="megagroup", access_hash=made.access_hash))


async def linked(client: Any, chat: ChatRef) -> tuple[bool, ChatRef | None]:
    """Whether a channel has a group for comments, and the group if the account may see it. Raises as resolve."""
    number, _ = utils.resolve_id(chat.id)
    answer = await _ask(client, functions.channels.GetFullChannelRequest(types.InputChannel(number, chat.access_hash)))
    group = answer.full_chat.linked_chat_id
    if not group:
        return False, None
    return True, next(_refs(answer.chats, utils.get_peer_id(types.PeerChannel(group))), None)


async def list_chats(client: Any, *, limit: int = MAX_DIALOGS) -> list[ChatRef]:
    """Channels and groups among the account's first dialogs, newest first. Raises as :func:`resolve`."""
    found: dict[int, ChatRef] = {}
    async for page in _dialogs(client, limit):
        for chat in _refs(page.chats):
            if chat.can_read:
                found.setdefault(chat.id, chat)
    return list(found.values())


async def _by_name(client: Any, name: str) -> ChatRef:
    try:
        answer = await _ask(client, functions.contacts.ResolveUsernameRequest(name))
    except (errors.UsernameNotOccupiedError, errors.UsernameInvalidError):
        raise ChatNotFound(f"There is no @{name}.") from None
    found = next(_refs(answer.chats, utils.get_peer_id(answer.peer)), None)
    if found is None:
        raise ChatNotFound(f"@{name} is no channel or group.")
    return found


async def _by_invite(client: Any, invite: str) -> ChatRef:
    try:
        answer = await _ask(client, functions.messages.CheckChatInviteRequest(invite))
    except (errors.InviteHashExpiredError, errors.InviteHashInvalidError, errors.InviteHashEmptyError):
        raise ChatNotFound("This invite link is not valid any more.") from None
    chat = chat_ref(answer.chat) if isinstance(answer, types.ChatInviteAlready) else None
    if chat is None:
        raise ChatNotReadable("The account has not joined the channel of this invite link.")
    return chat


async def _by_id(client: Any, chat_id: int, *, search: bool) -> ChatRef:
    """By id: what the session knows, else what the dialogs show."""
    number, kind = utils.resolve_id(chat_id)
    if kind is types.PeerChat:
        return await refresh(client, ChatRef(chat_id, "", kind="group"))
    try:
        known = client.session.get_input_entity(chat_id)
        return await refresh(client, ChatRef(chat_id, "", access_hash=known.access_hash))
    except (ValueError, ChatNotReadable):
        pass
    async for page in _dialogs(client, MAX_DIALOGS if search else 0):
        for chat in _refs(page.chats, chat_id):
            if not chat.can_read:
                raise ChatNotReadable("The account cannot read this chat.")
            return chat
    raise ChatNotFound(f"The account knows no chat with the id {number}.")


async def _dialogs(client: Any, limit: int) -> Any:
    """Pages of the account's dialogs, newest first, until ``limit`` dialogs were seen."""
    offset_date, offset_id, offset_peer, seen = None, 0, types.InputPeerEmpty(), 0
    while seen < limit:
        request = functions.messages.GetDialogsRequest(
            offset_date=offset_date,
            offset_id=offset_id,
            offset_peer=offset_peer,
            limit=min(_DIALOGS_PER_PAGE, limit - seen),
            hash=0,
        )
        page = await _ask(client, request)
        yield page
        dialogs = [dialog for dialog in page.dialogs if isinstance(dialog, types.Dialog)]
        seen += len(dialogs)
        last = _last_message(page) if dialogs else None
        if last is None or not isinstance(page, types.messages.DialogsSlice):
            return
        entity = {utils.get_peer_id(e): e for e in (*page.users, *page.chats)}.get(utils.get_peer_id(last.peer_id))
        if entity is None:
            return
        offset_date, offset_id, offset_peer = last.date, last.id, utils.get_input_peer(entity)


def _last_message(page: Any) -> Any | None:
    """The top message of the last dialog that has one: where the next page begins."""
    messages = {(utils.get_peer_id(m.peer_id), m.id): m for m in page.messages if getattr(m, "peer_id", None)}
    tops = (messages.get((utils.get_peer_id(d.peer), d.top_message)) for d in reversed(page.dialogs))
    return next((message for message in tops if message is not None and message.date), None)


def _refs(entities: Iterable[Any], chat_id: int | None = None) -> Any:
    for entity in entities:
        chat = chat_ref(entity)
        if chat is not None and chat_id in (None, chat.id):
            yield chat


async def _ask(client: Any, request: Any) -> Any:
    """A request whose general failures are translated; those that mean something to the caller pass through."""
    try:
        return await call(client, request, timeout=_TIMEOUT)
    except Exception as error:
        judgement = judge(error)
        if judgement.meaning is Meaning.NO_SESSION:
            raise SessionRevoked(f"The login has ended ({judgement.name}).", reason=judgement.name) from error
        if judgement.meaning is Meaning.NO_SOURCE:
            raise ChatNotReadable(f"The account cannot read this chat ({judgement.name}).") from error
        if judgement.meaning in (Meaning.UNKNOWN, Meaning.WAIT):
            raise TelegramUnreachable(f"Telegram did not answer ({judgement.name}).") from error
        raise
