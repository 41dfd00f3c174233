"""Which objects libraries gave back from files, and which they were given to save."""

from __future__ import annotations

import functools
import json
import os
import pickle
import sys
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import joblib
import numpy
import polars
import pyarrow.feather
import pytest
import spacy
import torch
from sklearn import linear_model

from nbrerun.probe.describe.originals import original_of
from nbrerun.probe.execute.exchanges import Exchanges, is_model
from nbrerun.probe.read.walk import Reader

VALUE = {"rows": [[1.5, 2.5], [3.5]]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a notebook, with files that an earlier run left."""
    (tmp_path / "v.pkl").write_bytes(pickle.dumps(VALUE))
    (tmp_path / "v.json").write_text(json.dumps(VALUE))
    numpy.save(tmp_path / "v.npy", numpy.arange(3.0))
    numpy.savez(tmp_path / "v.npz", a=numpy.arange(3.0))
    joblib.dump(VALUE, tmp_path / "v.joblib")
    (tmp_path / "v.csv").write_text("a\n1\n")
    pyarrow.feather.write_feather(pyarrow.table({"a": [1]}), tmp_path / "v.arrow")
    torch.save(torch.nn.Linear(2, 1).state_dict(), tmp_path / "v.pt")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def observe(source: str, last: str = "last", **names: Any) -> tuple[Exchanges, dict[str, Any]]:
    """Run a cell while its exchanges are observed.

    Args:
        last: the file that was read and written last, for calls that name none.
        names: of the namespace, beside the libraries.
    """
    libraries = {"pickle": pickle, "json": json, "joblib": joblib, "np": numpy, "torch": torch, "os": os}
    libraries |= {"pl": polars, "pyarrow": pyarrow}
    namespace: dict[str, Any] = {"__name__": "__main__", **libraries, **names}
    path = os.path.abspath(last).encode()
    exchanges = Exchanges(lambda: path, lambda: path)
    with exchanges.observed(namespace):
        exec(dedent(source), namespace)
    return exchanges, namespace


GIVEN: dict[str, tuple[str, str]] = {
    # a cell, and the file that `x` came out of
    "pickle": ("x = pickle.load(open('v.pkl', 'rb'))", "v.pkl"),
    "pickle, of bytes": ("x = pickle.loads(open('v.pkl', 'rb').read())", "last"),
    "json": ("x = json.load(open('v.json'))", "v.json"),
    "json, of text": ("x = json.loads(open('v.json').read())", "last"),
    "numpy": ("x = np.load('v.npy')", "v.npy"),
    "polars": ("x = pl.read_csv('v.csv')", "v.csv"),
    "polars, with another column": ("x = pl.read_csv('v.csv').with_columns(pl.lit(1))", ""),
    "arrow": ("x = pyarrow.feather.read_table('v.arrow')", "v.arrow"),
    "numpy, one of several": ("x = np.load('v.npz')['a']", "last"),
    "joblib": ("x = joblib.load('v.joblib')", "v.joblib"),
    "torch": ("x = torch.load('v.pt')", "v.pt"),
    "torch, the state of a network": ("x = torch.nn.Linear(2, 1)\nx.load_state_dict(torch.load('v.pt'))", "last"),
    "by a keyword": ("x = joblib.load(filename='v.joblib')", "v.joblib"),
    "by another name": ("from pickle import load as fetch\nx = fetch(open('v.pkl', 'rb'))", "v.pkl"),
    "by a name that an earlier cell bound": ("x = fetch(open('v.pkl', 'rb'))", "v.pkl"),
    "by a function": (
        "def get(path):\n    with open(path, 'rb') as f: return pickle.load(f)\nx = get('v.pkl')",
        "v.pkl",
    ),
    "a part of it": ("x = pickle.load(open('v.pkl', 'rb'))['rows']", "v.pkl"),
    "in a dict beside others": ("x = {'n': 1, 'held': pickle.load(open('v.pkl', 'rb'))}", "v.pkl"),
    "with something put into it": ("x = pickle.load(open('v.pkl', 'rb'))\nx['n'] = 1", "v.pkl"),
    "with a part of it changed": ("x = pickle.load(open('v.pkl', 'rb'))\nx['rows'][0][0] = 9", "v.pkl"),
    "with every part of it changed": ("x = np.load('v.npy')\nx += 1", ""),
    "something made from it": ("x = np.load('v.npy') + 1", ""),
    "something else": ("y = np.load('v.npy')\nx = [1]", ""),
    "a number": ("x = json.loads('5')", ""),
}


@pytest.mark.parametrize("case", GIVEN)
def test_a_value_that_a_library_gave_back_is_known_by_the_object(case: str, folder: Path) -> None:
    """Whatever the function is called by, a part of it as well; not if all has been changed since, or made from it."""
    source, file = GIVEN[case]
    exchanges, namespace = observe(source, fetch=pickle.load)
    expected = {"x": os.path.abspath(file).encode()} if file else {}
    assert exchanges.given_to(namespace, {"x", "no such name"}) == expected


MODELS: dict[str, tuple[str, dict[str, bool]]] = {
    # a cell that saves, and what it was given to save: whether that was a model
    "pickle, a model": ("pickle.dump(model, open('new', 'wb'))", {"new": True}),
    "pickle, data": ("pickle.dump([1, 2], open('new', 'wb'))", {"new": False}),
    "joblib, a model": ("joblib.dump(model, 'new')", {"new": True}),
    "joblib, data": ("joblib.dump([1, 2], 'new')", {"new": False}),
    "torch, a network": ("torch.save(net, 'new')", {"new": True}),
    "torch, the state of a network": ("torch.save(net.state_dict(), 'new')", {"new": True}),
    "torch, states in a checkpoint": ("torch.save({'epoch': 3, 'net': net.state_dict()}, 'new')", {"new": True}),
    "torch, the state of an optimizer": (
        "torch.save(torch.optim.SGD(net.parameters(), lr=0.1).state_dict(), 'new')",
        {"new": True},
    ),
    "torch, tensors": ("torch.save(torch.zeros(3), 'new')", {"new": False}),
    "torch, a dict of tensors": ("torch.save({'X': torch.zeros(3), 'y': torch.ones(3)}, 'new')", {"new": False}),
    "torch, by keywords": ("torch.save(f='new', obj=net)", {"new": True}),
    "numpy": ("np.save('new', np.zeros(3))", {"last": False}),
    "numpy, over a file that is there": ("np.save('v.npy', np.zeros(3))", {"v.npy": False}),
    "a model in a tuple": ("pickle.dump((1, [model]), open('new', 'wb'))", {"new": True}),
    "a model, then data": (
        "with open('new', 'wb') as f:\n    pickle.dump(model, f)\n    pickle.dump([1], f)",
        {"new": True},
    ),
    "a text that names a file": ("pickle.dump('v.pkl', open('new', 'wb'))", {"new": False}),
    "by another name": ("from joblib import dump\ndump(model, 'new')", {"new": True}),
    "nothing": ("x = 1", {}),
}


@pytest.mark.parametrize("case", MODELS)
def test_what_a_file_holds_is_known_from_what_was_given_to_be_saved(case: str, folder: Path) -> None:
    """An estimator, a network, its state or a container of such; tensors and arrays are data."""
    source, expected = MODELS[case]
    model = linear_model.LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    exchanges, _ = observe(source, model=model, net=torch.nn.Linear(2, 1))
    assert exchanges.saved == {os.path.abspath(path).encode(): held for path, held in expected.items()}


DATA: dict[str, tuple[str, bool]] = {
    # a cell that saves, and whether what it saves is data alone
    "data": ("np.save('v.npy', np.arange(3.5))", True),
    "a model": ("pickle.dump(model, open('v.npy', 'wb'))", False),
    "what a model has learnt": ("np.save('v.npy', model.coef_)", False),
    "a copy of that": ("np.save('v.npy', model.coef_.copy())", False),
    "that, among others": ("pickle.dump({'n': 1, 'w': model.coef_ * 1}, open('v.npy', 'wb'))", False),
    "what is made from that": ("np.save('v.npy', model.coef_ + 1)", True),
    "data, then a model": (
        "with open('v.npy', 'wb') as f:\n    pickle.dump([1], f)\n    pickle.dump(model, f)",
        False,
    ),
    "a model, then data": (
        "with open('v.npy', 'wb') as f:\n    pickle.dump(model, f)\n    pickle.dump([1], f)",
        False,
    ),
}


@pytest.mark.parametrize("case", DATA)
def test_numbers_of_a_model_are_told_from_data(case: str, folder: Path) -> None:
    """By their values: a model that takes them from the file later is loaded from there."""
    source, expected = DATA[case]
    exchanges, _ = observe(source, model=linear_model.LinearRegression().fit([[0.0], [1.0]], [0.0, 1.5]))
    assert exchanges.data == {os.path.abspath("v.npy").encode(): expected}


def test_a_folder_that_an_object_is_saved_to_holds_it_in_all_its_files(folder: Path) -> None:
    """And what is loaded from a folder came out of the file that was read last."""
    exchanges, _ = observe("nlp.to_disk('new')", nlp=spacy.blank("en"))
    assert exchanges.saved == {bytes(path.resolve()): True for path in (folder / "new").rglob("*") if path.is_file()}
    exchanges, namespace = observe("x = spacy.load('new')", "new/meta.json", spacy=spacy)
    assert exchanges.given_to(namespace, {"x"}) == {"x": os.path.abspath("new/meta.json").encode()}


def test_a_container_is_searched_for_models_to_some_depth() -> None:
    """And one that holds itself ends."""
    net = torch.nn.Linear(2, 1)
    assert is_model([[net]])
    loop: list[Any] = [1]
    loop.append(loop)
    assert not is_model(loop)


FILLED: dict[str, tuple[str, set[str]]] = {
    # a cell, and the names that were given a state
    "a network": ("net.load_state_dict(state)", {"net"}),
    "by a function of the user's": ("def put(n, s): n.load_state_dict(s)\nput(net, state)", {"net"}),
    "by a method that was kept": ("put = net.load_state_dict\nput(state)", {"net"}),
    "a part of another": ("held = {'best': [net]}\nnet.load_state_dict(state)", {"net", "held"}),
    "the parts of a network": (
        "outer = torch.nn.Sequential(net)\nouter.load_state_dict(outer.state_dict())",
        {"net", "outer"},
    ),
    "a part of a network": ("outer = torch.nn.Sequential(net)\nnet.load_state_dict(state)", {"net", "outer"}),
    "an optimizer": ("sgd.load_state_dict(sgd.state_dict())", {"sgd"}),
    "in vain": ("try: net.load_state_dict({})\nexcept RuntimeError: pass", set()),
    "another one": ("other = torch.nn.Linear(2, 1)\nother.load_state_dict(state)", {"other"}),
    "one that is gone": ("gone = torch.nn.Linear(2, 1)\ngone.load_state_dict(state)\ndel gone", set()),
    "read only": ("net.state_dict()\nnet.train()", set()),
    "of the user's own": ("own.load_state_dict(state)", set()),
}


@pytest.mark.parametrize("case", FILLED)
def test_objects_that_were_given_a_state_are_known(case: str) -> None:
    """By a library's own method for that, whoever calls it; a user's method of the same name is no such method."""
    source, expected = FILLED[case]
    net = torch.nn.Linear(2, 1)
    sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(2))], lr=0.1)
    own = SimpleNamespace(load_state_dict=id)
    exchanges, namespace = observe(source, net=net, sgd=sgd, own=own, state=torch.nn.Linear(2, 1).state_dict())
    assert exchanges.filled_in(namespace, {"net", "sgd", "own", "held", "outer", "other", "gone"}) == expected
    # Without asking for a name: only those that hold the very object.
    assert exchanges.filled_in(namespace, set()) <= expected - {"held"}


@pytest.mark.parametrize("raises", [False, True])
def test_the_libraries_get_their_own_functions_back(raises: bool, folder: Path) -> None:
    """Whatever the cell does; names that it bound to a wrapper hold the original as well."""
    before = [pickle.load, json.loads, numpy.load, torch.load, joblib.load, torch.nn.Module.load_state_dict]
    namespace: dict[str, Any] = {"__name__": "__main__", "fetch": pickle.load, "kept": numpy.load}
    exchanges = Exchanges(bytes, bytes)
    try:
        with exchanges.observed(namespace):
            assert namespace["fetch"] is not before[0]
            exec("from json import loads\nimport pickle\nother = pickle.load", namespace)
            assert namespace["fetch"] is namespace["other"] is pickle.load
            if raises:
                raise ValueError
    except ValueError:
        pass
    assert [namespace[name] for name in ("fetch", "kept", "loads", "other")] == [
        before[0],
        before[2],
        before[1],
        before[0],
    ]
    after = [pickle.load, json.loads, numpy.load, torch.load, joblib.load, torch.nn.Module.load_state_dict]
    assert all(original_of(function) is function for function in after)
    assert all(one is other for one, other in zip(before, after, strict=True))


def test_a_function_of_the_users_that_copies_the_looks_of_a_wrapper_stays() -> None:
    """`functools.wraps` copies the attributes; it is the user's function all the same."""
    _, namespace = observe("@functools.wraps(pickle.load)\ndef get(): return 5", functools=functools)
    assert namespace["get"]() == 5


@pytest.mark.parametrize(
    "source",
    [
        "def f(load=pickle.load): return load",
        "def outer():\n    load = pickle.load\n    def f(): return load\n    return f\nf = outer()",
        "f = [pickle.load]",
        "import functools\nf = functools.partial(json.loads, strict=False)",
        "import functools\n@functools.wraps(json.loads)\ndef f(): return 5",
    ],
)
def test_a_wrapper_that_is_kept_is_read_like_the_original(source: str) -> None:
    """In a closure, a default or a list: the first run, in which nothing is wrapped, held the original."""
    plain: dict[str, Any] = {"__name__": "__main__", "pickle": pickle, "json": json}
    exec(source, plain)
    _, namespace = observe(source)
    assert Reader().read("f", namespace["f"]).digest == Reader().read("f", plain["f"]).digest


def test_only_libraries_that_are_loaded_are_wrapped() -> None:
    """Nothing is imported for it, apart from what the language brings."""
    before = {name for name in sys.modules if name.partition(".")[0] in ("dill", "skops", "safetensors", "keras")}
    observe("x = 1")
    after = {name for name in sys.modules if name.partition(".")[0] in ("dill", "skops", "safetensors", "keras")}
    assert after == before


def test_functions_that_are_observed_can_be_sent_elsewhere(folder: Path) -> None:
    """Another process finds them under their names: `pool.map(pickle.loads, texts)`."""
    source = "functions = [pickle.loads, torch.load, np.load, np.fromfile, joblib.load]\n"
    _, namespace = observe(source + "sent = pickle.dumps(functions)")
    assert [each.__name__ for each in pickle.loads(namespace["sent"])] == ["loads", "load", "load", "fromfile", "load"]
