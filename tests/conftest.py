"""For every test: a request that the sandbox does not know fails the run."""

from __future__ import annotations

from tests.sandbox.conftest import no_request_is_unknown

__all__ = ["no_request_is_unknown"]
