"""Which folders an overlay has to cover, and what has to stay visible below them."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from typing import Iterable, Iterator, List, Sequence, Tuple

SYSTEM = frozenset("proc sysfs devtmpfs devpts cgroup cgroup2 mqueue securityfs debugfs tracefs nsfs".split())
"""File systems that hold no files of the user's."""
_NOT_TO_COVER = [b"/proc", b"/sys", b"/dev", b"/run", b"/usr", b"/bin", b"/lib"]
_MOST_ENTRIES = 10_000
"""Entries of a folder that are checked for symbolic links to other folders."""
_MOST_MOUNTS = 8
"""Mounts below the folders beside the notebook's that get overlays of their own: each branch has to mount them."""
_MOST_SOCKETS = 100
_SOCKET = re.compile(rb"\w+: \w+ \w+ (\w+) \w+ \w+ +\d+ (/.*)\n")
"""A socket with a path in /proc/net/unix: its flags, and the path."""
_CHECKS = b"nbrerun-"
"""By which the names of checks' folders begin; none has to do with another's."""
_LISTENS = 0x10000
"""A flag of Unix sockets in /proc/net/unix (`__SO_ACCEPTCON`)."""


def is_below(path: bytes, folders: Iterable[bytes]) -> bool:
    """Whether a path is below one of several folders."""
    return any(path.startswith(os.path.join(folder, b"")) for folder in folders)


def with_mounts_below(folders: Sequence[bytes], home: bytes) -> List[bytes]:
    """Return folders, with the mount points below them: an overlay shows only one file system."""
    mounted = [path for path, kind in mount_points() if kind not in SYSTEM and os.path.isdir(path)]
    below = [path for path in mounted if is_below(path, folders) and not is_below(path, [home])]
    outermost = [folder for folder in set(folders) if not is_below(folder, folders)]
    return sorted({*outermost, *below})


def beside(wanted: Sequence[bytes], folders: Sequence[bytes], home: bytes) -> List[bytes]:
    """Return which other folders need overlays of their own, with mount points below them.

    Args:
        wanted: the home directory and folders for temporary files; they need not exist.
        folders: those that get overlays anyway.
        home: the folder of this check, which stays as it is.
    """
    found = [os.path.realpath(folder) for folder in wanted]
    found = [folder for folder in found if may_be_covered(folder) and not is_below(folder, [home, *folders])]
    found = [folder for folder in found if folder not in (home, *folders)]
    mounted = [folder for folder in with_mounts_below(found, home) if not is_below(folder + b"/", folders)]
    below = [folder for folder in mounted if folder not in found]
    return [folder for folder in mounted if folder in found] + below[:_MOST_MOUNTS]


def may_be_covered(folder: bytes) -> bool:
    """Whether a folder is the user's to read, and none that the system consists of."""
    is_readable = os.path.isdir(folder) and os.access(folder, os.R_OK | os.X_OK)
    return is_readable and folder not in (b"/", *_NOT_TO_COVER) and not is_below(folder, _NOT_TO_COVER)


def targets_of_links(folders: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the folders that symbolic links lead to, or that hold the files that they lead to."""
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in itertools.islice(entries, _MOST_ENTRIES):
                if entry.is_symlink():
                    real = os.path.realpath(entry.path)
                    real = real if os.path.isdir(real) else os.path.dirname(real)
                    if may_be_covered(real):
                        yield real


def listening(folders: Sequence[bytes], home: bytes) -> List[bytes]:
    """Return the sockets below some folders at which other processes listen (unix(7)).

    A socket is known by its inode, and an overlay shows a different inode: nobody would answer there.
    """
    with contextlib.suppress(OSError), open("/proc/net/unix", "rb") as file:
        rows = [match.groups() for match in map(_SOCKET.match, file) if match]
        found = [path for flags, path in rows if int(flags, 16) & _LISTENS and is_below(path, folders)]
        checks = os.path.join(os.path.dirname(home), _CHECKS)
        return [path for path in found if not path.startswith(checks)][:_MOST_SOCKETS]
    return []


def mount_points() -> List[Tuple[bytes, str]]:
    """Return each mount point with its file system type (proc_pid_mountinfo(5))."""
    found = []
    with open("/proc/self/mountinfo", "rb") as file:
        for line in file:
            fields, _, more = line.partition(b" - ")
            path = fields.split()[4]
            if b"\\" in path:  # spaces and the like are written as octal escapes
                path = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), path)
            found.append((path, more.split()[0].decode()))
    return found
