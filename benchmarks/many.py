"""Measure many notebooks: one after the other, at the same time, and from the cache: `python -m benchmarks.many`.

Prints a Markdown table for docs/performance.md. Every figure is measured in a process of its own, as users start it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.notebooks import write_cells
from benchmarks.run import machine

CELLS = [
    "import numpy as np\nfrom sklearn.linear_model import SGDClassifier",
    "rng = np.random.default_rng({number})\nX = rng.normal(size=(2000, 20))\ny = (X[:, 0] > 0).astype(int)",
    "model = SGDClassifier(random_state={number}).fit(X, y)",
    "scores = [model.score(X, y) for _ in range(20)]",
    "model.partial_fit(X, y)",
    "print(np.mean(scores))",
]


def seconds(*arguments: str | Path) -> float:
    """Return the wall time of `nbrerun ARGUMENTS`; exits if it fails for any reason other than findings."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "nbrerun", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return time.perf_counter() - started


def rows(folder: Path, jobs: int) -> Sequence[tuple[str, float]]:
    """Measure each row in order; the cache is empty at first."""
    cache = ("--cache-dir", folder.parent / "cache")
    quick = min(seconds("check", folder, "--static", "-q") for _ in range(3))
    return [
        ("`nbrerun --help`", min(seconds("--help") for _ in range(5))),
        ("`check --static`", quick),
        ("`check --no-cache`", seconds("check", folder, "-q", "--no-cache")),
        (f"`check --no-cache --jobs {jobs}`", seconds("check", folder, "-q", "--no-cache", "--jobs", str(jobs))),
        ("`check`, nothing in the cache", seconds("check", folder, "-q", *cache)),
        ("`check`, nothing changed since", min(seconds("check", folder, "-q", *cache) for _ in range(3))),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notebooks", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    print(f"{asked.notebooks} notebooks of {len(CELLS)} cells; {machine()}\n\n| what | seconds |\n| --- | ---: |")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "notebooks")
        folder.mkdir()
        for number in range(asked.notebooks):
            cells = [cell.replace("{number}", str(number)) for cell in CELLS]
            write_cells(cells, folder / f"lesson{number:02}.ipynb")
        for what, taken in rows(folder, asked.jobs):
            print(f"| {what} | {taken:.2f} |", flush=True)


if __name__ == "__main__":
    main()
