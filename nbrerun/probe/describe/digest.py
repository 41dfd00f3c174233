"""The hash function for every digest of a value."""

from __future__ import annotations

import functools
import hashlib
from typing import Any, Callable

new_hash: Callable[[], Any]
try:
    # 512 MB in 28 ms, where blake2b takes 500 ms; no digest has to withstand an attacker.
    from xxhash import xxh3_128 as new_hash
except ImportError:  # the kernel's environment need not have it
    new_hash = functools.partial(hashlib.blake2b, digest_size=16)
