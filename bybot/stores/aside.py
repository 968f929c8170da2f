"""Keeping a file that cannot be read aside under another name: nothing is ever thrown away for being broken."""

from __future__ import annotations

import glob
import logging
from datetime import datetime
from pathlib import Path
from typing import Final

from bybot.stores.files import Files

MARK: Final = ".corrupt-"

log = logging.getLogger(__name__)


def copies_aside(path: Path) -> list[Path]:
    """What was kept aside of a file."""
    return sorted(path.parent.glob(f"{glob.escape(path.name)}{MARK}*"))


def keep_aside(path: Path, files: Files, now: datetime, why: str) -> str:
    """Rename a file to ``<name>.corrupt-<time>`` and log it.

    Returns:
        The new name, without its directory.
    """
    target = path.with_name(f"{path.name}{MARK}{now:%Y%m%dT%H%M%S.%fZ}")
    files.rename(path, target)
    files.flush_directory(path.parent)
    log.error("%s cannot be used (%s); it is kept aside as %s", path.name, why, target.name)
    return target.name
