"""A notebook that names what it needs is not run where its kernel lacks that."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.functional.test_bad_input import ENGINES, beside, checked, listing, nbrerun, verdicts, write


def needing(folder: Path, needs: Any, *sources: str, name: str = "nb.ipynb") -> Path:
    """A notebook with what it needs in its metadata."""
    path = write(folder, *sources, name=name)
    node = json.loads(path.read_text())
    node["metadata"]["nbrerun"] = {"needs": needs}
    path.write_text(json.dumps(node))
    return path


@ENGINES
def test_a_notebook_is_skipped_where_a_module_is_missing(engine: str, tmp_path: Path) -> None:
    """No cell is run, the sentence names what is missing only, exit code 0."""
    needs = ["json", "made_up_module_a", "no_such_module_b"]
    path = needing(tmp_path, needs, f"open({str(beside(tmp_path))!r}, 'w').close()", "x = 1")
    done, notebook = checked(path, "--engine", engine)
    assert (done.returncode, done.stderr) == (0, "")
    assert notebook["reason"] == "skipped: needs made_up_module_a and no_such_module_b"
    empty = {"status": "skipped", "cells": [], "findings": [], "failure": None, "engine": ""}
    assert {key: notebook[key] for key in empty} == empty
    assert not beside(tmp_path).exists()


def test_the_terminal_and_the_summary_say_so(tmp_path: Path) -> None:
    """The other notebooks are checked, and decide the exit code."""
    needing(tmp_path, ["made_up_module_a"], "x = 1", name="a.ipynb")
    write(tmp_path, "x = 1", "x += 1", name="b.ipynb")
    done = nbrerun(tmp_path)
    assert done.returncode == 1
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert "skipped: needs made_up_module_a" in lines
    assert "; 1 notebook skipped: needs made_up_module_a; " in lines[-1]
    done = nbrerun(tmp_path / "a.ipynb", "--output", tmp_path / "report.txt")
    assert done.returncode == 0
    assert "skipped: needs made_up_module_a" in done.stderr


ABSENT = "import sys\nassert not {'nbclient', 'beside_it', 'package_beside_it'} & set(sys.modules)\nx = 1"
PRESENT = {
    "of the standard library": "json",
    "built in": "sys",
    "without a spec": "__main__",
    "installed": "nbclient",
    "beside the notebook": "beside_it",
    "a package beside the notebook": "package_beside_it",
}


@pytest.mark.parametrize("what", PRESENT)
def test_what_can_be_found_is_not_imported(what: str, tmp_path: Path) -> None:
    """The notebook is run as if it named nothing; asking imports nothing and leaves nothing."""
    (tmp_path / "beside_it.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "package_beside_it").mkdir()
    (tmp_path / "package_beside_it" / "__init__.py").write_text("raise RuntimeError('imported')")
    path = needing(tmp_path, [PRESENT[what]], ABSENT)
    before = listing(tmp_path)
    done, notebook = checked(path)
    assert (done.returncode, notebook["status"], notebook["reason"]) == (0, "ok", "")
    assert verdicts(notebook) == {0: "reset"}
    assert listing(tmp_path) == before


def test_needs_that_cannot_be_meant_are_refused(tmp_path: Path) -> None:
    """One sentence that names the file and the key, exit code 2; the sound notebook beside it is checked."""
    write(tmp_path, "x = 1", name="a.ipynb")
    needing(tmp_path, "torch", f"open({str(beside(tmp_path))!r}, 'w').close()", name="b.ipynb")
    done = nbrerun(".", cwd=tmp_path, env={**os.environ})
    assert done.returncode == 2
    assert done.stderr.startswith("nbrerun: b.ipynb: metadata.nbrerun.needs ")
    assert "1 cell in 2 notebooks" in done.stdout
    assert not beside(tmp_path).exists()
