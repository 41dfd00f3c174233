"""Whose a module is follows from where it lies, however its path comes about and is spelled."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable
from pathlib import Path

import pandas
import pytest

from nbrerun.analysis import analyze
from nbrerun.model import NotebookReport
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.functional.test_bad_input import write

ENGINES = ("fork", "replay")
MODULE = """
table = [[i] for i in range(300_000)]
calls = []
def tick():
    calls.append(1)
"""
"""It has state that changes, and too much of it to be read as data."""
PACKAGES = f"lib/python{sysconfig.get_python_version()}/site-packages"


def checked(folder: Path, engine: str, *sources: str) -> NotebookReport:
    """The report on a notebook in the repository `repo`."""
    (folder / "repo" / ".git").mkdir(parents=True, exist_ok=True)
    settings = Settings(engine=engine, experiments=frozenset({"again", "later"}))
    return analyze(read_notebook(write(folder / "repo", *sources)), settings, Silent())


def module(folder: Path) -> Path:
    """Write the module into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "counting.py").write_text(MODULE)
    return folder


def _user_site(folder: Path) -> str:
    return f"import site\nsite.addsitedir({str(module(folder / 'home/.local' / PACKAGES))!r})"


def _user_site_in_the_repository(folder: Path) -> str:
    return f"import site\nsite.addsitedir({str(module(folder / 'repo/.local' / PACKAGES))!r})"


def _pth_file(folder: Path) -> str:
    site = folder / "env" / PACKAGES
    site.mkdir(parents=True)
    (site / "other-project.pth").write_text(str(module(folder / "other/src")))
    return f"import site\nsite.addsitedir({str(site)!r})"


def _path_with_dots(folder: Path) -> str:
    module(folder / "other")
    return f"import sys\nsys.path.insert(0, {str(folder / 'repo/../other')!r})"


def _environment_with_dots(folder: Path) -> str:
    module(folder / "repo/.venv" / PACKAGES)
    return f"import sys\nsys.path.insert(0, {str(folder / 'repo/.venv' / PACKAGES / '..' / 'site-packages')!r})"


def _link_into_an_environment(folder: Path) -> str:
    module(folder / "env/src")
    (folder / "env/pyvenv.cfg").touch()
    (folder / "repo/libs").symlink_to(folder / "env/src")
    return "import sys\nsys.path.insert(0, 'libs')"


def _link_to_an_environment(folder: Path) -> str:
    module(folder / "env/src")
    (folder / "env/pyvenv.cfg").touch()
    (folder / "repo/.venv").symlink_to("../env")
    return "import sys\nsys.path.insert(0, '.venv/src/../src')"


def _link_to_another_project(folder: Path) -> str:
    module(folder / "other/src")
    (folder / "repo/libs").symlink_to(folder / "other")
    return "import sys\nsys.path.insert(0, 'libs/src')"


def _link_to_a_file(folder: Path) -> str:
    (folder / "repo/counting.py").symlink_to(module(folder / "other") / "counting.py")
    return "import sys"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "way",
    [
        _user_site,
        _user_site_in_the_repository,
        _pth_file,
        _path_with_dots,
        _environment_with_dots,
        _link_into_an_environment,
        _link_to_an_environment,
        _link_to_another_project,
        _link_to_a_file,
    ],
)
def test_a_library_is_no_state_wherever_it_is_installed(
    way: Callable[[Path], str], engine: str, tmp_path: Path
) -> None:
    """A call of its function leaves nothing behind, and what it holds is not read."""
    (tmp_path / "repo").mkdir()
    report = checked(tmp_path, engine, way(tmp_path), "import counting", "counting.tick()", "x = counting")
    assert [cell.verdict.value for cell in report.cells[1:]] == ["stateless", "stateless", "stateless"]
    kinds = {variable.kind.value for cell in report.cells[1:] for variable in cell.variables}
    assert kinds == {"definition"}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("path", ["src", "src/../src", "../repo/src"])
def test_a_module_of_the_repository_is_the_users(path: str, engine: str, tmp_path: Path) -> None:
    """Its state that changes is data (ruling 10 of the contract)."""
    module(tmp_path / "repo/src")
    (tmp_path / "repo/src/counting.py").write_text(MODULE.replace("300_000", "3"))
    way = f"import sys\nsys.path.insert(0, {path!r})"
    report = checked(tmp_path, engine, way, "import counting", "counting.tick()")
    assert [cell.verdict.value for cell in report.cells[1:]] == ["stateless", "in-place"]


@pytest.mark.cold_kernel
def test_packages_under_a_path_with_dots_are_as_in_a_plain_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path of every installed module has `..` in it."""
    packages = Path(pandas.__file__).parents[1]
    path = str(packages / ".." / packages.name)
    # Python itself makes the paths of PYTHONPATH plain.
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.path.insert(0, {path!r})")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    report = checked(
        tmp_path,
        "fork",
        "import numpy as np\nassert '..' in np.__file__\nx = np.ones(2)",
        "from sklearn.linear_model import LogisticRegression",
        "import pandas as pd\ndf = pd.DataFrame({'a': [1]})",
    )
    assert report.failure is None
    assert [cell.verdict.value for cell in report.cells] == ["reset", "stateless", "reset"]
    assert {variable.name for variable in report.cells[0].variables} == {"np", "x"}
