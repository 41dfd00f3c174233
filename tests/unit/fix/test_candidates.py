"""Which edits are tried for a finding, by kind; none of them needs to be right, since each has yet to be proven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from nbrerun.fix.candidates import KINDS, candidates
from nbrerun.fix.candidates.copied import copied
from nbrerun.fix.candidates.created import created, joined
from nbrerun.fix.candidates.guarded import bound_once, guarded, path_once
from nbrerun.fix.candidates.kept import kept
from nbrerun.fix.candidates.new_name import new_name
from nbrerun.fix.candidates.seeded import seeded
from nbrerun.fix.candidates.written import written
from nbrerun.fix.edit import Candidates, Edit
from nbrerun.rules import RULES
from tests.unit.fix.situations import situation
from tests.unit.making import generator


def only(found: Sequence[Edit]) -> Edit:
    """The only edit."""
    (edit,) = found
    return edit


@pytest.mark.parametrize(
    ("statement", "renamed"),
    [
        ("X = (X - m) / s", "X_2 = (X - m) / s"),
        ("X += a - b", "X_2 = X + (a - b)"),
        ("X **= f(X)", "X_2 = X ** f(X)"),
        ("X, y = X[1:], 2", "X_2, y = X[1:], 2"),
        ("y = X\nX = X[1:]\nz = X", "y = X\nX_2 = X[1:]\nz = X_2"),
    ],
)
def test_the_result_gets_a_new_name_here_and_below(statement: str, renamed: str) -> None:
    """What stands before the assignment and on its right side means the old value."""
    cells = ["X = 1", statement, "print(X)", "X = 3", "print(X)"]
    edit = only(list(new_name(situation(cells, [{}, {"X": "1"}, {"X": "2"}, {"X": "2"}], "NBR003", "X", 1))))
    assert edit.sources == {1: renamed, 2: "print(X_2)"}
    assert [(str(one.old), str(one.new), one.first, one.until) for one in edit.renamed] == [("X", "X_2", 1, 3)]


@pytest.mark.parametrize("text", ["X.append(1)", "for i in y:\n    X = X + 1", "X = 1", "X[0] += 1", "X.a = X.b"])
def test_only_what_is_computed_from_its_own_value_gets_a_new_name(text: str) -> None:
    """Elsewhere there is no result to name, or it is computed more than once."""
    assert not list(new_name(situation(["X = 1", text], [{}, {"X": "1"}, {"X": "2"}], "NBR003", "X")))


def test_a_cell_below_that_cannot_be_edited_prevents_a_new_name() -> None:
    """It would go on using the old one."""
    cells = ["X = 1", "X = X + 1", "%time f(X)"]
    moments: list[Mapping[str, str]] = [{}, {"X": "1"}, {"X": "2"}, {"X": "2"}]
    assert not list(new_name(situation(cells, moments, "NBR003", "X", 1)))
    assert len(list(new_name(situation([*cells[:2], "%time f(Y)"], moments, "NBR003", "X", 1)))) == 1


def test_where_the_rerun_raised_what_changed_in_the_first_run_counts() -> None:
    """There are no verdicts on the variables of such a cell."""
    cells = ["a = b = 1", "a = a.drop(b)\nb = 1"]
    edit = only(list(new_name(situation(cells, [{}, {"a": "1", "b": "1"}, {"a": "2", "b": "1"}], "NBR001"))))
    assert edit.sources[1] == "a_2 = a.drop(b)\nb = 1"


def test_what_one_statement_binds_is_renamed_together() -> None:
    """With one of the two names renamed, the other one would still be exchanged with it."""
    moments = [{}, {"a": "1", "b": "2"}, {"a": "2", "b": "1"}, {"a": "2", "b": "1"}]
    cells = ["a, b = 1, 2", "a, b = b, a", "print(a, b)"]
    edit = only(list(new_name(situation(cells, moments, "NBR003", "b", 1, changing=["a", "b"]))))
    assert edit.sources == {1: "a_2, b_2 = b, a", 2: "print(a_2, b_2)"}


def test_a_new_name_is_none_of_the_notebook() -> None:
    """Not in a string or comment either, where it may be a name for somebody."""
    cells = ["x_2 = 1  # x_3", "x_2 = x_2 + 1"]
    edit = only(list(new_name(situation(cells, [{}, {"x_2": "1"}, {"x_2": "2"}], "NBR003", "x_2"))))
    assert edit.sources == {1: "x_4 = x_2 + 1"}


CREATED = [
    (["# lists\nxs = []\nn = 1", "xs.append(n)"], {0: "# lists\nn = 1", 1: "xs = []\nxs.append(n)"}),
    (["xs = []", "xs.append(1)"], {0: "", 1: "xs = []\nxs.append(1)"}),
    (["# the list\nxs = []\n# end", "xs.append(1)"], {0: "# end", 1: "# the list\nxs = []\nxs.append(1)"}),
    (
        ["# the list\n\n# empty\nxs = []", "# add\nxs.append(1)"],
        {0: "", 1: "# add\n# the list\n\n# empty\nxs = []\nxs.append(1)"},
    ),
    (["xs = []", "print(xs)", "xs.append(1)"], {2: "xs = []\nxs.append(1)"}),
    (["xs = []\nprint(xs)", "xs.append(1)"], {1: "xs = []\nxs.append(1)"}),
    (["xs = []\n%time f(xs)", "xs.append(1)"], {1: "xs = []\nxs.append(1)"}),
    (["xs = []\n%time f()", "xs.append(1)"], {0: "%time f()", 1: "xs = []\nxs.append(1)"}),
]


@pytest.mark.parametrize(("cells", "sources"), CREATED, ids=[repr(cells) for cells, _ in CREATED])
def test_a_variable_is_created_in_the_cell_that_changes_it(cells: list[str], sources: Mapping[int, str]) -> None:
    """The statement moves, unless something else needs it where it is; then it is repeated."""
    moments = [{}, *({"xs": "0"} for _ in cells[1:]), {"xs": "1"}]
    edit = next(created(situation(cells, moments, "NBR003", "xs")))
    assert edit.sources == sources
    assert (edit.later == {"xs": (0, len(cells) - 1)}) is (0 in sources)


def test_a_seed_comes_along_if_the_cell_drew_random_numbers() -> None:
    """A model that is created without it would have other values."""
    cells = ["import torch\nf()\ntorch.manual_seed(0)\nNet = make()", "train(Net)"]
    drawn = {"generator:torch": "2"}
    found = situation(cells, [{"generator:torch": "1"}, {"Net": "0", **drawn}, {"Net": "1"}], "NBR002", "Net")
    first = next(created(found)).sources
    assert first == {0: "import torch\nf()", 1: "torch.manual_seed(0)\nNet = make()\ntrain(Net)"}
    quiet = situation(cells, [{}, {"Net": "0"}, {"Net": "1"}], "NBR002", "Net")
    assert next(created(quiet)).sources[1] == "Net = make()\ntrain(Net)"


def test_what_is_more_than_creating_is_joined_only_later() -> None:
    """A training loop that is repeated costs its time once more, so copies are tried first."""
    cells = ["Net = make()\nfor i in y:\n    Net.step(i)", "print(Net)", "Net.step(1)"]
    found = situation(cells, [{}, {"Net": "0"}, {"Net": "0"}, {"Net": "1"}], "NBR002", "Net")
    assert [edit.sources for edit in created(found)] == [{2: "Net = make()\nNet.step(1)"}]
    assert [edit.sources for edit in joined(found)] == [{2: f"{cells[0]}\nNet.step(1)"}]


def test_a_value_that_the_notebook_shows_is_moved_only_later() -> None:
    """It would not be shown any more; a semicolon says that it is not shown."""
    for last, kind in (("xs", joined), ("xs;", created)):
        found = situation([f"xs = []\n{last}", "xs.append(1)"], [{}, {"xs": "0"}, {"xs": "1"}], "NBR003", "xs")
        assert {0: "", 1: f"xs = []\n{last}\nxs.append(1)"} in [edit.sources for edit in kind(found)]


def test_nothing_is_created_below_a_cell_that_has_changed_it() -> None:
    """The value would be that from before this change."""
    cells = ["xs = []", "xs.append(0)", "xs.append(1)"]
    assert not list(created(situation(cells, [{}, {"xs": "0"}, {"xs": "1"}, {"xs": "2"}], "NBR003", "xs")))


DEEP, CLONE = "from copy import deepcopy\nxs_2 = deepcopy(xs)", "from sklearn.base import clone\nxs_2 = clone(xs)"
COPIES = {
    "list": ["xs_2 = xs.copy()", DEEP],
    "sklearn.svm.SVC": [CLONE, DEEP],
    "tuple": ["xs_2 = xs"],
    "torch.nn.Linear": [DEEP],
}


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_is_changed_in_its_place(kind: str) -> None:
    """The simplest way to copy the type is tried first; cells below use the copy."""
    cells = ["xs = make()", "xs.change()", "use(xs)"]
    moments = [{}, {"xs": "0"}, {"xs": "1"}, {"xs": "1"}]
    found = list(copied(situation(cells, moments, "NBR003", "xs", 1, types={"xs": kind})))
    assert [edit.sources for edit in found] == [{1: f"{way}\nxs_2.change()", 2: "use(xs_2)"} for way in COPIES[kind]]
    assert all("xs_2" in edit.added for edit in found)


def test_what_is_trained_together_is_copied_together() -> None:
    """An optimizer refers to the parameters of the network."""
    cells = ["from copy import deepcopy\nNet, Opt = make()", "train(Net, Opt)"]
    found = situation(
        cells, [{}, {"Net": "0", "Opt": "0"}, {"Net": "1", "Opt": "1"}], "NBR002", "Opt", changing=["Net", "Opt"]
    )
    edit = only(list(copied(found)))
    assert edit.sources == {1: "Opt_2, Net_2 = deepcopy((Opt, Net))\ntrain(Net_2, Opt_2)"}


def test_a_copy_is_kept_where_a_function_changes_the_variable_by_its_name() -> None:
    """The cell that changed it last keeps the copy."""
    cells = ["xs = []", "xs.append(1)\nn = 2", "print(n)", "add()"]
    moments = [{}, {"xs": "0"}, {"xs": "1", "n": "2"}, {"xs": "1", "n": "2"}, {"xs": "2", "n": "2"}]
    edit = only(list(kept(situation(cells, moments, "NBR003", "xs"))))
    assert edit.sources == {
        1: "xs.append(1)\nn = 2\nfrom copy import deepcopy\nxs_before = deepcopy(xs)",
        3: "xs = deepcopy(xs_before)\nadd()",
    }


def test_no_copy_is_kept_below_a_value_that_the_notebook_shows() -> None:
    """It would not be shown any more."""
    moments = [{}, {"xs": "0"}, {"xs": "1"}]
    assert not list(kept(situation(["xs = []\nxs", "add()"], moments, "NBR003", "xs")))
    assert list(kept(situation(["xs = []\nxs;", "add()"], moments, "NBR003", "xs")))


SEEDS = [
    ("F = Forest(3).fit(x)", "F = Forest(3, random_state=0).fit(x)"),
    ("F = Forest().fit(x)", "F = Forest(random_state=0).fit(x)"),
    ("F = Forest(\n    3,\n).fit(x)", "F = Forest(\n    3,\n    random_state=0,\n).fit(x)"),
    ("a, F = split(x)", "a, F = split(x, random_state=0)"),
]


@pytest.mark.parametrize(("text", "wanted"), SEEDS, ids=[text for text, _ in SEEDS])
def test_what_draws_gets_a_seed(text: str, wanted: str) -> None:
    """The call that makes the object, the one that makes a generator, or the one that gives the value."""
    found = situation([text], [{}, {"F": "1"}], "NBR004", "F", types={"F": "lib.Forest"})
    edit = next(seeded(found))
    assert edit.sources == {0: wanted}
    assert edit.seeds == {"F"}


def test_a_generator_that_the_cell_was_seen_to_draw_from_is_seeded() -> None:
    """By the name under which the notebook has imported its module."""
    here = "generator:numpy.random"
    moments = [{here: "1"}, {here: "1"}, {"F": "1", here: "2"}]
    found = list(seeded(situation(["import numpy as np", "F = 1"], moments, "NBR004", "F")))
    assert [edit.sources for edit in found] == [{1: "np.random.seed(0)\nF = 1"}]
    found = list(seeded(situation(["import os", "F = 1"], moments, "NBR004", "F")))
    assert [edit.sources for edit in found] == [{1: "import numpy\nnumpy.random.seed(0)\nF = 1"}]
    assert found[0].added == {"numpy"}


@pytest.mark.parametrize("seed", ["0", "7"])
def test_a_generator_in_a_variable_is_created_in_the_cell_that_draws(seed: str) -> None:
    """With its own seed, or with one if it has none: a rerun would go on drawing from it."""
    cells = [f"r = default_rng({seed if seed != '0' else ''})", "print(r)", "F = r.normal()"]
    found = situation(cells, [{}, {"r": "1"}, {"r": "1"}, {"r": "1", "F": "1"}], "NBR004", "F")
    for moment, stands in ((found.step.before, b"1"), (found.step.first, b"2")):
        moment["generators"].append(generator("r", stands))
    first = next(seeded(found))
    assert first.sources == {2: f"r = default_rng({seed})\nF = r.normal()"}
    assert first.seeds == {"F", "r"}


def test_a_seed_that_is_there_stays() -> None:
    """The finding has another cause then."""
    found = situation(["F = Forest(random_state=r)"], [{}, {"F": "1"}], "NBR004", "F", types={"F": "Forest"})
    assert not list(seeded(found))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("open('log', 'a').write('a')", "open('log', 'w').write('a')"),
        ('t.to_csv("log", mode="a")', 't.to_csv("log", mode="w")'),
        ("open(p, 'ab+')", "open(p, 'wb+')"),
    ],
)
def test_a_file_is_written_anew(text: str, wanted: str) -> None:
    """Mode `a` becomes `w`, in whatever call."""
    found = situation([text], [{}, {"file:log": "1"}], "NBR006", "file:log")
    assert next(written(found)).sources == {0: wanted}


def test_a_file_that_a_cell_above_begins_is_begun_in_the_cell() -> None:
    """What wrote it there is repeated, and nothing else."""
    cells = ["import os\nopen('log', 'w').write('header')\nn = 1", "print(n)", "open('log', 'a').write('line')"]
    moments = [{}, {"n": "1", "file:log": "1"}, {"n": "1", "file:log": "1"}, {"n": "1", "file:log": "2"}]
    found = [edit.sources for edit in written(situation(cells, moments, "NBR006", "file:log"))]
    assert {2: "open('log', 'w').write('header')\nopen('log', 'a').write('line')"} in found


def test_a_file_that_is_read_and_written_gets_a_second_name() -> None:
    """The last mention writes; cells below read the new file."""
    cells = ["m = load('m.pkl')\nsave(m, 'm.pkl')", "load('./m.pkl')\nprint('mm.pkl')"]
    moments = [{"file:m.pkl": "0"}, {"file:m.pkl": "1"}, {"file:m.pkl": "1"}]
    first, second = written(situation(cells, moments, "NBR006", "file:m.pkl", 0))
    assert first.sources == {
        0: "m = load('m.pkl')\nsave(m, 'm_2.pkl')",
        1: "load('./m_2.pkl')\nprint('mm.pkl')",
    }
    assert second.sources[0] == "m = load('m_2.pkl')\nsave(m, 'm_2.pkl')"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("os.mkdir('a')", "os.makedirs('a', exist_ok=True)"),
        ("Path('a').mkdir()", "Path('a').mkdir(exist_ok=True)"),
        ("p.unlink()", "p.unlink(missing_ok=True)"),
        ("a = 1\n# gone\ndel x", 'a = 1\n# gone\nif "x" in globals():\n    del x'),
        ("del t['a']", "if 'a' in t:\n    del t['a']"),
        ("os.remove(p)", "if os.path.exists(p):\n    os.remove(p)"),
    ],
)
def test_what_the_first_run_did_is_not_done_again(text: str, wanted: str) -> None:
    """By the keyword that the function has for it, or under a condition."""
    assert only(list(guarded(situation([text], [{}, {}], "NBR001")))).sources == {0: wanted}


def test_what_the_cell_itself_changes_is_looked_at_once() -> None:
    """A value that is computed from its own is another case."""
    found = situation(["b = get()\nset(1)"], [{}, {"b": "1"}], "NBR003", "b")
    assert only(list(bound_once(found))).sources == {0: 'if "b" not in globals():\n    b = get()\nset(1)'}
    for text in ("b = b + 1", "b += 1", "b, c = get()", "set(b)"):
        assert not list(bound_once(situation([text], [{"b": "0"}, {"b": "1"}], "NBR003", "b")))


def test_a_folder_is_added_to_the_path_once() -> None:
    """Whichever end it is added to."""
    found = situation(["import sys\nsys.path.insert(0, '..')  # ours"], [{}, {}], "NBR003", "env:sys.path")
    wanted = "import sys\nif '..' not in sys.path:\n    sys.path.insert(0, '..')  # ours"
    assert only(list(path_once(found))).sources == {0: wanted}
    assert not list(path_once(situation(["xs.append(1)"], [{}, {}], "NBR003", "env:sys.path")))


@pytest.mark.parametrize("text", ["p.mkdir(exist_ok=True)", "f(x)", "os.unlink", "del a.b"])
def test_nothing_else_is_guarded(text: str) -> None:
    """An exception that is merely swallowed hides what is wrong."""
    assert not list(guarded(situation([text], [{}, {}], "NBR001")))


@pytest.mark.parametrize(
    "kind", [new_name, created, joined, copied, kept, seeded, written, guarded, path_once, bound_once]
)
def test_no_kind_touches_a_cell_that_it_cannot_parse(kind: Candidates) -> None:
    """Nor does any fail at one above or below."""
    moments = [{}, {"x": "0", "file:f": "0"}, {"x": "1", "file:f": "1"}, {"x": "1", "file:f": "1"}]
    for at in range(3):
        cells = ["x = 1", "x += 1\nopen('f', 'a')", "x"]
        cells[at] = "x = !ls\nf"
        for edit in kind(situation(cells, moments, "NBR003", "x", 1, changing=["x", "file:f"])):
            assert at not in edit.sources


def test_each_edit_is_tried_once() -> None:
    """Two kinds may come to the same."""
    found = situation(["xs = []", "xs.append(1)"], [{}, {"xs": "0"}, {"xs": "1"}], "NBR003", "xs")
    edits = [edit.sources for edit in candidates(found)]
    assert edits
    assert len({tuple(sorted(each.items())) for each in edits}) == len(edits)
    assert KINDS.keys() <= RULES.keys()
