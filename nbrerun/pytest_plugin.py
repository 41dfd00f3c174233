"""`pytest --nbrerun notebooks/`: a notebook is a file, a code cell an item.

Every pytest run loads this module, wherever nbrerun is installed: nothing else of nbrerun is imported before
there is a notebook to collect.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from nbrerun.baseline import Baseline
    from nbrerun.batch.cache import Cache
    from nbrerun.batch.jobs import Job
    from nbrerun.model import Cell, CellReport, Failure, Finding, NotebookReport
    from nbrerun.reporters.places import Place
    from nbrerun.settings.resolve import Asked

_LONGEST = 60
"""Characters of a first line that stand in the name of an item."""

_ASKED: pytest.StashKey[Asked] = pytest.StashKey()
_CACHES: pytest.StashKey[dict[Path, Cache | None]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one option; all others are those of the configuration files."""
    group = parser.getgroup("nbrerun", "notebooks, checked by nbrerun")
    text = "check notebooks: every code cell is run once more, and fails where nbrerun finds something"
    group.addoption("--nbrerun", action="store_true", help=text)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> NotebookFile | None:
    """Take notebooks, where somebody asked for it; hidden ones only where they are named."""
    if file_path.suffix != ".ipynb" or not parent.config.getoption("nbrerun"):
        return None
    if file_path.name.startswith(".") and not parent.session.isinitpath(file_path):
        return None
    notebook: NotebookFile = NotebookFile.from_parent(parent, path=file_path)
    return notebook


class CellFailed(Exception):
    """Why an item fails, as it is shown."""


class NotebookFile(pytest.File):
    """A notebook, which is checked when the first of its cells is asked for."""

    _job: Job
    _known: Baseline | None = None
    _cache: Cache | None = None
    _begun = False
    _report: NotebookReport | None = None

    def collect(self) -> Iterator[CellItem]:
        """Give the code cells in their order; what cannot be meant is one sentence."""
        from nbrerun.errors import NbrerunError

        try:
            yield from [self._item(cell) for cell in self._cells()]
        except NbrerunError as error:
            raise self.CollectError(f"nbrerun: {error}") from None

    def _item(self, cell: Cell) -> CellItem:
        name = _name(cell)
        # Given as text: pytest 9.2 takes brackets apart where it reads an id (for --lf), but not where it makes one.
        item: CellItem = CellItem.from_parent(self, name=name, index=cell.index, nodeid=f"{self.nodeid}::{name}")
        return item

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
        """Check the notebook, once: a check that was broken off or could not begin is not tried again."""
        if self._report is None:
            if self._begun:
                _skip("the notebook could not be checked, see its first cell")
            self._begun = True
            self._report = self._checked()
        return self._report

    def _checked(self) -> NotebookReport:
        from nbrerun import progress
        from nbrerun.batch.run import run

        outcome = run([self._job], progress.Silent(), self._known, self._cache)
        if outcome.problem is not None:
            raise CellFailed(f"nbrerun: {outcome.problem}")
        if outcome.interrupted:
            raise KeyboardInterrupt
        return outcome.reports[0]

    def findings(self, index: int) -> tuple[list[Finding], list[Finding]]:
        """What was found in a cell and counts: what fails it, and the rest."""
        found = [each for each in self.report().findings if each.index == index]
        return [each for each in found if each.fails], [each for each in found if not each.fails]

    @cached_property
    def places(self) -> list[Place]:
        """The lines of the cells."""
        from nbrerun.reporters.places import read_cells

        return read_cells(str(self.path))


class CellItem(pytest.Item):
    """One code cell."""

    parent: NotebookFile

    def __init__(self, *, index: int, **more: Any) -> None:
        super().__init__(**more)
        self.index = index

    @property
    def line(self) -> int:
        """Where its source begins in the file, from 1."""
        places = self.parent.places
        return places[self.index].line if self.index < len(places) else 1

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the cell stands; pytest counts lines from 0."""
        return self.path, self.line - 1, self.name

    def runtest(self) -> None:
        """Fail for findings, skip what was not judged."""
        report = self.parent.report()
        if report.lacks:
            from nbrerun.model import needs

            _skip(needs(report.lacks))
        if report.failure is not None and report.failure.index == self.index:
            raise CellFailed(_failure_text(report.failure))
        # Where only the source was read there is no cell in the report, and no failure.
        cell = next((cell for cell in report.cells if cell.index == self.index), None)
        self._judge(cell)
        if cell is None and report.failure is not None:
            _skip(_not_reached(report.failure))

    def _judge(self, cell: CellReport | None) -> None:
        from nbrerun.model import Verdict

        failing, others = self.parent.findings(self.index)
        if others:
            self.add_report_section("call", "nbrerun", "\n".join(self._lines(others)))
        why = f"{cell.verdict}: {_one_line(cell.reason)}" if cell else ""
        if failing:
            verdict = [f"cell {self.index} is {why}"] if cell else []
            raise CellFailed("\n".join([*self._lines(failing), *verdict, _hint(failing)]))
        if cell and cell.verdict in (Verdict.SKIPPED, Verdict.UNDETERMINED):
            _skip(why)

    def _lines(self, found: Iterable[Finding]) -> Iterator[str]:
        place = f"{_one_line(os.path.relpath(self.path))}:{self.line}"
        for finding in found:
            yield f"{place}: {finding.rule} {finding.severity}: {_one_line(finding.message)}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what was found; where that happened in here helps nobody."""
        if isinstance(excinfo.value, CellFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)


def _asked(config: pytest.Config) -> Asked:
    """What the configuration files say is read once for all notebooks."""
    from nbrerun.cli.check import asked_for_nothing

    if _ASKED not in config.stash:
        config.stash[_ASKED] = asked_for_nothing()
    return config.stash[_ASKED]


def _cache(notebook: NotebookFile, options: dict[str, Any]) -> Cache | None:
    """One for all notebooks that want the same."""
    from nbrerun.batch.cache import asked_for, folder_of

    caches = notebook.config.stash.setdefault(_CACHES, {})
    folder = folder_of(options)
    if folder not in caches:
        cache = asked_for(options, lambda why: notebook.warn(pytest.PytestWarning(f"nbrerun: {why}")))
        if cache is not None:
            notebook.config.add_cleanup(cache.close)
        caches[folder] = cache
    return caches[folder]


def _name(cell: Cell) -> str:
    """Written like the parameters of a test: what stands in brackets may hold any character."""
    line = _one_line(cell.first_line).replace("::()", ": :()")  # pytest 8 refuses an id with this
    short = line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."
    return f"cell[{cell.index} {_one_line(cell.id)} {short}]"


def _failure_text(failure: Failure) -> str:
    from nbrerun.reporters.text import clean

    said = _one_line(f"the main run raised {failure.ename}: {failure.evalue}")
    return "\n".join([said, *(clean(line) for line in failure.traceback)])


def _not_reached(failure: Failure) -> str:
    return f"not reached: the main run raised {_one_line(failure.ename)} in cell {failure.index}"


def _hint(failing: Iterable[Finding]) -> str:
    rules = dict.fromkeys(finding.rule for finding in failing)
    return "how to mend it: " + ", ".join(f"nbrerun explain {rule}" for rule in rules)


def _skip(reason: str) -> None:
    skipped = pytest.skip.Exception(reason)
    # The summary then names the cell's line and not the one below.
    skipped._use_item_location = True
    raise skipped


def _one_line(text: str) -> str:
    from nbrerun.reporters.text import one_line

    return one_line(text)
