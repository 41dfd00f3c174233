"""Files and messages of any content: each is one sentence or ignored, and never a traceback."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import marshal
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbrerun import baseline
from nbrerun.batch import saved
from nbrerun.batch.cache import Cache
from nbrerun.batch.cache.store import Store
from nbrerun.batch.jobs import Job
from nbrerun.cli.check import check
from nbrerun.engine.client import Client
from nbrerun.engine.interface import Undone
from nbrerun.engine.liveness import ProbeFailure, Waiting
from nbrerun.errors import NbrerunError
from nbrerun.notebooks.read import read_notebook
from nbrerun.probe.protocol.wire import Closed, Wire
from nbrerun.reporters.formats import terminal
from nbrerun.settings.files import file_in
from nbrerun.settings.resolve import Asked, options_of
from nbrerun.settings.values import Gate, Settings

FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None)

FEW = settings(FUZZ, max_examples=40)  # each of these opens files or waits for a hang-up

ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
SOUND: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "P"}, "nbrerun": {"needs": ["os"], "timeout": 3}},
    "cells": [
        {
            "cell_type": "code",
            "id": "a",
            "metadata": {"tags": ["x"], "nbrerun": {"expect": "reset", "ignore": ["NBR002"]}},
            "source": ["x = 1\n", "y = 2"],
            "outputs": [{"output_type": "stream", "name": "stdout", "text": "1"}],
            "execution_count": 1,
        },
        {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "text", "attachments": {}},
    ],
}
BASELINE = {"nbrerun_baseline": 1, "findings": [{"notebook": "a.ipynb", "cell": "a", "rule": "NBR002", "count": 1}]}
REPORT = json.loads((Path(__file__).parent / "reporters/formats/golden/report.json").read_text(encoding="utf-8"))


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all parts."""
    yield above
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*above, key))


@st.composite
def damaged(draw: st.DrawFn, sound: Any, other: st.SearchStrategy[Any] = JSON) -> Any:
    """The value with up to three parts replaced or left out."""
    value = copy.deepcopy(sound)
    for _ in range(draw(st.integers(1, 3))):
        *above, last = draw(st.sampled_from([place for place in places(value) if place] or [("",)]))
        holder = value
        for key in above:
            holder = holder[key]
        if draw(st.booleans()) and isinstance(holder, dict):
            holder.pop(last, None)
        elif not isinstance(value, (dict, list)) or last == "":
            return draw(other)
        else:
            holder[last] = draw(other)
    return value


def bytes_of(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Any bytes, or JSON, whole or cut off."""
    whole = strategy.map(lambda value: json.dumps(value).encode())
    return st.binary(max_size=40) | whole | st.tuples(whole, st.integers(0, 99)).map(lambda p: p[0][: p[1]])


def sentence(read: Callable[[], object]) -> None:
    """Call it; it may only raise errors that say what is wrong."""
    try:
        read()
    except NbrerunError as error:
        assert len(str(error).split()) >= 3  # noqa: PT017  it need not be raised
        assert "Traceback" not in str(error)  # noqa: PT017  the same


@FUZZ
@given(bytes_of(damaged(SOUND)), st.sampled_from([".ipynb", ".ipynb", ".py", ".md"]))
def test_notebooks(content: bytes, suffix: str) -> None:
    """One that is read has its settings resolved as well."""

    def read() -> None:
        notebook = read_notebook(path)
        Asked(check.make_context("check", [])).of_notebook(notebook)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"nb{suffix}"
        path.write_bytes(content)
        sentence(read)


KEYS = st.sampled_from([*options_of(check), "exclude", "per-notebook-ignores", "tool", "fail_on"]) | st.text(max_size=4)
TOML = st.recursive(
    st.booleans().map(lambda value: str(value).lower())
    | st.integers().map(str)
    | st.floats().map(str)
    | st.text(max_size=8).map(json.dumps)
    | st.sampled_from(
        ['"auto"', '"1h"', '"json=x"', '"NBR002"', '"again"', "1979-05-27", '"../x"', '"**"', '"\\u0000"']
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]")
        | st.dictionaries(st.text(max_size=4).map(json.dumps), inner, max_size=2).map(
            lambda parts: "{" + ", ".join(f"{key} = {value}" for key, value in parts.items()) + "}"
        )
    ),
)


@FUZZ
@given(
    st.binary(max_size=30)
    | st.dictionaries(KEYS.map(json.dumps), TOML, max_size=3).map(
        lambda table: "\n".join(f"{key} = {value}" for key, value in table.items()).encode()
    ),
    st.sampled_from(["nbrerun.toml", "pyproject.toml"]),
)
def test_configuration_files(content: bytes, name: str) -> None:
    """Keys of ours with values of any type among them."""
    begin = b"[tool.nbrerun]\n" if name == "pyproject.toml" else b""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(begin + content)
        context = click.Context(check)
        sentence(lambda: file_in(Path(folder), options_of(check), context))


@FUZZ
@given(bytes_of(damaged(BASELINE)))
def test_baselines(content: bytes) -> None:
    """Those that `--baseline` names."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "b.json"
        path.write_bytes(content)
        sentence(lambda: baseline.read(str(path)))


@FUZZ
@given(bytes_of(damaged(REPORT)))
def test_saved_reports(content: bytes) -> None:
    """What can be read can be rendered."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.json"
        path.write_bytes(content)
        sentence(lambda: terminal.render(saved.read(str(path)), io.StringIO(), restart=True))


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A notebook to look up."""
    path = tmp_path_factory.mktemp("cached") / "nb.ipynb"
    path.write_text(json.dumps({**SOUND, "metadata": {}}))
    return Job(read_notebook(path), Settings(), Gate())


@FUZZ
@given(content=st.binary(max_size=200) | st.binary(max_size=100).map(lambda end: b"SQLite format 3\0" + end))
def test_cache_files(content: bytes, job: Job) -> None:
    """A file that is not ours is ignored, with one note."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "verdicts.sqlite3").write_bytes(content)
        notes: list[str] = []
        cache = Cache(Path(folder), notes.append)
        assert cache.get(job) is None
        cache.close()
        assert len(notes) <= 1


STORED = {
    "looks": [],
    "environment": {"names": [], "every": False, "salt": "", "digest": ""},
    "tracked": [],
    "committed": None,
    "report": {"path": "a", "cells": []},
}


@FEW
@given(text=damaged(STORED).map(json.dumps) | st.text(max_size=20))
def test_cache_entries(text: str, job: Job) -> None:
    """An entry that is no report is ignored, with one note."""
    with tempfile.TemporaryDirectory() as folder:
        notes: list[str] = []
        cache = Cache(Path(folder), notes.append)
        cache.get(job)
        name = cache._begun[job.notebook.path][0]
        with contextlib.closing(Store(Path(folder))) as store:
            store.put(cache._name(job), name, text.encode("utf-8", "replace").decode())
        assert cache.get(job) is None
        cache.close()
        assert len(notes) <= 1


# Bytes that marshal never wrote are left out: it is not made for those, and may end the process (docs.python.org).
MESSAGES = st.dictionaries(st.sampled_from(["failed", "traceback", "error", "state", "pid"]) | st.text(), JSON)
PARTS = st.tuples(MESSAGES | JSON, st.integers(0, 99) | st.none())


def _client(message: Any, cut: int | None) -> tuple[Client, socket.socket]:
    """A client of a process that has sent this message, or a part of it, and is gone."""
    near, far = socket.socketpair()
    with far:
        content = marshal.dumps(message, 2)
        far.sendall((len(content).to_bytes(8, "big") + content)[:cut])
    return Client(Wire(near, 1.0), os.getpid()), near


@FEW
@given(PARTS)
def test_messages_of_the_probe(part: tuple[Any, int | None]) -> None:
    """What is no answer to a run of a cell leaves that undone."""
    client, near = _client(*part)
    with near:
        client.is_busy = False
        found = client.ran(Waiting(1.0, 1.0, forked=False))
        assert isinstance(found, Undone)


@FUZZ
@given(PARTS)
def test_answers_of_the_probe(part: tuple[Any, int | None]) -> None:
    """What is no answer to another question is as good as none."""
    client, near = _client(*part)
    with near, contextlib.suppress(Closed, ProbeFailure):
        assert isinstance(client.arrived(), dict)
