"""The pytest plugin: with `pytest --nbrerun notebooks/` a notebook is a file, and a code cell is an item.

Every pytest run in an environment with nbrerun loads this module, so the rest of nbrerun is imported only when there is
a notebook to collect.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from nbrerun.baseline import Baseline
    from nbrerun.batch.cache import Cache
    from nbrerun.batch.jobs import Job
    from nbrerun.model import Cell, CellReport, Finding, NotebookReport
    from nbrerun.notebooks.lines import Place
    from nbrerun.settings.resolve import Asked

_LONGEST = 60
"""Maximum number of characters of the first line of a cell in the name of its item."""

_ASKED: pytest.StashKey[Asked] = pytest.StashKey()
_CACHES: pytest.StashKey[dict[Path, Cache | None]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option `--nbrerun`; all other options are set in configuration files."""
    group = parser.getgroup("nbrerun", "notebooks, checked by nbrerun")
    text = "check notebooks: every code cell is run a second time, and fails if nbrerun reports a finding for it"
    group.addoption("--nbrerun", action="store_true", help=text)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> NotebookFile | None:
    """Collect notebooks if `--nbrerun` is given; hidden ones only if they are named."""
    if file_path.suffix != ".ipynb" or not parent.config.getoption("nbrerun"):
        return None
    if file_path.name.startswith(".") and not parent.session.isinitpath(file_path):
        return None
    notebook: NotebookFile = NotebookFile.from_parent(parent, path=file_path)
    return notebook


class CellFailed(Exception):
    """Fails an item; the message is shown without a traceback."""


class NotebookFile(pytest.File):
    """A notebook, which is checked when the first of its cells is run."""

    _job: Job
    _known: Baseline | None = None
    _cache: Cache | None = None
    _begun = False
    _report: NotebookReport | None = None

    def collect(self) -> Iterator[CellItem]:
        """Yield the code cells in document order; an error of nbrerun becomes one of collection."""
        from nbrerun.errors import NbrerunError

        try:
            cells = self._cells()
        except NbrerunError as error:
            raise self.CollectError(f"nbrerun: {error}") from None
        for cell in cells:
            # As in the ids of parametrized tests, any character may stand in the brackets; pytest 8 rejects "::()".
            line = _one_line(cell.first_line).replace("::()", ": :()")
            short = line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."
            name = f"cell[{cell.index} {_one_line(cell.id)} {short}]"
            # Given as text: pytest 9.2 splits at brackets when it reads an id (for --lf), but not when it makes one.
            yield CellItem.from_parent(self, name=name, index=cell.index, nodeid=f"{self.nodeid}::{name}")

    def _cells(self) -> list[Cell]:
        from nbrerun import baseline
        from nbrerun.batch.jobs import job

        asked = _asked(self.config)
        if asked.excludes(self.path) and not self.session.isinitpath(self.path):
            return []
        self._job = job(self.path, asked)
        found = self._job.notebook
        options = asked.of_run([self.path]).parameters()
        self._known = baseline.read(options["baseline"]) if options["baseline"] is not None else None
        self._cache = _cache(self, options)
        return sorted([*found.cells, *found.skipped], key=lambda cell: cell.index)

    def report(self) -> NotebookReport:
        """Check the notebook on the first call; a check that failed or was interrupted is not repeated."""
        from nbrerun import progress
        from nbrerun.batch.run import run

        if self._report is not None:
            return self._report
        if self._begun:
            _skip("the notebook could not be checked, see its first cell")
        self._begun = True
        outcome = run([self._job], progress.Silent(), self._known, self._cache)
        if error := outcome.problem or next(iter(outcome.unchecked), None):
            raise CellFailed(f"nbrerun: {error}")
        if outcome.interrupted:
            raise KeyboardInterrupt
        self._report = outcome.reports[0]
        return self._report

    def findings(self, index: int) -> tuple[list[Finding], list[Finding]]:
        """List the findings on a cell: those that fail it, and the others."""
        found = [each for each in self.report().findings if each.index == index]
        return [each for each in found if each.fails], [each for each in found if not each.fails]

    @cached_property
    def places(self) -> list[Place]:
        """The lines of the cells in the file."""
        from nbrerun.notebooks.lines import read_places

        return read_places(str(self.path))


class CellItem(pytest.Item):
    """One code cell."""

    parent: NotebookFile

    def __init__(self, *, index: int, **more: Any) -> None:
        super().__init__(**more)
        self.index = index

    @property
    def line(self) -> int:
        """The line of the file where the source begins, from 1."""
        places = self.parent.places
        return places[self.index].line if self.index < len(places) else 1

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the cell is; pytest counts lines from 0."""
        return self.path, self.line - 1, self.name

    def runtest(self) -> None:
        """Fail for findings that fail the check, and skip a cell that was not judged."""
        from nbrerun.model import needs
        from nbrerun.reporters.text import clean

        report = self.parent.report()
        if report.lacks:
            _skip(needs(report.lacks))
        failure = report.failure
        if failure is not None and failure.index == self.index:
            said = _one_line(f"the main run raised {failure.ename}: {failure.evalue}")
            raise CellFailed("\n".join([said, *(clean(line) for line in failure.traceback)]))
        # A static report has no cells and no failure.
        cell = next((cell for cell in report.cells if cell.index == self.index), None)
        self._judge(cell)
        if cell is None and failure is not None:
            _skip(f"not reached: the main run raised {_one_line(failure.ename)} in cell {failure.index}")

    def _judge(self, cell: CellReport | None) -> None:
        from nbrerun.model import Verdict

        failing, others = self.parent.findings(self.index)
        if others:
            self.add_report_section("call", "nbrerun", "\n".join(self._lines(others)))
        why = f"{cell.verdict}: {_one_line(cell.reason)}" if cell else ""
        if failing:
            verdict = [f"cell {self.index} is {why}"] if cell else []
            rules = dict.fromkeys(finding.rule for finding in failing)
            hint = "how to fix it: " + ", ".join(f"nbrerun explain {rule}" for rule in rules)
            raise CellFailed("\n".join([*self._lines(failing), *verdict, hint]))
        if cell and cell.verdict in (Verdict.SKIPPED, Verdict.UNDETERMINED):
            _skip(why)

    def _lines(self, found: Iterable[Finding]) -> Iterator[str]:
        place = f"{_one_line(os.path.relpath(self.path))}:{self.line}"
        for finding in found:
            yield f"{place}: {finding.rule} {finding.severity}: {_one_line(finding.message)}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what was found, without a traceback through this plugin."""
        if isinstance(excinfo.value, CellFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)


def _asked(config: pytest.Config) -> Asked:
    """Return the options of the session, so that each configuration file is read once."""
    from nbrerun.cli.check import without_options

    if _ASKED not in config.stash:
        config.stash[_ASKED] = without_options()
    return config.stash[_ASKED]


def _cache(notebook: NotebookFile, options: dict[str, Any]) -> Cache | None:
    """Return the cache that the options ask for; notebooks with the same folder share one."""
    from nbrerun.batch.cache import asked_for, folder_of

    caches = notebook.config.stash.setdefault(_CACHES, {})
    folder = folder_of(options)
    if folder not in caches:
        cache = asked_for(options, lambda why: notebook.warn(pytest.PytestWarning(f"nbrerun: {why}")))
        if cache is not None:
            notebook.config.add_cleanup(cache.close)
        caches[folder] = cache
    return caches[folder]


def _skip(reason: str) -> NoReturn:
    skipped = pytest.skip.Exception(reason)
    # The summary then names the line of the cell; without this, it names the `raise` below.
    skipped._use_item_location = True
    raise skipped


def _one_line(text: str) -> str:
    from nbrerun.reporters.text import one_line

    return one_line(text)
