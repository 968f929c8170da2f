"""What keeps posts from being copied."""

from __future__ import annotations

from typing import Any, Literal

from bybot.errors.base import BybotError


class MirrorError(BybotError):
    code = "mirror"


class ChatNotFound(MirrorError):
    code = "chat_not_found"
    next_step = "Check the link or name, or pick the channel from the list."


class ChatNotReadable(MirrorError):
    code = "chat_not_readable"
    next_step = "Join the channel with your account first."


class ChatNotWritable(MirrorError):
    code = "chat_not_writable"
    next_step = "Make your account an administrator who may post there."


class NoDiscussion(MirrorError):
    """``side``: which end of the pair has no group for comments."""

    code = "no_discussion"
    next_step = "Link a group to the channel (its settings, Discussion), then switch comments on."

    def __init__(self, message: str, *, side: Literal["source", "target"]) -> None:
        super().__init__(message)
        self.side = side


class DiscussionNotReadable(ChatNotReadable):
    code = "discussion_not_readable"
    next_step = "Join the group of the channel's comments with your account first."


class DiscussionNotWritable(ChatNotWritable):
    code = "discussion_not_writable"
    next_step = "Join the group of the target's comments with your account and make sure that it may write there."


class ChatMoved(MirrorError):
    """A basic group has become a supergroup. ``side``: which end of the pair; ``chat``: the supergroup, a ChatRef."""

    code = "chat_moved"
    next_step = "Use the supergroup."

    def __init__(self, message: str, *, side: Literal["source", "target"], chat: Any) -> None:
        super().__init__(message)
        self.side = side
        self.chat = chat


class SameChat(MirrorError):
    code = "same_chat"
    next_step = "Choose another target."


class PairExists(MirrorError):
    code = "pair_exists"


class PairNotFound(MirrorError):
    code = "pair_not_found"
    next_step = "See your pairs: /pairs."


class PairCycle(MirrorError):
    code = "pair_cycle"
    next_step = "Remove one of the pairs of the circle."


class TooManyTasks(MirrorError):
    code = "too_many_tasks"
    next_step = "Cancel one of the pair's tasks, or wait until one is done."

    def __init__(self, message: str, *, most: int) -> None:
        super().__init__(message)
        self.most = most


class ProtectedContent(MirrorError):
    code = "protected_content"
    next_step = "Ask the owner of the channel to allow forwarding."


class AccountLimited(MirrorError):
    """``frozen``: the account may only read; whoever owns the session tells about that."""

    code = "account_limited"
    next_step = "Write to @SpamBot with your account to see the limit; pairs go on when you resume them."

    def __init__(self, message: str, *, frozen: bool = False) -> None:
        super().__init__(message)
        self.frozen = frozen


class BadPattern(MirrorError):
    code = "bad_pattern"
    exit_code = 65
    next_step = "Correct the pattern there and enter it again."

    def __init__(self, message: str, *, position: int) -> None:
        super().__init__(message)
        #: Characters before the mistake.
        self.position = position


class PatternTimeout(MirrorError):
    code = "pattern_timeout"
    next_step = "Make the pattern simpler: nested repetition is what takes long."

    def __init__(self, message: str, *, pattern: str) -> None:
        super().__init__(message)
        self.pattern = pattern


class TextTooLong(MirrorError):
    code = "text_too_long"
    next_step = "Shorten what the rules add."

    def __init__(self, message: str, *, length: int) -> None:
        super().__init__(message)
        self.length = length


class UnreadablePairs(MirrorError):
    """``why``: empty, too_large, not_text, gone, broken, twice, unknown, newer, fields, too_many. ``line``: from 1."""

    code = "unreadable_pairs"
    exit_code = 65
    next_step = "docs/pairs-file.md describes the file."

    def __init__(self, message: str, *, why: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"Line {line}: {message}")
        self.why = why
        self.line = line
