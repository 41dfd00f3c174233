"""The system calls that Python does not wrap: namespaces, mounts, mappings of memory (Linux; mount(2), unshare(2))."""

from __future__ import annotations

import ctypes
import os
from typing import Optional, Union

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MAP_FIXED = 0x10
_SUBREAPER = 36
_PDEATHSIG = 1

Path = Union[str, bytes]


def own_mounts() -> None:
    """Give this process, which must have one thread only, a view of the mounts that is nobody else's.

    Root may do so by itself; others become the owner of a user namespace in which they keep their ids.

    Raises:
        OSError: the system does not allow it.
    """
    uid, gid = os.geteuid(), os.getegid()
    _check(_libc().unshare(CLONE_NEWNS | (CLONE_NEWUSER if uid else 0)), "unshare")
    if uid:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")
    mount(None, "/", None, MS_REC | MS_PRIVATE)


def mount(source: Optional[Path], target: Path, kind: Optional[str], flags: int = 0, options: Path = "") -> None:
    """Mount.

    Raises:
        OSError: the system does not allow it.
    """
    arguments = [os.fsencode(text) if text else None for text in (source, target, kind)]
    data = os.fsencode(options) if options else None
    _check(_libc().mount(*arguments, ctypes.c_ulong(flags), data), "mount")


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _libc().prctl(_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(signal_number: int) -> None:
    """Have this process get a signal as soon as its parent is gone."""
    _libc().prctl(_PDEATHSIG, signal_number, 0, 0, 0)


def map_over(address: int, length: int, protection: int, flags: int, descriptor: int, offset: int) -> None:
    """Map a file where another one is mapped now.

    Raises:
        OSError: the system does not allow it.
    """
    libc = _libc()
    libc.mmap.restype = ctypes.c_void_p
    sizes = (ctypes.c_void_p(address), ctypes.c_size_t(length), protection, flags | MAP_FIXED)
    mapped = libc.mmap(*sizes, descriptor, ctypes.c_long(offset))
    if mapped in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "mmap")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
