"""HDF5 files that the notebook has open: their value is what the library shows of them, not the bytes on the disk."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, Optional

from .keras import Names, digest_of_tables

_LIMIT = 256 << 20
"""Bytes of the largest file that is compared by its tables; larger ones are compared by the bytes on the disk."""


def digest(path: bytes) -> Optional[bytes]:
    """The digest of a file that h5py has open for writing; None for any other file."""
    found = opened(path) if "h5py" in sys.modules else None
    if found is None or os.path.getsize(path) > _LIMIT:
        return None
    return digest_of_tables(found, Names())


def opened(path: bytes) -> Any:
    """The `h5py.File` through which a file is written, or None."""
    files = None
    with contextlib.suppress(Exception):  # h5py's errors: just being imported, or the file closed meanwhile
        h5f = sys.modules["h5py"].h5f
        for identity in h5f.get_obj_ids(h5f.OBJ_ALL, h5f.OBJ_FILE):
            if identity.get_intent() == h5f.ACC_RDWR and os.path.samefile(identity.name, path):
                files = sys.modules["h5py"].File(identity)
    return files
