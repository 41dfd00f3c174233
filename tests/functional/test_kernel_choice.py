"""nbrerun is installed in one environment, and the notebook belongs to another, which no kernelspec names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import ipykernel
import pytest

from tests.functional.test_bad_input import assert_refused, checked, nbrerun, write

pytestmark = [pytest.mark.timeout(120), pytest.mark.cold_kernel]

BLOCK = """
# /// script
# requires-python = ">=3.9"
# dependencies = ["ipykernel>=6", "no-such-package>2"]
# ///
"""
BELONGS = """
import os, shutil, sys
assert os.path.samefile(sys.prefix, {folder!r}), sys.prefix
assert os.path.samefile(os.path.dirname(shutil.which("python")), os.path.join({folder!r}, "bin"))
assert os.environ["VIRTUAL_ENV"] == {folder!r}
assert get_ipython().history_manager.hist_file == ":memory:"
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment as `python -m venv` makes it, which nothing has activated, in the folder of a project."""
    monkeypatch.delenv("VIRTUAL_ENV")
    folder = tmp_path / "project" / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder


def install_ipykernel(environment: Path) -> None:
    """Have it see the packages of the environment that runs the tests."""
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    (packages / "tests.pth").write_text(str(Path(ipykernel.__file__).parents[1]))


def lesson(environment: Path, *sources: str) -> Path:
    """A notebook below the folder of the project, made on a machine with another kernel."""
    folder = environment.parent / "lessons"
    folder.mkdir()
    path = write(folder, *sources)
    node = json.loads(path.read_text())
    node["metadata"]["kernelspec"] = {"name": "conda-env-lessons", "display_name": "lessons", "language": "python"}
    path.write_text(json.dumps(node))
    return path


@pytest.mark.parametrize("asked", [False, True])
def test_the_notebook_runs_in_its_environment(
    asked: bool, environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found above it, or named by a path while another one is active; the report says why, and what is missing."""
    install_ipykernel(environment)
    path = lesson(environment, BLOCK, BELONGS.format(folder=str(environment)), "x = []", "x.append(1)")
    monkeypatch.chdir(tmp_path)
    if asked:
        monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    done, notebook = checked(path, *(["--python", "project/.venv"] if asked else []))
    assert (done.returncode, notebook["failure"]) == (1, None)
    assert [cell["verdict"] for cell in notebook["cells"]][2:] == ["reset", "in-place"]
    assert notebook["kernel"] == os.path.join("project", ".venv")
    gone = "since the notebook's kernel 'conda-env-lessons' is not installed here"
    found = f"the nearest environment above the notebook, {gone}"
    assert notebook["kernel_reason"] == ("asked for" if asked else found)
    declared = "the notebook declares that it needs Python >=3.9, ipykernel>=6 and no-such-package>2 (PEP 723)"
    assert notebook["declared"] == f"{declared}, but the kernel has no no-such-package"


def test_an_environment_without_ipykernel_is_one_sentence(environment: Path) -> None:
    """With the command that installs it; nothing is run, and nothing is installed."""
    path = lesson(environment, "open('ran.txt', 'w').close()")
    python = environment / "bin" / "python"
    command = f"`{sys.executable} -m pip --python {python} install ipykernel`"
    for options in ([], ["--python", python]):
        sentence = assert_refused(nbrerun(path, *options))
        assert f"{python}: No module named ipykernel_launcher; install it with {command}" in sentence
    (environment / "pyvenv.cfg").open("a").write("uv = 0.9.1\n")
    assert f"`uv pip install --python {python} ipykernel`" in assert_refused(nbrerun(path))
    assert not (path.parent / "ran.txt").exists()
