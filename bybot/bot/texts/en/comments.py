"""Comments of the posts of a pair, and groups that move."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "button.comments_on": "💬 Comments: off",
    "button.comments_off": "💬 Comments: on",
    "pair.comments": "💬 Comments: {state}, copied: {copied}",
    "comments.on": "Comments follow.",
    "comments.off": "Comments do not follow any more.",
    "error.no_discussion": (
        "💬 The source has no group for comments, so there are none to copy. When it gets one, switch them on again."
    ),
    "error.no_discussion_target": (
        "💬 The target has no group for comments. Open the target channel's settings, choose Discussion, link a group, "
        "then switch comments on again."
    ),
    "error.discussion_not_readable": (
        "🚪 Your account cannot read the group of the comments. Join it with your account (open the channel and choose "
        "Discuss), then switch comments on again."
    ),
    "error.discussion_not_writable": (
        "✏️ Your account may not write in the target's group for comments. Join that group with your account, make sure "
        "that members may write there, then switch comments on again."
    ),
    "notice.moved": (
        "🚚 <b>{source}</b> → <b>{target}</b>: one of these groups has become a supergroup. I go on there by myself; "
        "copies from before stay, and are not edited any more."
    ),
    "error.chat_moved": "🚚 This group has become a supergroup. Use that one.",
}
