"""Read the TOML of configuration files, and write values as TOML for messages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from nbrerun.errors import UsageError


def load_table(path: Path) -> dict[str, Any] | None:
    """Read nbrerun's table of a configuration file; None for a `pyproject.toml` without one.

    Raises:
        UsageError: the file cannot be read, or is not TOML.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        whole = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})") from error
    except (RecursionError, ValueError) as error:  # including UnicodeDecodeError
        raise UsageError(f"{path} is not TOML ({str(error).splitlines()[0]})") from error
    if path.name == "nbrerun.toml":
        return whole
    tool = whole.get("tool", {})
    own = tool.get("nbrerun") if isinstance(tool, dict) else None
    if own is not None and not isinstance(own, dict):
        raise UsageError(f"{path}: tool.nbrerun must be a table")
    return own


def written(value: Any) -> str:
    """Write a value as TOML does; a dash for None, which TOML lacks."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, (list, tuple, set, frozenset)):
        several = sorted(value) if isinstance(value, (set, frozenset)) else value
        return f"[{', '.join(map(written, several))}]"
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else written(str(value))
