"""A second opinion on the labels that does not use nbrerun.

It executes the cells in a plain process and forks where an experiment begins, each fork in a copy of the notebook's
folder. There it compares values by a canonical text, so it can tell only what values tell: equal or not after a rerun,
with the random numbers held equal, for a second first time, at the end, and after a change that the label describes.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import traceback
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import threadpoolctl

from tests.truth.canonical import canonical
from tests.truth.grammar import TruthCell

FILE = "file:"
LIBRARIES = (
    *("numpy", "pandas", "joblib", "sqlite3", "sklearn.linear_model", "sklearn.preprocessing", "sklearn.tree"),
    *("sklearn.naive_bayes", "sklearn.neighbors", "sklearn.ensemble", "sklearn.cluster"),
)
Values = dict[str, str]
"""A digest of the value of each name and of each file."""


@dataclass
class Facts:
    """What the experiments on one cell showed."""

    before: Values = field(default_factory=dict)
    first: Values = field(default_factory=dict)
    again: Values = field(default_factory=dict)
    pinned: Values = field(default_factory=dict)
    control: Values = field(default_factory=dict)
    later: Values = field(default_factory=dict)
    last: Values = field(default_factory=dict)
    raised: str = ""
    later_raised: str = ""
    perturbed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By variable: its value as changed, and after running the cell on that."""
    forgotten: Values = field(default_factory=dict)
    """By variable that follows another one: its value after a rerun that begins without it."""
    without: dict[str, Values] = field(default_factory=dict)
    """By file that was taken away: the values after the rerun; empty if it raised."""

    def drifts(self, name: str) -> bool:
        """Whether going back at the end gives another value than the first run and than the end."""
        if self.later_raised:
            return True
        return self.later.get(name) not in (self.first.get(name), self.last.get(name))


def consult(cells: Sequence[TruthCell]) -> list[Facts]:
    """Execute the cells in a child process and report the facts on each.

    Raises:
        RuntimeError: a cell raised in the first run, so the notebook was built wrongly.
    """
    _import_libraries()
    # One thread: a fork does not inherit those of OpenMP.
    with tempfile.TemporaryDirectory() as folder, threadpoolctl.threadpool_limits(1):
        answer = _forked(lambda: _all_facts(cells), Path(folder))
    if isinstance(answer, str):
        raise RuntimeError(answer)
    for facts in answer:
        facts["perturbed"] = {name: tuple(pair) for name, pair in facts["perturbed"].items()}
    return [Facts(**facts) for facts in answer]


def _import_libraries() -> None:
    """Import once what cells import."""
    environ = dict(os.environ)
    for module in LIBRARIES:
        importlib.import_module(module)
    for name in os.environ.keys() - environ.keys():  # set by an import; a kernel must not have it before
        del os.environ[name]


def _forked(work: Callable[[], object], folder: Path) -> Any:
    """Call in a forked process, there in a copy of the folder, and return what it returns; a string if it raised."""
    read, write = os.pipe()
    drawn = random.getstate()
    pid = os.fork()
    if pid == 0:
        status = 0
        random.setstate(drawn)  # Python reseeds it in a child
        try:
            os.close(read)
            answer = _call_in_copy(work, folder)
            with os.fdopen(write, "w") as pipe:
                json.dump(answer, pipe)
        except BaseException:  # noqa: BLE001 - nothing may leave the child
            status = 1
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(text) if text else "the process died"


def _call_in_copy(work: Callable[[], object], folder: Path) -> object:
    copy = tempfile.mkdtemp()
    try:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        os.chdir(copy)
        return work()
    except BaseException:  # noqa: BLE001 - a cell may raise anything, and the answer says what
        return traceback.format_exc(limit=-3)
    finally:
        os.chdir("/")
        shutil.rmtree(copy, ignore_errors=True)


class _Kernel:
    """The namespace of the cells, as the module `__main__`: pickle finds the notebook's classes there."""

    def __init__(self) -> None:
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self.namespace = module.__dict__

    def run(self, cell: TruthCell) -> None:
        exec(compile(cell.source, "<cell>", "exec"), self.namespace)

    def values(self) -> Values:
        """Digest every name and every file."""
        values = {name: canonical(value) for name, value in self.namespace.items() if not name.startswith("__")}
        for path in Path().rglob("*"):
            if path.is_file():
                values[f"{FILE}{path}"] = _content(path)
        values |= {f"env:os.environ[{name}]": value for name, value in os.environ.items()}
        values["env:sys.path"] = repr(sys.path)
        handlers = sys.modules["logging"].root.handlers if "logging" in sys.modules else []
        values["env:logging.root.handlers"] = repr([type(each) for each in handlers])
        return {name: hashlib.blake2b(text.encode(), digest_size=8).hexdigest() for name, text in values.items()}

    def generators(self) -> dict[str, Any]:
        """Where every generator stands: the global ones, and those in the namespace."""
        numpy = sys.modules["numpy"]
        states: dict[str, Any] = {"": (random.getstate(), numpy.random.get_state())}
        for name, value in self.namespace.items():
            if isinstance(value, random.Random):
                states[name] = value.getstate()
            elif isinstance(value, numpy.random.RandomState):
                states[name] = value.get_state()
            elif isinstance(value, numpy.random.Generator):
                states[name] = value.bit_generator.state
        return states

    def set_generators(self, states: Mapping[str, Any]) -> None:
        """Put the generators back to where they stood."""
        numpy = sys.modules["numpy"]
        for name, state in states.items():
            value = self.namespace.get(name)
            if not name:
                random.setstate(state[0])
                numpy.random.set_state(state[1])
            elif isinstance(value, random.Random):
                value.setstate(state)
            elif isinstance(value, numpy.random.RandomState):
                value.set_state(state)
            elif isinstance(value, numpy.random.Generator):
                value.bit_generator.state = state


def _content(path: Path) -> str:
    """What a file holds; that of a database are its rows, since its header counts how often it was written."""
    content = path.read_bytes()
    if not content.startswith(b"SQLite format 3\0"):
        return repr(content)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump())


def _all_facts(cells: Sequence[TruthCell]) -> list[dict[str, Any]]:
    sys.stdout = sys.stderr = io.StringIO()  # one for all forks: a cell may keep it
    kernel, here = _Kernel(), Path.cwd()
    everything: list[Facts] = []
    for cell in cells:
        generators = kernel.generators()
        facts = Facts(before=kernel.values())
        facts.control = _run_in_fork(kernel, cell, here, "the control")
        kernel.run(cell)
        facts.first = kernel.values()
        _experiments(kernel, cell, here, generators, facts)
        everything.append(facts)
    last = kernel.values()
    for cell, facts in zip(cells, everything, strict=True):
        facts.last = last
        later = _forked(lambda cell=cell: _rerun(kernel, cell), here)
        facts.later, facts.later_raised = ({}, later) if isinstance(later, str) else (later, "")
    return [vars(facts) for facts in everything]


def _rerun(kernel: _Kernel, cell: TruthCell) -> Values:
    kernel.run(cell)
    return kernel.values()


def _run_in_fork(kernel: _Kernel, cell: TruthCell, here: Path, what: str) -> Values:
    answer = _forked(lambda: _rerun(kernel, cell), here)
    if isinstance(answer, str):
        raise RuntimeError(f"{what} raised in\n{cell.source}\n{answer}")
    return answer  # type: ignore[no-any-return]


def _experiments(kernel: _Kernel, cell: TruthCell, here: Path, generators: Mapping[str, Any], facts: Facts) -> None:
    again = _forked(lambda: _rerun(kernel, cell), here)
    if isinstance(again, str):
        facts.raised = again
        return
    facts.again = again

    def pinned() -> Values:
        kernel.set_generators(generators)
        return _rerun(kernel, cell)

    def perturbed(name: str, statement: str) -> list[str]:
        exec(statement, kernel.namespace)
        return [kernel.values()[name], _rerun(kernel, cell)[name]]

    def forgotten(name: str) -> str:
        kernel.namespace.pop(name, None)
        return _rerun(kernel, cell)[name]

    def without(path: str) -> Values:
        Path(path).unlink()
        return _rerun(kernel, cell)

    facts.pinned = _forked(pinned, here) if again != facts.first else again
    for name, statement in cell.perturb.items():
        facts.perturbed[name] = _forked(lambda: perturbed(name, statement), here)  # noqa: B023 - called at once
    for name, allowed in cell.variables.items():
        if any(each.follows for each in allowed) and not name.startswith(FILE):
            facts.forgotten[name] = _forked(lambda: forgotten(name), here)  # noqa: B023 - called at once
    for path in cell.missing:
        answer = _forked(lambda: without(path), here)  # noqa: B023 - called at once
        facts.without[path] = {} if isinstance(answer, str) else answer
