"""Read the notebooks to check, each with the settings in force for it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbrerun.batch.watch import refuse_unbound
from nbrerun.errors import NbrerunError, NotebookError, UsageError
from nbrerun.model import NotebookReport
from nbrerun.notebooks.find import find_notebooks
from nbrerun.notebooks.read import Notebook, read_notebook
from nbrerun.notebooks.select import select
from nbrerun.settings.resolve import CALL, COMMAND_LINE, Asked, Value
from nbrerun.settings.values import EXPERIMENTS, Gate, Settings


@dataclass(frozen=True)
class Job:
    """A notebook to check, with its settings."""

    notebook: Notebook
    settings: Settings
    gate: Gate

    @property
    def path(self) -> Path:
        """Of the notebook, as the user gave it."""
        return self.notebook.path

    @property
    def size(self) -> int:
        """Number of the code cells to run."""
        return len(self.notebook.cells)

    def looks_for(self, report: NotebookReport, rule: str) -> bool:
        """Tell whether the check behind a report would have found violations of a rule anywhere in the notebook."""
        asked, static = self.settings, rule.startswith("NBR3")
        whole = not (asked.cells or report.lacks or report.incomplete or report.failure)
        if asked.static or static or not whole:
            return whole and static and asked.static and self.gate.reports(rule)
        by = {"NBR101": {"restart"}, "NBR103": {"fresh-clone"}}.get(rule, set(EXPERIMENTS))
        everything = asked.only == "all" and not asked.watch
        return everything and by <= asked.experiments and self.gate.reports(rule)


@dataclass(frozen=True)
class Refused:
    """A file that cannot be checked, and why; the other notebooks are."""

    path: Path
    error: NbrerunError
    size: int = 0
    """Number of code cells to run."""

    def looks_for(self, report: NotebookReport, rule: str) -> bool:
        """Tell that nothing was looked for."""
        return False


def read(paths: Sequence[str], asked: Asked, shard: tuple[int, int] | None = None) -> list[Job | Refused]:
    """Find and read the notebooks, and validate their settings before anything runs.

    Args:
        paths: notebooks and folders.
        asked: the options of the command line.
        shard: K and N, for the K-th of N parts of the notebooks; None for all.

    Raises:
        UsageError: there is nothing to check, or a setting is invalid.
    """
    if not paths:
        raise UsageError("give at least one notebook or folder to check, as in `nbrerun check lesson.ipynb`")
    found = find_notebooks(paths, asked.excludes)
    jobs = [_job(path, asked) for path in part(found, shard)]
    watched = asked.of_run(paths).values["watch"]
    if watched.source in (COMMAND_LINE, CALL):
        # A name counts if any of the notebooks binds it, also one of another shard.
        everything = jobs if shard is None else [_job(path, asked) for path in found]
        _refuse_unbound(watched, [one.notebook for one in everything if isinstance(one, Job)])
    return jobs


def _job(path: Path, asked: Asked) -> Job | Refused:
    try:
        return job(path, asked)
    except NotebookError as error:
        return Refused(path, error)


def part(paths: Sequence[Path], shard: tuple[int, int] | None) -> Sequence[Path]:
    """Select the K-th of N parts: every N-th notebook, since the slow ones of a folder are often neighbours."""
    number, count = shard or (1, 1)
    return paths[number - 1 :: count]


def job(path: Path, asked: Asked) -> Job:
    """Read one notebook, and resolve its settings.

    Raises:
        UsageError: a setting is invalid.
        NotebookError: the file is not a notebook.
    """
    notebook = read_notebook(path)
    said = asked.of_notebook(notebook)
    settings = _settings(said.parameters())
    if said.values["watch"].source == f"metadata of {path}":
        _refuse_unbound(said.values["watch"], [notebook])
    return Job(_with_chosen_cells(notebook, said.values["cells"]), settings, said.gate())


def _refuse_unbound(watched: Value, notebooks: Sequence[Notebook]) -> None:
    try:
        refuse_unbound(watched.value, notebooks)
    except UsageError as error:
        raise UsageError(str(error) if watched.source == COMMAND_LINE else f"{watched.source}: {error}") from error


def _with_chosen_cells(notebook: Notebook, cells: Value) -> Notebook:
    """Validate the selectors; cells that the command line or a call names are run again even if tagged `skip`."""
    try:
        chosen = select(notebook, cells.value)
    except UsageError as error:
        raise UsageError(str(error) if cells.source == COMMAND_LINE else f"{cells.source}: {error}") from error
    if cells.source not in (COMMAND_LINE, CALL):
        return notebook
    forced = [
        replace(cell, declared=replace(cell.declared, skip=False)) if cell.index in chosen else cell
        for cell in notebook.cells
    ]
    return replace(notebook, cells=tuple(forced))


def _python(options: Mapping[str, Any]) -> Path | None:
    if options["python"] is None:
        return None
    if options["kernel"] is not None:
        raise UsageError("--kernel and --python both say what to run in: give one of them")
    from nbrerun.engine.environments import environment_at  # a static check needs nothing of the engine

    return environment_at(options["python"]).python


def _settings(options: Mapping[str, Any]) -> Settings:
    asked = options["experiment"]
    for name in options["sandbox_dir"]:
        if not os.path.isdir(name):
            raise UsageError(f"--sandbox-dir {name!r}: there is no such folder")
    return Settings(
        cells=options["cells"],
        only=options["only"],
        watch=frozenset(options["watch"]),
        experiments=asked or frozenset(EXPERIMENTS),
        all_plans="restart" in asked,
        engine=options["engine"],
        static=options["static"],
        kernel=options["kernel"],
        python=_python(options),
        sandbox=options["sandbox"],
        sandbox_dirs=tuple(dict.fromkeys(Path(name).resolve() for name in options["sandbox_dir"])),
        sandbox_limit=options["sandbox_limit"],
        rerun_outside=options["rerun_outside"],
        paranoid=options["paranoid"],
        write_files=options["write_files"],
        profile=options["profile"],
        values=options["values"],
        timeout=options["timeout"],
    )
