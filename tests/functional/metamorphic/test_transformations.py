"""The relations themselves: what they change in a notebook, and what they leave alone."""

from __future__ import annotations

import ast

import pytest

from tests.functional.cases.case import Case, cell
from tests.functional.metamorphic.function import in_functions, obstacle
from tests.functional.metamorphic.packs import reason_for_own_notebook
from tests.functional.metamorphic.reads import read_otherwise
from tests.functional.metamorphic.rename import renamed
from tests.functional.metamorphic.source import rewritten, split
from tests.functional.metamorphic.unrelated import unrelated_above, unrelated_below


def sources(case: Case) -> list[str]:
    """The source of every cell."""
    return [each.source for each in case.cells]


def renamed_sources(*cells: str, setup: str = "") -> list[str]:
    """What renaming makes of cells, with the names in the order of the alphabet: `t_0`, `t_1`."""
    return sources(renamed(Case("c", *(cell(source, None) for source in cells), setup=setup), "t"))


@pytest.mark.parametrize(
    "source",
    ["x = 1  # one\n\ny = 'a'; print(x);", "%time f(x)\n!ls\nlines = !ls\nf?", "%%bash\nls -l", "%%time\nx = 1", ""],
)
def test_source_is_put_together_as_it_was(source: str) -> None:
    """Taking a cell apart and rewriting nothing changes nothing."""
    assert split(source).joined() == source
    assert rewritten(source, lambda tree: tree) == source


def test_edits_keep_the_layout_around_them() -> None:
    """Comments, quotes and characters of several bytes stay where they are."""
    assert renamed_sources('é = "ü"  # keep é\nxs = [é,   é];') == ['t_1 = "ü"  # keep é\nt_0 = [t_1,   t_1];']


def test_variables_functions_and_classes_are_renamed_everywhere() -> None:
    """The names of all scopes follow, those in strings, too; capitals and leading underscores stay."""
    found = renamed_sources(
        "def f(a, *, b=1):\n    global g\n    g = a + b\n    return [a for a in 'xy']",
        "class C:\n    n = 0\n    def up(self):\n        self.n += 1",
        "c = C()\nc.up()\nf(1, b=2)\n_p = lambda a: f(a)",
        "try:\n    g\nexcept NameError as e:\n    print(e, f'{g}')",
        "if 'g' not in globals():\n    globals()['g'] = exec('g = 1')",
        "del g",
    )
    assert found == [
        "def t_6(t_2, *, t_3=1):\n    global t_7\n    t_7 = t_2 + t_3\n    return [t_2 for t_2 in 'xy']",
        "class T_0:\n    t_8 = 0\n    def t_9(self):\n        self.t_8 += 1",
        "t_4 = T_0()\nt_4.t_9()\nt_6(1, t_3=2)\n_t_1 = lambda t_2: t_6(t_2)",
        "try:\n    t_7\nexcept NameError as t_5:\n    print(t_5, f'{t_7}')",
        "if 't_7' not in globals():\n    globals()['t_7'] = exec('t_7 = 1')",
        "del t_7",
    ]


def test_what_a_library_knows_by_its_name_stays() -> None:
    """Imports, builtins, attributes and keyword arguments of libraries, parameters that a library passes by keyword."""
    found = renamed_sources(
        "import numpy as np\nfrom sklearn.base import BaseEstimator",
        "class Mean(BaseEstimator):\n    def fit(self, X, decay=1):\n        self.mean_ = X\n        return self",
        "m = Mean().fit(X=np.ones(3), decay=2)\nprint(m.mean_.sum(axis=0))\nsum = 0",
    )
    assert found == [
        "import numpy as np\nfrom sklearn.base import BaseEstimator",
        "class T_0(BaseEstimator):\n    def fit(self, X, decay=1):\n        self.mean_ = X\n        return self",
        "t_1 = T_0().fit(X=np.ones(3), decay=2)\nprint(t_1.mean_.sum(axis=0))\nsum = 0",
    ]


def test_a_method_that_libraries_have_too_is_renamed_only_where_all_objects_are_the_users() -> None:
    """`step` on something of unknown kind may be PyTorch's; `fit` is scikit-learn's, whoever defines it."""
    net = "class Net:\n    def step(self):\n        pass"
    assert renamed_sources(net, "net = Net()\nnet.step()")[1] == "t_1 = T_0()\nt_1.t_2()"
    assert (
        renamed_sources(net, "net = Net()\nnet.step()\nmodels[0].step()")[1]
        == "t_1 = T_0()\nt_1.step()\nmodels[0].step()"
    )
    assert renamed_sources(net.replace("step", "fit"), "net = Net()\nnet.fit()")[1] == "t_1 = T_0()\nt_1.fit()"


def test_a_method_of_the_users_may_be_called_as_a_function_of_a_module() -> None:
    """What stands after the name of a module is the module's."""
    source = "import numpy as np\nclass Net:\n    def save(self):\n        np.save('w.npy', 1)\nNet().save()"
    (found,) = renamed_sources(source)
    assert found == source.replace("Net", "T_0").replace("def save", "def t_1").replace("().save", "().t_1").replace(
        "w.npy", "tfw.npy"
    )


def test_files_that_are_letters_of_a_string_keep_their_names() -> None:
    """A part of a string cannot be renamed."""
    assert renamed_sources("for n in 'ab':\n    open(n, 'w')\nopen('a')")[0].endswith("open('a')")


def test_magics_and_shell_lines_follow() -> None:
    """Names and files in text that only IPython reads; options are no names."""
    found = renamed_sources("n = 1\n%timeit -n 2 n\n!cat n.txt", "%%writefile -a n.txt\nn", "%%time\nn += 1")
    assert found == ["t_0 = 1\n%timeit -n 2 t_0\n!cat tfn.txt", "%%writefile -a tfn.txt\nt_0", "%%time\nt_0 += 1"]


def test_files_are_renamed_in_paths_patterns_and_setup() -> None:
    """Every way of naming a file: alone, in a folder, put together, looked for; a mode is not one."""
    found = renamed_sources(
        "from pathlib import Path\nPath('out').mkdir()\nPath('out/m.pkl').write_text('out')",
        "for n in (1, 2):\n    open(f'run-{n}.txt', 'a')\n    Path('a').open('a')",
        "sorted(Path().glob('*.txt'))\nrcParams['lines.linewidth']",
        setup="open('m.pkl', 'w').close()",
    )
    assert found == [
        "from pathlib import Path\nPath('tfout').mkdir()\nPath('tfout/tfm.pkl').write_text('tfout')",
        "for t_0 in (1, 2):\n    open(f'tfrun-{t_0}.txt', 'a')\n    Path('tfa').open('a')",
        "sorted(Path().glob('tf*.txt'))\nrcParams['lines.linewidth']",
    ]
    assert (
        renamed(Case("c", cell("open('m.pkl')", None), setup="open('m.pkl', 'w')"), "t").setup == "open('tfm.pkl', 'w')"
    )


def test_labels_follow() -> None:
    """Labels name variables, files and paths to what changed."""
    labelled = cell(
        "class Net:\n    w = 0\nnet = Net()\nopen('w.txt')",
        "in-place",
        net="in-place",
        variables={"file:w.txt": "untouched", "env:sys.path": "untouched"},
        marks={"net": ()},
        via={"net": "file"},
        changed=["net.w", "net.other['net']"],
    )
    found = renamed(Case("c", labelled), "t").cells[0]
    assert found.variables == {"file:tfw.txt": "untouched", "env:sys.path": "untouched", "t_1": "in-place"}
    assert (found.marks, found.via) == ({"t_1": frozenset()}, {"t_1": "file"})
    assert found.changed == {"t_1.t_2", "t_1.other['net']"}


@pytest.mark.parametrize(
    ("source", "verdict", "expected"),
    [
        ("print(xs)", "stateless", "xs.__repr__()"),
        ("xs.index(ys)[0]", "stateless", "xs.__repr__()"),
        ("xs, ys", "stateless", "xs.__repr__(), ys.__repr__()"),
        ("f(xs);", "stateless", "xs.__repr__();"),
        ("open(xs).read().strip()", "stateless", "open(xs).read().__repr__()"),
        ("zs = 1\nprint(xs)", "reset", "zs = 1\nxs.__repr__()"),
        ("print(next(xs))", "in-place", "print(next(xs))"),
        ("print('a', file=xs)", "in-place", "print('a', file=xs)"),
        ("xs.append(1)", "in-place", "xs.append(1)"),
        ("n = len(xs)", "reset", "n = xs.__len__()"),
        ("assert xs.count(1)", "stateless", "assert getattr(xs, 'count')(1)"),
        ("def g():\n    print(xs)", "stateless", "def g():\n    print(xs)"),
    ],
)
def test_reading_calls_are_replaced(source: str, verdict: str, expected: str) -> None:
    """Only where the label, or the statement itself, says that nothing but reading is done."""
    first = cell("xs, ys = [1], 2\ndef f(x):\n    return x", "reset")
    assert sources(read_otherwise(Case("c", first, cell(source, verdict))))[1] == expected


def test_what_a_label_leaves_untouched_is_read_by_another_call() -> None:
    """The value stays the same; the method no longer stands in the source."""
    case = Case("c", cell("d = {}", "reset"), cell("n = d.get(1)", "reset", d="untouched"))
    assert sources(read_otherwise(case))[1] == "n = getattr(d, 'get')(1)"


def test_a_class_that_says_how_it_is_shown_is_not_shown() -> None:
    """Its `__repr__` may do anything."""
    case = Case("c", cell("class C:\n    def __repr__(self):\n        1 / 0\nc = C()", None), cell("c.x", "stateless"))
    assert read_otherwise(case) == case


def test_an_unrelated_statement_binds_a_name_only_where_that_cannot_decide() -> None:
    """In a cell that leaves nothing behind, a new name would be state."""
    case = Case("c", cell("x = 1", "reset"), cell("x", "stateless"), cell("%%time\nx += 1", "in-place"))
    above = ["u_above_0 = 0\nx = 1", '"unrelated".upper()\nx', "%%time\nu_above_2 = 2\nx += 1"]
    below = ["x = 1\nu_below_0 = 0", 'x\n"unrelated".upper()', "%%time\nx += 1\nu_below_2 = 2"]
    assert sources(unrelated_above(case, "u")) == above
    assert sources(unrelated_below(case, "u")) == below


def test_nothing_is_added_to_text_or_before_what_was_shown_last() -> None:
    """A shell script is no Python, and `_` is the value of the cell above."""
    script = Case("c", cell("%%bash\nls", None))
    assert unrelated_above(script, "u") == script
    shown = Case("c", cell("1 + 1", "stateless"), cell("x = _", "reset"))
    assert unrelated_below(shown, "u") == shown
    assert in_functions(shown, "f") == shown


def test_lines_are_put_into_a_function() -> None:
    """All that they bind stays global, and a string keeps its lines."""
    source = (
        "import os.path\nfor i in (1, 2):\n    t = '''a\n  b'''\n(j := 3)\ndel t\nclass C:\n    k = [m for m in 'x']"
    )
    (found,) = sources(in_functions(Case("c", cell(source, None)), "f"))
    names: dict[str, object] = {}
    exec(found, names)
    own: dict[str, object] = {}
    exec(source, own)
    names.pop("f_0")
    assert names.keys() == own.keys()
    assert getattr(names["C"], "__qualname__", "") == "C"
    (text,) = sources(in_functions(Case("c", cell("t = '''a\n  b'''", None)), "f"))
    assert [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)] == ["a\n  b"]


@pytest.mark.parametrize(
    "source",
    [
        "%time f()",
        "await f()",
        "from os import *",
        "n: int = 1",
        "exec('n = 1')",
        "get_ipython().run_line_magic('time', '')",
    ],
)
def test_what_means_something_else_in_a_function_is_left_out(source: str) -> None:
    """By its syntax, and with a reason."""
    assert obstacle(source)
    assert not obstacle("def f():\n    async def g():\n        await g()\n    return locals()")


@pytest.mark.parametrize("source", ["from os import *", "sum = 6", "import os\nos.chdir('..')", "%load_ext autoreload"])
def test_what_reaches_the_cells_of_others_has_its_own_notebook(source: str) -> None:
    """By its syntax, and with a reason."""
    assert reason_for_own_notebook(Case("c", cell(source, None)))
    assert not reason_for_own_notebook(Case("c", cell("x = 1", None)))
