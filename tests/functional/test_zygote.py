"""A kernel that the zygote forks is like one that Python was started for: else verdicts would rest on the tests."""

from __future__ import annotations

import json
import os
import socket
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.provisioning import KernelProvisionerFactory
from kernel_zygote import provisioner
from kernel_zygote.provisioner import ADDRESS, FORKED, REFUSED, ForkedProcess, counted
from kernel_zygote.server import HEAD, LIBRARIES, needed

from nbrerun.engine.kernel import Kernel
from nbrerun.engine.kernelspec import resolve_kernel
from nbrerun.notebooks.read import read_notebook
from nbrerun.settings.values import Settings
from tests.conftest import ASKING, ENVIRON, not_forked
from tests.functional.conftest import as_at_the_start, have_kernels_forked

FIRST = f"""
import gc, json, os, random, signal, sys, threading, warnings
def known():
    return sorted(set({sorted(LIBRARIES)}) & {{name.partition('.')[0] for name in sys.modules}})
variables = getattr(os, "env" "iron")  # a notebook with the word has nothing imported for it
before = dict(variables)
found = dict(
    argv=[sys.argv[0], *sys.argv[3:]], path=sys.path, flags=list(sys.flags), cwd=os.getcwd(), hash=hash('a'),
    variables=sorted(variables), limit=sys.getrecursionlimit(), parent=os.getppid() == int(variables['JPY_PARENT_PID']),
    signals=[str(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
    threads=[type(thread).__name__ for thread in threading.enumerate()], gc=gc.isenabled(),
    filters=[each[0] for each in warnings.filters], finders=[str(type(each)) for each in sys.meta_path],
    main=sys.modules['__main__'].__dict__ is globals(), ours=[name for name in sys.modules if name == 'nbrerun'],
    first=known(), group=os.getpgrp() == os.getppid(),
)
"""
THEN = {
    "nothing": "",
    "numpy": "import numpy",
    "what another one brings along": "import pandas  # and not yet what the zygote has seen: import sklearn",
    "all": "import numpy, scipy, pandas, joblib, matplotlib.pyplot, sklearn.linear_model",
}
LAST = """
print(json.dumps({**found, 'then': known(), 'set': sorted(set(variables) - set(before)),
                  'backend': sys.modules['matplotlib'].rcParams['backend'] if 'matplotlib' in sys.modules else None}))
"""


def looked_at(folder: Path, *sources: str) -> tuple[Any, bool]:
    """What the last of some cells prints, as JSON, and whether the kernel was forked."""
    path = folder / "nb.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources]), path)
    notebook = read_notebook(path)
    kernel = Kernel(notebook, resolve_kernel(notebook, Settings()), Settings())
    try:
        is_forked = isinstance(kernel._nbclient.km.provisioner.process, ForkedProcess)
        raised = [kernel.execute(cell).raised for cell in notebook.cells]
    finally:
        kernel.close()
    assert raised == [None] * len(sources)
    return json.loads(notebook.node.cells[-1].outputs[0].text), is_forked


@pytest.mark.parametrize("imported", THEN)
def test_a_forked_kernel_is_like_one_that_was_started(
    imported: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arguments, environment, signals, threads, modules: the same; libraries are there once they are imported."""
    cells = [FIRST, THEN[imported], LAST] if THEN[imported] else [FIRST, LAST]
    forked, is_forked = looked_at(tmp_path, *cells)
    monkeypatch.delenv(ADDRESS)
    started, is_too = looked_at(tmp_path, *cells)
    assert (is_forked, is_too) == (True, False)
    assert forked == started


DRAW = "import json, random, numpy\nprint(json.dumps([random.random(), numpy.random.rand(), numpy.random.rand()]))"


def test_forked_kernels_draw_different_numbers(tmp_path: Path) -> None:
    """A global generator begins somewhere else in each, or unseeded draws would look seeded."""
    (one, first), (other, second) = looked_at(tmp_path, DRAW), looked_at(tmp_path, DRAW)
    assert first
    assert second
    assert not set(one) & set(other)


@pytest.mark.parametrize(("name", "value"), [("OMP_NUM_THREADS", "1"), ("PYTHONHASHSEED", "7"), ("MPLBACKEND", "pdf")])
def test_what_is_read_at_the_start_needs_a_new_python(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The zygote refuses where an environment variable came too late for it."""
    monkeypatch.setenv(name, value)
    found, is_forked = looked_at(tmp_path, f"import os\nprint('\"' + os.environ['{name}'] + '\"')")
    assert (found, is_forked) == (value, False)


@pytest.mark.parametrize("path", ["", "/nowhere", "/nowhere:", ":/nowhere::/elsewhere"])
def test_a_search_path_is_compared_as_kernels_get_it(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty PYTHONPATH, or one with empty parts, is no reason to refuse every kernel of a run."""
    monkeypatch.setenv("PYTHONPATH", path)
    address = str(tmp_path / "socket")
    with provisioner.start(address, os.environ) as process:
        have_kernels_forked(monkeypatch, address)
        _, is_forked = looked_at(tmp_path, "print(1)")
        assert process.stdin is not None
        process.stdin.close()
    assert is_forked
    assert counted(address) == {FORKED: 1}


@pytest.mark.cold_kernel
def test_kernels_are_forked_after_one_that_was_not(
    zygote: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process whose first test is marked `cold_kernel` is like any other afterwards."""
    KernelProvisionerFactory.clear_instance()
    assert looked_at(tmp_path, "print(1)") == (1, False)
    have_kernels_forked(monkeypatch, zygote)
    assert looked_at(tmp_path, "print(1)") == (1, True)


@pytest.mark.parametrize(
    ("forked", "refused", "is_wrong"), [(2000, 100, False), (2000, 500, True), (400, 10, True), (0, 0, True)]
)
def test_a_run_whose_kernels_are_not_forked_is_wrong(forked: int, refused: int, is_wrong: bool) -> None:
    """Whether the zygote refuses them, or nobody asks it."""
    assert bool(not_forked(Counter({FORKED: forked, REFUSED: refused, ASKING: 1000}))) is is_wrong
    assert not not_forked(Counter({FORKED: forked, REFUSED: refused, ASKING: 100}))


def test_requests_are_counted(zygote: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what became of them, so that a run can tell whether its kernels are still forked."""
    before = counted(zygote)
    looked_at(tmp_path, "print(1)")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    looked_at(tmp_path, "print(1)")
    assert counted(zygote) - before == {FORKED: 1, REFUSED: 1}


def test_libraries_of_other_tests_leave_the_environment_alone() -> None:
    """What a library sets when a unit test imports it is gone in a functional one, and back afterwards."""
    own = pytest.MonkeyPatch()
    with pytest.MonkeyPatch.context() as library:
        library.setenv("OMP_NUM_THREADS", "3")
        library.setenv("HOME", "/nowhere")
        as_at_the_start(own)
        assert {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "HOME")} == {
            name: ENVIRON.get(name) for name in ("OMP_NUM_THREADS", "HOME")
        }
        own.undo()
        assert (os.environ["OMP_NUM_THREADS"], os.environ["HOME"]) == ("3", "/nowhere")


def test_whoever_asks_and_is_gone_does_no_harm(zygote: str, tmp_path: Path) -> None:
    """Tests that kill nbrerun leave requests without an end."""
    for sent in (b"", b"%*d" % (HEAD, 1000), b"%*d{" % (HEAD, 1000)):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asker:
            asker.connect(zygote)
            asker.sendall(sent)
    assert looked_at(tmp_path, "print(1)") == (1, True)


def test_as_few_libraries_as_bring_the_others() -> None:
    """Every set of libraries costs a process."""
    assert needed(["numpy", "pandas", "sklearn"]) == ("sklearn",)
    assert needed(["keras", "numpy", "tensorflow"]) == ("tensorflow",)
    assert needed(["matplotlib", "joblib"]) == ("matplotlib", "joblib")
