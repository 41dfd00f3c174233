"""Match paths against the globs of configuration files."""

from __future__ import annotations

import re

_WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def matches(glob: str, path: str) -> bool:
    """Tell whether a glob matches a path or a folder above it.

    `*` and `?` match within one name, `**` across folders; a glob without a slash matches a name in any folder.

    Args:
        glob: relative to the folder of the configuration file.
        path: relative to the same folder, with forward slashes.
    """
    # fnmatch lets `*` match slashes, and pathlib's full_match, which does not, is new in Python 3.13.
    plain = glob.removeprefix("./").rstrip("/")
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", plain.lstrip("/"))
    pattern = "".join(_WILDCARDS.get(piece) or re.escape(piece) for piece in pieces)
    anywhere = "" if "/" in plain else "(?:.*/)?"
    return re.fullmatch(f"{anywhere}{pattern}(?:/.*)?", path, re.DOTALL) is not None
