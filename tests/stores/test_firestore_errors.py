"""Whatever google-cloud-firestore, google-auth or gRPC raises becomes an error of ours."""

from __future__ import annotations

import asyncio
import inspect

import grpc
import grpc.aio
import pytest
from google.api_core import exceptions as google
from google.auth import exceptions as auth

from bybot.errors import BybotError, DocumentTooLarge, StaleWrite, StoreError, StoreUnavailable
from bybot.stores.firestore_errors import FOREIGN, is_silence, may_repeat, translated


def _all(module: object) -> list[type[Exception]]:
    return [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and not issubclass(kind, Warning)
    ]


KINDS = [*_all(google), *_all(auth), grpc.aio.AioRpcError, grpc.aio.UsageError, grpc.aio.InternalError, OSError]


def _made(kind: type[Exception]) -> Exception:
    error = kind.__new__(kind)
    Exception.__init__(error, "words")
    for name in ("_message", "message"):
        try:
            setattr(error, name, "words")
        except AttributeError:
            continue
    if isinstance(error, google.GoogleAPICallError):
        error._details, error._error_info, error._errors, error._response = [], None, [], None
    if isinstance(error, google.RetryError):
        error._cause = None
    if isinstance(error, grpc.aio.AioRpcError):
        error = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata())
    return error


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_foreign_error_is_caught_and_translated(kind: type[Exception]) -> None:
    assert issubclass(kind, FOREIGN)
    for conditional in (False, True):
        error = translated(_made(kind), conditional=conditional)
        assert isinstance(error, StoreError)
        assert isinstance(error, BybotError)
        if not conditional:
            assert not isinstance(error, StaleWrite)


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_status_is_translated(code: grpc.StatusCode) -> None:
    error = google.from_grpc_status(code, "words")
    refused = (
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.NOT_FOUND,
    )
    ours = translated(error, conditional=True)
    assert isinstance(ours, StaleWrite) == (code in refused)
    if not isinstance(ours, StaleWrite | StoreUnavailable):
        assert code in (
            grpc.StatusCode.INVALID_ARGUMENT,
            grpc.StatusCode.OUT_OF_RANGE,
            grpc.StatusCode.UNIMPLEMENTED,
        )


def test_a_missing_database_is_no_stale_write() -> None:
    words = "The database (default) does not exist for project p Please visit https://..."
    error = translated(google.NotFound(words), conditional=True)
    assert type(error) is StoreUnavailable
    assert "Firebase console" in error.next_step
    datastore = "The Cloud Firestore API is not available for Firestore in Datastore Mode database"
    assert type(translated(google.FailedPrecondition(datastore), conditional=True)) is StoreUnavailable


def test_sizes_that_firestore_refuses_are_documents_too_large() -> None:
    for words in (
        "maximum entity size is 1048576 bytes",
        'The value of property "big" is longer than 1048487 bytes.',
        "Document 'x' cannot be written because its size (2,000,000 bytes) exceeds the maximum allowed size of 1 MiB.",
    ):
        assert isinstance(translated(google.InvalidArgument(words)), DocumentTooLarge)


def test_refused_credentials_say_what_to_do() -> None:
    for error in (google.PermissionDenied("x"), google.Unauthenticated("x"), auth.RefreshError("x")):
        ours = translated(error)
        assert isinstance(ours, StoreUnavailable)
        assert "service account" in ours.next_step


def test_only_what_passes_is_repeated_and_only_silence_replaces_the_connection() -> None:
    assert may_repeat(google.ServiceUnavailable("x"))
    assert may_repeat(google.DeadlineExceeded("x"))
    assert not may_repeat(google.PermissionDenied("x"))
    assert not may_repeat(google.ResourceExhausted("x"))
    assert is_silence(google.DeadlineExceeded("x"))
    assert is_silence(TimeoutError())
    assert not is_silence(google.ServiceUnavailable("x"))
    assert isinstance(translated(asyncio.CancelledError()), StoreUnavailable)
