"""配对中帖子的评论，以及升级的群组。"""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "button.comments_on": "💬 评论：关",
    "button.comments_off": "💬 评论：开",
    "pair.comments": "💬 评论：{state}，已复制 {copied}",
    "comments.on": "评论会一并复制。",
    "comments.off": "不再复制评论。",
    "error.no_discussion": "💬 来源没有评论群组，因此没有评论可复制。等它有了群组，再打开评论。",
    "error.no_discussion_target": (
        "💬 目标频道没有评论群组。请打开目标频道的设置，选择“讨论”，关联一个群组，然后再打开评论。"
    ),
    "error.discussion_not_readable": (
        "🚪 你的账号不能读取评论所在的群组。请用你的账号加入它（打开频道，选择“讨论”），然后再打开评论。"
    ),
    "error.discussion_not_writable": (
        "✏️ 你的账号不能在目标的评论群组发言。请用你的账号加入该群组，并确认成员可以发言，然后再打开评论。"
    ),
    "notice.moved": (
        "🚚 <b>{source}</b> → <b>{target}</b>：其中一个群组已升级为超级群组，我会在那里自动继续；"
        "之前的副本保留，不再编辑。"
    ),
    "error.chat_moved": "🚚 这个群组已升级为超级群组，请使用新的群组。",
}
