"""The command line as a process of its own, against a sandbox."""

from __future__ import annotations

from tests.deployment.conftest import firestore, make_settings, sandbox, variables

__all__ = ["firestore", "make_settings", "sandbox", "variables"]
