"""Give a branch its own open files: a forked descriptor or mapping is shared with the parent process."""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import re
import stat
from typing import Iterator, List, NamedTuple

from .syscalls import remap

_DELETED = b" (deleted)"


def reopen_files() -> None:
    """Reopen every regular file: fork(2) shares offsets, and this process may see other files under the same paths."""
    try:
        descriptors = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:  # not Linux
        return
    for descriptor in descriptors:
        # The descriptor of the directory listing is closed by now, and some files cannot be reopened.
        with contextlib.suppress(OSError):
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                _reopen(descriptor)


def _reopen(descriptor: int) -> None:
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    kept = fcntl.fcntl(descriptor, fcntl.F_GETFD)  # close-on-exec, which dup2(2) clears
    offset = os.lseek(descriptor, 0, os.SEEK_CUR)
    link = f"/proc/self/fd/{descriptor}".encode()
    path = _name(link)
    if path.endswith(_DELETED):
        # Opening /proc/self/fd/N opens the same inode again: writing to it would change the parent's file as well.
        own = _copy(link) if flags & (os.O_WRONLY | os.O_RDWR) else os.open(link, flags)
    else:
        own = os.open(path if os.path.exists(path) else link, flags & ~(os.O_CREAT | os.O_TRUNC | os.O_EXCL))
    os.lseek(own, offset, os.SEEK_SET)
    os.dup2(own, descriptor)
    os.close(own)
    fcntl.fcntl(descriptor, fcntl.F_SETFD, kept)


def _name(link: bytes) -> bytes:
    """Return the path of an open file.

    proc_pid_fd(5): the link of a deleted file ends in "(deleted)", even if the file was linked there again later.
    """
    path = os.readlink(link)
    if path.endswith(_DELETED):
        with contextlib.suppress(OSError):
            if os.path.samefile(path[: -len(_DELETED)], link):
                return path[: -len(_DELETED)]
    return path


def _copy(link: bytes) -> int:
    """Return the descriptor of an unnamed copy of a file (memfd_create(2))."""
    own = os.memfd_create("nbrerun")
    with open(link, "rb") as file:
        while os.sendfile(own, file.fileno(), None, 1 << 24):
            pass
    return own


class _Mapping(NamedTuple):
    """A part of this process's memory that is shared with a file."""

    start: int
    length: int
    protection: int
    offset: int
    path: bytes


def remap_files() -> None:
    """Map shared files again by their paths: what is written to the mapping must reach this process's files."""
    for mapping in list(_shared_mappings()):
        with contextlib.suppress(OSError):
            descriptor = os.open(mapping.path, os.O_RDWR if mapping.protection & mmap.PROT_WRITE else os.O_RDONLY)
            try:
                remap(mapping.start, mapping.length, mapping.protection, mmap.MAP_SHARED, descriptor, mapping.offset)
            finally:
                os.close(descriptor)


def writable_mappings() -> List[bytes]:
    """Return the files that this process may change by writing to its memory."""
    return [mapping.path for mapping in _shared_mappings() if mapping.protection & mmap.PROT_WRITE]


_LINE = re.compile(rb"^(\w+)-(\w+) ([r-])([w-])([x-])s (\w+) \w+:\w+ [1-9]\d* +(/.*)$", re.MULTILINE)
"""A shared mapping of a file: `s` among the permissions, and an inode that is not 0 (proc_pid_maps(5))."""


def _shared_mappings() -> Iterator[_Mapping]:
    try:
        with open("/proc/self/maps", "rb") as file:
            lines = file.read()
    except OSError:  # not Linux
        return
    for match in _LINE.finditer(lines):
        start, end, read, write, execute, offset, path = match.groups()
        protection = mmap.PROT_READ * (read == b"r") | mmap.PROT_WRITE * (write == b"w")
        protection |= mmap.PROT_EXEC * (execute == b"x")
        # Devices, memfds and System V segments have no file to map again.
        if not path.startswith((b"/dev/", b"/memfd:", b"/SYSV")) and not path.endswith(_DELETED):
            name = path.replace(rb"\012", b"\n")  # the only character that the kernel escapes there
            yield _Mapping(int(start, 16), int(end, 16) - int(start, 16), protection, int(offset, 16), name)
