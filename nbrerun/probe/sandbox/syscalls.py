"""System calls that Python does not wrap (Linux): namespaces, mounts, memory mappings, process attributes."""

from __future__ import annotations

import ctypes
import os
from typing import Optional, Union

# From <linux/sched.h>, <sys/mount.h>, <sys/mman.h> and <linux/prctl.h>: the same on every architecture
# that Python's wheels are built for.
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
_MNT_DETACH = 2
MAP_FIXED = 0x10
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_PDEATHSIG = 1

Path = Union[str, bytes]


def unshare_mounts() -> None:
    """Move this process, which must have one thread only, to a mount namespace of its own (unshare(2)).

    Root may do so directly. Other users first become the owner of a user namespace, in which they keep their ids.

    Raises:
        OSError: the system does not allow it.
    """
    uid, gid = os.geteuid(), os.getegid()
    _check(_libc().unshare(CLONE_NEWNS | (CLONE_NEWUSER if uid else 0)), "unshare")
    if uid:
        # The order is fixed: without "deny" an unprivileged process may not write gid_map (user_namespaces(7)).
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")
    # A new namespace shares mount events with its parent unless told otherwise (mount_namespaces(7)).
    mount(None, "/", None, MS_REC | MS_PRIVATE)


def unshare_network() -> None:
    """Move this thread to a network namespace of its own, in which there is nobody (network_namespaces(7)).

    Raises:
        OSError: the system does not allow it.
    """
    _check(_libc().unshare(CLONE_NEWNET), "unshare")


def set_network(descriptor: int) -> None:
    """Move this thread to another network namespace (setns(2)).

    Raises:
        OSError: the system does not allow it.
    """
    _check(_libc().setns(descriptor, CLONE_NEWNET), "setns")


def mount(source: Optional[Path], target: Path, kind: Optional[str], flags: int = 0, options: Path = "") -> None:
    """Mount a file system, or bind a folder to another path (mount(2)).

    Raises:
        OSError: the system does not allow it.
    """
    arguments = [os.fsencode(text) if text else None for text in (source, target, kind)]
    data = os.fsencode(options) if options else None
    _check(_libc().mount(*arguments, ctypes.c_ulong(flags), data), "mount")


def unmount(target: Path) -> None:
    """Remove a mount, at once for whoever looks for it by its path (umount2(2), MNT_DETACH).

    Raises:
        OSError: the system does not allow it.
    """
    _check(_libc().umount2(os.fsencode(target), _MNT_DETACH), "umount")


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends (PR_SET_CHILD_SUBREAPER)."""
    _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(signal_number: int) -> None:
    """Have the kernel send this process a signal as soon as its parent ends (PR_SET_PDEATHSIG)."""
    _libc().prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)


def remap(address: int, length: int, protection: int, flags: int, descriptor: int, offset: int) -> None:
    """Map a file at an address where another file is mapped (mmap(2), MAP_FIXED).

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
