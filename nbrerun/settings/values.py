"""What a person asked for, as one frozen value."""

from __future__ import annotations

import time
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

LOCAL = "loky"
CLUSTERS = ("dask", "ray")
BACKENDS = (LOCAL, *CLUSTERS)
"""How joblib calls what does the work in processes of its own."""
CACHE_FOLDER = ".nbrerun_cache"

NEVER = "never"

OUT_OF_BUDGET = "budget: no time was left for it"
"""Why something was not looked at."""

_SHORTEST = 0.01
"""Seconds; nbclient takes a limit of 0 for none."""

FAIL_ON = (*map(str, Severity), NEVER)
"""Severities, the gravest first."""


@dataclass(frozen=True)
class Budget:
    """How long the check of a notebook may take; what is left out then is undetermined, and the report says so."""

    begin: float
    """When it began, in seconds since the epoch: clocks of other machines count them, too."""
    end: float
    first: frozenset[int] = frozenset()
    """Cells that are looked at before all others, by index."""

    @property
    def left(self) -> float:
        """Seconds that remain."""
        return self.end - time.time()

    @property
    def is_spent(self) -> bool:
        """Nothing is begun any more."""
        return self.left <= 0

    @property
    def is_half_spent(self) -> bool:
        """The rest is for what tells most."""
        return self.left <= (self.end - self.begin) / 2


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
    budget: Budget | None = None
    """Time for the whole notebook; None means no limit."""

    @property
    def seconds_to_run(self) -> float | None:
        """How long a run of a cell that begins now may take; None means no limit."""
        if self.budget is None:
            return self.timeout
        left = max(self.budget.left, _SHORTEST)
        return left if self.timeout is None else min(left, self.timeout)


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
