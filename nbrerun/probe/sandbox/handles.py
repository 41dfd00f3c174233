"""What a branch has open: made its own, since a forked descriptor or mapping is its parent's as well."""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import re
import stat
from typing import Iterator, List, NamedTuple

from .syscalls import map_over

_DELETED = b" (deleted)"


def reopen_files() -> None:
    """Give this process file offsets of its own, and files of its own where it sees others than its parent."""
    try:
        descriptors = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:  # not Linux
        return
    for descriptor in descriptors:
        # It was the listing's own, or the file may not be opened again.
        with contextlib.suppress(OSError):
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                _reopen(descriptor)


def _reopen(descriptor: int) -> None:
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    kept = fcntl.fcntl(descriptor, fcntl.F_GETFD)
    offset = os.lseek(descriptor, 0, os.SEEK_CUR)
    link = f"/proc/self/fd/{descriptor}".encode()
    path = _name(link)
    if path.endswith(_DELETED):
        own = _copy(link) if flags & (os.O_WRONLY | os.O_RDWR) else os.open(link, flags)
    else:
        own = os.open(path if os.path.exists(path) else link, flags & ~(os.O_CREAT | os.O_TRUNC | os.O_EXCL))
    os.lseek(own, offset, os.SEEK_SET)
    os.dup2(own, descriptor)
    os.close(own)
    fcntl.fcntl(descriptor, fcntl.F_SETFD, kept)


def _name(link: bytes) -> bytes:
    """The path of an open file; the system calls it deleted even if it has got its name back since."""
    path = os.readlink(link)
    if path.endswith(_DELETED):
        with contextlib.suppress(OSError):
            if os.path.samefile(path[: -len(_DELETED)], link):
                return path[: -len(_DELETED)]
    return path


def _copy(link: bytes) -> int:
    """A file without a name, with the contents of another one."""
    own = os.memfd_create("nbrerun")
    with open(link, "rb") as file:
        while os.sendfile(own, file.fileno(), None, 1 << 24):
            pass
    return own


class _Mapping(NamedTuple):
    start: int
    length: int
    protection: int
    offset: int
    path: bytes


def remap_files() -> None:
    """Map shared files again by their names: what is written to the mapping must reach this process's files."""
    for mapping in list(_shared_mappings()):
        with contextlib.suppress(OSError):
            _map_again(mapping)


def writable_mappings() -> List[bytes]:
    """Files whose bytes this process may change by changing its memory."""
    return [mapping.path for mapping in _shared_mappings() if mapping.protection & mmap.PROT_WRITE]


def _map_again(mapping: _Mapping) -> None:
    writable = mapping.protection & mmap.PROT_WRITE
    descriptor = os.open(mapping.path, os.O_RDWR if writable else os.O_RDONLY)
    try:
        map_over(mapping.start, mapping.length, mapping.protection, mmap.MAP_SHARED, descriptor, mapping.offset)
    finally:
        os.close(descriptor)


_LINE = re.compile(rb"^(\w+)-(\w+) ([r-])([w-])([x-])s (\w+) \w+:\w+ [1-9]\d* +(/.*)$", re.MULTILINE)
"""A shared mapping of a file (proc_pid_maps(5))."""


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
        if not path.startswith((b"/dev/", b"/memfd:", b"/SYSV")) and not path.endswith(_DELETED):
            name = path.replace(rb"\012", b"\n")
            yield _Mapping(int(start, 16), int(end, 16) - int(start, 16), protection, int(offset, 16), name)
