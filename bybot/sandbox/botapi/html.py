"""The HTML parse mode: text with tags to plain text and entities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from telethon.tl import types

from bybot.sandbox.botapi.entities import Entity, Writer
from bybot.sandbox.botapi.errors import ParseError, byte_offset

_SIMPLE = {
    "b": types.MessageEntityBold,
    "strong": types.MessageEntityBold,
    "i": types.MessageEntityItalic,
    "em": types.MessageEntityItalic,
    "u": types.MessageEntityUnderline,
    "ins": types.MessageEntityUnderline,
    "s": types.MessageEntityStrike,
    "strike": types.MessageEntityStrike,
    "del": types.MessageEntityStrike,
    "tg-spoiler": types.MessageEntitySpoiler,
    "span": types.MessageEntitySpoiler,
}
_TAGS = frozenset(_SIMPLE) | {"a", "pre", "code", "blockquote", "tg-emoji"}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_ENTITY = re.compile(r"&(?:#(?P<dec>[0-9]{1,8})|#[xX](?P<hex>[0-9a-fA-F]{1,6})|(?P<name>lt|gt|amp|quot));?")
_ATTRIBUTE = re.compile(r"""\s*([^\s=>/"']+)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([a-zA-Z0-9.\-]+)))?""")


@dataclass
class _Open:
    tag: str
    attributes: dict[str, str]
    offset: int
    position: int


def parse_html(text: str) -> tuple[str, list[Entity]]:
    """Read Telegram's HTML.

    Args:
        text: text with the tags that the Bot API knows; ``<``, ``>`` and ``&`` are written as entities.

    Returns:
        The plain text and its entities, offsets and lengths in UTF-16 units.

    Raises:
        ParseError: with Telegram's text for what is wrong and where.
    """
    out = Writer()
    stack: list[_Open] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char == "<" and text.startswith("</", position):
            position = _end_tag(text, position, stack, out)
        elif char == "<":
            position = _start_tag(text, position, stack, out)
        elif char == "&" and (match := _ENTITY.match(text, position)):
            out.write(_decode(match))
            position = match.end()
        else:
            out.write(char)
            position += 1
    if stack:
        raise ParseError(f'Can\'t find end tag corresponding to start tag "{stack[-1].tag}"')
    return out.result()


def _decode(match: re.Match[str]) -> str:
    if name := match["name"]:
        return _NAMED[name]
    code = int(match["dec"]) if match["dec"] else int(match["hex"], 16)
    if code == 0 or code >= 0x10FFFF or 0xD800 <= code < 0xE000:
        return match[0]
    return chr(code)


def _start_tag(text: str, begin: int, stack: list[_Open], out: Writer) -> int:
    place = byte_offset(text, begin)
    position = begin + 1
    while position < len(text) and text[position] not in " \t\r\n>":
        position += 1
    if position == len(text):
        raise ParseError(f"Unclosed start tag at byte offset {place}")
    tag = text[begin + 1 : position].lower()
    if tag not in _TAGS:
        raise ParseError(f'Unsupported start tag "{tag}" at byte offset {place}')
    attributes: dict[str, str] = {}
    while True:
        while position < len(text) and text[position] in " \t\r\n":
            position += 1
        if position == len(text):
            raise ParseError(f'Unclosed start tag "{tag}" at byte offset {place}')
        if text[position] == ">":
            break
        match = _ATTRIBUTE.match(text, position)
        if match is None:
            raise ParseError(f'Empty attribute name in the tag "{tag}" at byte offset {place}')
        attributes[match[1].lower()] = _unescape(match[2] or match[3] or match[4] or "")
        position = match.end()
    if tag == "span" and attributes.get("class") != "tg-spoiler":
        raise ParseError(f'Tag "span" must have class "tg-spoiler" at byte offset {place}')
    stack.append(_Open(tag, attributes, out.offset, out.position))
    return position + 1


def _unescape(value: str) -> str:
    return _ENTITY.sub(_decode, value)


def _end_tag(text: str, begin: int, stack: list[_Open], out: Writer) -> int:
    place = byte_offset(text, begin)
    if not stack:
        raise ParseError(f"Unexpected end tag at byte offset {place}")
    end = text.find(">", begin)
    if end < 0:
        raise ParseError(f"Unclosed end tag at byte offset {place}")
    tag = text[begin + 2 : end].strip().lower()
    opened = stack.pop()
    if tag and tag != opened.tag:
        raise ParseError(f'Unmatched end tag at byte offset {place}, expected "</{opened.tag}>", found "</{tag}>"')
    length = out.offset - opened.offset
    if length > 0:
        _close(opened, length, stack, out)
    return end + 1


def _close(opened: _Open, length: int, stack: list[_Open], out: Writer) -> None:
    tag, offset = opened.tag, opened.offset
    if tag in _SIMPLE:
        out.entities.append(_SIMPLE[tag](offset, length))
    elif tag == "a":
        url = opened.attributes.get("href") or out.text_from(opened.position)
        if (link := link_entity(url, offset, length)) is not None:
            out.entities.append(link)
    elif tag == "blockquote":
        collapsed = True if "expandable" in opened.attributes else None
        out.entities.append(types.MessageEntityBlockquote(offset, length, collapsed=collapsed))
    elif tag == "tg-emoji":
        document_id = opened.attributes.get("emoji-id", "")
        if not document_id.isdigit():
            raise ParseError("Invalid custom emoji identifier specified")
        out.entities.append(types.MessageEntityCustomEmoji(offset, length, int(document_id)))
    elif tag == "pre":
        language = ""
        if out.entities and isinstance(last := out.entities[-1], types.MessageEntityCode):
            inner = getattr(last, "language", "")
            if last.offset == offset and last.length == length:
                out.entities.pop()
                language = inner
        out.entities.append(types.MessageEntityPre(offset, length, language))
    else:
        code = types.MessageEntityCode(offset, length)
        name = opened.attributes.get("class", "")
        if stack and stack[-1].tag == "pre" and name.startswith("language-"):
            code.language = name.removeprefix("language-")
        out.entities.append(code)


def link_entity(url: str, offset: int, length: int) -> Entity | None:
    """A link to a page, or for ``tg://user?id=…`` to a person; None when it is no address."""
    parts = urlsplit(url)
    if parts.scheme == "tg" and parts.netloc == "user":
        ids = parse_qs(parts.query).get("id", [""])
        if ids[0].isdigit():
            return types.MessageEntityMentionName(offset, length, int(ids[0]))
        return None
    if not parts.scheme and "." in url and not re.search(r"\s", url):
        url = f"http://{url}"
        parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "tg", "ton") or not parts.netloc:
        return None
    return types.MessageEntityTextUrl(offset, length, url if parts.path else f"{url}/")
