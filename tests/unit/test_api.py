"""The Python API: what it offers, what its settings are, and what it refuses; without a kernel."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

import nbrerun
from nbrerun import analysis, model
from nbrerun.cli import check as command
from nbrerun.errors import NbrerunError
from nbrerun.model import NotebookReport
from nbrerun.notebooks.read import Notebook
from nbrerun.settings.resolve import options_of
from nbrerun.settings.values import BACKENDS, ENGINES, EXPERIMENTS, FAIL_ON, SANDBOXES, WHOLE, Settings
from tests.functional.test_bad_input import write

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")

OF_THE_COMMAND_LINE = {"format", "output", "quiet", "verbose", "shard", "strict"}
"""Options that choose or write reports, deal out notebooks to CI jobs, or are about the exit code alone."""

PARAMETERS = {name: p for name, p in inspect.signature(nbrerun.check).parameters.items() if name != "path"}


@pytest.fixture
def asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Settings]:
    """The settings of each notebook, none of which is run."""
    calls: list[Settings] = []

    def analyze(notebook: Notebook, settings: Settings, listener: analysis.Listener) -> NotebookReport:
        calls.append(settings)
        return NotebookReport(str(notebook.path), "fork", "", "python3")

    monkeypatch.setattr(analysis, "analyze", analyze)
    monkeypatch.chdir(tmp_path)
    return calls


def test_every_option_about_checking_is_a_keyword() -> None:
    """The keywords and the options of `check` are the same, except for options that deal with report files."""
    assert set(PARAMETERS) == {key.replace("-", "_") for key in options_of(command) if key not in OF_THE_COMMAND_LINE}
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in PARAMETERS.values())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("engine", ENGINES),
        ("sandbox", SANDBOXES),
        ("fail_on", FAIL_ON),
        ("backend", BACKENDS),
        ("only", ("models", "all")),
    ],
)
def test_the_types_name_the_words_that_are_accepted(name: str, words: tuple[str, ...]) -> None:
    """A type checker knows the same words as the option."""
    assert re.findall(r"'([^']*)'", PARAMETERS[name].annotation) == list(words)


def test_the_types_name_the_experiments() -> None:
    """The alias in the module lists all of them."""
    alias = re.search(r"Experiment = Literal\[(.*)\]", inspect.getsource(nbrerun))
    assert alias
    assert re.findall(r'"([^"]*)"', alias[1]) == [*EXPERIMENTS, *WHOLE]


def reachable(kind: Any, found: set[str]) -> set[str]:
    """The names of the package's classes that a value of this type may hold."""
    for argument in typing.get_args(kind):
        reachable(argument, found)
    if isinstance(kind, type) and kind.__module__.startswith("nbrerun.") and kind.__name__ not in found:
        found.add(kind.__name__)
        if dataclasses.is_dataclass(kind):
            for hint in typing.get_type_hints(kind).values():
                reachable(hint, found)
    return found


def test_every_class_of_a_report_is_offered() -> None:
    """Whatever a caller can reach from a report can be named as `nbrerun.NAME`."""
    assert reachable(model.Report, set()) <= set(nbrerun.__all__)


def test_every_error_is_offered() -> None:
    """So that a caller can catch it."""

    def below(kind: type[NbrerunError]) -> Iterator[str]:
        yield kind.__name__
        for sub in kind.__subclasses__():
            yield from below(sub)

    assert {name for name in below(NbrerunError) if hasattr(nbrerun.errors, name)} <= set(nbrerun.__all__)


@pytest.mark.parametrize("name", nbrerun.__all__)
def test_every_offered_name_exists_and_is_on_the_page(name: str) -> None:
    """Names are looked up when they are used; the page explains each of them."""
    value = getattr(nbrerun, name)
    assert name in dir(nbrerun)
    assert name == "__version__" or f"`{name}`" in PAGE or f"`nbrerun.{name}" in PAGE
    assert isinstance(value, (str, enum.EnumMeta, type)) or callable(value)


def test_every_setting_is_on_the_page() -> None:
    """The table has a row for each."""
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    assert set(PARAMETERS) <= {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The module is like any other where a name does not exist."""
    with pytest.raises(AttributeError, match="module 'nbrerun' has no attribute 'Verdikt'"):
        _ = nbrerun.Verdikt  # type: ignore[attr-defined]  # that is the point


def test_importing_it_loads_nothing_else() -> None:
    """The command line's `--help` and a kernel's keeper pay for this import; the keeper has no site-packages."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import nbrerun; "
        "print([name for name in sys.modules if name.startswith('nbrerun.')])"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_settings_reach_the_check(asked_for: list[Settings], tmp_path: Path) -> None:
    """Values may be of the types that are natural in Python."""
    folder = tmp_path / "data"
    folder.mkdir()
    nbrerun.check(
        write(tmp_path, "x = 1"),
        cells=[0],
        experiment=("again", "later"),
        engine="replay",
        timeout=2.5,
        sandbox_dir=folder,
        sandbox_limit="1K",
        watch="x",
    )
    assert asked_for == [
        Settings(
            cells=("0",),
            experiments=frozenset({"again", "later"}),
            engine="replay",
            timeout=2.5,
            sandbox_dirs=(folder,),
            sandbox_limit=1024,
            watch=frozenset({"x"}),
        )
    ]


def test_what_is_not_given_comes_from_the_configuration(asked_for: list[Settings], tmp_path: Path) -> None:
    """A call is to the files what the command line is: it wins over them, key by key."""
    (tmp_path / "nbrerun.toml").write_text('engine = "fork"\ntimeout = 3\nwrite-files = true\n')
    nbrerun.check(write(tmp_path, "x = 1"), engine="replay", write_files=False)
    (settings,) = asked_for
    assert (settings.engine, settings.timeout, settings.write_files) == ("replay", 3, False)


def test_a_cell_that_is_named_is_run_whatever_it_declares(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A call that names a cell wins over the cell's tag, as the command line does."""
    seen: list[tuple[bool, ...]] = []

    def analyze(notebook: Notebook, settings: Settings, listener: analysis.Listener) -> NotebookReport:
        seen.append(tuple(cell.declared.skip for cell in notebook.cells))
        return NotebookReport(str(notebook.path), "fork", "", "python3")

    monkeypatch.setattr(analysis, "analyze", analyze)
    path = write(tmp_path, "x = 1", "y = 1")
    node = nbformat.read(path, as_version=4)
    for cell in node.cells:
        cell.metadata["tags"] = ["nbrerun:skip"]
    nbformat.write(node, path)
    nbrerun.check(path, cells=1)
    assert seen == [(True, False)]


def test_a_cell_that_does_not_exist(asked_for: list[Settings], tmp_path: Path) -> None:
    """The selection has to fit the notebook."""
    with pytest.raises(nbrerun.UsageError, match=r"cells 9: .* has only cell 0"):
        nbrerun.check(write(tmp_path, "x = 1"), cells=9)
    assert not asked_for


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"engine": "frok"}, "engine: there is no 'frok'; did you mean `fork`?"),
        ({"timeout": -1}, "timeout: give a number of seconds greater than 0"),
        ({"write_files": "yes"}, 'write-files must be true or false, not "yes"'),
        ({"select": ["NBR9"]}, "select: there is no rule 'NBR9'; did you mean"),
        ({"sandbox_dir": "nowhere"}, "sandbox-dir: there is no folder"),
        ({"static": True, "engine": "fork"}, "a static check runs nothing, so engine has no meaning"),
    ],
)
def test_a_value_that_a_setting_cannot_have_is_one_sentence(
    settings: dict[str, Any], sentence: str, asked_for: list[Settings], tmp_path: Path
) -> None:
    """The error says which setting it is about, before anything runs."""
    with pytest.raises(nbrerun.UsageError) as error:
        nbrerun.check(write(tmp_path, "x = 1"), **settings)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)
    assert not asked_for


@pytest.mark.parametrize(
    ("paths", "kind", "sentence"),
    [
        ("nowhere.ipynb", nbrerun.UsageError, "there is no file nowhere.ipynb"),
        ([], nbrerun.UsageError, "give at least one notebook or folder"),
        ("text.ipynb", nbrerun.NotebookError, "text.ipynb"),
    ],
)
def test_a_path_that_cannot_be_checked(
    paths: str | list[str], kind: type[NbrerunError], sentence: str, asked_for: list[Settings]
) -> None:
    """It is one sentence of the right kind."""
    Path("text.ipynb").write_text("no notebook")
    with pytest.raises(kind, match=sentence):
        nbrerun.check(paths)


def test_an_interrupt_is_an_interrupt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ctrl-C reaches the caller, who may be in a loop over many checks."""

    def analyze(notebook: Notebook, settings: Settings, listener: analysis.Listener) -> NotebookReport:
        return NotebookReport(str(notebook.path), "fork", "", "python3", interrupted=True)

    monkeypatch.setattr(analysis, "analyze", analyze)
    with pytest.raises(KeyboardInterrupt):
        nbrerun.check(write(tmp_path, "x = 1"))


def test_a_cache_that_cannot_be_used_is_a_warning(asked_for: list[Settings], tmp_path: Path) -> None:
    """The check goes on without it."""
    (tmp_path / "taken").write_text("a file where the folder would be")
    with pytest.warns(UserWarning, match="the cache in .*taken is ignored"):
        report = nbrerun.check(write(tmp_path, "x = 1"), cache_dir=tmp_path / "taken")
    assert len(report.notebooks) == 1
    assert len(asked_for) == 1
