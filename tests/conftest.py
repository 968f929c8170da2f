"""For every test: a request that the sandbox does not know fails the run."""

from __future__ import annotations

import signal

from tests.sandbox.conftest import no_request_is_unknown

# A shell's background job ignores Ctrl-C, and its children inherit that; the tests send it to children.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

__all__ = ["no_request_is_unknown"]
