"""`nbrerun fix`: notebooks that are fixed by a proven edit, and such that are rightly refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner, Result

import nbrerun
from nbrerun.cli import main
from tests.functional.test_bad_input import write
from tests.functional.test_outside import Counting
from tests.functional.test_outside import server as server
from tests.unit.fix.test_apply import PERCENT

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Fixed:
    """A notebook, and what its cells are after all proven edits."""

    cells: Sequence[str]
    kinds: Sequence[str]
    """The kinds of the edits, in the order of the findings."""
    after: Mapping[int, str] = field(default_factory=dict)
    """Cells that change."""


FIXED = {
    "a list that a cell above creates": Fixed(
        ["losses = []\nn = 3", "for i in range(n):\n    losses.append(i)", "best = min(losses)"],
        ["create in the cell"],
        {0: "n = 3", 1: "losses = []\nfor i in range(n):\n    losses.append(i)"},
    ),
    "a list that others look at before": Fixed(
        ["xs = [0]", "print(len(xs))", "xs.append(1)"],
        ["create in the cell"],
        {2: "xs = [0]\nxs.append(1)"},
    ),
    "data that is standardised twice": Fixed(
        [
            "import numpy as np\nX = np.arange(6.0)",
            "m = X.mean()",
            "X = X - m  # centred",
            "print(X.sum())\nX = np.ones(2)",
            "print(X)",
        ],
        ["new name"],
        {2: "X_2 = X - m  # centred", 3: "print(X_2.sum())\nX_2 = np.ones(2)", 4: "print(X_2)"},
    ),
    "a column that can be dropped only once": Fixed(
        ["import pandas as pd\nt = pd.DataFrame({'a': [1], 'b': [2]})", "t = t.drop(columns='b')", "print(t.shape)"],
        ["new name"],
        {1: "t_2 = t.drop(columns='b')", 2: "print(t_2.shape)"},
    ),
    "a model that keeps training": Fixed(
        [
            "import numpy as np\nfrom sklearn.linear_model import SGDClassifier\nX, y = np.eye(2), [0, 1]",
            "# the model\nmodel = SGDClassifier(random_state=0)",
            "%precision 3\nmodel.partial_fit(X, y, classes=y);",
            "print(model.score(X, y))",
        ],
        ["create in the cell"],
        {
            1: "",
            2: "# the model\nmodel = SGDClassifier(random_state=0)\n%precision 3\nmodel.partial_fit(X, y, classes=y);",
        },
    ),
    "training that goes on below": Fixed(
        [
            "import numpy as np\nfrom sklearn.linear_model import SGDClassifier\nX, y = np.eye(4), [0, 1, 0, 1]",
            "model = SGDClassifier(random_state=0)\nmodel.partial_fit(X, y, classes=[0, 1])",
            "print(model.coef_)",
            "%%time\nmodel.partial_fit(X[:2], y[:2])",
            "print(model.coef_)",
        ],
        ["copy"],
        {
            3: "%%time\nfrom copy import deepcopy\nmodel_2 = deepcopy(model)\nmodel_2.partial_fit(X[:2], y[:2])",
            4: "print(model_2.coef_)",
        },
    ),
    "an unfitted model that is created only once": Fixed(
        [
            "import numpy as np\nfrom sklearn.linear_model import SGDClassifier\nX, y = np.eye(4), [0, 1, 0, 1]",
            "if 'model' not in globals():\n    model = SGDClassifier(random_state=0)",
            "model.partial_fit(X, y, classes=[0, 1])",
        ],
        ["copy"],
        {2: "from sklearn.base import clone\nmodel_2 = clone(model)\nmodel_2.partial_fit(X, y, classes=[0, 1])"},
    ),
    "a variable that a function changes by its name": Fixed(
        [
            "import random\ndef add():\n    xs.append(0)",
            "xs = [random.random()]\nn = 1",
            "print(xs)",
            "add()",
            "print(xs)",
        ],
        ["kept copy"],
        {
            1: "xs = [random.random()]\nn = 1\nfrom copy import deepcopy\nxs_before = deepcopy(xs)",
            3: "xs = deepcopy(xs_before)\nadd()",
        },
    ),
    "an alias": Fixed(
        ["a = []\nb = a", "a.append(1)", "print(b)"],
        ["create in the cell"],
        {0: "", 1: "a = []\nb = a\na.append(1)"},
    ),
    "an exhausted iterator": Fixed(
        ["rows = iter([1, 2, 3])", "first = next(rows)", "rest = list(rows)"],
        ["create in the cell", "create in the cell"],
        {0: "", 1: "", 2: "rows = iter([1, 2, 3])\nfirst = next(rows)\nrest = list(rows)"},
    ),
    "a log": Fixed(
        ["n = 3", "with open('scores.log', 'a') as log:\n    log.write(f'{n}\\n')  # a line"],
        ["write mode"],
        {1: "with open('scores.log', 'w') as log:\n    log.write(f'{n}\\n')  # a line"},
    ),
    "a log with a header": Fixed(
        ["open('log', 'w').write('header');", "import os\nos.stat('log');", "open('log', 'a').write('line');"],
        ["create in the cell"],
        {2: "open('log', 'w').write('header');\nopen('log', 'a').write('line');"},
    ),
    "a folder": Fixed(
        ["from pathlib import Path", "Path('out').mkdir()\n!true", "print(Path('out').is_dir())"],
        ["guard"],
        {1: "Path('out').mkdir(exist_ok=True)\n!true"},
    ),
    "a folder of modules": Fixed(
        ["import sys\nsys.path.append('lib')", "print(len(sys.path))"],
        ["guard"],
        {0: "import sys\nif 'lib' not in sys.path:\n    sys.path.append('lib')"},
    ),
    "an option that is remembered before it is changed": Fixed(
        ["import os\nbefore = os.environ.get('MODE')  # ours\nos.environ['MODE'] = 'fast'", "print(before)"],
        ["guard"],
        {
            0: "import os\nif \"before\" not in globals():\n    before = os.environ.get('MODE')  # ours\n"
            "os.environ['MODE'] = 'fast'"
        },
    ),
    "a deleted name": Fixed(
        ["x = [1]\ny = 2", "y = 3\ndel x"], ["guard"], {1: 'y = 3\nif "x" in globals():\n    del x'}
    ),
    "a variable that a function below only shows": Fixed(
        [
            "import random\ndef show():\n    print(xs)",
            "xs = [random.random()]\nn = 1",
            "show()",
            "xs.append(0)",
            "show()",
        ],
        ["kept copy"],
        {
            1: "xs = [random.random()]\nn = 1\nfrom copy import deepcopy\nxs_before = deepcopy(xs)",
            3: "xs = deepcopy(xs_before)\nxs.append(0)",
        },
    ),
    "a model that is saved where it was loaded": Fixed(
        [
            "import joblib\nfrom sklearn.linear_model import SGDClassifier\nX, y = [[0.0], [1.0]], [0, 1]",
            "m = SGDClassifier(random_state=0).partial_fit(X, y, classes=y)\njoblib.dump(m, 'm.joblib');",
            "m = joblib.load('m.joblib')\nm.partial_fit(X, y)\njoblib.dump(m, 'm.joblib');",
            "print(joblib.load('m.joblib').t_)",
        ],
        ["new file"],
        {
            2: "m = joblib.load('m.joblib')\nm.partial_fit(X, y)\njoblib.dump(m, 'm_2.joblib');",
            3: "print(joblib.load('m_2.joblib').t_)",
        },
    ),
    "an unseeded forest": Fixed(
        [
            "import numpy as np\nfrom sklearn.ensemble import RandomForestClassifier\nX, y = np.eye(20), [0, 1] * 10",
            "forest = RandomForestClassifier(5).fit(X, y)",
            "score = forest.score(X, y)",
        ],
        ["seed"],
        {1: "forest = RandomForestClassifier(5, random_state=0).fit(X, y)"},
    ),
    "an unseeded draw that a model is fitted on": Fixed(
        [
            "import numpy as np\nfrom sklearn.linear_model import LinearRegression",
            "X = np.random.normal(size=(5, 2))",
            "line = LinearRegression().fit(X, [1, 2, 3, 4, 5])",
        ],
        ["seed"],
        {1: "np.random.seed(0)\nX = np.random.normal(size=(5, 2))"},
    ),
    "a draw from a generator that a cell above has seeded": Fixed(
        [
            "import numpy as np\nfrom sklearn.linear_model import LinearRegression\nrng = np.random.default_rng(7)",
            "X = rng.normal(size=(5, 2))",
            "line = LinearRegression().fit(X, [1, 2, 3, 4, 5])",
        ],
        ["seed"],
        {1: "rng = np.random.default_rng(7)\nX = rng.normal(size=(5, 2))"},
    ),
    "unseeded values elsewhere": Fixed(
        ["import numpy as np\nnoise = np.random.normal(size=3)", "total = 0.0", "total += noise.sum()", "print(total)"],
        ["new name"],
        {2: "total_2 = total + noise.sum()", 3: "print(total_2)"},
    ),
    "a clock": Fixed(
        ["import time\nbegin = time.time_ns()", "total = 1", "total = total + 1", "print(total)"],
        ["new name"],
    ),
}


@pytest.mark.parametrize("case", FIXED)
def test_a_finding_is_fixed_by_an_edit_that_is_proven(case: str, tmp_path: Path) -> None:
    """A check of the notebook that was written finds nothing of these rules any more."""
    made = FIXED[case]
    path = write(tmp_path, *made.cells)
    result, found = fixes(path, "--apply")
    assert [each["kind"] for each in found["findings"]] == made.kinds, found
    assert result.exit_code == 0
    after = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    if made.after:
        assert after == [made.after.get(index, source) for index, source in enumerate(made.cells)]
    report = nbrerun.check(
        path, cache=False, experiment=["again", "later"], select="NBR001,NBR002,NBR003,NBR004,NBR006"
    )
    assert not list(report.findings())


@pytest.mark.parametrize("case", ["an alias", "an unseeded draw that a model is fitted on"])
def test_both_engines_prove_the_same(case: str, tmp_path: Path) -> None:
    """States are read in fresh kernels by replay, which begin with the same random numbers."""
    made = FIXED[case]
    path = write(tmp_path, *made.cells)
    _, found = fixes(path, "--engine", "replay")
    assert {each["index"]: each["after"] for each in found["cells"]} == made.after


REFUSED = {
    "rows of a database": (
        [
            "import sqlite3\ndb = sqlite3.connect('t.db')\ndb.execute('create table if not exists t (x)');\ndb.close()",
            "db = sqlite3.connect('t.db')\ndb.execute('insert into t values (1)')\ndb.commit()\ndb.close()",
        ],
        [],
    ),
    "a log that only grows": (
        ["n = 0", "import os\nos.system('echo 1 >> log');"],
        [],
    ),
    "not only Python": (["xs = []", "names = !echo a\nxs.append(names[0])"], []),
    "a variable in a line for IPython": (["%time xs = [0]", "%time xs.append(1)"], []),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_proven_is_left_with_the_reasons(case: str, tmp_path: Path) -> None:
    """The file stays as it was, and the exit code says that something is left."""
    cells, kinds = REFUSED[case]
    path = write(tmp_path, *cells)
    before = path.read_bytes()
    result, found = fixes(path, "--apply")
    (left,) = found["findings"]
    assert not left["fixed"]
    assert result.exit_code == 1
    assert path.read_bytes() == before
    assert bool(left["reason"]) is not bool(left["tried"])
    assert {each["kind"] for each in left["tried"]} >= set(kinds)
    assert all(each["reason"] for each in left["tried"])


def fixes(path: Path, *options: str) -> tuple[Result, dict[str, Any]]:
    """How the command ended, and what its JSON says about one notebook."""
    result = run(str(path), "--format", "json", *options)
    (found,) = json.loads(result.stdout)["notebooks"]
    return result, found


def run(*arguments: str) -> Result:
    """The command line, in this process."""
    return CliRunner().invoke(main, ["fix", *arguments], prog_name="nbrerun")


def test_by_default_nothing_is_written_and_the_diff_is_shown(tmp_path: Path) -> None:
    """With the proof, and what else there is to know."""
    path = write(tmp_path, "xs = []", "xs.append(1)")
    before = path.read_bytes()
    result = run(str(path))
    assert path.read_bytes() == before
    assert result.exit_code == 0
    first, second, proof, *diff = result.stdout.splitlines()
    assert first == str(path)
    assert second == (
        "  cell 1  NBR003 `xs`: fixed: create `xs` in cell 1, which changes it, by joining it with cell 0"
    )
    assert proof.startswith("    proof: cell 1 is reset now, no cell has a new finding, and after every cell ")
    assert diff == [
        "",
        f"--- {path}, cell 0",
        f"+++ {path}, cell 0",
        "@@ -1 +0,0 @@",
        "-xs = []",
        "",
        f"--- {path}, cell 1",
        f"+++ {path}, cell 1",
        "@@ -1 +1,2 @@",
        "+xs = []",
        " xs.append(1)",
        "",
        f"{path}: 1 of 1 fixed, not written (--apply writes them)",
    ]


def test_what_was_tried_is_shown_with_the_reason(tmp_path: Path) -> None:
    """So that the user can judge whether to do it anyway."""
    path = write(tmp_path, "import os", "name = 'log'", "open(name, 'w').write('a');", "open(name, 'a').write('b');")
    result = run(str(path))
    assert result.exit_code == 1
    assert "cell 3  NBR006 `file:log`: not fixed" in result.stdout
    tried = (
        'tried: write the whole file in cell 3: mode "w" in place of "a": after cell 3, `file:log` has another value'
    )
    assert tried in result.stdout
    assert result.stdout.endswith("0 of 1 fixed, nothing to write\n")


def test_the_exit_code_is_that_of_the_gravest_notebook(tmp_path: Path) -> None:
    """A main run that raises is 3, what cannot be read is 2; the other notebooks are fixed."""
    write(tmp_path, "x = 1", name="a.ipynb")
    write(tmp_path, "xs = []", "xs.append(1)", name="b.ipynb")
    assert run(str(tmp_path)).exit_code == 0
    write(tmp_path, "1 / 0", name="c.ipynb")
    result = run(str(tmp_path))
    assert result.exit_code == 3
    assert "c.ipynb: cell 0 raises ZeroDivisionError: nothing can be proven" in result.stdout
    assert "a.ipynb: nothing to fix" in result.stdout
    (tmp_path / "d.ipynb").write_text("{")
    result = run(str(tmp_path))
    assert result.exit_code == 2
    assert "b.ipynb: 1 of 1 fixed" in result.stdout


def test_the_options_of_check_choose_what_is_fixed(tmp_path: Path) -> None:
    """`--select`, `--ignore`, `--cells`, `--watch`."""
    path = str(write(tmp_path, "xs = []\nys = []", "xs.append(1)", "ys.append(1)"))
    assert "nothing to fix" in run(path, "--select", "NBR002").stdout
    assert "nothing to fix" in run(path, "--ignore", "NBR003").stdout
    assert "1 of 1 fixed" in run(path, "--cells", "1").stdout
    assert "1 of 1 fixed" in run(path, "--watch", "ys").stdout
    assert run(path, "--nope").exit_code == 2
    for option in (["--output", "f"], ["--budget", "9s"], ["--static"], ["--jobs", "2"]):
        refused = run(path, *option)
        assert (refused.exit_code, refused.stderr) == (2, f"nbrerun: `nbrerun fix` has no use for {option[0]}\n")


def test_what_sends_something_is_not_run_once_for_each_candidate(tmp_path: Path, server: Counting) -> None:
    """It would send it each time; the user can allow that."""
    post = f"import urllib.request\nurllib.request.urlopen('{server.url}', data=b'x').read();"
    path = str(write(tmp_path, post, "xs = []", "xs.append(1)"))
    result = run(path)
    assert result.exit_code == 1
    assert "so the notebook is not run again without --rerun-outside" in result.stdout
    assert server.asked == ["POST"]
    assert "1 of 1 fixed" in run(path, "--rerun-outside", "--select", "NBR003").stdout
    assert len(server.asked) > 2


def test_a_text_notebook_is_fixed_as_well(tmp_path: Path) -> None:
    """Where the cells stand in it as they are."""
    path = tmp_path / "nb.py"
    path.write_text(f"{PERCENT}# %%\nxs = []\nn = 1\n\n# %%\n# grows\nxs.append(n)\n")
    assert run(str(path), "--apply").exit_code == 0
    assert path.read_text() == f"{PERCENT}# %%\nn = 1\n\n# %%\n# grows\nxs = []\nxs.append(n)\n"


def test_the_page_shows_what_the_command_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/fix.md has the output for a sample notebook."""
    shutil.copy(ROOT / "sample_notebooks" / "08_unseeded_forest.ipynb", tmp_path)
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "fix.md").read_text(encoding="utf-8")
    shown = page.partition("$ nbrerun fix 08_unseeded_forest.ipynb\n")[2].partition("```")[0]
    assert shown == run("08_unseeded_forest.ipynb").stdout
