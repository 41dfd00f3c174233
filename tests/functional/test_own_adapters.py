"""Adapters that other packages bring: the example of docs/adapters.md, and what holds when one is broken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import nbrerun.engine.loading
from nbrerun.analysis import analyze
from nbrerun.model import CellReport, Kind, Mark, NotebookReport, VariableReport, Verdict
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.functional.test_bad_input import write
from tests.functional.test_foreign_kernel import PYTHONS
from tests.functional.test_probe_in_kernel import ENGINES, outputs, plainly

pytestmark = pytest.mark.cold_kernel  # which adapters there are is decided by what a kernel finds when it starts

PAGE = Path(__file__).parents[2] / "docs" / "adapters.md"

MYLIB = """
import ctypes
import os
import time


class Model:
    def __init__(self, rate=0.1):
        self.rate = rate
        self.seconds = 0.0
        self._memory = ctypes.cast(ctypes.create_string_buffer(16), ctypes.POINTER(ctypes.c_double))

    def get_weights(self):
        return self._memory[:2]

    def fit(self, xs):
        self._memory[0] = self._memory[1] = 0.0
        return self.partial_fit(xs)

    def partial_fit(self, xs):
        total, count = self.get_weights()
        self._memory[0], self._memory[1] = total + self.rate * sum(xs), count + len(xs)
        self.seconds = time.perf_counter()
        return self

    def predict(self, x):
        return x * self.get_weights()[0]


class Dice:
    def __init__(self):
        self.stand = int.from_bytes(os.urandom(2), "big")

    def roll(self):
        self.stand = (self.stand * 75 + 74) % 65537
        return self.stand / 65537

    def get_state(self):
        return self.stand.to_bytes(4, "big")

    def set_state(self, state):
        self.stand = int.from_bytes(state, "big")


dice = Dice()
"""
"""A library as the page describes it: its weights lie where Python does not look."""

CELLS = (
    "import mylib\nmodel = mylib.Model(rate=0.5)",
    "model.fit([1.0, 2.0])",
    "model.partial_fit([1.0, 2.0])",
    "model.predict(3);",
    "loose = mylib.Model().fit([mylib.dice.roll()])",
    "class Mine(mylib.Model):\n    get_weights = rate = property(lambda self: 1 / 0)\nmine = Mine.__new__(Mine)\nn = 0",
    "n += 1",
)


def blocks() -> dict[str, str]:
    """The three files of the page's example, by name."""
    names = ("pyproject.toml", "mylib_nbrerun.py", "test_mylib_nbrerun.py")
    return dict(zip(names, re.findall(r"```\w+\n(.*?)```", PAGE.read_text(), re.DOTALL), strict=True))


def install(folder: Path, adapters: str | None) -> Path:
    """Lay the library into a folder, and the package of its adapters as an installer does, with what the page says."""
    folder.mkdir()
    (folder / "mylib.py").write_text(MYLIB)
    if adapters is not None:
        project = blocks()["pyproject.toml"]
        (name,) = re.findall(r'^name = "(.*)"$', project, re.MULTILINE)
        ((group, entry, target),) = re.findall(r'\[project\.entry-points\."(.*)"\]\n(\w+) = "(.*)"', project)
        metadata = folder / "mylib_nbrerun-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[{group}]\n{entry} = {target}\n")
        (folder / "mylib_nbrerun.py").write_text(adapters)
    return folder


def check(folder: Path, *cells: str, engine: str = "fork") -> NotebookReport:
    """A notebook in a folder, checked by one experiment."""
    settings = Settings(engine=engine, experiments=frozenset({"again"}))
    report = analyze(read_notebook(write(folder, *cells)), settings, Silent())
    assert report.failure is None
    return report


def variable(cell: CellReport, name: str) -> VariableReport:
    """What is said of a name."""
    (found,) = (each for each in cell.variables if each.name == name)
    return found


@ENGINES
def test_the_example_of_the_page_gives_exact_verdicts(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights in native memory are compared and named, the duration is not, and the library's generator is pinned."""
    monkeypatch.setenv("PYTHONPATH", str(install(tmp_path / "site", blocks()["mylib_nbrerun.py"])))
    made, fitted, trained, asked, loose, _, counted = check(tmp_path, *CELLS, engine=engine).cells
    assert [cell.verdict for cell in (made, fitted, loose)] == [Verdict.RESET] * 3
    assert not variable(fitted, "model").marks
    assert trained.verdict is Verdict.IN_PLACE
    (change,) = variable(trained, "model").changes
    assert (change.path, change.max_abs_change) == ("model.weights", 2.0)
    assert asked.verdict is Verdict.STATELESS
    assert variable(loose, "loose").marks == (Mark.UNSEEDED,)
    assert counted.verdict is Verdict.IN_PLACE
    assert not [each.opaque for cell in (made, fitted, trained, loose) for each in cell.variables if each.opaque]


def test_without_it_the_model_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The very same cells: what the adapter reads is opaque, and nothing is reported to keep training."""
    monkeypatch.setenv("PYTHONPATH", str(install(tmp_path / "site", None)))
    cells = check(tmp_path, *CELLS).cells
    trained = variable(cells[2], "model")
    assert trained.opaque == ("mylib.LP_c_double: a C pointer",)
    assert Verdict.IN_PLACE not in {cell.verdict for cell in cells[:4]}


def test_the_test_of_the_page_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is run as a user runs it, with nbrerun from the command line."""
    found = blocks()
    folder = install(tmp_path / "site", found["mylib_nbrerun.py"])
    (tmp_path / "test_mylib_nbrerun.py").write_text(found["test_mylib_nbrerun.py"])
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mylib_nbrerun.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


READS = "def register(api):\n    @api.reads('mylib.Model')\n    def model(value):\n        "

BROKEN = {
    "a module that is missing": ("import no_such_module", "cannot be loaded (ModuleNotFoundError: No module named"),
    "no `register`": ("", "cannot be loaded (AttributeError: "),
    "no Python": ("def register(api:", "cannot be loaded (SyntaxError: "),
    "a module that ends the process": ("raise SystemExit(3)", "cannot be loaded (SystemExit: 3)"),
    "`register` raises": (READS + "return None\n    1 / 0", "cannot be loaded (ZeroDivisionError: "),
    "another library's type": (
        "register = lambda api: api.reads('collections.Counter')(repr)",
        "cannot be loaded (ValueError: collections.Counter is not in mylib)",
    ),
    "generators that are not found": (
        "import mylib\ndef register(api):\n    api.draws_from(lambda: [('mylib', mylib.no_such)])",
        "cannot be loaded (AttributeError: ",
    ),
    "the adapter raises": (READS + "raise KeyError('seconds')", "raised KeyError: 'seconds'"),
    "the adapter panics": (
        "class Panic(BaseException): pass\n" + READS + "raise Panic('at the disco')",
        "raised Panic: at the disco",
    ),
    "no node": (READS + "return vars(value)", "raised TypeError: it returned dict, not a Node"),
    "a kind that there is not": (
        READS + "return api.Node('mylib.Model', kind='network')",
        "raised TypeError: its `kind` is unknown",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_one_stops_nothing_and_makes_nothing_equal(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library's objects are undetermined, with the package and what happened; all others are judged."""
    source, reason = BROKEN[case]
    monkeypatch.setenv("PYTHONPATH", str(install(tmp_path / "site", source)))
    cells = check(tmp_path, *CELLS[:3], "n = 0", "n += 1").cells
    for cell in cells[1:3]:
        assert cell.verdict is Verdict.UNDETERMINED
        assert cell.reason.startswith("`model` cannot be read (mylib.Model: the adapter")
        assert "of mylib-nbrerun " + reason in cell.reason
        assert variable(cell, "model").kind.value == "model"
    assert [cell.verdict for cell in cells[3:]] == [Verdict.RESET, Verdict.IN_PLACE]


LOUD = """
import logging, os, random, sys, warnings
import numpy
print("loud")
print("loud", file=sys.stderr)
warnings.warn("loud")
warnings.simplefilter("error")
os.environ["MYLIB_NBRERUN"] = "here"
logging.getLogger("loud").addHandler(logging.StreamHandler())
random.random(), numpy.random.normal()

def register(api):
    print(random.random(), numpy.random.normal())
    os.environ["MYLIB_NBRERUN"] = "registered"
    @api.reads("mylib.Model")
    def model(value):
        warnings.warn("loud")
        print("loud")
        return api.Node("mylib.Model", (repr(value.get_weights()).encode(),))
"""

WATCHED = (
    "import random, sys, warnings\nimport numpy as np\nrandom.seed(0)\nnp.random.seed(0)",
    "assert 'mylib_nbrerun' not in sys.modules\nprint(sorted(globals()))",
    "import mylib\nprint(random.random(), np.random.normal(), warnings.filters[0][:1])",
    "assert 'mylib_nbrerun' in sys.modules\nprint(sorted(globals()), sys.stdout.__class__, sys.dont_write_bytecode)",
    "model = mylib.Model()\nmodel",
    "model.fit([1.0])",
    "warnings.warn('shown')\nprint(random.random(), np.random.normal())",
)


@ENGINES
def test_loading_one_is_not_seen(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before its library is there; then no word, no warning, no name, no draw and no setting shows."""
    monkeypatch.setenv("PYTHONPATH", str(install(tmp_path / "site", LOUD)))
    path = write(tmp_path, *WATCHED)
    notebook = read_notebook(path)
    report = analyze(notebook, Settings(engine=engine, experiments=frozenset({"again"})), Silent())
    assert report.failure is None
    monkeypatch.setenv("PYTHONPATH", str(install(tmp_path / "plain", None)))
    path.write_text(path.read_text().replace("assert", "# assert"))
    assert outputs(notebook.node) == outputs(plainly(path))
    assert report.cells[2].verdict is Verdict.STATELESS
    assert not [each for cell in report.cells for each in cell.variables if each.kind in (Kind.ENV, Kind.FILE)]
    assert not (tmp_path / "site" / "__pycache__" / f"mylib_nbrerun.{sys.implementation.cache_tag}.pyc").exists()


PROBE = """
import importlib.util, sys
folder = {folder!r}
spec = importlib.util.spec_from_file_location("_probe", folder + "/__init__.py", submodule_search_locations=[folder])
sys.modules["_probe"] = importlib.util.module_from_spec(spec)
from _probe.adapters import describe
from _probe.plugins.discovery import Packages
packages = Packages()
packages.load()
assert "mylib_nbrerun" not in sys.modules
import mylib
packages.load()
node = describe(mylib.Model(0.5).fit([1.0]))
print(node.opaque, node.kind, node.labels(), node.children)
"""


@pytest.mark.parametrize("version", PYTHONS)
def test_every_python_finds_it(version: str, tmp_path: Path) -> None:
    """What lists the installed packages is not the same in each version of Python."""
    site = install(tmp_path / "site", blocks()["mylib_nbrerun.py"])
    command = [PYTHONS[version], "-c", PROBE.format(folder=str(nbrerun.engine.loading._PROBE))]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=False
    )
    assert done.stdout == "None model ['.rate', '.weights'] [0.5, [0.5, 1.0]]\n", done.stderr


def test_a_package_that_a_cell_installs_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that a cell adds to the path, and one into which a package comes while the kernel runs."""
    folder = install(tmp_path / "site", blocks()["mylib_nbrerun.py"])
    (tmp_path / "later").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "later"))
    added = f"import sys\nsys.path.append({str(folder)!r})"
    copied = f"import shutil\nshutil.copytree({str(folder)!r}, {str(tmp_path / 'later')!r}, dirs_exist_ok=True);"
    for first in (added, copied):
        trained = check(tmp_path, first, *CELLS[:3]).cells[3]
        assert [change.path for change in variable(trained, "model").changes] == ["model.weights"]


def test_a_library_that_no_import_brought_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that a cell makes and puts among the others."""
    monkeypatch.setenv("PYTHONPATH", str(install(tmp_path / "site", blocks()["mylib_nbrerun.py"])))
    by_hand = f"""
        import sys, types
        mylib = sys.modules['mylib'] = types.ModuleType('mylib')
        exec(open({str(tmp_path / "site" / "mylib.py")!r}).read(), vars(mylib))
        model = mylib.Model()
    """
    trained = check(tmp_path, dedent(by_hand), *CELLS[1:3]).cells[2]
    assert [change.path for change in variable(trained, "model").changes] == ["model.weights"]


def test_a_broken_adapter_of_our_own_stops_no_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects of its library are undetermined, with a reason; all others are judged."""
    probe = shutil.copytree(nbrerun.engine.loading._PROBE, tmp_path / "probe")
    with open(probe / "adapters" / "networkx.py", "a") as file:
        file.write("\nimport no_such_module\n")
    monkeypatch.setattr(nbrerun.engine.loading, "_PROBE", probe)
    cells = check(tmp_path, "from networkx import DiGraph\ng = DiGraph()\nn = 0", "g.add_node(len(g))", "n += 1").cells
    assert [cell.verdict for cell in cells] == [Verdict.RESET, Verdict.UNDETERMINED, Verdict.IN_PLACE]
    why = "nbrerun's own adapter cannot be loaded (ModuleNotFoundError: No module named 'no_such_module')"
    assert cells[1].reason == f"`g` cannot be read (networkx.classes.digraph.DiGraph: {why})"
