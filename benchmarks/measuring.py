"""Measure notebooks in several ways: medians, and why something could not be run."""

from __future__ import annotations

import json
import math
import re
import shutil
import signal
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import nbformat

from benchmarks.usage import LIMIT, Usage, measure
from benchmarks.ways import WAYS, Unavailable, interpreter, report_of, variables

NAIVE_AT_MOST = 20
"""The naive way runs at most this many cells, evenly spread, and the result is scaled up."""

Write = Callable[[Path], Path]
"""Puts a notebook, with the files that it needs, into an empty folder, and returns its path."""


@dataclass(frozen=True)
class Row:
    """What one way of running one notebook costs."""

    notebook: str
    way: str
    cells: int
    usage: Usage
    """Medians."""
    note: str = ""


@dataclass(frozen=True)
class Refused:
    """What could not be run."""

    notebook: str
    """Empty for all notebooks."""
    way: str
    reason: str


@dataclass
class Results:
    """All that was measured."""

    rows: list[Row] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path) -> Results:
        """Read what `save` has written."""
        stored = json.loads(path.read_text(encoding="utf-8"))
        rows = [Row(**{**row, "usage": Usage(**row["usage"])}) for row in stored["rows"]]
        return cls(rows, [Refused(**each) for each in stored["refused"]])

    def save(self, path: Path) -> None:
        """Write everything as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    def only(self, notebooks: Callable[[str], bool]) -> Results:
        """Return what is about some notebooks, chosen by their names."""
        return Results(
            [row for row in self.rows if notebooks(row.notebook)],
            [each for each in self.refused if not each.notebook or notebooks(each.notebook)],
        )

    def has(self, notebook: str, way: str) -> bool:
        """Tell whether a notebook was measured in a way, or could not be."""
        refused = any(each.way == way and each.notebook in ("", notebook) for each in self.refused)
        return refused or self.of(notebook, way) is not None

    def of(self, notebook: str, way: str) -> Row | None:
        """Return the row of a notebook and a way, if it was measured."""
        return next((row for row in self.rows if (row.notebook, row.way) == (notebook, way)), None)

    def ways(self) -> list[str]:
        """List the ways that were measured, in the order of `WAYS`."""
        return [way for way in WAYS if any(row.way == way for row in self.rows)]


@dataclass(frozen=True)
class Bench:
    """How to measure."""

    ways: Sequence[str]
    repeat: int
    place: Path
    """A folder for the notebooks that are run."""
    environments: Path
    limit: float = LIMIT
    """Seconds for one run."""
    busy: bool = False
    """Other processes use the machine, so wall times say nothing and are left out."""

    def measure(self, name: str, write: Write, results: Results) -> None:
        """Measure a notebook in each way, as often as asked for, one way after the other each time.

        What the results have already is not measured again.
        """
        ways = [way for way in self.ways if not results.has(name, way)]
        if not ways or ("plain" not in ways and results.of(name, "plain") is None):  # it does not run at all
            return
        workplace = self.place / "prepared"
        shutil.rmtree(workplace, ignore_errors=True)
        workplace.mkdir(parents=True)
        notebook = write(workplace)
        # Outputs for those that compare them; and what is read from the disk is in memory for all.
        prepared = self._run("plain", notebook, "--save")
        if prepared.returncode:
            results.refused.append(Refused(name, "plain", reason_of(prepared, self.limit)))
            return
        cells = code_cells(notebook)
        found: dict[str, list[tuple[Usage, str]]] = {way: [] for way in ways}
        for _ in range(self.repeat):
            for way in ways:
                if results.has(name, way):
                    continue
                try:
                    found[way].append(self._once(way, workplace, notebook.relative_to(workplace), cells))
                except Unavailable as error:
                    results.refused.append(Refused("", way, str(error)))
                except Failed as error:
                    results.refused.append(Refused(name, way, str(error)))
        for way, runs in found.items():
            if len(runs) == self.repeat:
                usage, note = median([run for run, _ in runs]), runs[-1][1]
                usage = replace(usage, wall=math.nan) if self.busy else usage
                results.rows.append(Row(name, way, cells, usage, note))
                print(f"{name}, {way}: CPU {usage.cpu:.1f} s {note}", file=sys.stderr, flush=True)

    def _once(self, way: str, prepared: Path, inside: Path, cells: int) -> tuple[Usage, str]:
        folder = self.place / "run"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(prepared, folder)
        notebook = folder / inside
        chosen = naive_cells(cells) if way == "naive" else []
        used = self._run(way, notebook, *(["--cells", ",".join(map(str, chosen))] if chosen else []))
        if used.returncode not in WAYS[way].accepted:
            raise Failed(reason_of(used, self.limit))
        notes = [f"{used.left_behind} processes left behind"] if used.left_behind else []
        if way.startswith("nbrerun"):
            notes += odd(notebook)
        if chosen and len(chosen) < cells:
            scale = cells / len(chosen)
            used = replace(used, wall=used.wall * scale, cpu=used.cpu * scale)
            notes.append(f"estimated from {len(chosen)} of {cells} cells")
        return used, "; ".join(notes)

    def _run(self, name: str, notebook: Path, *options: str) -> Usage:
        way = WAYS[name]
        python = interpreter(way, self.environments)
        command = [*way.command(python, notebook), *options]
        return measure(command, notebook.parent, variables(way, self.environments), self.limit)


class Failed(Exception):
    """A notebook could not be run in some way; the message says why."""


def code_cells(notebook: Path) -> int:
    """Count the code cells."""
    return sum(cell.cell_type == "code" for cell in nbformat.read(notebook, as_version=4).cells)


def naive_cells(count: int) -> list[int]:
    """Choose all cells, or evenly spread ones with the same mean position."""
    if count <= NAIVE_AT_MOST:
        return list(range(count))
    return [int((step + 0.5) * count / NAIVE_AT_MOST) for step in range(NAIVE_AT_MOST)]


def median(runs: Sequence[Usage]) -> Usage:
    """Return the median of each quantity."""
    wall, cpu = (statistics.median(getattr(run, name) for run in runs) for name in ("wall", "cpu"))
    memory = int(statistics.median(run.memory for run in runs))
    return Usage(wall, cpu, memory, max(run.left_behind for run in runs), runs[-1].returncode)


def odd(notebook: Path) -> list[str]:
    """Say what is unusual about a check: an engine other than fork, or a main run that raised."""
    report = report_of(notebook)
    if not report.exists():
        raise Failed("there is no report")
    checked = json.loads(report.read_text(encoding="utf-8"))["notebooks"][0]
    return [word for word, usual in ((checked["engine"], "fork"), (checked["status"], "ok")) if word != usual]


def reason_of(used: Usage, limit: float) -> str:
    """Say in one line why a run failed."""
    if used.returncode == -signal.SIGKILL:  # by nobody but the watcher, or by the system for the same reason
        return f"stopped after {limit:.0f} s" if used.wall >= limit else f"stopped at {used.memory / 1e9:.1f} GB"
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in used.said.splitlines()]
    errors = [line for line in lines if re.match(r"(E +)?\w*(Error|Exception)\b", line)]
    said = (errors or [line for line in lines if line] or ["nothing was said"])[-1]
    return f"exit code {used.returncode}: {said[:160]}"
