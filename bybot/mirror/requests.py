"""From a step to the request that carries it out, and from Telegram's answer to the ids of the copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from telethon import utils
from telethon.tl import functions, types

from bybot.mirror.answers import Sent
from bybot.mirror.files import can_carry
from bybot.mirror.planner import Step, Unit
from bybot.mirror.rules.book import Written
from bybot.mirror.rules.polls import again

RandomId = Callable[..., int]

#: The kinds of request as pacing knows them.
FORWARD = "ForwardMessages"
ANEW = "SendMessage"


def forward_request(
    step: Step, source: Any, target: Any, random_id: RandomId, *, part: int = 0, topic: int | None = None
) -> Any:
    """All posts of a step by id, without their author, into a topic of the target if one is named."""
    ids = step.ids
    return functions.messages.ForwardMessagesRequest(
        from_peer=source,
        id=ids,
        to_peer=target,
        random_id=[random_id(source_id, part) for source_id in ids],
        drop_author=True,
        top_msg_id=topic,
    )


def can_reply_with(unit: Unit) -> bool:
    """Whether every message of a unit can be sent anew, its media named by reference, a poll as a new one.

    Others (quizzes, polls with votes, dice, games, stories, media that Telegram has not described) only travel by
    forwarding, which has no reply header (https://core.telegram.org/method/messages.forwardMessages).
    """
    grouped = len(unit.messages) > 1
    if grouped and len({m.grouped_id for m in unit.messages}) != 1:
        return False
    return all(_can_send(message, grouped) for message in unit.messages)


def carries_files(unit: Unit) -> bool:
    """Whether a unit has a file that can be uploaded anew, and can be sent as a new message."""
    return any(can_carry(message) for message in unit.messages) and can_reply_with(unit)


def _can_send(message: Any, grouped: bool) -> bool:
    media = message.media
    if media is None or isinstance(media, types.MessageMediaWebPage):
        return not grouped and bool(message.message)
    return input_media(media) is not None


def input_media(media: Any) -> Any | None:
    """The media of a message as something to send again without upload; None when that is not possible."""
    if isinstance(media, types.MessageMediaPhoto) and isinstance(media.photo, types.Photo):
        return types.InputMediaPhoto(utils.get_input_photo(media.photo), spoiler=media.spoiler)
    if isinstance(media, types.MessageMediaDocument) and isinstance(media.document, types.Document):
        cover = media.video_cover
        return types.InputMediaDocument(
            utils.get_input_document(media.document),
            spoiler=media.spoiler,
            video_cover=utils.get_input_photo(cover) if isinstance(cover, types.Photo) else None,
            video_timestamp=media.video_timestamp,
        )
    if isinstance(media, types.MessageMediaContact):
        return types.InputMediaContact(media.phone_number, media.first_name, media.last_name, media.vcard)
    if isinstance(media, types.MessageMediaGeo) and isinstance(media.geo, types.GeoPoint):
        return types.InputMediaGeoPoint(_geo(media.geo))
    if isinstance(media, types.MessageMediaVenue) and isinstance(media.geo, types.GeoPoint):
        return types.InputMediaVenue(
            _geo(media.geo), media.title, media.address, media.provider, media.venue_id, media.venue_type
        )
    return again(media) if isinstance(media, types.MessageMediaPoll) else None


def _geo(point: Any) -> Any:
    return types.InputGeoPoint(point.lat, point.long, accuracy_radius=point.accuracy_radius)


def anew_request(
    step: Step, target: Any, reply_to: int | None, random_id: RandomId, *, topic: int | None = None
) -> Any:
    """The unit of a step as a new message, with the texts that the rules made of it.

    Args:
        reply_to: id in the target; None: it is no reply.
        topic: of the target.
    """
    messages = step.messages
    answers_itself = step.reply_to == step.units[0].reply_to
    header = None if reply_to is None else _header(messages[0] if answers_itself else None, reply_to, topic)
    if header is None and topic is not None:
        header = types.InputReplyToMessage(topic, top_msg_id=topic)
    if len(messages) > 1:
        parts = [_part(step, message, random_id) for message in messages]
        return functions.messages.SendMultiMediaRequest(
            target, parts, reply_to=header, silent=messages[0].silent, invert_media=messages[0].invert_media
        )
    message = messages[0]
    media = message.media
    text, entities = _text(step, message)
    written = step.texts.get(message.id)
    common: dict[str, Any] = {
        "random_id": random_id(message.id),
        "entities": entities,
        "reply_to": header,
        "silent": message.silent,
        "invert_media": message.invert_media,
    }
    if media is None or isinstance(media, types.MessageMediaWebPage):
        page = _sized_page(media)
        if page is None or (message.id in step.texts and not _names(text, entities, page.url)):
            return functions.messages.SendMessageRequest(target, text, no_webpage=media is None, **common)
        return functions.messages.SendMediaRequest(target, page, text, **common)
    other = written.media if written is not None and written.media is not None else step.made.get(message.id)
    return functions.messages.SendMediaRequest(target, other or input_media(media), text, **common)


def is_closed(message: Any) -> bool:
    """Whether it is a poll that takes no more votes."""
    return isinstance(message.media, types.MessageMediaPoll) and bool(message.media.poll.closed)


def edit_request(message: Any, written: Written, target: Any, copy: Any, other: Any | None = None) -> Any:
    """A copy made into what its source is now.

    Args:
        other: the file to put in place of the one that the copy has.
    """
    media = message.media
    if is_closed(message):
        poll = copy.media.poll
        ended = types.Poll(id=poll.id, question=poll.question, answers=poll.answers, hash=0, closed=True)
        return functions.messages.EditMessageRequest(target, copy.id, media=types.InputMediaPoll(ended))
    if isinstance(media, types.MessageMediaWebPage):
        page = _sized_page(media)
        other = page if page is not None and _names(written.text, list(written.entities), page.url) else None
    return functions.messages.EditMessageRequest(
        target,
        copy.id,
        message=written.text,
        entities=list(written.entities),
        media=other,
        no_webpage=media is None,
        invert_media=message.invert_media,
    )


def edited_anew(
    message: Any, written: Written, target: Any, copy: int, random_id: RandomId, media: Any | None = None
) -> Any:
    """An edited post as a further one, below its copy. Its random id is that of this edit.

    Args:
        media: to send with it.
    """
    header = types.InputReplyToMessage(copy)
    edit = random_id(message.id, int(message.edit_date.timestamp()))
    common: dict[str, Any] = {"random_id": edit, "entities": list(written.entities), "reply_to": header}
    if media is None:
        return functions.messages.SendMessageRequest(target, written.text, no_webpage=message.media is None, **common)
    return functions.messages.SendMediaRequest(target, media, written.text, **common)


def _part(step: Step, message: Any, random_id: RandomId) -> Any:
    text, entities = _text(step, message)
    media = step.made.get(message.id) or input_media(message.media)
    return types.InputSingleMedia(media, text, random_id=random_id(message.id), entities=entities)


def _text(step: Step, message: Any) -> tuple[str, list[Any] | None]:
    written = step.texts.get(message.id)
    return (message.message, message.entities) if written is None else (written.text, list(written.entities))


def _names(text: str, entities: list[Any] | None, url: str) -> bool:
    """Whether a link is still in a text, so that its preview may stay."""
    bare = url.removeprefix("https://").removeprefix("http://").rstrip("/")
    return bare in text or any(bare in (getattr(entity, "url", None) or "") for entity in entities or ())


def _header(message: Any | None, reply_to: int, topic: int | None) -> Any:
    """The header of a reply, with what the message quotes of what it answers; None: it quotes nothing of that."""
    quoted = message.reply_to if message is not None else None
    if quoted is None or not quoted.quote:
        return types.InputReplyToMessage(reply_to, top_msg_id=topic)
    return types.InputReplyToMessage(
        reply_to,
        top_msg_id=topic,
        quote_text=quoted.quote_text,
        quote_entities=quoted.quote_entities,
        quote_offset=quoted.quote_offset,
    )


def _sized_page(media: Any) -> Any | None:
    """A link preview whose size or link was chosen by hand, as input; None for an ordinary one."""
    if media is None or not isinstance(media.webpage, types.WebPage):
        return None
    if not (media.force_large_media or media.force_small_media or media.manual):
        return None
    return types.InputMediaWebPage(
        media.webpage.url,
        force_large_media=media.force_large_media,
        force_small_media=media.force_small_media,
        optional=True,
    )


def random_ids_in(request: Any) -> list[int]:
    """The random ids that a request to send carries, in the order of its posts."""
    if isinstance(request, functions.messages.SendMultiMediaRequest):
        return [part.random_id for part in request.multi_media]
    found = request.random_id
    return found if isinstance(found, list) else [found]


def copies(answer: Any, sent: Mapping[int, int]) -> dict[int, int]:
    """Which copy belongs to which source message.

    Args:
        answer: what Telegram answered to a send, first time or repeat.
        sent: random id to source id.

    Returns:
        Source id to target id; a source id that is not in it was not copied.
    """
    if isinstance(answer, Sent):
        return {sent[random_id]: id_ for random_id, id_ in answer.ids.items() if random_id in sent}
    found: dict[int, int] = {}
    for update in getattr(answer, "updates", None) or (answer,):
        if type(update) is types.UpdateMessageID:
            source_id = sent.get(update.random_id)
            if source_id is not None:
                found[source_id] = update.id
    if not found and len(sent) == 1 and isinstance(answer, types.UpdateShortSentMessage):
        found[next(iter(sent.values()))] = answer.id
    return found


def new_messages(answer: Any) -> dict[int, Any]:
    """The copies that Telegram answered with, by their ids."""
    new = (types.UpdateNewChannelMessage, types.UpdateNewMessage)
    found = [update.message for update in getattr(answer, "updates", None) or () if isinstance(update, new)]
    return {message.id: message for message in found}
