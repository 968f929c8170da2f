"""Who is in the tour, what they own, and what the editor posts."""

from __future__ import annotations

from typing import Any

YOU = "@you"
EDITOR = "@editor"
BOT = "@harbour_mirror_bot"
BOT_TOKEN = "7000000001:Harbour-Bell-Rings-At-Noon-And-Night"

YOUR_ID = 5_000_100
YOUR_PHONE = "447700900101"
CHECKER_PHONE = "447700900102"
PASSWORD = "violin and driftwood"
HINT = "an instrument"

SOURCE = "@harbour_news"
TARGET = "@harbour_copy"
SOURCE_TITLE = "Harbour News"
TARGET_TITLE = "Harbour Copy"
# Ids of files in live posts start here, so that no picture occurs twice.
_LIVE_PICTURES = 100_000


def protected(history: int) -> int:
    """How many posts of the history forbid copying."""
    return max(2, history // 100)


def seed(history: int, number: int) -> dict[str, Any]:
    """The world: three people, a bot, the source with its history, the empty target.

    Args:
        history: posts that stay; besides, a tenth of the ids are holes. A tenth are replies, a tenth parts of albums.
        number: another one gives other posts.
    """
    return {
        "accounts": [
            {"name": "You", "username": YOU, "phone": YOUR_PHONE, "id": YOUR_ID, "password": PASSWORD, "hint": HINT},
            {"name": "Editor", "username": EDITOR, "id": 5_000_200},
            {"name": "Checker", "username": "@checker", "phone": CHECKER_PHONE, "id": 5_000_300},
        ],
        "bots": [{"name": "bybot", "username": BOT, "token": BOT_TOKEN}],
        "channels": [
            {"title": SOURCE_TITLE, "username": SOURCE, "creator": EDITOR, "members": [YOU, "@checker"]},
            {"title": TARGET_TITLE, "username": TARGET, "creator": YOU, "members": ["@checker"]},
        ],
        "posts": [
            {
                "chat": SOURCE,
                "corpus": {"count": history, "seed": number, "videos": 1, "protected": protected(history)},
            }
        ],
    }


def live_post(number: int, room: int, reply_to: int) -> dict[str, Any]:
    """What the editor posts next: mostly text, with photos, albums, replies and a document among them.

    Args:
        number: of the post, from 1.
        room: how many messages may still come; an album needs three.
        reply_to: id of a post that replies point at.
    """
    html = f"<b>Live {number}</b> · the tide is <i>rising</i>, see <a href='https://example.org/{number}'>more</a> 🌊"
    picture = _LIVE_PICTURES + number * 10
    if number % 10 == 4 and room >= 3:
        return {"html": html, "album": [picture, picture + 1, picture + 2]}
    if number % 10 == 2:
        return {"html": html, "photo": picture}
    if number % 10 == 8:
        return {"html": html, "document": picture}
    if number % 5 == 0:
        return {"html": html, "reply_to": reply_to}
    return {"html": html}
