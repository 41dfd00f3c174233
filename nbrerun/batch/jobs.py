"""Which notebooks are checked, and how each of them is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbrerun.errors import UsageError
from nbrerun.model import Cell, NotebookReport
from nbrerun.notebooks.find import find_notebooks
from nbrerun.notebooks.read import Notebook, read_notebook
from nbrerun.notebooks.select import select
from nbrerun.settings.resolve import CALL, COMMAND_LINE, Asked, Value
from nbrerun.settings.values import EXPERIMENTS, Gate, Settings


@dataclass(frozen=True)
class Job:
    """A notebook, and how to check it."""

    notebook: Notebook
    settings: Settings
    gate: Gate

    def looks_for(self, report: NotebookReport, rule: str) -> bool:
        """Whether the check that gave this report would have found this rule, were it anywhere in the notebook."""
        asked, static = self.settings, rule.startswith("NBR3")
        whole = not (asked.cells or report.lacks or report.incomplete or report.failure)
        if asked.static or static or not whole:
            return whole and static and asked.static and self.gate.reports(rule)
        by = {"NBR101": {"restart"}, "NBR103": {"fresh-clone"}}.get(rule, set(EXPERIMENTS))
        everything = asked.only == "all" and not asked.watch
        return everything and by <= asked.experiments and self.gate.reports(rule)


def read(paths: Sequence[str], asked: Asked, shard: tuple[int, int] | None = None) -> list[Job]:
    """Find the notebooks, and look at all that can be wrong before anything runs.

    Raises:
        UsageError: there is nothing to check, or it cannot be meant like this.
        NotebookError: one of them is no notebook.
    """
    if not paths:
        raise UsageError("give at least one notebook or folder to check, as in `nbrerun check lesson.ipynb`")
    return [job(path, asked) for path in part(find_notebooks(paths, asked.excludes), shard)]


def part(paths: Sequence[Path], shard: tuple[int, int] | None) -> Sequence[Path]:
    """The K-th of N parts: every N-th notebook, so that a folder's heavy ones are spread over all parts."""
    number, count = shard or (1, 1)
    return paths[number - 1 :: count]


def job(path: Path, asked: Asked) -> Job:
    """Read one notebook, and what is in force for it."""
    notebook = read_notebook(path)
    said = asked.of_notebook(notebook)
    settings = _settings(said.parameters())
    return Job(_insisting(notebook, said.values["cells"]), settings, said.gate())


def _insisting(notebook: Notebook, cells: Value) -> Notebook:
    """The notebook, whose cells cannot decline to be run again where the command line or a call names them."""
    try:
        chosen = select(notebook, cells.value)
    except UsageError as error:
        raise UsageError(str(error) if cells.source == COMMAND_LINE else f"{cells.source}: {error}") from error
    if cells.source not in (COMMAND_LINE, CALL):
        return notebook
    return replace(notebook, cells=tuple(_willing(cell) if cell.index in chosen else cell for cell in notebook.cells))


def _willing(cell: Cell) -> Cell:
    return replace(cell, declared=replace(cell.declared, skip=False))


def _settings(options: Mapping[str, Any]) -> Settings:
    asked = options["experiment"] | ({"restart"} if options["restart"] else set())
    return Settings(
        cells=options["cells"],
        only=options["only"],
        watch=frozenset(options["watch"]),
        experiments=asked or frozenset(EXPERIMENTS),
        all_plans="restart" in asked,
        engine=options["engine"],
        static=options["static"],
        kernel=options["kernel"],
        sandbox=options["sandbox"],
        sandbox_dirs=_folders(options["sandbox_dir"]),
        sandbox_limit=options["sandbox_limit"],
        write_files=options["write_files"],
        timeout=options["timeout"],
    )


def _folders(names: Sequence[str]) -> tuple[Path, ...]:
    for name in names:
        if not os.path.isdir(name):
            raise UsageError(f"--sandbox-dir {name!r}: there is no such folder")
    return tuple(dict.fromkeys(Path(name).resolve() for name in names))
