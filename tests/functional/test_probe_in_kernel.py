"""The probe leaves no trace: the main run's outputs are those of a plain nbclient execution."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from nbrerun.analysis import analyze
from nbrerun.model import NotebookReport, Verdict
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings

COLD = pytest.mark.cold_kernel
"""Each kernel is compared with one that nbrerun has nothing to do with. Replay's main run has the same probe in it, so
a forked kernel will do there, compared with a forked one; what shows the kernel itself has cold ones everywhere."""

ENGINES = pytest.mark.parametrize("engine", [pytest.param("fork", marks=COLD), "replay"])

_VARYING = [
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"ipykernel_\d+[/\\]\d+\.py"), "ipykernel"),
    (re.compile(r"0x[0-9a-f]+"), "0x"),
]
"""What is another in every kernel: colours of nothing, the kernel's process id, addresses."""


def write(folder: Path, *cells: str | tuple[str, str]) -> Path:
    """A notebook of code cells; a pair is a source and a tag."""
    node = nbformat.v4.new_notebook()
    for number, cell in enumerate(cells):
        source, tags = (cell, []) if isinstance(cell, str) else (cell[0], [cell[1]])
        source = dedent(source).strip("\n")
        node.cells.append(nbformat.v4.new_code_cell(source, id=f"cell-{number}", metadata={"tags": tags}))
    path = folder / "nb.ipynb"
    nbformat.write(node, path)
    return path


def plainly(path: Path) -> Any:
    """The notebook as nbclient alone executes it."""
    node = copy.deepcopy(read_notebook(path).node)
    resources = {"metadata": {"path": str(path.parent)}}
    return NotebookClient(node, kernel_name="python3", timeout=120, resources=resources).execute()


def checked(path: Path, engine: str, cells: tuple[str, ...] = ()) -> tuple[Any, NotebookReport]:
    """The notebook as the main run leaves it, and what is said of it."""
    notebook = read_notebook(path)
    report = analyze(notebook, Settings(engine=engine, cells=cells), Silent())
    return notebook.node, report


def outputs(node: Any) -> list[tuple[int | None, list[Any]]]:
    """Execution count and outputs of each cell, without what varies; a stream is one text."""
    return [(cell["execution_count"], _normal(cell["outputs"])) for cell in node["cells"]]


def _normal(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        plain = _scrub({key: value for key, value in item.items() if key != "transient"})
        if found and item["output_type"] == "stream" and found[-1].get("name") == item["name"]:
            found[-1]["text"] += plain["text"]
        else:
            found.append(plain)
    return found


def _scrub(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _scrub(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_scrub(item) for item in value]
    if isinstance(value, str):
        for pattern, instead in _VARYING:
            value = pattern.sub(instead, value)
    return value


def compare(path: Path, engine: str, cells: tuple[str, ...] = ()) -> NotebookReport:
    """Both ways of executing a notebook show the same, cell by cell."""
    node, report = checked(path, engine, cells)
    assert report.failure is None
    expected = outputs(plainly(path))
    for number, (found, wanted) in enumerate(zip(outputs(node), expected, strict=True)):
        assert found == wanted, f"cell {number}: {node['cells'][number]['source']}"
    return report


HISTORY = [
    "print(sorted(dir()))",
    "print(len(In), In[-1], sorted(Out), get_ipython().execution_count)",
    "1 + 1",
    "_",
    "print(repr(_), repr(__), repr(___), _3, sorted(Out), sorted(_oh), len(_ih))",
    "print(_i, _ii, _iii, sep='|')\n_dh",
    "x = [1]\nx",
    "x.append(2)\nx",
    "print(Out[7] is x, In[7], sorted(Out))",
    "%history -n -l 3",
    "print([name for name in dir() if not name.startswith('_')])",
    "print(get_ipython().execution_count, sorted(globals()))",
    "_ = 'mine'\nprint(_)",
    "5",
    "print(_, sorted(Out))",
]

KERNEL = [
    """
    import gc, os, signal, sys, threading, warnings
    print(threading.active_count(), [thread.name for thread in threading.enumerate()][0])
    """,
    "print(threading.active_count(), len(gc.callbacks), gc.isenabled(), gc.get_threshold(), gc.get_freeze_count())",
    "print(len(get_ipython().ast_transformers), [len(each) for each in get_ipython().events.callbacks.values()])",
    "print([signal.getsignal(each).__class__.__name__ for each in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)])",
    "print(sys.stdout.__class__, os.getcwd() == os.path.realpath('.'), sys.argv[1:] == [], sys.path[0] == '')",
    "print(sys.getrecursionlimit(), [f[0] for f in warnings.filters], sys.flags.optimize)",
    "print(sorted(name for name in vars(__builtins__) if 'nbrerun' in name or 'mark' in name))",
    "print(os.listdir('.'))",
]

WARNINGS = [
    "import warnings\ndef old():\n    warnings.warn('old', DeprecationWarning)",
    "old()\nold()",
    "old()",
    "warnings.simplefilter('once')\ndef loud():\n    warnings.warn('loud')",
    "loud()\nloud()",
    "loud()",
    "warnings.warn('here')",
    "[warnings.warn('in a loop') for _ in range(3)]",
    "warnings.simplefilter('always')\nold()",
]

DISPLAYS = [
    "from IPython.display import HTML, clear_output, display, update_display",
    "h = display('a', display_id='one')",
    "h.update('b')",
    "display('c', display_id='two'); display(HTML('<b>d</b>'))",
    "update_display('e', display_id='two')",
    "print('gone'); clear_output(); print('stays')",
    "print('one', end=''); print('two', flush=True)",
    "import sys\nprint('err', file=sys.stderr)\nprint('out')",
    "import matplotlib.pyplot as plt\n%matplotlib inline",
    "plt.plot([1, 2]); plt.title('t')",
    "print(plt.get_fignums())",
    "fig, ax = plt.subplots(figsize=(1, 1)); ax.plot([1, 2]); plt.close(fig)\nprint(len(ax.lines))",
    "ax.plot([3, 4])\nprint(len(ax.lines))",
    "%%capture kept\nprint('captured')",
    "print(kept.stdout)",
    "!echo shell",
    "%%bash\necho bash",
]

ERRORS: list[str | tuple[str, str]] = [
    ("1 / 0", "raises-exception"),
    ("import no_such_module", "raises-exception"),
    ("from json import no_such_name", "raises-exception"),
    ("import beside", "raises-exception"),
    ("def f():\n    return g()\ndef g():\n    raise KeyError('a')\nf()", "raises-exception"),
    "import sys\nprint(sys.last_type.__name__)",
    ("this is no Python", "raises-exception"),
    "try:\n    import no_such_module\nexcept ImportError as error:\n    print(error, error.__traceback__.tb_next)",
]

LIVES = [
    "class Noisy:\n    def __del__(self): print('gone')\na = Noisy()",
    "a = None",
    "import weakref\nclass Quiet: pass\nb = Quiet()\nr = weakref.ref(b)",
    "import sys\nprint(sys.getrefcount(b), weakref.getweakrefcount(b))",
    "del b\nprint(r())",
    """
    def numbers():
        try:
            yield from [1, 2, 3]
        finally:
            print('closed')
    """,
    "n = numbers()\nprint(next(n))",
    "print(next(n))",
    "it = iter('abc')\nprint(next(it))",
    "print(next(it))",
    "n.close()",
    "import random\nrandom.seed(0)\nprint(random.random())",
    "print(random.random())",
    "import numpy as np\nnp.random.seed(0)\nrng = np.random.default_rng(0)\nprint(np.random.normal(), rng.normal())",
    "print(np.random.normal(), rng.normal())",
]

STATE = [
    "n = 0",
    "n += 1\nprint(n)",
    "n += 1\nprint(n)",
    "losses = []",
    "losses.append(n)\nprint(losses)",
    "import os\nos.environ['NBRERUN'] = os.environ.get('NBRERUN', '') + 'a'\nprint(os.environ['NBRERUN'])",
    "import sys\nsys.path.append('more')\nprint(sys.path.count('more'))",
    "import asyncio\nawait asyncio.sleep(0)\nprint('awaited')",
    "def f(item, seen=[]):\n    seen.append(item)\n    return seen\nf(1)",
    "f(2)",
    "f(3)",
]

NOTEBOOKS: dict[str, list[Any]] = {
    "history": HISTORY,
    "kernel": KERNEL,
    "warnings": WARNINGS,
    "displays": DISPLAYS,
    "errors": ERRORS,
    "lives": LIVES,
}


@ENGINES
@pytest.mark.parametrize("name", [pytest.param(name, marks=[COLD] * (name == "kernel")) for name in NOTEBOOKS])
def test_outputs_are_those_of_a_plain_execution(name: str, engine: str, tmp_path: Path) -> None:
    """Names, history, displays, warnings, errors, lives of objects: nothing shows that nbrerun looked."""
    (tmp_path / "beside.py").write_text("def broken():\n    1 / 0\nbroken()\n")
    compare(write(tmp_path, *NOTEBOOKS[name]), engine)


@ENGINES
def test_state_that_moves_on_does_not_reach_the_main_run(engine: str, tmp_path: Path) -> None:
    """What reruns change stays in them."""
    compare(write(tmp_path, *STATE), engine)


@ENGINES
def test_looking_at_an_open_file_does_not_flush_it(engine: str, tmp_path: Path) -> None:
    """What a cell has written and not flushed is not in the file when the next cell reads it."""
    path = write(
        tmp_path,
        "log = open('log.txt', 'w')\nn = log.write('hello')",
        "print(repr(open('log.txt').read()))",
        "log.close()\nprint(repr(open('log.txt').read()))",
    )
    compare(path, engine)


@ENGINES
def test_a_persons_code_is_not_called(engine: str, tmp_path: Path) -> None:
    """Properties, comparisons, lengths and texts of objects are counted by the notebook itself: nobody asked."""
    path = write(
        tmp_path,
        """
        calls = []
        class Loud:
            def __init__(self): self.value = 1
            def _note(self, *args): calls.append(1); return 'loud'
            __repr__ = __str__ = _note
            def __eq__(self, other): calls.append(2); return True
            def __hash__(self): calls.append(3); return 1
            def __len__(self): calls.append(4); return 0
            def __getattr__(self, name): calls.append((5, name)); raise AttributeError(name)
            def __getstate__(self): calls.append(6); return {}
            def __reduce_ex__(self, protocol): calls.append(7); return (Loud, ())
            @property
            def shape(self): calls.append(8); return (1,)
        """,
        "from collections import deque\nloud = Loud()\nheld = [loud, (loud,), {'a': loud}, deque([loud])]",
        "n = len(held)",
        "print(calls)",
    )
    report = compare(path, engine)
    assert {variable.name for variable in report.cells[2].variables} == {"n"}


@ENGINES
def test_names_of_builtins_may_mean_something_else(engine: str, tmp_path: Path) -> None:
    """A notebook that binds `open`, `len` and others is judged like any other."""
    path = write(
        tmp_path,
        "open = len = isinstance = sorted = type = id = list = print = None",
        "x = 1",
        "x += 1",
        "y = [x]",
        "del open, len, isinstance, sorted, type, id, list, print",
        "print(len([x, y]))",
    )
    report = compare(path, engine)
    assert [cell.verdict for cell in report.cells][1:4] == [Verdict.RESET, Verdict.IN_PLACE, Verdict.RESET]


@ENGINES
def test_a_person_may_use_the_names_of_the_probe(engine: str, tmp_path: Path) -> None:
    """Names that look like nbrerun's own, or like IPython's, are names of the user like any other."""
    bound = "_nbrerun_probe = 1\n_private = 1\nservice = 2\nkernel = 3"
    path = write(tmp_path, bound, "_private += 1", "print(_private)")
    report = compare(path, engine)
    assert report.cells[1].verdict is Verdict.IN_PLACE
    names = {variable.name for variable in report.cells[0].variables}
    assert names == {"_nbrerun_probe", "_private", "service", "kernel"}


@ENGINES
def test_the_notebook_file_is_not_written(engine: str, tmp_path: Path) -> None:
    """Byte for byte what it was; and nothing lies beside it."""
    path = write(tmp_path, "x = 1", "x")
    before = path.read_bytes()
    checked(path, engine)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
