"""What a person asked for, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

EXPERIMENTS = ("again", "later", "restart")
"""What is done unless `--experiment` says otherwise; pinned and control follow from *again* by themselves."""

WHOLE = ("run-all-twice", "restart-and-run-all", "fresh-clone")
"""Experiments on the whole notebook, done when asked for."""

SANDBOXES = ("auto", "overlay", "copy")

ENGINES = ("auto", "fork", "replay")


@dataclass(frozen=True)
class Settings:
    """How to check a notebook; the defaults are those of the command line."""

    cells: tuple[str, ...] = ()
    """Selectors of the cells to run again (`3`, `5-7`, a cell id, `tag:NAME`); empty means all."""
    only: str = "all"
    """`models`: judge only cells that touch a model; `all`."""
    watch: frozenset[str] = frozenset()
    """Report these variables only; empty means all."""
    experiments: frozenset[str] = frozenset(EXPERIMENTS)
    all_plans: bool = False
    """Run every recovery plan, however long it takes."""
    engine: str = "auto"
    kernel: str | None = None
    """Name of a kernelspec; None takes the notebook's own, else python3."""
    sandbox: str = "auto"
    """How to keep the files of the disk safe: `overlay`, `copy`, or `auto`, the first that this system allows."""
    sandbox_dirs: tuple[Path, ...] = ()
    """Folders besides the notebook's own whose files are kept safe."""
    sandbox_limit: int | None = None
    """Bytes that a run may write; None for a quarter of the memory."""
    write_files: bool = False
    """Keep the files that the main run wrote."""
    timeout: float | None = None
    """Seconds that one run of one cell may take; None means no limit for first runs."""
