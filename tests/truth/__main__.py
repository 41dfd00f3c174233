"""Check generated cells by the thousand: `python -m tests.truth --cells 10000 --engine both --seed 1 --jobs 2`."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.truth.compose import generated
from tests.truth.run import Counts, examine, summary

sys.path.insert(0, str(Path(__file__).parents[1] / "zygote"))

from kernel_zygote import provisioner

PER_TASK = 2
"""Notebooks that one task of a worker makes: few, so that no worker is left alone at the end."""


def work(task: tuple[int, int, tuple[str, ...], tuple[str, ...]]) -> Counts:
    """Generate and check the notebooks of one task."""
    number, size, engines, only = task
    counts = Counts()
    for notebook in generated(number, PER_TASK, size, only):
        counts += examine(notebook, engines)
    return counts


def tasks(arguments: argparse.Namespace) -> Iterator[tuple[int, int, tuple[str, ...], tuple[str, ...]]]:
    """Cut the wanted number of cells into tasks."""
    engines = ("fork", "replay") if arguments.engine == "both" else (arguments.engine,)
    for index in range(max(1, arguments.cells // (PER_TASK * arguments.size))):
        yield arguments.seed * 1_000_003 + index, arguments.size, engines, tuple(arguments.effect)


@contextlib.contextmanager
def kernels_forked() -> Iterator[None]:
    """Have kernels forked by a process that has imported what cells import: else they cost as much as the cells."""
    if sys.platform != "linux":
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        address = str(Path(folder) / "socket")
        zygote = provisioner.start(address, os.environ)
        os.environ.update(provisioner.environ(address))
        yield
        assert zygote.stdin is not None
        zygote.stdin.close()
        zygote.wait()


def main() -> int:
    """Run the command; the exit code is 1 if any verdict is wrong or any label contradicts the oracle."""
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description=__doc__)
    parser.add_argument("--cells", type=int, default=1000, help="about so many cells")
    parser.add_argument("--engine", choices=("fork", "replay", "auto", "both"), default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--size", type=int, default=24, help="cells of one notebook")
    parser.add_argument("--effect", action="append", default=[], help="only this effect (may be repeated)")
    parser.add_argument("--no-minimal", action="store_true", help="do not reduce what is wrong to a smallest notebook")
    arguments = parser.parse_args()
    counts, started = Counts(), time.monotonic()
    with kernels_forked(), ProcessPoolExecutor(arguments.jobs) as pool:
        for each in pool.map(work, tasks(arguments)):
            counts += each
            print(f"{counts.cells} cells, {time.monotonic() - started:.0f} s", file=sys.stderr)
        print(summary(counts, minimal=not arguments.no_minimal))
    return 1 if counts.wrong or counts.mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
