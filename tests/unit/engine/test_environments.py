"""Which environment belongs to a notebook, and how ipykernel gets into one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nbrerun.engine.environments import Environment, belonging_to, environment_at, of_interpreter
from nbrerun.errors import UsageError
from tests.unit.fake_environments import fake_environment


@pytest.fixture(autouse=True)
def _nothing_is_active(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "UV_PROJECT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a notebook, two levels below that of its project."""
    (tmp_path / "project" / "lessons" / "first").mkdir(parents=True)
    return tmp_path / "project" / "lessons" / "first"


def found(folder: Path) -> Path | None:
    """The folder of the environment that belongs to it."""
    answer = belonging_to(folder)
    return answer[0].folder if answer else None


@pytest.mark.parametrize("name", [".venv", "venv"])
@pytest.mark.parametrize("place", ["project/lessons/first", "project/lessons", "project", "."])
def test_the_environment_above_the_notebook_is_found(name: str, place: str, folder: Path, tmp_path: Path) -> None:
    """In the notebook's own folder, or in any above it."""
    there = fake_environment(tmp_path / place / name)
    assert belonging_to(folder) == (
        Environment(there, there / "bin" / "python"),
        "the nearest environment above the notebook",
    )


def test_the_nearest_one_counts(folder: Path, tmp_path: Path) -> None:
    """A folder of that name that is no environment is passed by; of two in one folder, `.venv` counts."""
    fake_environment(tmp_path / ".venv")
    fake_environment(tmp_path / "project" / "venv")
    near = fake_environment(tmp_path / "project" / ".venv")
    (folder / ".venv").mkdir()
    fake_environment(folder / "venv", made_by="nobody")
    assert found(folder) == near


def test_without_an_environment_there_is_none(folder: Path) -> None:
    """One beside the folders above the notebook does not belong to it."""
    fake_environment(folder.parent / "second" / ".venv")
    assert found(folder) is None


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_the_active_environment_comes_first(
    variable: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the nearest one above; one that has been removed does not count."""
    near, active = fake_environment(folder / ".venv"), tmp_path / "elsewhere"
    monkeypatch.setenv(variable, str(active))
    assert found(folder) == near
    fake_environment(active, made_by="conda" if variable == "CONDA_PREFIX" else "venv", interpreter="python3")
    assert belonging_to(folder) == (Environment(active, active / "bin" / "python3"), "the active environment")


@pytest.mark.parametrize("name", ["base", "root"])
def test_condas_base_environment_comes_last(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is active in every shell, whatever the notebook belongs to."""
    base = fake_environment(tmp_path / "conda", made_by="conda")
    monkeypatch.setenv("CONDA_PREFIX", str(base))
    monkeypatch.setenv("CONDA_DEFAULT_ENV", name)
    answer = belonging_to(folder)
    assert answer is not None
    assert (answer[0].folder, "base" in answer[1]) == (base, True)
    near = fake_environment(folder / ".venv")
    assert found(folder) == near


def test_uv_may_put_the_environment_of_a_project_elsewhere(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UV_PROJECT_ENVIRONMENT is relative to the folder of the project, which has a pyproject.toml."""
    there = fake_environment(tmp_path / "project" / "environments" / "main", made_by="uv")
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", "environments/main")
    assert found(folder) is None
    (tmp_path / "project" / "pyproject.toml").touch()
    assert found(folder) == there


def test_an_environment_in_the_repository_is_not_trusted(folder: Path, tmp_path: Path) -> None:
    """Whoever can commit could have any program run; one that git ignores or does not know is the user's."""
    there = fake_environment(tmp_path / "project" / ".venv")
    git = ["git", "-C", str(tmp_path / "project")]
    subprocess.run([*git, "init", "-q"], check=True)
    assert found(folder) == there
    subprocess.run([*git, "add", "-f", ".venv/bin/python"], check=True)
    assert found(folder) is None


def test_an_environment_of_somebody_else_is_not_trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody can make one in /tmp; that of the notebook's owner, or of root, may be used."""
    there = fake_environment(folder / ".venv")
    mine = os.stat(there).st_uid
    stat, owners = Path.stat, {there: mine + 1, folder: mine + 2}

    def owned(path: Path, **more: bool) -> os.stat_result:
        fields = list(stat(path, **more))
        fields[4] = owners.get(path, mine)
        return os.stat_result(fields)

    monkeypatch.setattr(Path, "stat", owned)
    monkeypatch.setattr(os, "getuid", lambda: mine + 2)
    assert found(folder) is None
    for change in ({there: mine + 2}, {folder: mine + 1}, {there: 0}):
        kept = dict(owners)
        owners.update(change)
        assert found(folder) == there
        owners.update(kept)


def test_a_path_names_an_interpreter_or_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative ones start at the current folder; links are kept, since they tell the interpreter its environment."""
    there = fake_environment(tmp_path / "env")
    expected = Environment(there, there / "bin" / "python")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for path in ("env", "env/bin/python", there, "./env/../env/", "~/env"):
        assert environment_at(path) == expected


PATHS = {
    "no": "there is no such interpreter",
    "empty": "no Python in this folder: bin/python or bin/python3 is missing",
    "text": "cannot be executed",
}


@pytest.mark.parametrize("name", PATHS)
def test_a_path_without_python_is_one_sentence(name: str, tmp_path: Path) -> None:
    """It says what is wrong there."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("print()")
    with pytest.raises(UsageError, match=re.escape(PATHS[name])) as raised:
        environment_at(tmp_path / name)
    assert str(raised.value).startswith(f"--python {tmp_path / name}: ")


def test_the_name_is_as_short_as_it_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's folder, relative if it is below the current one; the interpreter where there is only that."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    inside = environment_at(fake_environment(tmp_path / "here" / ".venv"))
    outside = environment_at(fake_environment(tmp_path / "env", made_by="conda"))
    system = environment_at(fake_environment(tmp_path / "usr", made_by="nobody"))
    assert [each.name for each in (inside, outside, system)] == [
        ".venv",
        str(tmp_path / "env"),
        str(tmp_path / "usr" / "bin" / "python"),
    ]


def test_nbreruns_own_environment_is_known(tmp_path: Path) -> None:
    """Also through a link to its folder."""
    (tmp_path / "link").symlink_to(sys.prefix)
    assert of_interpreter(Path(sys.executable)).is_own
    assert environment_at(tmp_path / "link").is_own
    assert not environment_at(fake_environment(tmp_path / "env")).is_own


@pytest.mark.parametrize("active", [False, True])
def test_the_kernel_runs_as_in_the_activated_environment(
    active: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PATH, and the variable of its kind; VIRTUAL_ENV of another environment is overridden in any case."""
    if active:
        monkeypatch.setenv("VIRTUAL_ENV", "/elsewhere")
    venv = environment_at(fake_environment(tmp_path / "a$b"))
    conda = environment_at(fake_environment(tmp_path / "conda", made_by="conda"))
    folder = f"{tmp_path}/a$$b"
    assert venv.variables == {"VIRTUAL_ENV": folder, "PATH": f"{folder}/bin:${{PATH}}"}
    also = {"VIRTUAL_ENV": f"{tmp_path}/conda"} if active else {}
    path = {"PATH": f"{tmp_path}/conda/bin:${{PATH}}"}
    assert conda.variables == {"CONDA_PREFIX": f"{tmp_path}/conda", **also, **path}
    system = environment_at(fake_environment(tmp_path / "usr", made_by="nobody"))
    also = {"VIRTUAL_ENV": f"{tmp_path}/usr"} if active else {}
    assert system.variables == {**also, "PATH": f"{tmp_path}/usr/bin:${{PATH}}"}


@pytest.mark.parametrize(
    ("made_by", "lock", "command"),
    [
        ("venv", False, "'{folder}/.venv/bin/python' -m pip install ipykernel"),
        ("nobody", False, "'{folder}/.venv/bin/python' -m pip install ipykernel"),
        ("conda", False, "conda install --prefix '{folder}/.venv' ipykernel"),
        ("uv", False, "uv pip install --python '{folder}/.venv/bin/python' ipykernel"),
        ("uv", True, "uv add --project '{folder}' --dev ipykernel"),
    ],
)
def test_the_command_is_that_of_the_program_that_made_the_environment(
    made_by: str, lock: bool, command: str, tmp_path: Path
) -> None:
    """Paths are quoted for the shell; a project of uv gets what a sync would otherwise remove."""
    folder = tmp_path / "my project"
    environment = environment_at(fake_environment(folder / ".venv", made_by=made_by))
    if lock:
        (folder / "uv.lock").touch()
    assert environment.install_ipykernel == command.format(folder=folder)


def test_an_environment_without_pip_is_installed_into_from_outside(tmp_path: Path) -> None:
    """As `python -m venv --without-pip`, Poetry and PDM make them."""
    there = fake_environment(tmp_path / "env")
    (there / "lib" / "python3.12" / "site-packages" / "pip").rmdir()
    command = f"{sys.executable} -m pip --python {there}/bin/python install ipykernel"
    assert environment_at(there).install_ipykernel == command
