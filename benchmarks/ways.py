"""The ways to run a notebook that are compared: nbrerun, plain execution, the naive way, and what else people use.

A peer gets a virtual environment of its own, from the package registry. Libraries that it does not bring itself are
those of the environment that the benchmarks run in, so that all run the same code.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_OURS = {"PYTHONPATH": str(ROOT)}
_PYTEST = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Plugins of the environment that the libraries come from have no place in a peer."""
_DONE = "complete"

Command = Callable[[str, Path], Sequence[str]]
"""What to run, given the interpreter and the notebook."""


class Unavailable(Exception):
    """A peer cannot be installed; the message says why."""


@dataclass(frozen=True)
class Way:
    """One way to run a notebook."""

    does: str
    command: Command
    packages: tuple[str, ...] = ()
    """What to install; empty if it needs no environment of its own."""
    env: Mapping[str, str] = field(default_factory=dict)
    accepted: tuple[int, ...] = (0,)
    """Exit codes after which the notebook was run."""


def plainly(python: str, notebook: Path, *options: str) -> list[str]:
    """Return the command of a plain execution."""
    return [python, "-m", "benchmarks.plainly", str(notebook), *options]


def checking(*options: str) -> Command:
    """Return the command of a check, which writes its report beside the notebook."""
    return lambda python, notebook: [
        *(python, "-m", "nbrerun", "check", str(notebook), "-q", "--no-cache", "--kernel", "python3", *options),
        *("--format", f"json={report_of(notebook)}"),
    ]


def report_of(notebook: Path) -> Path:
    """Where a check of this notebook writes its report."""
    return notebook.with_suffix(".json")


def _testing(plugin: str, *options: str) -> Command:
    quiet = ("-q", "-p", "no:cacheprovider", "-p", plugin)
    return lambda python, notebook: [python, "-m", "pytest", *quiet, *options, str(notebook)]


def _kishu(python: str, notebook: Path) -> list[str]:
    first = f"from kishu import init_kishu; init_kishu({str(notebook)!r})"
    return plainly(python, notebook, "--first", first)


WAYS = {
    "plain": Way("runs the cells once, through nbclient", plainly, env=_OURS),
    "nbrerun": Way("runs the cells, runs each again, compares, judges", checking(), accepted=(0, 1), env=_OURS),
    "nbrerun, fork": Way("the same, with fork only", checking("--engine", "fork"), accepted=(0, 1), env=_OURS),
    "nbrerun, replay": Way("the same, with replay only", checking("--engine", "replay"), accepted=(0, 1), env=_OURS),
    "papermill": Way(
        "runs the cells once, and saves the notebook after each",
        lambda python, notebook: [
            *(python, "-m", "papermill", str(notebook), str(notebook.with_suffix(".out.ipynb"))),
            *("-k", "python3", "--no-progress-bar"),
        ],
        ("papermill",),
    ),
    "nbmake": Way(
        "runs the cells once, as a test",
        _testing("nbmake.pytest_plugin", "--nbmake", "--nbmake-kernel=python3"),
        ("nbmake",),
        _PYTEST,
    ),
    "nbval": Way(
        "runs the cells once, and compares their outputs with those in the file",
        _testing("nbval.plugin", "--nbval", "--nbval-current-env"),
        ("nbval",),
        _PYTEST,
        (0, 1),
    ),
    "FlowBook": Way(
        "runs the cells once, and checks that each read and wrote what a run from top to bottom would",
        lambda python, notebook: [
            *(str(Path(python).with_name("flowbook")), "-o", str(notebook.with_suffix(".out.ipynb"))),
            *("execute", str(notebook)),
        ],
        ("flowbook-python",),
    ),
    "ipyflow": Way(
        "runs the cells once, and tracks which depend on which",
        lambda python, notebook: plainly(python, notebook, "--kernel", "ipyflow"),
        ("ipyflow",),
        _OURS,
    ),
    "Kishu": Way("runs the cells once, and stores a checkpoint after each", _kishu, ("kishu",), _OURS),
    "naive": Way(
        "for each cell a fresh kernel, everything up to it, and the cell again; compares nothing", plainly, env=_OURS
    ),
}
BY_DEFAULT = tuple(name for name in WAYS if not name.startswith("nbrerun, "))
TRACKING = ("nbrerun", "FlowBook", "ipyflow", "Kishu")
"""Ways that look at the state after each cell; the pictures show what that costs as it grows."""


def interpreter(way: Way, environments: Path) -> str:
    """Return the Python for a way, and make its environment if there is none yet.

    Raises:
        Unavailable: it cannot be made.
    """
    if not way.packages:
        return sys.executable
    place = environments / way.packages[0]
    python = place / "bin" / "python"
    if not (place / _DONE).exists():
        _run([sys.executable, "-m", "venv", "--clear", str(place)])
        # Read after all other files of this kind, so that the peer's own packages come first.
        (packages,) = place.glob("lib/python*/site-packages")
        outer = [path for path in sys.path if path.endswith("site-packages")]
        (packages / "~libraries.pth").write_text("\n".join(outer) + "\n", encoding="utf-8")
        _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *way.packages])
        (place / _DONE).touch()
    return str(python)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr.strip()[-200:]]
        raise Unavailable(f"it could not be installed: {said[-1]}")


def version(way: Way, python: str) -> str:
    """Return the version of a way's first package; of nbclient if it has none."""
    code = f"from importlib.metadata import version; print(version({(way.packages or ('nbclient',))[0]!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def variables(way: Way, environments: Path) -> dict[str, str]:
    """Return the environment variables for a way: what peers keep in the home folder goes to another one."""
    found = dict(way.env)
    if way.packages:
        home = environments / "home"
        home.mkdir(parents=True, exist_ok=True)
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))  # with the fonts that matplotlib found
        found |= {"HOME": str(home), "XDG_CACHE_HOME": cache}
    return found
