"""What goes wrong where things are stored, and where they are sealed."""

from __future__ import annotations

from bybot.errors.base import BybotError


class StoreError(BybotError):
    code = "store"


class StoreUnavailable(StoreError):
    code = "store_unavailable"
    exit_code = 75
    next_step = "Nothing was lost; try again when the store answers."


class QuotaUsedUp(StoreUnavailable):
    """Nothing was written, and nothing will be until the quota begins anew."""

    code = "quota_used_up"
    next_step = "Wait for the next day, or enable billing for the project."


class StaleWrite(StoreError):
    code = "stale_write"
    next_step = "Read again and decide anew."


class CorruptDocument(StoreError):
    code = "corrupt_document"

    def __init__(self, message: str, *, kept_at: str | None = None) -> None:
        super().__init__(message)
        self.kept_at = kept_at
        self.next_step = f"It was kept aside as {kept_at}." if kept_at else "It was left untouched."


class NewerSchema(StoreError):
    """A newer version wrote this. Nothing was changed."""

    code = "newer_schema"
    next_step = "Start the newer version of bybot again; nothing was lost."

    def __init__(self, message: str, *, found: int, known: int) -> None:
        super().__init__(message)
        self.found = found
        self.known = known


class DocumentTooLarge(StoreError):
    code = "document_too_large"


class VaultError(BybotError):
    code = "vault"


class KeyMissing(VaultError):
    code = "key_missing"
    exit_code = 78
    next_step = "Set SESSION_ENCRYPTION_KEYS to the key that sealed it."


class WrongKey(VaultError):
    code = "wrong_key"
    exit_code = 78
    next_step = "Put the key that sealed it into SESSION_ENCRYPTION_KEYS; nothing was changed."


class Tampered(VaultError):
    code = "tampered"
    next_step = "It belongs to another person or bot, or was altered; restore it from a backup."
