"""Process settings that a cell can leave behind."""

from __future__ import annotations

import decimal
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import sklearn

from nbrerun.probe.read.process_settings import perturb_setting, read_settings


@contextmanager
def environment(name: str, value: str) -> Iterator[None]:
    """A variable of the environment for a while."""
    os.environ[name] = value
    yield
    del os.environ[name]


@contextmanager
def path(entry: str) -> Iterator[None]:
    """An entry of `sys.path` for a while."""
    sys.path.append(entry)
    yield
    sys.path.remove(entry)


@contextmanager
def filtered() -> Iterator[None]:
    """A filter for warnings for a while."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "quiet please", DeprecationWarning)
        yield


@contextmanager
def recursion(limit: int) -> Iterator[None]:
    """Another limit of recursion for a while."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    yield
    sys.setrecursionlimit(before)


@contextmanager
def handler(name: str | None) -> Iterator[None]:
    """A handler more for a while."""
    added = logging.StreamHandler()
    logging.getLogger(name).addHandler(added)
    yield
    logging.getLogger(name).removeHandler(added)


@contextmanager
def level(value: int, name: str | None = None) -> Iterator[None]:
    """Another level of a logger for a while."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(value)
    yield
    logger.setLevel(before)


SETTINGS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "os.environ[NBRERUN_TEST]": lambda: environment("NBRERUN_TEST", "1"),
    "sys.path": lambda: path("nowhere"),
    "warnings.filters": filtered,
    "sys.recursionlimit": lambda: recursion(3456),
    "decimal.prec": lambda: decimal.localcontext(decimal.Context(prec=5)),
    "logging.root.handlers": lambda: handler(None),
    "logging.root.level": lambda: level(7),
    "logging[tests.settings].handlers": lambda: handler("tests.settings"),
    "logging[tests.settings].level": lambda: level(7, "tests.settings"),
    "numpy.printoptions[precision]": lambda: np.printoptions(precision=3),
    "numpy.err[divide]": lambda: np.errstate(divide="raise"),
    "pandas.options[display.max_rows]": lambda: pd.option_context("display.max_rows", 7),
    "sklearn.config[assume_finite]": lambda: sklearn.config_context(assume_finite=True),
    "rcParams[lines.linewidth]": lambda: mpl.rc_context({"lines.linewidth": 7.0}),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_has_a_name_of_its_own(name: str) -> None:
    """Setting it changes what is read under this name and nothing else; putting it back mends that."""
    before = read_settings()
    with SETTINGS[name]():
        during = read_settings()
    changed = {key for key in before.keys() | during.keys() if before.get(key) != during.get(key)}
    assert changed == {name}
    assert read_settings() == before


def test_the_working_directory_is_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it is gone."""
    monkeypatch.chdir(tmp_path)
    assert read_settings()["cwd"] == str(tmp_path)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert read_settings()["cwd"] == "(removed)"


def test_a_second_handler_of_the_same_sort_is_seen() -> None:
    """`logging.basicConfig` is harmless twice; `addHandler` is not."""
    with handler(None):
        once = read_settings()["logging.root.handlers"]
        with handler(None):
            assert read_settings()["logging.root.handlers"] != once


def test_the_backend_of_matplotlib_is_no_setting() -> None:
    """`%matplotlib inline` is for the front end."""
    before = read_settings()
    with mpl.rc_context({"interactive": not mpl.rcParams["interactive"]}):
        assert read_settings() == before


def test_a_function_is_the_same_setting_wherever_it_lies() -> None:
    """As one formats numbers in tables: `display.float_format`."""
    name, found = "pandas.options[display.float_format]", []
    for digits in (2, 2, 3):
        for function in (f"{{:.{digits}f}}".format, eval(f"lambda x: f'{{x:.{digits}}}'")):
            with pd.option_context("display.float_format", function):
                found.append(read_settings()[name])
    assert found[:2] == found[2:4]
    assert len(set(found)) == 4
    assert "0x" not in "".join(found)


def test_equal_settings_are_equal_texts() -> None:
    """No address is part of one."""
    assert read_settings() == read_settings()
    assert not any(" at 0x" in text for name, text in read_settings().items() if not name.startswith("os.environ"))


def test_a_library_that_keeps_its_settings_elsewhere_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of a library costs its own settings only."""
    monkeypatch.setattr(np, "get_printoptions", lambda: None)
    found = read_settings()
    assert "sys.path" in found
    assert "sklearn.config[assume_finite]" in found
    assert not any(name.startswith("numpy.printoptions") for name in found)


def test_a_logger_that_a_library_keeps_for_itself_is_no_setting() -> None:
    """`torch.compile` sets one up when it first compiles; a notebook's own is called `__main__`."""
    before = read_settings()
    with handler("lib.__trace"):
        assert read_settings() == before
    with handler("__main__"):
        assert read_settings() != before


@pytest.mark.parametrize(
    ("name", "is_changed"),
    [
        ("os.environ[NBRERUN_TEST]", True),
        ("sys.path", True),
        ("rcParams[lines.linewidth]", True),
        ("rcParams[axes.grid]", True),
        ("logging.root.level", True),
        ("logging.root.handlers", True),
        ("logging[a.b].level", True),
        ("logging[a.b].handlers", True),
        ("cwd", False),
        ("warnings.filters", False),
    ],
)
def test_settings_are_perturbed(name: str, is_changed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those for which there is another value; all others stay."""
    monkeypatch.setenv("NBRERUN_TEST", "a")
    monkeypatch.setattr(sys, "path", list(sys.path))
    for logger in (logging.root, logging.getLogger("a.b")):
        monkeypatch.setattr(logger, "handlers", [logging.StreamHandler()])
        monkeypatch.setattr(logger, "level", 20)
    with mpl.rc_context({"lines.linewidth": 7.0, "axes.grid": True}):
        before = read_settings()
        perturb_setting(name)
        after = read_settings()
    assert {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)} == (
        {name} if is_changed else set()
    )
