"""A scratch tree that stands in for a person's folders: copies of small files, links to everything else.

`<root>/home/me/project` stands in for `/home/me/project`; what lies beside it and above it is linked, so
that `../data/x.csv` leads where it always led.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import os
import shutil
import stat
from typing import Deque, Iterator, List, Optional, Sequence, Set

from .tree import Table, entry, is_in, let_write, look, walk
from .undo import MOST_ENTRIES, refuse

_MOST_BYTES = 256 << 20
_MOST_BESIDE = 20_000
"""The notebook's own folder, and those around it, cannot be linked; so many files are taken as they are."""
_MOST_SIBLINGS = 1_000
_ASIDE = b".nbrerun"


class Mirror:
    """Builds the tree, and opens it up where the notebook is about to write."""

    def __init__(self, root: bytes, home: bytes, folders: Sequence[bytes], limit: int) -> None:
        self._root = root
        self._home = home
        self._folders = folders
        """The person's, the notebook's own first."""
        self._limit = limit
        self._bytes_left = 0
        self._entries_left = MOST_ENTRIES
        self._filled: Set[bytes] = set()
        self.partial: List[bytes] = []
        """Folders of which not everything is to be seen."""

    def real(self, image: bytes) -> bytes:
        """What a path in the tree stands in for."""
        return image[len(self._root) :] or b"/"

    def image(self, path: bytes) -> bytes:
        """What stands in for a path."""
        return self._root + path.rstrip(b"/")

    def build(self) -> None:
        """Make the tree.

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
            self._fill(folder)

    def _link_beside(self, folder: bytes) -> None:
        """Make the chain of folders down to this one, with links to all that lies beside it."""
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
            if os.path.islink(self.image(above)):  # it lies beside another folder
                os.remove(self.image(above))
            os.makedirs(self.image(above), exist_ok=True)

    def _fill(self, top: bytes) -> None:
        """Copy the outer levels first, for as long as the budget lasts."""
        waiting: Deque[bytes] = collections.deque([top])
        filled = []
        while waiting:
            folder = waiting.popleft()
            if folder in self._filled or os.path.islink(self.image(folder)):
                continue
            around = is_in(self._folders[0], folder)
            most = _MOST_BESIDE if around else self._entries_left
            names = _names(folder, most)
            if not around and (names is None or len(names) > most):
                self._link_whole(folder)
                continue
            filled.append(folder)
            waiting.extend(self._put_all(folder, names or [], most))
        self._filled.update(filled)
        for folder in reversed(filled):
            shutil.copystat(folder, self.image(folder))

    def _link_whole(self, folder: bytes) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(self.image(folder))
        os.symlink(folder, self.image(folder))

    def _put_all(self, folder: bytes, names: List[bytes], most: int) -> List[bytes]:
        """Copy or link what is in a folder, but for the folders in it."""
        if len(names) > most:
            if folder == self._folders[0]:
                raise OSError(f"there are more than {most:,} files in {os.fsdecode(folder)}")
            self.partial.append(folder)
        os.makedirs(self.image(folder), exist_ok=True)
        self._entries_left = max(0, self._entries_left - len(names))
        paths = [os.path.join(folder, name) for name in sorted(names[:most])]
        return [path for path in paths if path != self._home and self._put(path)]

    def _put(self, path: bytes) -> bool:
        """Copy or link what is no folder; whether it is one."""
        status, image = look(path), self.image(path)
        if status is None or stat.S_ISDIR(status.st_mode):
            return status is not None
        if stat.S_ISLNK(status.st_mode):
            os.symlink(self._led(path), image)
            os.utime(image, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)
        elif stat.S_ISREG(status.st_mode) and status.st_size <= self._bytes_left and _copy(path, image):
            self._bytes_left -= status.st_size
        else:
            os.symlink(path, image)
        return False

    def _led(self, link: bytes) -> bytes:
        """What to write into a person's link, so that it leads to the same file or to what stands in for it."""
        target = os.readlink(link)
        there = os.path.realpath(link)
        inside = any(is_in(there, folder) for folder in self._folders)
        if os.path.isabs(target):
            return self.image(there) if inside else target
        leads = inside or os.path.exists(os.path.join(os.path.dirname(self.image(link)), target))
        return target if leads else there

    def open_up(self, link: bytes) -> Optional[Table]:
        """Put a copy of the file in the place of a link to it; of a folder, a folder of links.

        Returns:
            What is there now, by path; None if that is not possible.

        Raises:
            OSError: it cannot be copied, or it is too large.
        """
        target = os.path.realpath(link)
        status = look(target)
        with _unnoticed(os.path.dirname(link)):
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
    for name in names:
        os.symlink(os.path.join(target, name), os.path.join(aside, name))
    shutil.copystat(target, aside)
    os.remove(link)
    os.rename(aside, link)
    return {path: entry(path, status) for path, status in [(link, os.lstat(link)), *walk(link)]}


def _names(folder: bytes, most: int) -> Optional[List[bytes]]:
    """What is in a folder, or one more than `most`; None if it cannot be read."""
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
def _unnoticed(folder: bytes) -> Iterator[None]:
    """Write into a folder without its looking written to."""
    status = os.stat(folder)
    let_write(folder)
    try:
        yield
    finally:
        os.chmod(folder, stat.S_IMODE(status.st_mode))
        os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))
