"""What a person asked for, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass

EXPERIMENTS = ("again", "later")
"""What `--experiment` takes; pinned and control follow from *again* by themselves."""

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
    engine: str = "auto"
    kernel: str | None = None
    """Name of a kernelspec; None takes the notebook's own, else python3."""
    timeout: float | None = None
    """Seconds that one run of one cell may take; None means no limit for first runs."""
