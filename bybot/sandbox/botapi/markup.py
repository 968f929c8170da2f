"""Keyboards: the Bot API's JSON to TL and back."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from bybot.sandbox.botapi.errors import bad_request

CALLBACK_DATA_LIMIT = 64


def markup_from_json(value: Any) -> Any:
    """The ``reply_markup`` parameter as a TL ReplyMarkup; None when there is none.

    Raises:
        BotApiError: it is malformed, or a button's data is longer than 64 bytes (BUTTON_DATA_INVALID).
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in value:
        return _inline(value["inline_keyboard"])
    if "keyboard" in value:
        rows = [types.KeyboardButtonRow([_button(b) for b in row]) for row in _rows(value["keyboard"])]
        return types.ReplyKeyboardMarkup(
            rows,
            resize=bool(value.get("resize_keyboard")) or None,
            single_use=bool(value.get("one_time_keyboard")) or None,
            selective=bool(value.get("selective")) or None,
            persistent=bool(value.get("is_persistent")) or None,
            placeholder=value.get("input_field_placeholder"),
        )
    if value.get("remove_keyboard"):
        return types.ReplyKeyboardHide(selective=bool(value.get("selective")) or None)
    if value.get("force_reply"):
        return types.ReplyKeyboardForceReply(placeholder=value.get("input_field_placeholder"))
    if not value:
        return None
    raise bad_request("can't parse reply keyboard markup JSON object")


def _rows(value: Any) -> list[list[Any]]:
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise bad_request('field "keyboard" must be an Array of Arrays')
    return [row for row in value if row]


def _button(button: Any) -> Any:
    if isinstance(button, str):
        button = {"text": button}
    kind: Any = types.ButtonTypeDefault()
    if button.get("request_contact"):
        kind = types.ButtonTypeRequestPhone()
    return types.KeyboardButton(_label(button), kind)


def _label(button: Any) -> str:
    text = button.get("text") if isinstance(button, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    return text


def _inline(value: Any) -> Any:
    rows = []
    for row in _rows(value):
        rows.append(types.KeyboardInlineButtonRow([_inline_button(button) for button in row]))
    return types.ReplyInlineMarkup(rows) if rows else None


def _inline_button(button: Any) -> Any:
    text = _label(button)
    if "callback_data" in button:
        data = str(button["callback_data"]).encode()
        if not 1 <= len(data) <= CALLBACK_DATA_LIMIT:
            raise bad_request("BUTTON_DATA_INVALID")
        kind: Any = types.InlineButtonTypeCallback(data)
    elif "url" in button:
        url = str(button["url"])
        if "://" not in url or " " in url:
            raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
        kind = types.InlineButtonTypeUrl(url)
    elif "web_app" in button:
        kind = types.InlineButtonTypeWebView(str(button["web_app"]["url"]))
    elif "copy_text" in button:
        kind = types.InlineButtonTypeCopy(str(button["copy_text"]["text"]))
    else:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    return types.KeyboardInlineButton(text, kind)


def markup_to_json(markup: Any) -> dict[str, Any] | None:
    """An inline keyboard as the Bot API shows it on a message; other markups are not shown there."""
    if not isinstance(markup, types.ReplyInlineMarkup):
        return None
    rows = []
    for row in markup.rows:
        buttons = []
        for button in row.buttons:
            item: dict[str, Any] = {"text": button.text}
            kind = button.type
            if isinstance(kind, types.InlineButtonTypeCallback):
                item["callback_data"] = kind.data.decode("utf-8", "replace")
            elif isinstance(kind, types.InlineButtonTypeUrl):
                item["url"] = kind.url
            elif isinstance(kind, types.InlineButtonTypeWebView):
                item["web_app"] = {"url": kind.url}
            elif isinstance(kind, types.InlineButtonTypeCopy):
                item["copy_text"] = {"text": kind.copy_text}
            buttons.append(item)
        rows.append(buttons)
    return {"inline_keyboard": rows}


def keyboard_to_json(markup: Any) -> list[list[str]] | None:
    """The labels of a reply keyboard, for the chat page; None for other markups."""
    if not isinstance(markup, types.ReplyKeyboardMarkup):
        return None
    return [[button.text for button in row.buttons] for row in markup.rows]


def find_button(markup: Any, label: str) -> bytes | None:
    """The callback data of the first inline button with that label."""
    if not isinstance(markup, types.ReplyInlineMarkup):
        return None
    for row in markup.rows:
        for button in row.buttons:
            if button.text == label and isinstance(button.type, types.InlineButtonTypeCallback):
                return bytes(button.type.data)
    return None
