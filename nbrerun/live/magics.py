"""`%%rerun` and `%nbrerun`."""

from __future__ import annotations

from typing import Any

from nbrerun.live.session import Session, strip

_session: Session | None = None


def load(shell: Any) -> None:
    """Begin."""
    global _session
    if _session is None:
        _session = Session(shell)
        shell.input_transformers_cleanup.append(_without_magic)


def unload(shell: Any) -> None:
    """End."""
    global _session
    if _session is not None:
        _session.close()
        _session = None
        shell.input_transformers_cleanup.remove(_without_magic)


def _without_magic(lines: list[str]) -> list[str]:
    """Have the cell run as if `%%rerun` did not stand above it."""
    return strip("".join(lines)).splitlines(keepends=True)
