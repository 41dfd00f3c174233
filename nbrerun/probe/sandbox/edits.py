"""Tell what a check writes to the user's own files from what others write there meanwhile, which is theirs to keep.

Python announces what the notebook is about to write. Between two looks at a file everything else that has changed it
was somebody else: an editor, say. The notes are shared by the processes of one kernel, and read by the keeper.
"""

from __future__ import annotations

import os
import stat
from typing import Callable, Collection, Dict, Iterable, List, Optional, Sequence, Set, Tuple, Union

from .layer import Signature, signature
from .notes import append, read_from
from .tree import is_in, look

_Note = Tuple[bytes, Union[str, Signature, None]]

_WRITING, _EDITED, _LOOKED = "writing", "edited", "looked"


class Edits:
    """What is known of the files that a check has written, or has kept a copy of."""

    def __init__(self, home: bytes) -> None:
        self._file = os.path.join(home, b"edits")
        self._read_to = 0
        self._writing: Set[bytes] = set()
        """What cells have announced since the last look, folders included."""
        self._left: Dict[bytes, Optional[Signature]] = {}
        """How files were at the last look; None for those that were not there."""
        self._edited: Set[bytes] = set()

    def edited(self) -> Set[bytes]:
        """Return the files that somebody else has changed, removed or replaced."""
        self._read()
        return self._edited

    def begin(self, path: bytes) -> None:
        """A cell is about to write to a file, or to change a folder with what is in it."""
        self._read()
        if path not in self._writing:
            self._note([(path, _WRITING)])

    def look(
        self,
        paths: Iterable[bytes],
        is_known: Callable[[bytes, Optional[os.stat_result]], bool],
        opened: Collection[int] = (),
        strict: bool = False,
    ) -> None:
        """Look at files after a cell has run.

        Args:
            paths: those to look at, besides those that cells have announced.
            is_known: whether nothing would be lost if what is at a path now were overwritten.
            opened: inodes that this process can still write to.
            strict: what cells have announced counts for nothing, since it was long ago.
        """
        self._read()
        notes: List[_Note] = [(b"", _LOOKED)] if self._writing else []
        for path in {*paths, *self._left, *self._writing} - self._edited:
            status = look(path)
            if status is not None and stat.S_ISDIR(status.st_mode):
                continue
            now, stays_open = _signed(status), status is not None and status.st_ino in opened
            is_as_left = path in self._left and now == self._left[path]
            is_written = path not in self._left or self._is_written(path)
            if not (is_as_left or stays_open or (is_written and not strict) or is_known(path, status)):
                notes.append((path, _EDITED))
                continue
            if not is_as_left:
                notes.append((path, now))
            if stays_open:
                notes.append((path, _WRITING))
        self._note(notes)

    def record(self, paths: Iterable[bytes]) -> None:
        """Nbrerun itself has just restored these files, and those that cells had written."""
        self._read()
        found = {path: _signed(look(path)) for path in {*paths, *self._left} - self._edited}
        self._note([(path, now) for path, now in found.items() if path not in self._left or now != self._left[path]])

    def _is_written(self, path: bytes) -> bool:
        return any(is_in(path, each) for each in self._writing)

    def _note(self, notes: Sequence[_Note]) -> None:
        if notes:
            append(self._file, ([os.fsdecode(path), what] for path, what in notes))

    def _read(self) -> None:
        lines, self._read_to = read_from(self._file, self._read_to)
        for name, what in lines:
            path = os.fsencode(name)
            if what == _LOOKED:
                self._writing = set()
            elif what == _WRITING:
                self._writing.add(path)
            elif what == _EDITED:
                self._edited.add(path)
            else:
                self._left[path] = None if what is None else Signature(*what)


def _signed(status: Optional[os.stat_result]) -> Optional[Signature]:
    return None if status is None else signature(status)
