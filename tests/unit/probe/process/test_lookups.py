"""Which files Python code looks for in vain."""

from __future__ import annotations

import contextlib
import glob
import os
import pathlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbrerun.probe.describe.originals import original_of
from nbrerun.probe.process.lookups import files_in_vain
from nbrerun.probe.read.walk import Reader

NAMES = ("stat", "lstat", "access")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder: it has one file, a folder and a link that leads nowhere."""
    monkeypatch.chdir(tmp_path)
    Path("there").write_text("x")
    Path("sub").mkdir()
    Path("dangling").symlink_to("nowhere")
    Path("link").symlink_to("there")
    before = [getattr(os, name) for name in NAMES]
    yield tmp_path
    assert [getattr(os, name) for name in NAMES] == before


def missed(look: Callable[[], object]) -> list[str]:
    """What code looked for in vain, relative to the folder; what it raises is passed over."""
    heard: list[str] = []
    start = os.getcwd()

    def hear(path: bytes | None) -> None:
        assert isinstance(path, bytes)
        assert os.path.isabs(path)
        heard.append(os.path.relpath(os.fsdecode(path), start))

    with files_in_vain(hear, {}), contextlib.suppress(OSError, TypeError, ValueError):
        look()
    return heard


def _elsewhere() -> bool:
    os.chdir("sub")
    return os.path.exists("m.pkl")


LOOKS: dict[str, tuple[Callable[[], object], list[str]]] = {
    # code, and what it looks for in vain
    "os.path.exists": (lambda: os.path.exists("m.pkl"), ["m.pkl"]),
    "os.path.isfile": (lambda: os.path.isfile("m.pkl"), ["m.pkl"]),
    "os.path.isdir": (lambda: os.path.isdir("m"), ["m"]),
    "os.path.islink": (lambda: os.path.islink("m.pkl"), ["m.pkl"]),
    "os.path.lexists": (lambda: os.path.lexists("m.pkl"), ["m.pkl"]),
    "os.path.getsize": (lambda: os.path.getsize("m.pkl"), ["m.pkl"]),
    "os.stat": (lambda: os.stat("m.pkl"), ["m.pkl"]),
    "os.stat, by a keyword": (lambda: os.stat(path="m.pkl"), ["m.pkl"]),
    "os.lstat": (lambda: os.lstat("m.pkl"), ["m.pkl"]),
    "os.access": (lambda: os.access("m.pkl", os.R_OK), ["m.pkl"]),
    "pathlib, exists": (lambda: Path("m.pkl").exists(), ["m.pkl"]),
    "pathlib, is_file": (lambda: Path("sub", "m.pkl").is_file(), ["sub/m.pkl"]),
    "pathlib, is_symlink": (lambda: Path("m.pkl").is_symlink(), ["m.pkl"]),
    "glob, of a plain name": (lambda: glob.glob("m.pkl"), ["m.pkl"]),
    "bytes": (lambda: os.path.exists(b"m.pkl"), ["m.pkl"]),
    "a name that is no text": (lambda: os.path.exists(b"m\xff.pkl"), [os.fsdecode(b"m\xff.pkl")]),
    "an absolute path": (lambda: os.path.exists(os.path.abspath("m.pkl")), ["m.pkl"]),
    "a path with detours": (lambda: os.path.exists("sub/../m.pkl"), ["m.pkl"]),
    "from another folder": (_elsewhere, ["sub/m.pkl"]),
    "in a folder that is not there": (lambda: os.path.exists("no/m.pkl"), ["no/m.pkl"]),
    "a link that leads nowhere": (lambda: os.path.exists("dangling"), ["dangling"]),
    "two": (lambda: [os.path.exists(name) for name in ("a", "there", "b")], ["a", "b"]),
    # in vain of nothing
    "it is there": (lambda: os.path.exists("there"), []),
    "a link that leads nowhere is there": (lambda: os.path.lexists("dangling"), []),
    "it can be read": (lambda: os.access("there", os.R_OK), []),
    "a folder": (lambda: Path("sub").is_dir(), []),
    "a descriptor that is open": (lambda: os.stat(0), []),
    "a descriptor that is closed": (lambda: os.stat(10**6), []),
    "no path at all": (lambda: os.stat(None), []),  # type: ignore[arg-type]
    "a name with a null": (lambda: os.path.exists("m\0.pkl"), ["m\0.pkl"]),
}


@pytest.mark.parametrize("case", LOOKS)
def test_a_file_that_code_asks_about_and_that_is_not_there_is_heard(case: str) -> None:
    """Its absolute path, whichever function asks; of what is there, and of descriptors, nothing is heard."""
    look, expected = LOOKS[case]
    assert missed(look) == expected


def test_a_file_that_may_not_be_written_is_heard_as_well() -> None:
    """`os.access` says no, and a later cell may change that."""
    os.chmod("there", 0o444)
    says_no = not os.access("there", os.W_OK)  # root may write anything
    assert missed(lambda: os.access("there", os.W_OK)) == (["there"] if says_no else [])
    assert missed(lambda: os.access("there", os.X_OK)) == ["there"]


@pytest.mark.parametrize("look", [lambda: os.stat("m.pkl"), lambda: os.stat(None), lambda: os.access("m.pkl")])  # type: ignore[arg-type, call-arg]
def test_the_exception_is_that_of_the_function(look: Callable[[], object]) -> None:
    """Of the same class, with the same text and file name."""
    with pytest.raises(Exception) as plain:  # noqa: PT011  any
        look()
    with files_in_vain(lambda path: None, {}), pytest.raises(Exception) as wrapped:  # noqa: PT011
        look()
    assert (type(wrapped.value), str(wrapped.value)) == (type(plain.value), str(plain.value))
    assert getattr(wrapped.value, "filename", None) == getattr(plain.value, "filename", None)


def test_a_result_is_that_of_the_function() -> None:
    """With all of its arguments."""
    plain = [os.stat("link"), os.stat("link", follow_symlinks=False), os.access("there", mode=os.F_OK)]
    with files_in_vain(lambda path: None, {}):
        assert [os.stat("link"), os.stat("link", follow_symlinks=False), os.access("there", mode=os.F_OK)] == plain


def test_what_fails_while_it_listens_is_not_the_notebooks() -> None:
    """The answer stays the same."""

    def fails(path: bytes | None) -> None:
        raise RuntimeError

    with files_in_vain(fails, {}):
        assert not os.path.exists("m.pkl")


def test_the_functions_are_put_back_whatever_happens() -> None:
    """In `pathlib` as well, which has a table of its own before Python 3.11."""
    table = getattr(pathlib, "_normal_accessor", os)
    before = [getattr(holder, name) for holder in (os, table) for name in NAMES if hasattr(holder, name)]
    sets = [set(able) for able in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks)]
    with contextlib.suppress(KeyError), files_in_vain(lambda path: None, {}):
        assert os.stat is not before[0]
        raise KeyError
    assert [getattr(holder, name) for holder in (os, table) for name in NAMES if hasattr(holder, name)] == before
    assert [os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks] == sets


def test_a_function_that_the_notebook_put_there_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the cell's doing."""

    def own(path: Any) -> str:
        return "own"

    with monkeypatch.context() as patched:
        patched.setattr(os, "lstat", os.lstat)  # is put back after the test
        with files_in_vain(lambda path: None, {}):
            os.lstat = own  # type: ignore[assignment]
        assert os.lstat is own  # type: ignore[comparison-overlap]


def test_names_that_an_earlier_cell_imported_are_heard_as_well() -> None:
    """By any name; they hold the functions themselves afterwards, and so do names that are bound meanwhile."""
    heard: list[bytes | None] = []
    namespace: dict[str, Any] = {"stat": os.stat, "readable": os.access, "exists": os.path.exists}
    with files_in_vain(heard.append, namespace):
        namespace["kept"] = namespace["stat"]
        namespace["readable"]("m.pkl", os.R_OK)
        with contextlib.suppress(OSError):
            namespace["stat"]("n.pkl")
    assert heard == [os.path.abspath(name).encode() for name in ("m.pkl", "n.pkl")]
    assert namespace == {
        "stat": os.stat,
        "readable": os.access,
        "exists": os.path.exists,
        "kept": os.stat,
    }


def test_links_are_copied_as_without_it() -> None:
    """`shutil` calls those functions only that are known to support `follow_symlinks`."""
    with files_in_vain(lambda path: None, {}):
        assert {os.stat} <= os.supports_follow_symlinks & os.supports_dir_fd & os.supports_fd
        shutil.copy2("link", "copy", follow_symlinks=False)
    assert os.readlink("copy") == "there"


def test_a_wrapper_is_read_as_the_function() -> None:
    """The cell may keep it: the first run kept the function itself."""
    plain = {name: Reader().read("f", getattr(os, name)).digest for name in NAMES}
    with files_in_vain(lambda path: None, {}):
        kept = {name: getattr(os, name) for name in NAMES}
        assert {name: original_of(each).__name__ for name, each in kept.items()} == {name: name for name in NAMES}
        assert {name: Reader().read("f", each).digest for name, each in kept.items()} == plain
    assert {name: Reader().read("f", each).digest for name, each in kept.items()} == plain
    assert (kept["stat"].__name__, kept["stat"].__module__) == (os.stat.__name__, os.stat.__module__)
