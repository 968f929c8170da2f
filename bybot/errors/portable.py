"""What comes from outside and cannot be read."""

from __future__ import annotations

from bybot.errors.base import BybotError


class PortableError(BybotError):
    code = "portable"
    exit_code = 65  # EX_DATAERR


class UnreadableSession(PortableError):
    code = "unreadable_session"
    next_step = "It was left as it is. Telethon and Pyrogram session strings and .session files can be imported."


class UnreadableBackup(PortableError):
    code = "unreadable_backup"
    next_step = "Nothing was restored; take another backup."
