"""What google-cloud-firestore, google-auth and gRPC raise, in bybot's words. Nothing foreign leaves the store."""

from __future__ import annotations

import asyncio
from typing import Final

import grpc
import grpc.aio
from google.api_core import exceptions as google
from google.auth import exceptions as auth

from bybot.errors import DocumentTooLarge, QuotaUsedUp, StaleWrite, StoreError, StoreUnavailable

#: Everything that a call can end with. GoogleAPIError is above RetryError, which GoogleAPICallError is not.
FOREIGN: Final[tuple[type[BaseException], ...]] = (
    google.GoogleAPIError,
    google.AsyncRestUnsupportedParameterError,
    auth.GoogleAuthError,
    grpc.RpcError,
    grpc.aio.BaseError,
    TimeoutError,
    OSError,
)

#: After these a reading may be repeated.
_PASSING: Final = (
    google.ServiceUnavailable,
    google.DeadlineExceeded,
    google.InternalServerError,
    google.Unknown,
    google.Aborted,
    google.Cancelled,
    google.RetryError,
    google.BadGateway,
    google.GatewayTimeout,
    auth.TransportError,
    grpc.aio.BaseError,
    TimeoutError,
)
_REFUSED_CONDITIONS: Final = (google.FailedPrecondition, google.AlreadyExists, google.NotFound)
_NO_DATABASE: Final = ("does not exist for project", "datastore mode")
_TOO_LARGE: Final = ("entity size", "longer than 1048487", "exceeds the maximum allowed size", "payload size exceeds")


def may_repeat(error: BaseException) -> bool:
    """Whether a reading that failed so may be tried again at once."""
    return isinstance(error, _PASSING)


def is_silence(error: BaseException) -> bool:
    """Whether nothing at all was answered: the connection itself may be dead."""
    return isinstance(error, google.DeadlineExceeded | google.RetryError | TimeoutError)


def translated(error: BaseException, *, conditional: bool = False) -> StoreError:
    """The error of ours that says the same.

    Args:
        conditional: whether it was a commit with conditions.
    """
    words = str(error).lower()
    if isinstance(error, google.NotFound | google.FailedPrecondition) and any(one in words for one in _NO_DATABASE):
        return StoreUnavailable(
            "The project has no Firestore database in native mode",
            next_step="Create one in the Firebase console: Build, Firestore Database.",
        )
    if conditional and isinstance(error, _REFUSED_CONDITIONS):
        return StaleWrite("A document is not as it was read; nothing was written")
    if isinstance(error, google.InvalidArgument) and any(one in words for one in _TOO_LARGE):
        return DocumentTooLarge("A document is above 1 MiB", next_step="Nothing was written.")
    if isinstance(error, google.Forbidden | google.Unauthorized | auth.GoogleAuthError):
        return StoreUnavailable(
            f"Firestore refuses the credentials ({type(error).__name__})",
            next_step="Give the service account the role Cloud Datastore User, or check FIREBASE_CREDENTIALS.",
        )
    if isinstance(error, google.TooManyRequests):
        return QuotaUsedUp("Firestore's quota is used up")
    if isinstance(error, google.InvalidArgument | google.OutOfRange | google.MethodNotImplemented):
        return StoreError(f"Firestore does not understand the request: {error}")
    if isinstance(error, asyncio.CancelledError):
        return StoreUnavailable("The store was closed during the call")
    return StoreUnavailable(f"Firestore does not answer ({type(error).__name__})")
