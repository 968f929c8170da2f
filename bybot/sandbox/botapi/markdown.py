"""The MarkdownV2 parse mode: text with marks to plain text and entities."""

from __future__ import annotations

from dataclasses import dataclass

from telethon.tl import types

from bybot.sandbox.botapi.entities import Entity, Writer
from bybot.sandbox.botapi.errors import ParseError, byte_offset
from bybot.sandbox.botapi.html import link_entity

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!\n")
_MARKS = {
    "__": ("Underline", types.MessageEntityUnderline),
    "||": ("Spoiler", types.MessageEntitySpoiler),
    "*": ("Bold", types.MessageEntityBold),
    "_": ("Italic", types.MessageEntityItalic),
    "~": ("Strikethrough", types.MessageEntityStrike),
}


@dataclass
class _Open:
    mark: str
    name: str
    offset: int
    place: int


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.out = Writer()
        self.stack: list[_Open] = []
        self.quote: _Open | None = None

    def fail_reserved(self, char: str) -> ParseError:
        return ParseError(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")

    def run(self) -> tuple[str, list[Entity]]:
        text = self.text
        line_start = True
        while self.position < len(text):
            char = text[self.position]
            if line_start and self._at_quote():
                line_start = False
                continue
            line_start = char == "\n"
            if char == "\\" and self.position + 1 < len(text) and ord(text[self.position + 1]) <= 126:
                self.out.write(text[self.position + 1])
                line_start = False
                self.position += 2
            elif char == "\n":
                self._newline()
            elif char not in _RESERVED:
                self.out.write(char)
                self.position += 1
            else:
                self._mark(char)
        self._end_quote()
        if self.stack:
            last = self.stack[-1]
            raise ParseError(f"Can't find end of {last.name} entity at byte offset {last.place}")
        return self.out.result()

    def _at_quote(self) -> bool:
        if self.text.startswith("**>", self.position) and self.quote is None:
            self.position += 2
        if not self.text.startswith(">", self.position):
            self._end_quote()
            return False
        if self.quote is None:
            self.quote = _Open(">", "BlockQuote", self.out.offset, byte_offset(self.text, self.position))
        self.position += 1
        return True

    def _newline(self) -> None:
        self.out.write("\n")
        self.position += 1

    def _end_quote(self) -> None:
        if self.quote is None:
            return
        if self.stack and self.stack[-1].offset >= self.quote.offset:
            last = self.stack[-1]
            raise ParseError(f"Can't find end of {last.name} entity at byte offset {last.place}")
        length = self.out.offset - self.quote.offset
        if length:
            self.out.entities.append(types.MessageEntityBlockquote(self.quote.offset, length))
        self.quote = None

    def _mark(self, char: str) -> None:
        text, position = self.text, self.position
        if char == "`":
            self._code()
            return
        if char == "]" and self.stack and self.stack[-1].mark in ("[", "!["):
            self._link_end()
            return
        if self.quote is not None and text.startswith("||", position) and text[position + 2 :][:1] in ("", "\n"):
            opened = self.stack and self.stack[-1].mark == "||"
            if not opened:
                self.position += 2
                length = self.out.offset - self.quote.offset
                if length:
                    entity = types.MessageEntityBlockquote(self.quote.offset, length, collapsed=True)
                    self.out.entities.append(entity)
                self.quote = None
                return
        place = byte_offset(text, position)
        for mark, (name, kind) in _MARKS.items():
            if not text.startswith(mark, position):
                continue
            if mark == "__" and self.stack and self.stack[-1].mark == "_" and not self._is_open("__"):
                continue  # "_" that ends, then another "_"
            self.position += len(mark)
            if self.stack and self.stack[-1].mark == mark:
                opened_mark = self.stack.pop()
                length = self.out.offset - opened_mark.offset
                if length:
                    self.out.entities.append(kind(opened_mark.offset, length))
            elif self._is_open(mark):
                last = self.stack[-1]
                raise ParseError(f"Can't find end of {last.name} entity at byte offset {last.place}")
            else:
                self.stack.append(_Open(mark, name, self.out.offset, place))
            return
        if char == "[" or text.startswith("![", position):
            mark = "[" if char == "[" else "!["
            self.stack.append(_Open(mark, "TextUrl" if char == "[" else "CustomEmoji", self.out.offset, place))
            self.position += len(mark)
            return
        raise self.fail_reserved(char)

    def _is_open(self, mark: str) -> bool:
        return any(entry.mark == mark for entry in self.stack)

    def _code(self) -> None:
        text, begin = self.text, self.position
        pre = text.startswith("```", begin)
        fence = "```" if pre else "`"
        position = begin + len(fence)
        language = ""
        if pre:
            end = position
            while end < len(text) and not text[end].isspace() and text[end] != "`":
                end += 1
            if end < len(text) and text[end] == "\n" and end > position:
                language, position = text[position:end], end + 1
            elif text.startswith("\n", position):
                position += 1
        start = self.out.offset
        while position < len(text) and not text.startswith(fence, position):
            if text[position] == "\\" and text[position + 1 : position + 2] in ("\\", "`"):
                position += 1
            self.out.write(text[position])
            position += 1
        if position >= len(text):
            name = ("PreCode" if language else "Pre") if pre else "Code"
            raise ParseError(f"Can't find end of {name} entity at byte offset {byte_offset(text, begin)}")
        length = self.out.offset - start
        if length:
            self.out.entities.append(
                types.MessageEntityPre(start, length, language) if pre else types.MessageEntityCode(start, length)
            )
        self.position = position + len(fence)

    def _link_end(self) -> None:
        opened = self.stack.pop()
        length = self.out.offset - opened.offset
        position = self.position + 1
        url = ""
        if self.text.startswith("(", position):
            position += 1
            while position < len(self.text) and self.text[position] != ")":
                if self.text[position] == "\\" and position + 1 < len(self.text):
                    position += 1
                url += self.text[position]
                position += 1
            if position >= len(self.text):
                place = byte_offset(self.text, self.position)
                raise ParseError(f"Can't find end of a URL at byte offset {place}")
            position += 1
        self.position = position
        if opened.mark == "![":
            document_id = url.partition("?id=")[2]
            if not document_id.isdigit():
                raise ParseError("Invalid custom emoji identifier specified")
            self.out.entities.append(types.MessageEntityCustomEmoji(opened.offset, length, int(document_id)))
        elif length and (link := link_entity(url, opened.offset, length)) is not None:
            self.out.entities.append(link)


def parse_markdown_v2(text: str) -> tuple[str, list[Entity]]:
    """Read Telegram's MarkdownV2.

    Args:
        text: text with marks; every reserved character that is no mark is escaped with a backslash.

    Returns:
        The plain text and its entities, offsets and lengths in UTF-16 units.

    Raises:
        ParseError: with Telegram's text for what is wrong and where.
    """
    return _Parser(text).run()
