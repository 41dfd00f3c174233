"""The upper folder of an overlay: reads from it alone what has changed in the user's folder below.

It holds copies of files that were opened for writing, new files, and a character device 0:0 for each file that was
deleted (kernel documentation, filesystems/overlayfs.rst, "whiteouts and opaque directories").
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
from hashlib import blake2b  # by name: the notebook may put other functions into the module
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ..file_values import contents, hdf5
from ..protocol.messages import File, FileKind

OPAQUE = "user.overlay.opaque"
"""Attribute of a folder that hides the one below it: the name that overlays mounted with `userxattr` use."""
_LARGE = 1 << 16
"""Bytes from which on a file that is not judged is known by its size and timestamp."""
_YOUNG_NS = 50_000_000
"""Within this time after a write, another write may leave the file's timestamps unchanged."""


class Signature(NamedTuple):
    """The facts about a file that change when it is written."""

    inode: int
    size: int
    changed_ns: int
    modified_ns: int


class Reading:
    """Values of files, read again only where a file has changed."""

    def __init__(self, merged: Callable[[bytes], bytes] = bytes, in_full: bool = True) -> None:
        """Nothing has been read yet.

        Args:
            merged: returns the path at which the notebook sees a file.
            in_full: large files are read, and each format has a value of its own.
        """
        self._merged, self._in_full = merged, in_full
        self._known: Dict[bytes, Tuple[List[Signature], File]] = {}

    def forget(self, path: bytes) -> None:
        """Read this file again next time: it may be written without a change of its timestamps."""
        self._known.pop(path, None)

    def file(self, path: bytes, models: Callable[[], List[str]]) -> File:
        """Return the value of a file.

        Args:
            models: returns the names of the notebook's own classes that are models.

        Raises:
            OSError: nothing is there.
        """
        status = os.lstat(path)
        unwritten = hdf5.digest(self._merged(path)) if self._in_full else None
        if unwritten is not None:
            return {"kind": "file", "digest": unwritten, "size": status.st_size, "model": False}
        signed, known = self._known.get(path, (None, None))
        now = [signature(status)]
        # In WAL mode SQLite writes new rows to this file first, and the database itself stays unchanged.
        with contextlib.suppress(OSError):
            now.append(signature(os.lstat(path + b"-wal")))
        if known is not None and signed == now:
            return known
        found = _read(path, status, models) if self._in_full else _glance(path, status)
        if all(map(is_settled, now)):
            self._known[path] = now, found
        return found


def signature(status: os.stat_result) -> Signature:
    """Return the signature of a file as it is now."""
    return Signature(status.st_ino, status.st_size, status.st_ctime_ns, status.st_mtime_ns)


def is_settled(signed: Signature) -> bool:
    """Whether another write would change the signature: a file system's clock ticks every few milliseconds only."""
    return time.time_ns() - signed.changed_ns > _YOUNG_NS


def _read(path: bytes, status: os.stat_result, models: Callable[[], List[str]]) -> File:
    mode = oct(stat.S_IMODE(status.st_mode)).encode()
    if stat.S_ISLNK(status.st_mode):
        target = os.readlink(path)
        return {"kind": "file", "digest": b"link " + target, "size": len(target), "model": False}
    if not stat.S_ISREG(status.st_mode):
        kind: FileKind = "folder" if stat.S_ISDIR(status.st_mode) else "special"
        return {"kind": kind, "digest": mode, "size": 0, "model": False}
    try:
        held, model = contents.read(path), contents.holds_model(path, models())
    except OSError as error:
        held, model = contents.Contents(f"unreadable: {error.strerror}".encode()), False
    found: File = {"kind": "file", "digest": held.digest + mode, "size": status.st_size, "model": model}
    if held.rows is not None:
        found["rows"] = held.rows
    return found


def _glance(path: bytes, status: os.stat_result) -> File:
    digest = b"%d" % status.st_mtime_ns
    if not stat.S_ISREG(status.st_mode):
        return _read(path, status, list)
    with contextlib.suppress(PermissionError):
        if status.st_size <= _LARGE:
            with open(path, "rb") as file:
                digest = blake2b(file.read()).digest()
    return {"kind": "file", "digest": digest, "size": status.st_size, "model": False}


def gone() -> File:
    """Return the value of a file that was there before the first cell and has been deleted."""
    return {"kind": "gone", "digest": b"", "size": 0, "model": False}


def update_changes(table: Dict[bytes, File], layer: bytes, below: bytes, read: Callable[[bytes], File]) -> None:
    """Update a table of changed files from a layer.

    Args:
        table: by path below the folder; changed in place.
        layer: the upper folder of an overlay.
        below: the folder as it was before the first cell.
        read: returns the value of a file.
    """
    for path, entry in _entries(layer, b""):
        original = os.path.join(below, path)
        # What a link to a folder led to was never below this folder.
        folder = os.path.dirname(original)
        was_there = os.path.lexists(original) and os.path.realpath(folder) == folder
        if _is_whiteout(entry):
            _forget(table, path)
            if was_there:
                table[path] = gone()
        elif entry.is_dir(follow_symlinks=False):
            _put_folder(table, path, entry, original if was_there else b"")
        else:
            found = read(entry.path)
            _forget(table, path)
            if not was_there or read(original) != found:
                table[path] = found


def _put_folder(table: Dict[bytes, File], path: bytes, entry: "os.DirEntry[bytes]", original: bytes) -> None:
    was_folder = os.path.isdir(original) and not os.path.islink(original)
    if is_opaque(entry.path):
        _forget(table, path)
    if not was_folder:
        table[path] = {"kind": "folder", "digest": b"", "size": 0, "model": False}
    elif is_opaque(entry.path):
        for hidden, _ in _entries(original, path):
            table[hidden] = gone()


def _forget(table: Dict[bytes, File], path: bytes) -> None:
    for known in [known for known in table if known == path or known.startswith(path + b"/")]:
        del table[known]


def _entries(folder: bytes, prefix: bytes) -> Iterator[Tuple[bytes, "os.DirEntry[bytes]"]]:
    """Yield everything in a folder, parents first."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = os.path.join(prefix, entry.name)
            yield path, entry
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(entry.path, path)


def _is_whiteout(entry: "os.DirEntry[bytes]") -> bool:
    status = entry.stat(follow_symlinks=False)
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def is_opaque(path: bytes) -> bool:
    """Whether a folder of a layer hides the one below it."""
    try:
        return os.getxattr(path, OPAQUE, follow_symlinks=False) == b"y"
    except OSError:
        return False


Copied = Dict[bytes, Tuple[Optional[Signature], bytes]]
"""For each file of a layer: its signature when it was copied, or None if that is not settled; and the copy's path."""


def copy(layer: bytes, target: bytes, earlier: Copied) -> Copied:
    """Copy a layer; link files that have not changed since an earlier copy to that copy."""
    copied: Copied = {}
    folders: List[Tuple[bytes, os.stat_result]] = []
    os.mkdir(target)
    for path, entry in _entries(layer, b""):
        new = os.path.join(target, path)
        status = entry.stat(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False):
            os.mkdir(new)
            folders.append((new, status))
            if is_opaque(entry.path):
                os.setxattr(new, OPAQUE, b"y")
        elif _is_whiteout(entry):
            os.mknod(new, stat.S_IFCHR, 0)
        elif entry.is_file(follow_symlinks=False):
            signed = signature(status)
            then, old = earlier.get(path, (None, b""))
            if then == signed:
                os.link(old, new)
            else:
                shutil.copy2(entry.path, new)
            copied[path] = signed if is_settled(signed) else None, new
        elif entry.is_symlink():
            os.symlink(os.readlink(entry.path), new)
        elif stat.S_ISFIFO(status.st_mode):
            os.mkfifo(new, stat.S_IMODE(status.st_mode))
    # Last: a folder without write permission could not be filled, and filling it changes its timestamp.
    for new, status in reversed(folders):
        os.chmod(new, stat.S_IMODE(status.st_mode))
        os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
    return copied


def fingerprint(layer: bytes) -> Optional[Tuple[Tuple[bytes, int, Signature], ...]]:
    """Return a value that is equal as long as nothing in the layer is written; None while a write would not show."""
    found = []
    for path, entry in _entries(layer, b""):
        status = entry.stat(follow_symlinks=False)
        found.append((path, status.st_mode, signature(status)))
    return tuple(found) if all(is_settled(signed) for _, _, signed in found) else None
