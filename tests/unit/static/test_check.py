"""What the source of a notebook proves, and what it does not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click.testing
import pytest

from nbrerun.classify.declared import settle
from nbrerun.cli import main
from nbrerun.model import Cell, CellReport, Declared, Finding, Verdict
from nbrerun.notebooks.read import read_notebook
from nbrerun.settings.values import FORMATS, Settings
from nbrerun.static import names
from nbrerun.static.check import analyze
from nbrerun.static.source import Source

FROM_SOURCE = Settings(static=True)


def write(folder: Path, cells: Sequence[str | dict[str, Any]], **metadata: Any) -> Path:
    """Write a notebook; a cell is its source, or all that it has."""
    whole = []
    for number, cell in enumerate(cells):
        own = {"source": cell} if isinstance(cell, str) else cell
        plain = {"cell_type": "code", "id": f"c{number}", "metadata": {}, "outputs": [], "execution_count": None}
        whole.append(plain | own)
    path = folder / "nb.ipynb"
    node = {"cells": whole, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(node), encoding="utf-8")
    return path


def look(path: Path, **settings: Any) -> list[Finding]:
    """What is found."""
    return list(analyze(read_notebook(path), Settings(static=True, **settings)).findings)


def pairs(path: Path, rule: str) -> list[tuple[int, str | None]]:
    """Cell and name of each finding of a rule."""
    return [(finding.index, finding.name) for finding in look(path) if finding.rule == rule]


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ([1, 2, 3], []),
        ([None, None], []),
        ([4, 7, 9], []),
        ([1, None, 2], []),
        ([2, None, 1], [2]),
        ([1, 10, 2, 3, 4], [2]),
        ([1, 1], [1]),
        ([3, 2, 1], [1, 2]),
        ([5, True, "x", 0, -1, 6], []),
    ],
)
def test_counts_have_to_increase(tmp_path: Path, counts: list[Any], found: list[int]) -> None:
    """Each cell against the last one above that has a count; what is no count is passed over."""
    path = write(tmp_path, [{"source": "x = 1", "execution_count": count} for count in counts])
    assert [index for index, _ in pairs(path, "NBR301")] == found


@pytest.mark.parametrize(
    "cells",
    [
        ["print(x)", "x = 1"],
        ["y = x + 1", "x = 1"],
        ["y = [1, x]", ""],
        ["print(x)\nx = 1"],
        ["if x:\n    pass", "x = 1"],
        ["for i in x:\n    pass"],
        ["[i for i in x]"],
        ["@x\ndef f():\n    pass"],
        ["class A(x):\n    pass"],
        ["x.fit(1)", "def x():\n    pass"],
        ["print(f'{x}')", "import x"],
        ["%matplotlib inline\nprint(x)", "x = 1"],
        ["!ls\nprint(x)"],
        ["with open('a') as f:\n    f.write(x)"],
        ["x or y", "y = 1"],
        ["y = 1 if x else 2"],
        ["y: int = x"],
        ["print(x)", "from a import *"],
        ["x += 1", "x = 0"],
        ["x = x + 1", "x = 0"],
        ["x = [x for _ in x]", "x = []"],
        ["(i for i in x)"],
        ["%%bash\nls", "print(x)"],
        ["%%time\ny = 1", "print(x)"],
        ["%load_ext autoreload\n%autoreload 2", "print(x)"],
        ["!pip install a \\\n  b", "print(x)"],
        ["'google.colab' in str(get_ipython())", "print(x)"],
        ["import numpy as np\nnp.var([1])", "print(x)"],
        ["import logging\nlogging.getLogger(__name__)", "print(x)"],
        ["history = 1", "history", "print(x)"],
    ],
)
def test_a_name_that_is_looked_up_before_it_is_there(tmp_path: Path, cells: list[str]) -> None:
    """Wherever the look-up is sure to happen."""
    where = next(number for number, cell in enumerate(cells) if "x" in re.findall(r"\w+", cell))
    assert pairs(write(tmp_path, cells), "NBR302") == [(where, "x")]


@pytest.mark.parametrize(
    "cells",
    [
        ["x = 1", "print(x)"],
        ["x = 1\nprint(x)"],
        ["def f():\n    return x", "x = 1", "f()"],
        ["f = lambda: x", "x = 1"],
        ["if 1:\n    print(x)", "x = 1"],
        ["try:\n    x\nexcept NameError:\n    x = 1"],
        ["try:\n    x.y\nexcept NameError:\n    pass"],
        ["for i in []:\n    x"],
        ["1 or x"],
        ["1 if 1 else x"],
        ["1 < 0 < x"],
        ["(i for i in range(3) if x)"],
        ["[x for i in []]"],
        ["import a", "with a.b():\n    print(x)"],
        ["from a import *", "print(x)"],
        ["exec(open('a').read())", "print(x)"],
        ["globals()['x'] = 1", "print(x)"],
        ["%run other.ipynb", "print(x)"],
        ["%pylab inline", "print(x)"],
        ["pylab", "print(x)"],
        ["%store -r x", "print(x)"],
        ["get_ipython().run_line_magic('run', 'a.py')", "print(x)"],
        ["%%capture x\n1", "print(x)"],
        ["%%time\nx = 1", "print(x)"],
        ["%%bash\necho $x"],
        ["x = !ls", "print(x)"],
        ["x = %pwd", "print(x)"],
        ["%time x = 1", "print(x)"],
        ["print(x", "x"],
        ["def f():\n    global x\n    x = 1", "f()", "print(x)"],
        ["import x.y", "x.z"],
        ["from a import b as x", "x"],
        ["try:\n    1\nexcept OSError as x:\n    pass", "print(x)"],
        ["match 1:\n    case x:\n        pass", "print(x)"],
        ["match {}:\n    case {**x}:\n        pass", "print(x)"],
        ["print((x := 1))", "print(x)"],
        ["for x in range(3):\n    pass", "print(x)"],
        ["with open('a') as x:\n    pass", "print(x)"],
        ["print(__name__, _, __, _3, _i, _i2, _ih, In, Out)"],
        ["display(get_ipython())", "exit"],
        ["print(len([]), Exception, spark)"],
        ["ls", "pwd"],
        ["raise ValueError\nprint(x)"],
        ["x: int\n"],
        ["?x", "x?", "x = 1"],
        ["!pip install x\n!echo {x}", "x = 1"],
        ["import __main__\n__main__.x = 1", "print(x)"],
        # IPython takes a cell of one line that begins like a magic for one.
        ["run other.py", "print(x)"],
        ["ls -l"],
        ["store; y = 1"],
        ["!echo a \\\nb"],
        ["y = !echo a \\\nb"],
        ["y = %run other.py", "print(x)"],
        ["%%time\nfrom a import *", "print(x)"],
        ["%%capture\n%run other.py", "print(x)"],
        ["%%mine\ny", "print(x)"],
        ["%load_ext kedro.ipython", "print(x)"],
        ["get_ipython().user_ns['x'] = 1", "print(x)"],
        ["ip = get_ipython()", "print(x)"],
        ["import sys\nsys.modules['__main__'].x = 1", "print(x)"],
        ["import sys\nsys.modules[__name__].x = 1", "print(x)"],
        ["import importlib\nimportlib.import_module('__main__').x = 1", "print(x)"],
        ["__builtins__.x = 1", "print(x)"],
        ["g = globals\ng()['x'] = 1", "print(x)"],
        ["import sympy\nsympy.var('x')", "print(x)"],
        ["from sympy import init_session\ninit_session()", "print(x)"],
        ["import sys\nsys.exit()\nprint(x)"],
        ["x = (x := 1) + x"],
        ["x = [x for x in [1]]"],
        ["x = lambda: x"],
        ["x: y = 1"],
    ],
)
def test_what_is_not_certain_is_not_said(tmp_path: Path, cells: list[str]) -> None:
    """Functions, branches, loops, errors that are caught, magics, and names that come from elsewhere."""
    assert pairs(write(tmp_path, cells), "NBR302") == []


def test_a_name_is_reported_once_and_with_the_cell_that_defines_it(tmp_path: Path) -> None:
    """The first cell that uses it."""
    first, second = look(write(tmp_path, ["print(a, b)", "a + b", "a = 1", "def f():\n    b = 1"]))
    assert (first.index, first.message) == (0, "uses `a`, which only cell 2 defines, which comes later")
    assert (second.index, second.message) == (0, "uses `b`, which no cell before it defines")


def test_where_names_are_defined_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not again for each of thousands of findings."""
    looked: list[Sequence[Source]] = []
    monkeypatch.setattr(names, "_definers", lambda sources: looked.append(sources) or {})
    assert len(list(names.undefined([Source.of("a\nb\nc"), Source.of("d")]))) == 4
    assert len(looked) == 1


READ = "import joblib\nm = joblib.load('m.joblib')"
WRITE = "joblib.dump(m, 'm.joblib')"


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ([READ, WRITE], True),
        (["t = open('m.joblib').read()", "open('m.joblib', 'w').write('')"], True),
        (["with open('m.joblib', 'rb') as f:\n    f.read()", "open('m.joblib', mode='wb')"], True),
        (["from pathlib import Path\nPath('m.joblib').read_text()", "Path('m.joblib').write_text('')"], True),
        (["import pandas as pd\nd = pd.read_csv('./m.joblib')", "d.to_csv('m.joblib')"], True),
        (["import numpy as np\na = np.load('m.joblib')", "np.save('m.joblib', a)"], True),
        (["import torch\na = torch.load('m.joblib')", "torch.save(a, 'm.joblib')"], True),
        (["import json\na = json.load(open('m.joblib'))", "json.dump(a, open('m.joblib', 'w'))"], True),
        (["a = 1\na = [a].copy()", READ, WRITE], True),
        ([READ], False),
        ([WRITE, READ, WRITE], False),
        (["import joblib\nif 1:\n    joblib.load('m.joblib')", WRITE], False),
        (["import joblib\ntry:\n    joblib.load('m.joblib')\nexcept OSError:\n    pass", WRITE], False),
        (["import joblib\ndef f():\n    joblib.load('m.joblib')", WRITE], False),
        (["m = joblib.load('m.joblib') if os.path.exists('m.joblib') else 1", WRITE], False),
        (["!wget x", READ, WRITE], False),
        (["%cd x", READ, WRITE], False),
        (["import os\nos.chdir('x')", READ, WRITE], False),
        (["import os\nos.system('make')", READ, WRITE], False),
        (["p = 'm.joblib'", READ, WRITE], False),
        (["name = 'data/m.joblib.gz'", READ, WRITE], False),
        (["joblib.dump(1, PATH)", READ, WRITE], False),
        (["open(PATH, 'w')", READ, WRITE], False),
        (["PATH.write_text('')", READ, WRITE], False),
        (["import urllib.request\nurllib.request.urlretrieve(u, p)", READ, WRITE], False),
        ([READ + "\n" + WRITE], False),
        ([READ + "\n" + WRITE, WRITE], False),
        (["import joblib\nfetch('m.joblib')\njoblib.load('m.joblib')", WRITE], False),
        (["import pandas as pd\nd = pd.read_csv('https://x/m.csv')", "d.to_csv('https://x/m.csv')"], False),
        (["open('m.joblib', 'r+')", WRITE], False),
        (["%%time\njoblib.load('m.joblib')", WRITE], False),
        (["import helpers\nhelpers.prepare()", READ, WRITE], False),
        (["from . import helpers", READ, WRITE], False),
        (["import zipfile\nzipfile.ZipFile('a.zip').extract('m')", READ, WRITE], False),
        (["import os.path\nimport sklearn.svm", READ, "%%time\n" + WRITE], True),
    ],
)
def test_a_read_of_a_file_that_only_a_later_cell_writes(tmp_path: Path, cells: list[str], found: bool) -> None:
    """Paths that are written out, reads that are sure, and nothing before that may have brought the file."""
    wanted = [(next(at for at, cell in enumerate(cells) if "m.joblib" in cell), "file:m.joblib")] if found else []
    assert pairs(write(tmp_path, cells), "NBR303") == wanted


def test_a_file_that_git_tracks_is_an_input(tmp_path: Path) -> None:
    """It is there in every clone, whoever writes it later."""
    path = write(tmp_path, [READ, WRITE])
    (tmp_path / "m.joblib").write_text("", encoding="utf-8")
    assert pairs(path, "NBR303")
    for command in (["init", "-q"], ["add", "m.joblib"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    assert pairs(path, "NBR303") == []


@pytest.mark.parametrize(
    ("cell", "metadata"),
    [
        ({"source": "print(x)", "metadata": {"tags": ["raises-exception"]}}, {}),
        ({"source": "print(x)", "metadata": {"tags": ["skip-execution"]}}, {}),
        ({"source": "print(x)", "metadata": {"nbrerun": {"ignore": ["NBR302"]}}}, {}),
        ({"source": "print(x)", "metadata": {"nbrerun": {"ignore": ["NBR3"]}}}, {}),
        ({"source": "print(x)", "cell_type": "raw"}, {}),
        ("print(x)", {"kernelspec": {"name": "ir", "language": "R"}}),
    ],
)
def test_cells_that_may_raise_or_are_no_python_are_left_alone(tmp_path: Path, cell: Any, metadata: Any) -> None:
    """So are those that are not run, and those that say that it does not matter."""
    assert look(write(tmp_path, [cell], **metadata)) == []


@pytest.mark.parametrize(("code", "unused"), [("NBR302", 0), ("NBR3", 0), ("NBR002", 1)])
def test_a_run_does_not_call_such_a_declaration_unused(code: str, unused: int) -> None:
    """It does not look for these rules."""
    cell = Cell(0, "c0", "x", declared=Declared(ignore=(code,)))
    found = list(settle(cell, CellReport(0, "c0", Verdict.RESET, "starts over"), []))
    assert [finding.rule for finding in found] == ["NBR202"] * unused


def test_what_python_says_of_the_text_is_not_repeated(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    """A wrong escape, a comparison by identity: whoever runs the notebook is told."""
    look(write(tmp_path, ["x = '\\d'\ny = 1 is 1"]))
    assert list(recwarn) == []


def test_selected_cells_only(tmp_path: Path) -> None:
    """The whole notebook is read, and what is said is about the cells that were asked for."""
    path = write(tmp_path, ["print(x)", "print(y)"])
    assert [finding.index for finding in look(path, cells=("1",))] == [1]


def run(*args: str) -> click.testing.Result:
    """Run `nbrerun ARGS`."""
    return click.testing.CliRunner().invoke(main, args)


def test_the_command_runs_nothing_and_claims_no_verdict(tmp_path: Path) -> None:
    """Exit code 1 for what is proven, no cell in the report."""
    path = write(tmp_path, ["open('made', 'w')\nprint(x)"])
    result = run("check", "--static", str(path), "--format", "json")
    (report,) = json.loads(result.stdout)["notebooks"]
    assert result.exit_code == 1
    assert (report["static"], report["cells"], report["engine"]) == (True, [], "")
    assert report["findings"][0] | {"message": ""} == {
        "rule": "NBR302",
        "severity": "error",
        "index": 0,
        "name": "x",
        "message": "",
        "cell": "c0",
        "known": False,
        "fails": True,
        "listed": True,
        "fix": "move the definition above this cell",
        "spot": {"line": 2, "column": 7, "length": 1, "text": "print(x)"},
    }
    assert not (tmp_path / "made").exists()
    shown = run("check", "--static", str(path)).stdout
    assert "1 notebook read, nothing run\nfindings: 1 error" in shown
    assert "no code cells" not in shown
    assert run("check", "--static", str(path), "--ignore", "NBR302").exit_code == 0


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "json"])
def test_every_report_can_show_it(tmp_path: Path, form: str) -> None:
    """The rule is named in each."""
    result = run("check", "--static", str(write(tmp_path, ["print(x)"])), "--format", form)
    assert result.exit_code == 1
    assert "NBR302" in result.stdout


def test_a_baseline_takes_it_and_says_what_is_gone(tmp_path: Path) -> None:
    """Known, then gone; what only a run can find is never gone here."""
    path, known = write(tmp_path, ["print(x)"]), str(tmp_path / "b.json")
    assert run("baseline", str(path), "--static", "--output", known).exit_code == 0
    assert run("check", "--static", str(path), "--baseline", known).exit_code == 0
    text = Path(known).read_text(encoding="utf-8")
    entry = '{"notebook": "nb.ipynb", "cell": "c0", "rule": "NBR001", "count": 1},'
    Path(known).write_text(text.replace("[\n", f"[\n    {entry}\n"), encoding="utf-8")
    write(tmp_path, ["print(1)"])
    shown = run("check", "--static", str(path), "--baseline", known).stdout
    assert "NBR302 in cell c0 of nb.ipynb" in shown
    assert "NBR001" not in shown


def test_no_part_that_runs_notebooks_is_imported(tmp_path: Path) -> None:
    """That is what keeps it quick."""
    code = (
        "import sys; from nbrerun.cli import main; main(sys.argv[1:], standalone_mode=False)\n"
        "assert not {'nbclient', 'jupyter_client', 'zmq', 'IPython', 'nbrerun.engine'} & sys.modules.keys()"
    )
    code = code.replace(
        "main(sys.argv[1:], standalone_mode=False)", "\ntry: main(sys.argv[1:])\nexcept SystemExit: pass"
    )
    command = [sys.executable, "-c", code, "check", "--static", str(write(tmp_path, ["x = 1"]))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("given", ["--engine fork", "--watch x", "--write-files"])
def test_what_is_about_running_does_not_go_with_it(tmp_path: Path, given: str) -> None:
    """It would be passed over without a word."""
    said = run("check", "--static", str(write(tmp_path, ["x = 1"])), *given.split())
    option = given.split()[0]
    assert said.stderr == f"nbrerun: a static check runs nothing, so {option} has no meaning: leave one of them out\n"
    assert said.exit_code == 2
