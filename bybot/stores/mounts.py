"""Which file systems a local store may stand on: file locks must hold and renames be atomic."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from bybot.errors import ConfigurationError, Problem

_MOUNTS: Final = Path("/proc/self/mounts")
_NETWORK: Final = """
    nfs nfs4 nfsd cifs smb smb2 smb3 smbfs 9p afs afpfs coda ncpfs ceph lustre gpfs glusterfs beegfs ocfs2 gfs2
    davfs davfs2 webdav fuse.sshfs fuse.s3fs fuse.rclone fuse.glusterfs fuse.gcsfuse fuse.davfs2 fuse.ceph
    fuse.ceph-fuse fuse.goofys fuse.juicefs fuse.mount-s3 fuse.blobfuse2 fuse.curlftpfs fuse.smbnetfs
"""
NETWORK_TYPES: Final = frozenset(_NETWORK.split())


def refuse_network(directory: Path) -> None:
    """Refuse a directory on a network file system.

    Raises:
        ConfigurationError: it is on one; the message names its type.
    """
    kind = filesystem_type(directory, _mounts())
    if kind in NETWORK_TYPES:
        fact = f"it is on a network file system ({kind}), where file locks do not protect sessions"
        raise ConfigurationError([Problem("SESSIONS_DIR", fact, "Choose a directory on a local disk.")])


def filesystem_type(directory: Path, mounts: str) -> str | None:
    """The type of the file system that holds a directory.

    Args:
        mounts: lines of device, mount point, type and more, as in ``/proc/mounts``.
    """
    wanted = Path(os.path.realpath(directory))
    best: tuple[int, str] | None = None
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = Path(fields[1].encode().decode("unicode_escape"))  # blanks are written as \040
        depth = len(point.parts)
        if (wanted == point or point in wanted.parents) and (best is None or depth >= best[0]):
            best = (depth, fields[2])
    return None if best is None else best[1]


def _mounts() -> str:
    if _MOUNTS.exists():
        return _MOUNTS.read_text(errors="replace")
    if sys.platform == "darwin":
        return _from_mount_command(subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=5).stdout)
    return ""


def _from_mount_command(output: str) -> str:
    """Turn ``/dev/disk1 on /Volumes/x y (apfs, local)`` into lines of ``/proc/mounts``."""
    lines = []
    for line in output.splitlines():
        device, _, rest = line.partition(" on ")
        point, _, options = rest.rpartition(" (")
        kind = options.split(",")[0].rstrip(")")
        lines.append(f"{device.replace(' ', '_')} {point.replace(' ', chr(92) + '040')} {kind}")
    return "\n".join(lines)
