"""Measure a check against plain execution and against the naive way: `python -m benchmarks.run`.

Prints a Markdown table for docs/performance.md, and the machine that it was measured on.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # so that `python benchmarks/run.py` works as well
    sys.path.insert(0, str(ROOT))

from benchmarks.notebooks import NOTEBOOKS, WITHOUT_FORK, write  # noqa: E402  (needs the path set above)
from benchmarks.usage import Usage, measure  # noqa: E402

MODES = ("plain", "fork", "replay", "naive")
NAIVE_AT_MOST = 20
"""The naive way runs at most this many cells, evenly spread, and the result is scaled up."""
HEADER = (
    "| notebook | cells | way | wall s | CPU s | peak MB "
    "| wall / plain | CPU / plain | peak / plain | ms per cell on top | note |\n"
    "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"
)


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table."""

    notebook: str
    mode: str
    usage: Usage
    note: str = ""

    def render(self, plain: Usage | None) -> str:
        """Render the line, with ratios to the plain run if there is one."""
        used, cells = self.usage, len(NOTEBOOKS[self.notebook]())
        columns = [self.notebook, str(cells), self.mode, f"{used.wall:.1f}", f"{used.cpu:.1f}"]
        columns.append(f"{used.memory / 1e6:.0f}")
        if plain is None:
            columns += ["", "", "", ""]
        else:
            ratios = (used.wall / plain.wall, used.cpu / plain.cpu, used.memory / plain.memory)
            columns += [f"{ratio:.2f}" for ratio in ratios]
            columns.append(f"{(used.wall - plain.wall) / cells * 1000:.0f}")
        return "| " + " | ".join([*columns, self.note]) + " |"


def machine() -> str:
    """Describe the machine: cores, memory, system and Python."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()} {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def naive_cells(count: int) -> list[int]:
    """Choose all cells, or evenly spread ones with the same mean position."""
    if count <= NAIVE_AT_MOST:
        return list(range(count))
    return [int((step + 0.5) * count / NAIVE_AT_MOST) for step in range(NAIVE_AT_MOST)]


def run_naive(path: Path, count: int) -> tuple[Usage, str]:
    """Measure the naive way, scaled up to all cells if only some were run."""
    cells = naive_cells(count)
    used = measure([*plainly(path), ",".join(map(str, cells))], ROOT)
    scale = count / len(cells)
    if scale == 1:
        return used, ""
    scaled = dataclasses.replace(used, wall=used.wall * scale, cpu=used.cpu * scale)
    return scaled, f"estimated from {len(cells)} of {count} cells"


def plainly(path: Path) -> list[str]:
    """Return the command of a plain execution."""
    return [sys.executable, "-m", "benchmarks.plainly", str(path)]


def run_mode(mode: str, path: Path, count: int) -> tuple[Usage, str]:
    """Measure one way of running one notebook."""
    if mode == "naive":
        used, note = run_naive(path, count)
    elif mode == "plain":
        used, note = measure(plainly(path), ROOT), ""
    else:
        used, note = run_check(mode, path)
    return used, "; ".join(filter(None, [note, *troubles(mode, used)]))


def run_check(engine: str, path: Path) -> tuple[Usage, str]:
    """Measure a check with an engine; the note tells if another engine ran or the check was not ok."""
    report = path.with_suffix(".json")
    command = [sys.executable, "-m", "nbrerun", "check", str(path), "--engine", engine, "-q", "--no-cache"]
    used = measure([*command, "--format", "json", "--output", str(report)], ROOT)
    if not report.exists():
        return used, "FAILED, no report"
    checked = json.loads(report.read_text(encoding="utf-8"))["notebooks"][0]
    odd = [word for word, usual in ((checked["engine"], engine), (checked["status"], "ok")) if word != usual]
    return used, ", ".join(odd)


def troubles(mode: str, used: Usage) -> list[str]:
    """List what makes a measurement doubtful."""
    expected = (0,) if mode in ("plain", "naive") else (0, 1)
    found = [] if used.returncode in expected else [f"FAILED, exit code {used.returncode}"]
    return [*found, f"{used.left_behind} processes left behind"] if used.left_behind else found


def bench(name: str, modes: list[str], repeat: int, folder: Path) -> list[Row]:
    """Measure one notebook in the given ways, each in a folder of its own."""
    rows = []
    count = len(NOTEBOOKS[name]())
    for mode in modes:
        if mode == "fork" and name in WITHOUT_FORK:
            continue
        runs = []
        for _ in range(repeat):
            workplace = folder / f"{name}-{mode}"
            workplace.mkdir()
            runs.append(run_mode(mode, write(name, workplace), count))
            shutil.rmtree(workplace)
        rows.append(Row(name, mode, *sorted(runs, key=lambda run: run[0].cpu)[len(runs) // 2]))  # median by CPU time
        print(f"{name} {mode}: {rows[-1].usage}", file=sys.stderr, flush=True)
    return rows


def startup(arguments: list[str], times: int = 7) -> float:
    """Return the median wall time of a Python process with these arguments."""
    took = []
    for _ in range(times):
        started = time.monotonic()
        subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=False)
        took.append(time.monotonic() - started)
    return statistics.median(took)


def table(rows: list[Row]) -> str:
    """Render the rows as a Markdown table."""
    plain = {row.notebook: row.usage for row in rows if row.mode == "plain"}
    return "\n".join([HEADER, *(row.render(plain.get(row.notebook)) for row in rows)])


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--notebook", action="append", choices=sorted(NOTEBOOKS), help="default: all")
    parser.add_argument("--mode", action="append", choices=MODES, help="default: all")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; the median is printed")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    options = parse()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="nbrerun-bench-") as folder:
        for name in options.notebook or NOTEBOOKS:
            rows += bench(name, options.mode or list(MODES), options.repeat, Path(folder))
    print(f"Measured on {machine()}.\n\n{table(rows)}\n")
    print(f"`python -c pass` takes {startup(['-c', 'pass']) * 1000:.0f} ms, ", end="")
    print(f"`python -m nbrerun --help` {startup(['-m', 'nbrerun', '--help']) * 1000:.0f} ms.")


if __name__ == "__main__":
    main()
