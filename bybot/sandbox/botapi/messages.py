"""Methods that send, change and delete messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from telethon.tl import types

from bybot.sandbox.botapi.api import BotApi, method
from bybot.sandbox.botapi.errors import bad_request
from bybot.sandbox.botapi.markup import markup_from_json
from bybot.sandbox.botapi.requests import Call, Upload
from bybot.sandbox.botapi.text import caption_text, message_text
from bybot.sandbox.botapi.views import peer_of
from bybot.sandbox.world.errors import TelegramError
from bybot.sandbox.world.kinds import takes_text
from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Account, File, Media, Message, Peer

DELETABLE_FOR = timedelta(hours=48)
PHOTO_LIMIT = 10 * 1024 * 1024
DOCUMENT_LIMIT = 50 * 1024 * 1024
_ACTIONS: dict[str, Any] = {
    "typing": types.SendMessageTypingAction(),
    "upload_photo": types.SendMessageUploadPhotoAction(0),
    "upload_document": types.SendMessageUploadDocumentAction(0),
    "upload_video": types.SendMessageUploadVideoAction(0),
    "record_video": types.SendMessageRecordVideoAction(),
    "upload_voice": types.SendMessageUploadAudioAction(0),
    "record_voice": types.SendMessageRecordAudioAction(),
    "choose_sticker": types.SendMessageChooseStickerAction(),
    "find_location": types.SendMessageGeoLocationAction(),
}


def chat_peer(api: BotApi, bot: Account, call: Call) -> Peer:
    """The chat of a call's ``chat_id``.

    Raises:
        BotApiError: it is empty, or the bot does not know the chat.
    """
    value = call.text("chat_id").strip()
    if not value:
        raise bad_request("chat_id is empty")
    if value.startswith("@"):
        channel = api.world.channel_by_username(value)
        if channel is None:
            raise bad_request("chat not found")
        return channel.peer
    try:
        peer = peer_of(int(value))
    except ValueError:
        raise bad_request("chat not found") from None
    try:
        owner = api.world.resolve(peer)
    except TelegramError:
        raise bad_request("chat not found") from None
    if isinstance(owner, Account) and peer not in bot.box.chats:
        raise bad_request("chat not found")
    return peer


def _reply_to(api: BotApi, bot: Account, peer: Peer, call: Call) -> int | None:
    reply = call.json("reply_parameters") or {}
    wanted = int(reply.get("message_id") or call.integer("reply_to_message_id"))
    if not wanted:
        return None
    if api.world.messages_of(bot, peer).get(wanted) is not None:
        return wanted
    if reply.get("allow_sending_without_reply") or call.flag("allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")


def _send(api: BotApi, bot: Account, call: Call, text: str, entities: list[Any], media: Media | None) -> Any:
    peer = chat_peer(api, bot, call)
    message = api.world.send_message(
        bot,
        peer,
        text=text,
        entities=entities,
        media=media,
        reply_to=_reply_to(api, bot, peer, call),
        reply_markup=markup_from_json(call.json("reply_markup")),
        silent=call.flag("disable_notification"),
        noforwards=call.flag("protect_content"),
    )
    return api.shown(bot, message)


def _caption(call: Call) -> tuple[str, list[Any]]:
    return caption_text(call.text("caption"), call.optional("parse_mode"), call.json("caption_entities"))


def _file(api: BotApi, call: Call, name: str, value: Any, *, photo: bool) -> File:
    """The file that a parameter names: an upload, or the id of a known file."""
    upload: Upload | None = call.files.get(name)
    text = str(value or "")
    if upload is None and text.startswith("attach://"):
        upload = call.files.get(text.removeprefix("attach://"))
    if upload is None:
        if not text:
            raise bad_request(f"there is no {name} in the request")
        file = api.files.find(text)
        if photo and file.kind != "photo":
            raise bad_request("type of file mismatch")
        return file
    if not upload.data:
        raise bad_request("file must be non-empty")
    if len(upload.data) > (PHOTO_LIMIT if photo else DOCUMENT_LIMIT):
        raise bad_request(f"file is too big for a {name}")
    if photo:
        if not _is_picture(upload.data):
            raise bad_request("IMAGE_PROCESS_FAILED")
        return api.world.store_file(upload.data, mime="image/jpeg", kind="photo")
    attributes = [types.DocumentAttributeFilename(upload.name)]
    return api.world.store_file(upload.data, mime=upload.mime, attributes=attributes)


def _is_picture(data: bytes) -> bool:
    return data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"GIF8")) or data[8:12] == b"WEBP"


@method("sendMessage")
async def send_message(api: BotApi, bot: Account, call: Call) -> Any:
    text, entities = message_text(call.text("text"), call.optional("parse_mode"), call.json("entities"))
    return _send(api, bot, call, text, entities, None)


@method("sendPhoto")
async def send_photo(api: BotApi, bot: Account, call: Call) -> Any:
    file = _file(api, call, "photo", call.values.get("photo"), photo=True)
    return _send(api, bot, call, *_caption(call), Media(file, spoiler=call.flag("has_spoiler")))


@method("sendDocument")
async def send_document(api: BotApi, bot: Account, call: Call) -> Any:
    file = _file(api, call, "document", call.values.get("document"), photo=False)
    return _send(api, bot, call, *_caption(call), Media(file))


@method("sendMediaGroup")
async def send_media_group(api: BotApi, bot: Account, call: Call) -> Any:
    items = call.json("media") or []
    if not 2 <= len(items) <= 10:
        raise bad_request("media group must include 2-10 items")
    peer = chat_peer(api, bot, call)
    drafts = []
    for item in items:
        media, text, entities = _input_media(api, call, item)
        drafts.append(Draft(text=text, entities=entities, media=media, noforwards=call.flag("protect_content")))
    drafts[0].reply_to = _reply_to(api, bot, peer, call)
    return [api.shown(bot, message) for message in api.world.send_album(bot, peer, drafts)]


def _input_media(api: BotApi, call: Call, item: Any) -> tuple[Media, str, list[Any]]:
    kind = item.get("type")
    if kind not in ("photo", "document"):
        raise bad_request(f'unsupported media type "{kind}"')
    file = _file(api, call, "media", item.get("media"), photo=kind == "photo")
    text, entities = caption_text(item.get("caption", ""), item.get("parse_mode"), item.get("caption_entities"))
    return Media(file), text, entities


@method("sendChatAction")
async def send_chat_action(api: BotApi, bot: Account, call: Call) -> Any:
    action = _ACTIONS.get(call.text("action"))
    if action is None:
        raise bad_request("wrong parameter action in request")
    api.world.typing(bot, chat_peer(api, bot, call), action)
    return True


# Changes ------------------------------------------------------------------------------------------------------


def _edited(api: BotApi, bot: Account, call: Call) -> tuple[Peer, Message]:
    peer = chat_peer(api, bot, call)
    message = api.world.messages_of(bot, peer).get(call.integer("message_id"))
    if message is None or message.action is not None:
        raise bad_request("message to edit not found")
    if message.author_id != bot.id and peer.kind == "user":
        raise bad_request("message can't be edited")
    return peer, message


def _edit(api: BotApi, bot: Account, call: Call, peer: Peer, id_: int, **changes: Any) -> Any:
    markup = markup_from_json(call.json("reply_markup"))
    message = api.world.edit_message(bot, peer, id_, reply_markup=markup, **changes)
    return api.shown(bot, message)


@method("editMessageText")
async def edit_message_text(api: BotApi, bot: Account, call: Call) -> Any:
    text, entities = message_text(call.text("text"), call.optional("parse_mode"), call.json("entities"))
    peer, message = _edited(api, bot, call)
    if message.media is not None and not message.media.is_preview:
        raise bad_request("there is no text in the message to edit")
    return _edit(api, bot, call, peer, message.id, text=text, entities=entities)


@method("editMessageCaption")
async def edit_message_caption(api: BotApi, bot: Account, call: Call) -> Any:
    text, entities = _caption(call)
    peer, message = _edited(api, bot, call)
    if message.media is None or not takes_text(message.media) or message.media.is_preview:
        raise bad_request("there is no caption in the message to edit")
    return _edit(api, bot, call, peer, message.id, text=text, entities=entities)


@method("editMessageMedia")
async def edit_message_media(api: BotApi, bot: Account, call: Call) -> Any:
    peer, message = _edited(api, bot, call)
    media, text, entities = _input_media(api, call, call.json("media") or {})
    return _edit(api, bot, call, peer, message.id, text=text, entities=entities, media=media)


@method("editMessageReplyMarkup")
async def edit_message_reply_markup(api: BotApi, bot: Account, call: Call) -> Any:
    peer, message = _edited(api, bot, call)
    return _edit(api, bot, call, peer, message.id)


# Deletions ----------------------------------------------------------------------------------------------------


def _deletable(api: BotApi, message: Message) -> bool:
    return message.box.kind == "channel" or api.world.clock.now() - message.date < DELETABLE_FOR


@method("deleteMessage")
async def delete_message(api: BotApi, bot: Account, call: Call) -> Any:
    peer = chat_peer(api, bot, call)
    message = api.world.messages_of(bot, peer).get(call.integer("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    if not _deletable(api, message):
        raise bad_request("message can't be deleted for everyone")
    api.world.delete_messages(bot, peer, [message.id])
    return True


@method("deleteMessages")
async def delete_messages(api: BotApi, bot: Account, call: Call) -> Any:
    peer = chat_peer(api, bot, call)
    ids = call.json("message_ids")
    if not isinstance(ids, list) or not ids:
        raise bad_request("message identifiers are not specified")
    if len(ids) > 100:
        raise bad_request("too many messages to delete")
    known = api.world.messages_of(bot, peer)
    found = [message for id_ in ids if (message := known.get(int(id_))) is not None]
    if any(not _deletable(api, message) for message in found):
        raise bad_request("message can't be deleted for everyone")
    api.world.delete_messages(bot, peer, [message.id for message in found])
    return True
