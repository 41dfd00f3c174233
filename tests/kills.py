"""Kill checks at random moments, and look for what they leave: `python -m tests.kills --count 100 --seed 1`."""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
MARK = "NBRERUN_KILLED"
"""Environment variable by which the processes of a check are known, whoever their parent is by then."""
LATEST = 3.0
"""Seconds after which a check is killed at the latest, unless it has ended: kernels start in the first second."""
SECONDS_TO_END = 30.0
_OLD = 3600.0

CELLS = [
    "import os, subprocess, time\nfrom multiprocessing import shared_memory\nn = 0",
    "n += 1\nopen('data.txt', 'a').write('more')\nopen('new.txt', 'w').close()",
    "s = shared_memory.SharedMemory(create=True, size=10_000)\ntime.sleep(0.3)",
    "p = subprocess.Popen(['sleep', '60'])\nos.remove('other.txt') if os.path.exists('other.txt') else None",
    "time.sleep(0.3)\nn += 1",
]


@dataclass(frozen=True)
class Kill:
    """How one check is killed."""

    number: signal.Signals
    seconds: float
    """After its start."""
    options: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.number.name} after {self.seconds:.2f} s of {' '.join(self.options)}"


def draw(chance: random.Random) -> Kill:
    """Draw one way to kill a check."""
    jobs, engine, sandbox = chance.choice("12"), chance.choice(["auto", "replay"]), chance.choice(["auto", "copy"])
    options = ("--jobs", jobs, "--engine", engine, "--sandbox", sandbox)
    return Kill(chance.choice(SIGNALS), chance.uniform(0.2, LATEST), options)


def left_by(kill: Kill) -> list[str]:
    """Kill one check; what it leaves."""
    scratch = Path(tempfile.mkdtemp(prefix="nk"))
    try:
        folder = scratch / "work"
        _write(folder)
        before, shared = _listing(folder), set(os.listdir("/dev/shm"))
        mark = f"{os.getpid()}-{scratch.name}"
        running = _start(folder, scratch, mark, *kill.options)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(kill.seconds)
        with contextlib.suppress(ProcessLookupError):  # a terminal sends these two to all processes of the group
            to_all = kill.number in (signal.SIGINT, signal.SIGHUP)
            (os.killpg if to_all else os.kill)(running.pid, kill.number)
        left = []
        if not _comes_true(lambda: not list(_marked(mark))):
            left += [f"process {' '.join(process.cmdline()[:4])}" for process in _marked(mark)]
            for process in _marked(mark):
                process.kill()
        running.wait()
        after = _listing(folder)
        left += [f"file {name}" for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
        # What other tests have there meanwhile goes away with them.
        if not _comes_true(lambda: not _shared_since(shared)):
            left += [f"/dev/shm/{name}" for name in _shared_since(shared)]
        return left + _not_swept(scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _shared_since(before: set[str]) -> list[str]:
    return [name for name in sorted(set(os.listdir("/dev/shm")) - before) if not _is_of_others(name)]


def _not_swept(scratch: Path) -> list[str]:
    """The temporary folders that the next start does not remove."""
    found = list(scratch.glob("nbrerun-*"))
    if not found:
        return []
    for each in found:
        os.utime(each, (time.time() - _OLD,) * 2)  # a start leaves young ones to whoever is just making them
    (scratch / "next").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")]), scratch / "next" / "nb.ipynb")
    _start(scratch / "next", scratch, "next").wait()
    return [f"folder {each.name} with {os.listdir(each)}" for each in found if each.exists()]


def _start(folder: Path, scratch: Path, mark: str, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "nbrerun", "check", str(folder), "--no-cache", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(scratch), MARK: mark},
    )


def _write(folder: Path) -> None:
    folder.mkdir()
    for name in ("a", "b"):
        cells = [nbformat.v4.new_code_cell(source, id=f"cell-{index}") for index, source in enumerate(CELLS)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"{name}.ipynb")
    (folder / "data.txt").write_text("mine")
    (folder / "other.txt").write_text("mine, too")


def _listing(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark:
                yield process


def _comes_true(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS_TO_END
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _is_of_others(name: str) -> bool:
    """Whether another process on this machine has it: loky and joblib name the process, others hold it open."""
    path = f"/dev/shm/{name}"
    pid = re.search(r"[-_](\d+)[-_]", name)
    if pid is not None and not name.startswith("psm_"):
        return psutil.pid_exists(int(pid[1]))
    used = not os.path.exists(path)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            used = used or path in Path(f"/proc/{process.pid}/maps").read_text()
    return used


def run(count: int, seed: int) -> dict[str, list[str]]:
    """Kill so many checks; what was left, by the kill that left it."""
    chance = random.Random(seed)
    found, done = {}, Counter[str]()
    for index in range(count):
        kill = draw(chance)
        done[kill.number.name] += 1
        if left := left_by(kill):
            found[f"{index}: {kill}"] = left
            print(f"{index}: {kill} left {left}", file=sys.stderr, flush=True)
    print(f"seed {seed}: {dict(done)}, {len(found)} left something", file=sys.stderr, flush=True)
    return found


def main() -> int:
    """Run the command; the exit code is 1 if anything was left."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    # A shell has what it starts in the background ignore SIGINT, and so would the checks.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return 1 if run(arguments.count, arguments.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
