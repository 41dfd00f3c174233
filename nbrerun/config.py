"""What a person asked for, as one frozen value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nbrerun.model import Finding, Severity

EXPERIMENTS = ("again", "later", "restart")
"""What is done unless `--experiment` says otherwise; pinned and control follow from *again* by themselves."""

WHOLE = ("run-all-twice", "restart-and-run-all", "fresh-clone")
"""Experiments on the whole notebook, done when asked for."""

SANDBOXES = ("auto", "overlay", "copy")

FORMATS = ("terminal", "json", "sarif", "junit", "github", "gitlab", "markdown", "rdjsonl")
"""Each is a module of that name in `nbrerun.reporters`."""

ENGINES = ("auto", "fork", "replay")

CACHE_FOLDER = ".nbrerun_cache"

NEVER = "never"

FAIL_ON = (*map(str, Severity), NEVER)
"""Severities, the gravest first."""


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
    static: bool = False
    """Read the source, and run nothing."""
    timeout: float | None = None
    """Seconds that one run of one cell may take; None means no limit for first runs."""


@dataclass(frozen=True)
class Gate:
    """Which findings are reported, and which of them fail a check."""

    select: tuple[str, ...] = ()
    """Rules, or beginnings of their codes; empty means all."""
    ignore: tuple[str, ...] = ()
    always_ignored: tuple[str, ...] = ()
    """What the configuration ignores in this notebook, whatever is selected."""
    fail_on: str = str(Severity.ERROR)

    def reports(self, rule: str) -> bool:
        """Whether it counts; of a selected and an ignored prefix the longer one decides."""
        if rule.startswith(self.always_ignored):
            return False
        selected = _longest(rule, self.select) if self.select else 0
        return selected is not None and selected > (_longest(rule, self.ignore) or -1)

    def fails(self, finding: Finding) -> bool:
        """Whether it is grave enough."""
        grave = FAIL_ON[: FAIL_ON.index(self.fail_on) + 1] if self.fail_on != NEVER else ()
        return str(finding.severity) in grave


def _longest(rule: str, prefixes: Iterable[str]) -> int | None:
    return max((len(prefix) for prefix in prefixes if rule.startswith(prefix)), default=None)
