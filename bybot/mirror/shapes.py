"""Passing over TL objects in bytes, without making them: where the next one begins.

The table names the fields of the constructors that ordinary posts are made of, in the notation of TL
(https://core.telegram.org/mtproto/TL) and in the order of Telethon's layer; flags that stand for no field are left out.
Whatever is not in it (buttons, polls, reactions) is unknown here, and whoever asks reads it with Telethon instead.
"""

from __future__ import annotations

from typing import Any, Final

from telethon.tl import types

_TABLE: Final = """
message flags:# flags2:# id:int from_id:flags.8?Peer from_boosts_applied:flags.29?int from_rank:flags2.12?string
    peer_id:Peer saved_peer_id:flags.28?Peer fwd_from:flags.2?MessageFwdHeader via_bot_id:flags.11?long
    via_business_bot_id:flags2.0?long guestchat_via_from:flags2.19?Peer reply_to:flags.3?MessageReplyHeader date:date
    message:string media:flags.9?MessageMedia reply_markup:flags.6?ReplyMarkup entities:flags.7?Vector<MessageEntity>
    views:flags.10?int forwards:flags.10?int replies:flags.23?MessageReplies edit_date:flags.15?date
    post_author:flags.16?string grouped_id:flags.17?long reactions:flags.20?MessageReactions
    restriction_reason:flags.22?Vector<RestrictionReason> ttl_period:flags.25?int quick_reply_shortcut_id:flags.30?int
    effect:flags2.2?long factcheck:flags2.3?FactCheck report_delivery_until_date:flags2.5?date
    paid_message_stars:flags2.6?long suggested_post:flags2.7?SuggestedPost schedule_repeat_period:flags2.10?int
    summary_from_language:flags2.11?string rich_message:flags2.13?RichMessage
messageFwdHeader flags:# from_id:flags.0?Peer from_name:flags.5?string date:date channel_post:flags.2?int
    post_author:flags.3?string saved_from_peer:flags.4?Peer saved_from_msg_id:flags.4?int saved_from_id:flags.8?Peer
    saved_from_name:flags.9?string saved_date:flags.10?date psa_type:flags.6?string
messageReplyHeader flags:# reply_to_msg_id:flags.4?int reply_to_peer_id:flags.0?Peer
    reply_from:flags.5?MessageFwdHeader reply_media:flags.8?MessageMedia reply_to_top_id:flags.1?int
    quote_text:flags.6?string quote_entities:flags.7?Vector<MessageEntity> quote_offset:flags.10?int
    todo_item_id:flags.11?int poll_option:flags.12?bytes
messageReplies flags:# replies:int replies_pts:int recent_repliers:flags.1?Vector<Peer> channel_id:flags.0?long
    max_id:flags.2?int read_max_id:flags.3?int
peerUser user_id:long
peerChat chat_id:long
peerChannel channel_id:long
messageEntityBankCard offset:int length:int
messageEntityBlockquote flags:# offset:int length:int
messageEntityBold offset:int length:int
messageEntityBotCommand offset:int length:int
messageEntityCashtag offset:int length:int
messageEntityCode offset:int length:int
messageEntityCustomEmoji offset:int length:int document_id:long
messageEntityEmail offset:int length:int
messageEntityHashtag offset:int length:int
messageEntityItalic offset:int length:int
messageEntityMention offset:int length:int
messageEntityMentionName offset:int length:int user_id:long
messageEntityPhone offset:int length:int
messageEntityPre offset:int length:int language:string
messageEntitySpoiler offset:int length:int
messageEntityStrike offset:int length:int
messageEntityTextUrl offset:int length:int url:string
messageEntityUnderline offset:int length:int
messageEntityUnknown offset:int length:int
messageEntityUrl offset:int length:int
messageMediaContact phone_number:string first_name:string last_name:string vcard:string user_id:long
messageMediaDocument flags:# document:flags.0?Document alt_documents:flags.5?Vector<Document> video_cover:flags.9?Photo
    video_timestamp:flags.10?int ttl_seconds:flags.2?int
messageMediaGeo geo:GeoPoint
messageMediaPhoto flags:# photo:flags.0?Photo ttl_seconds:flags.2?int video:flags.4?Document
messageMediaVenue geo:GeoPoint title:string address:string provider:string venue_id:string venue_type:string
messageMediaWebPage flags:# webpage:WebPage
webPage flags:# id:long url:string display_url:string hash:int type:flags.0?string site_name:flags.1?string
    title:flags.2?string description:flags.3?string photo:flags.4?Photo embed_url:flags.5?string
    embed_type:flags.5?string embed_width:flags.6?int embed_height:flags.6?int duration:flags.7?int
    author:flags.8?string document:flags.9?Document cached_page:flags.10?Page
    attributes:flags.12?Vector<WebPageAttribute>
webPageEmpty flags:# id:long url:flags.0?string
webPagePending flags:# id:long url:flags.0?string date:date
photo flags:# id:long access_hash:long file_reference:bytes date:date sizes:Vector<PhotoSize>
    video_sizes:flags.1?Vector<VideoSize> dc_id:int
photoCachedSize type:string w:int h:int bytes:bytes
photoPathSize type:string bytes:bytes
photoSize type:string w:int h:int size:int
photoSizeEmpty type:string
photoSizeProgressive type:string w:int h:int sizes:Vector<int>
photoStrippedSize type:string bytes:bytes
videoSize flags:# type:string w:int h:int size:int video_start_ts:flags.0?double
document flags:# id:long access_hash:long file_reference:bytes date:date mime_type:string size:long
    thumbs:flags.0?Vector<PhotoSize> video_thumbs:flags.1?Vector<VideoSize> dc_id:int
    attributes:Vector<DocumentAttribute>
documentAttributeAnimated
documentAttributeAudio flags:# duration:int title:flags.0?string performer:flags.1?string waveform:flags.2?bytes
documentAttributeCustomEmoji flags:# alt:string stickerset:InputStickerSet
documentAttributeFilename file_name:string
documentAttributeHasStickers
documentAttributeImageSize w:int h:int
documentAttributeSticker flags:# alt:string stickerset:InputStickerSet mask_coords:flags.0?MaskCoords
documentAttributeVideo flags:# duration:double w:int h:int preload_prefix_size:flags.2?int
    video_start_ts:flags.4?double video_codec:flags.5?string
inputStickerSetEmpty
inputStickerSetID id:long access_hash:long
inputStickerSetShortName short_name:string
maskCoords n:int x:double y:double zoom:double
geoPoint flags:# long:double lat:double access_hash:long accuracy_radius:flags.0?int
geoPointEmpty
updateReadChannelInbox flags:# folder_id:flags.0?int channel_id:long max_id:int still_unread_count:int pts:int
"""

# A step is a number of bytes, or one of these.
_STRING, _OBJECT, _OBJECTS, _INTS = -1, -2, -3, -4
_SIZES: Final = {"#": 4, "int": 4, "long": 8, "double": 8, "date": 4}
_STEPS: Final = {"string": _STRING, "bytes": _STRING, "Vector<int>": _INTS}
#: Combinations of flags that are remembered for a constructor.
_MOST_PLANS: Final = 256


class Shape:
    """How one constructor is laid out.

    Args:
        fields: as in the table.
    """

    __slots__ = ("_fields", "_plans", "words")

    def __init__(self, fields: list[str]) -> None:
        self.words = sum(field.endswith(":#") for field in fields) * 4
        self._fields = [_field(field) for field in fields]
        self._plans: dict[bytes, tuple[int, ...]] = {}

    def steps(self, flags: bytes) -> tuple[int, ...]:
        """What stands in it with these flags (all words of them, as they are sent)."""
        plan = self._plans.get(flags)
        if plan is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            plan = self._plans[flags] = self._plan(int.from_bytes(flags, "little"))
        return plan

    def _plan(self, flags: int) -> tuple[int, ...]:
        steps = [0]
        for bit, step in self._fields:
            if bit is not None and not flags >> bit & 1:
                continue
            if step >= 0 and steps[-1] >= 0:
                steps[-1] += step
            else:
                steps.append(step)
        return tuple(steps)


def _field(field: str) -> tuple[int | None, int]:
    """The flag that a field depends on, counted through all words, and its step."""
    kind, bit = field.partition(":")[2], None
    if "?" in kind:
        flag, _, kind = kind.partition("?")
        word, _, number = flag.partition(".")
        bit = int(number) + (32 if word == "flags2" else 0)
    return bit, _SIZES.get(kind) or _STEPS.get(kind) or (_OBJECTS if kind.startswith("Vector<") else _OBJECT)


def name_of(kind: Any) -> bytes:
    """The bytes with which a constructor of Telethon begins."""
    number: int = kind.CONSTRUCTOR_ID
    return number.to_bytes(4, "little")


def _shapes() -> dict[bytes, Shape]:
    shapes = {}
    for line in _TABLE.replace("\n    ", " ").strip().splitlines():
        name, *fields = line.split()
        shapes[name_of(getattr(types, name[0].upper() + name[1:]))] = Shape(fields)
    return shapes


SHAPES: Final = _shapes()


def skip(data: bytes, at: int) -> int:
    """Where the object ends that begins at a place.

    Raises:
        KeyError, IndexError: something is in it, or the data ends in it, which the table does not know.
    """
    shape = SHAPES[data[at : at + 4]]
    at += 4
    for step in shape.steps(data[at : at + shape.words]):
        if step >= 0:
            at += step
        elif step == _STRING:
            size = data[at]
            at += (size + 4) & -4 if size < 254 else (int.from_bytes(data[at + 1 : at + 4], "little") + 7) & -4
        elif step == _OBJECT:
            at = skip(data, at)
        else:
            count = int.from_bytes(data[at + 4 : at + 8], "little")
            at += 8
            if step == _INTS:
                at += 4 * count
            else:
                for _ in range(count):
                    at = skip(data, at)
    return at
