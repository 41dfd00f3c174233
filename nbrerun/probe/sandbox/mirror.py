"""Build the scratch tree that stands in for the user's folders: copies of small files, links to everything else.

`<root>/home/me/project` stands in for `/home/me/project`. What lies beside and above that folder is linked, so that
`../data/x.csv` leads to the same file as before.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import os
import shutil
import stat
from typing import Deque, Iterator, List, Optional, Sequence, Set

from .tree import Table, entry, is_in, look, make_writable, walk
from .undo import MOST_ENTRIES, refuse

_MOST_BYTES = 256 << 20
_MOST_BESIDE = 20_000
"""Entries of the notebook's own folder and the folders around it: these must be real folders, not links."""
_MOST_SIBLINGS = 1_000
_ASIDE = b".nbrerun"
"""Suffix of a copy until it replaces the link of the same name."""


class Mirror:
    """Builds the scratch tree, and replaces links by copies where the notebook is about to write."""

    def __init__(self, root: bytes, home: bytes, folders: Sequence[bytes], limit: int) -> None:
        self._root = root
        self._home = home
        self._folders = folders
        """The user's folders, the notebook's own first."""
        self._limit = limit
        self._bytes_left = 0
        self._entries_left = MOST_ENTRIES
        self._done: Set[bytes] = set()
        self.partial: List[bytes] = []
        """Folders that are not completely represented in the tree."""

    def real(self, image: bytes) -> bytes:
        """Return the user's path that a path in the tree stands in for."""
        return image[len(self._root) :] or b"/"

    def image(self, path: bytes) -> bytes:
        """Return the path in the tree that stands in for a user's path."""
        return self._root + path.rstrip(b"/")

    def build(self) -> None:
        """Create the tree.

        Raises:
            OSError: the notebook's own folder is too large.
        """
        room = os.statvfs(self._home)
        self._bytes_left = min(self._limit, _MOST_BYTES, room.f_bavail * room.f_frsize // 2)
        folders = set(self._folders)
        for folder in sorted(folders):
            if not any(is_in(folder, other) for other in folders - {folder}):
                self._link_beside(folder)
        for folder in self._folders:
            os.makedirs(self.image(folder), exist_ok=True)
            self._copy_levels(folder)

    def _link_beside(self, folder: bytes) -> None:
        """Create the folders from the root down to this one, with links to everything beside them."""
        above = b"/"
        os.makedirs(self.image(above), exist_ok=True)
        for name in filter(None, folder.split(b"/")):
            names = _names(above, _MOST_SIBLINGS) or []
            if len(names) > _MOST_SIBLINGS:
                self.partial.append(above)
            for path in (os.path.join(above, other) for other in names[:_MOST_SIBLINGS] if other != name):
                if path != self._home and not os.path.lexists(self.image(path)):
                    os.symlink(path, self.image(path))
            above = os.path.join(above, name)
            if os.path.islink(self.image(above)):  # a link made for what lies beside another folder
                os.remove(self.image(above))
            os.makedirs(self.image(above), exist_ok=True)

    def _copy_levels(self, top: bytes) -> None:
        """Copy the outermost levels first, until the limit on bytes is reached."""
        waiting: Deque[bytes] = collections.deque([top])
        filled = []
        while waiting:
            folder = waiting.popleft()
            if folder in self._done or os.path.islink(self.image(folder)):
                continue
            around = is_in(self._folders[0], folder)
            most = _MOST_BESIDE if around else self._entries_left
            names = _names(folder, most)
            if not around and (names is None or len(names) > most):
                with contextlib.suppress(FileNotFoundError):
                    os.rmdir(self.image(folder))
                os.symlink(folder, self.image(folder))
                continue
            filled.append(folder)
            waiting.extend(self._copy_or_link_all(folder, names or [], most))
        self._done.update(filled)
        # Last, and children first: every file that is added changes the timestamp of its folder.
        for folder in reversed(filled):
            shutil.copystat(folder, self.image(folder))

    def _copy_or_link_all(self, folder: bytes, names: List[bytes], most: int) -> List[bytes]:
        """Copy or link everything in a folder except for subfolders, which are returned."""
        if len(names) > most:
            if folder == self._folders[0]:
                raise OSError(f"there are more than {most:,} files in {os.fsdecode(folder)}")
            self.partial.append(folder)
        os.makedirs(self.image(folder), exist_ok=True)
        self._entries_left = max(0, self._entries_left - len(names))
        paths = [os.path.join(folder, name) for name in sorted(names[:most])]
        return [path for path in paths if path != self._home and self._copy_or_link(path)]

    def _copy_or_link(self, path: bytes) -> bool:
        """Copy or link a file; return whether the path is a folder instead."""
        status, image = look(path), self.image(path)
        if status is None or stat.S_ISDIR(status.st_mode):
            return status is not None
        if stat.S_ISLNK(status.st_mode):
            os.symlink(self._link_target(path), image)
            os.utime(image, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)
        elif stat.S_ISREG(status.st_mode) and status.st_size <= self._bytes_left and _copy(path, image):
            self._bytes_left -= status.st_size
        else:
            os.symlink(path, image)
        return False

    def _link_target(self, link: bytes) -> bytes:
        """Return the target for a copy of a user's link: the same file, or what stands in for it in the tree."""
        target = os.readlink(link)
        there = os.path.realpath(link)
        inside = any(is_in(there, folder) for folder in self._folders)
        if os.path.isabs(target):
            return self.image(there) if inside else target
        leads = inside or os.path.exists(os.path.join(os.path.dirname(self.image(link)), target))
        return target if leads else there

    def open_up(self, link: bytes) -> Optional[Table]:
        """Replace a link to a file by a copy, and a link to a folder by a folder of links.

        Returns:
            What is there now, by path; None if that is not possible.

        Raises:
            OSError: it cannot be copied, or it is too large.
        """
        target = os.path.realpath(link)
        status = look(target)
        with _keeping_times(os.path.dirname(link)):
            if status is None:
                os.remove(link)
                return {}
            if stat.S_ISREG(status.st_mode):
                return self._open_file(link, target, status.st_size)
            if stat.S_ISDIR(status.st_mode):
                return _open_folder(link, target)
        return None

    def _open_file(self, link: bytes, target: bytes, size: int) -> Table:
        if size > self._limit:
            raise refuse(link, "it is larger than what a run may write (--sandbox-limit)")
        aside = link + _ASIDE
        if not _copy(target, aside):
            raise refuse(link, "it cannot be copied")
        os.replace(aside, link)
        return {link: entry(link, os.lstat(link), target)}


def _open_folder(link: bytes, target: bytes) -> Optional[Table]:
    names = _names(target, MOST_ENTRIES)
    if names is None or len(names) > MOST_ENTRIES:
        return None
    aside = link + _ASIDE
    os.mkdir(aside)
    # One level only: the links in it are opened up in their turn when the notebook writes through them.
    for name in names:
        os.symlink(os.path.join(target, name), os.path.join(aside, name))
    shutil.copystat(target, aside)
    os.remove(link)
    os.rename(aside, link)
    return {path: entry(path, status) for path, status in [(link, os.lstat(link)), *walk(link)]}


def _names(folder: bytes, most: int) -> Optional[List[bytes]]:
    """Return the names in a folder, at most one more than `most`; None if it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return [item.name for item in itertools.islice(entries, most + 1)]
    except OSError:
        return None


def _copy(path: bytes, copy: bytes) -> bool:
    try:
        shutil.copy2(path, copy)
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            os.remove(copy)
        return False
    return True


@contextlib.contextmanager
def _keeping_times(folder: bytes) -> Iterator[None]:
    """Let nbrerun write into a folder, and restore its permissions and timestamps afterwards."""
    status = os.stat(folder)
    make_writable(folder)
    try:
        yield
    finally:
        os.chmod(folder, stat.S_IMODE(status.st_mode))
        os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))
