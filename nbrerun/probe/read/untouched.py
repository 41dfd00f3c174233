"""Memory that nobody has written to since its values were last read, as the system's page map tells.

A fork shares every page with its parent until one of them writes to it, and then has a copy of its own. So where a
process is the only one that maps a page, it may have written to it since the last fork; every other page is as it was
(proc_pid_pagemap(5), bit 56). Reading the map of a gigabyte takes some milliseconds, and hashing it fifty.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

from ..describe.digest import new_hash
from ..protocol.messages import KnownBuffer

LARGE = 1 << 20
"""Bytes from which on a buffer is worth remembering."""

_END = 1 << 16
"""Bytes at either end of a buffer that are hashed by themselves; no page is larger."""
_ENTRY = 8
"""Bytes of the page map for each page, little-endian; the flags are in the last one."""
_SHARED, _ABSENT = b"\x80", b"\x00"
"""The flags of a page of private memory that other processes map as well, and of one that was never written to."""
_OWN = b"\x81"


class _Known(NamedTuple):
    digest: bytes
    presence: bytes
    """A digest of which pages are there. One that is not reads as zeros, and may have been given back since."""


_known: Dict[Tuple[int, int], _Known] = {}
"""What is known of buffers, by address and size; forks know it as well."""
_arrived: List[KnownBuffer] = []
"""Those among the buffers read so far that were shared with the parent process when they were."""
_forks_of_others = 0
"""How often the notebook has forked this process: its children share what was written before."""
_is_own_fork = False
_works: Optional[bool] = None


class _Buffer(ctypes.Structure):
    """`Py_buffer` (C API, "Buffer Protocol")."""

    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


def watch_forks() -> None:
    """Begin to count the notebook's forks. Called once, in the kernel."""
    os.register_at_fork(before=_count_fork)


def _count_fork() -> None:
    global _forks_of_others
    _forks_of_others += not _is_own_fork


def own_fork(is_under_way: bool) -> None:
    """Tell whether the next fork is one of the probe's, between two cells."""
    global _is_own_fork
    _is_own_fork = is_under_way


def recall(buffers: Iterable[KnownBuffer]) -> None:
    """In the kernel, before a fork: remember what a fork of the last moment has read, where it still holds."""
    _known.clear()
    for each in buffers if _forks_of_others == 0 else ():
        known = _Known(each["digest"], each["presence"])
        if _presence(each["address"], each["size"]) == known.presence:
            _known[each["address"], each["size"]] = known
    _start_over()


def begin_fork() -> None:
    """In a forked process: whatever it writes to from now on is its own."""
    _start_over()


def _start_over() -> None:
    global _forks_of_others
    _forks_of_others = 0
    _arrived.clear()


def arrived() -> List[KnownBuffer]:
    """What the kernel may be told to recall."""
    return list(_arrived)


def digest_of_buffer(content: Any) -> bytes:
    """The digest of a large buffer, which is read only if it may have changed.

    Its ends may share their pages with something else, and are always read.
    """
    data = memoryview(content).cast("B")
    inner = _digest_of_pages(data[_END:-_END])
    return _hashed(b"".join([_hashed(data[:_END]), inner, _hashed(data[-_END:])]))


def _digest_of_pages(content: memoryview) -> bytes:
    place = _place(content)
    before = _presence(*place) if place is not None and _forks_of_others == 0 else None
    if place is None or before is None:
        return _hashed(content)
    known = _known.get(place)
    if known is None or known.presence != before:
        digest = _hashed(content)
        # To look at a page makes it there, and only then the map tells whether it is of a file, or shared.
        after = _presence(*place)
        if after is None:
            return digest
        known = _known[place] = _Known(digest, after)
    _arrived.append({"address": place[0], "size": place[1], "digest": known.digest, "presence": before})
    return known.digest


def _hashed(content: Any) -> bytes:
    hasher = new_hash()
    hasher.update(content)
    digest: bytes = hasher.digest()
    return digest


def _place(content: Any) -> Optional[Tuple[int, int]]:
    """The address and size of a buffer in one piece."""
    found = _Buffer()
    try:
        ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(content), ctypes.byref(found), 0)
    except BufferError:
        return None
    try:
        return found.buf, found.len
    finally:
        ctypes.pythonapi.PyBuffer_Release(ctypes.byref(found))


def _presence(address: int, size: int) -> Optional[bytes]:
    """A digest of which pages of a buffer are there; None if one of them may have been written to."""
    if not _is_supported():
        return None
    flags = _flags(address, size)
    if flags is None or flags.translate(None, _SHARED + _ABSENT):
        return None
    return _hashed(flags)


def _flags(address: int, size: int) -> Optional[bytes]:
    first, last = address // mmap.PAGESIZE, (address + size - 1) // mmap.PAGESIZE
    wanted = (last - first + 1) * _ENTRY
    try:
        with open("/proc/self/pagemap", "rb", buffering=0) as file:
            data = os.pread(file.fileno(), wanted, first * _ENTRY)
    except OSError:  # not Linux, or not allowed
        return None
    return data[_ENTRY - 1 :: _ENTRY] if len(data) == wanted else None


def _is_supported() -> bool:
    """Whether the system's page map tells a page that was just written from others."""
    global _works
    if _works is None:
        page = mmap.mmap(-1, mmap.PAGESIZE, **({"flags": mmap.MAP_PRIVATE} if hasattr(mmap, "MAP_PRIVATE") else {}))
        page[0] = 1
        place = _place(page)
        _works = place is not None and _flags(*place) == _OWN
    return _works
