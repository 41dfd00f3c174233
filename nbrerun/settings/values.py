"""The settings of a check, as frozen values."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nbrerun.model import Finding, Severity

EXPERIMENTS = ("again", "later", "restart")
"""The experiments done by default; *pinned* and *control* follow from *again*."""

WHOLE = ("run-all-twice", "restart-and-run-all", "fresh-clone")
"""Experiments on the whole notebook, done only on request."""

SANDBOXES = ("auto", "overlay", "copy")

FORMATS = ("terminal", "concise", "json", "sarif", "junit", "github", "gitlab", "markdown", "rdjsonl", "html")
"""Each format is a module of that name in `nbrerun.reporters.formats`."""

ENGINES = ("auto", "fork", "replay")

LOCAL = "loky"
CLUSTERS = ("dask", "ray")
BACKENDS = (LOCAL, *CLUSTERS)
"""Names of joblib backends that use other processes."""
CACHE_FOLDER = ".nbrerun_cache"

NEVER = "never"

OUT_OF_BUDGET = "budget: no time was left for it"
"""The reason for a cell that was not examined."""

_SHORTEST = 0.01
"""The shortest time limit in seconds; nbclient treats 0 as no limit."""

FAIL_ON = (*map(str, Severity), NEVER)
"""Severities, the gravest first."""


@dataclass(frozen=True)
class Budget:
    """How long the check of a notebook may take; cells that it does not suffice for are undetermined."""

    begin: float
    """When it began, in seconds since the epoch, which other machines of a cluster share."""
    end: float
    """When it ends, in seconds since the epoch."""
    first: frozenset[int] = frozenset()
    """Indexes of the cells that are examined before all others."""

    @property
    def left(self) -> float:
        """Seconds that remain."""
        return self.end - time.time()

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may be started."""
        return self.left <= 0

    @property
    def is_half_spent(self) -> bool:
        """Whether the rest is reserved for the most important cells."""
        return self.left <= (self.end - self.begin) / 2


@dataclass(frozen=True)
class Settings:
    """How to check a notebook; the defaults are those of the command line."""

    cells: tuple[str, ...] = ()
    """Selectors of the cells to run again (`3`, `5-7`, a cell id, `tag:NAME`); empty means all."""
    only: str = "all"
    """`models` to judge only cells that touch a model, or `all`."""
    watch: frozenset[str] = frozenset()
    """Names of the variables to report; empty means all."""
    experiments: frozenset[str] = frozenset(EXPERIMENTS)
    all_plans: bool = False
    """Run every recovery plan, however long it takes."""
    engine: str = "auto"
    kernel: str | None = None
    """Name of a kernelspec; None for that of the notebook, or the environment that belongs to it."""
    python: Path | None = None
    """An interpreter, or the folder of an environment, to run in instead of a kernelspec."""
    sandbox: str = "auto"
    """How to protect the user's files: `overlay`, `copy`, or `auto` for the first of these that the system allows."""
    sandbox_dirs: tuple[Path, ...] = ()
    """Folders to protect in addition to that of the notebook."""
    sandbox_limit: int | None = None
    """Bytes that a run may write; None for a quarter of the memory."""
    rerun_outside: bool = False
    """Run cells again that reach the network, and let them."""
    paranoid: bool = False
    """Also run cells again of which it is proven what that does."""
    write_files: bool = False
    """Keep the files that the main run wrote."""
    static: bool = False
    """Only read the source, and run nothing."""
    profile: bool = False
    """Report what the time was spent on."""
    values: bool = True
    """Show values of variables, keys and settings."""
    timeout: float | None = None
    """Seconds that one run of one cell may take; None for no limit on first runs."""
    budget: Budget | None = None
    """Time for the whole notebook; None for no limit."""

    def kernel_named(self, own: str | None) -> str:
        """Name the kernel that was asked for, before it is looked up.

        Args:
            own: name of the notebook's kernelspec, if it has one.
        """
        return str(self.python or self.kernel or own or "python3")

    @property
    def seconds_to_run(self) -> float | None:
        """Seconds that a run of a cell may take if it begins now; None for no limit."""
        if self.budget is None:
            return self.timeout
        left = max(self.budget.left, _SHORTEST)
        return left if self.timeout is None else min(left, self.timeout)


@dataclass(frozen=True)
class Gate:
    """Which findings are reported, and which of these fail the check."""

    select: tuple[str, ...] = ()
    """Codes of rules, or prefixes of codes; empty means all."""
    ignore: tuple[str, ...] = ()
    """Codes or prefixes, too."""
    always_ignored: tuple[str, ...] = ()
    """Codes that the configuration ignores in this notebook, whatever is selected."""
    fail_on: str = str(Severity.ERROR)
    """The lowest severity that fails the check, or `never`."""

    def reports(self, rule: str) -> bool:
        """Tell whether findings of a rule count; of a selected and an ignored prefix the longer one wins."""
        if rule.startswith(self.always_ignored):
            return False
        # Without a selection every rule is selected, by the empty prefix; an ignored prefix is longer than that.
        selected = _longest(rule, self.select) if self.select else 0
        return selected is not None and selected > (_longest(rule, self.ignore) or -1)

    def lists(self, finding: Finding) -> bool:
        """Tell whether a finding is one of those to look at: not of severity info, or of a rule that is selected."""
        wanted = bool(self.select) and _longest(finding.rule, self.select) is not None
        return finding.severity is not Severity.INFO or wanted or self.fails(finding)

    def fails(self, finding: Finding) -> bool:
        """Tell whether the severity of a finding fails the check."""
        grave = FAIL_ON[: FAIL_ON.index(self.fail_on) + 1] if self.fail_on != NEVER else ()
        return str(finding.severity) in grave


def _longest(rule: str, prefixes: Iterable[str]) -> int | None:
    return max((len(prefix) for prefix in prefixes if rule.startswith(prefix)), default=None)
