"""Which kernel is chosen: the one asked for, the notebook's own, or the environment that belongs to the notebook."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbrerun.engine.kernelspec import ChosenKernel, resolve_kernel
from nbrerun.errors import KernelError
from nbrerun.notebooks.read import Notebook, read_notebook
from nbrerun.settings.values import Settings
from tests.unit.fake_environments import fake_environment

ABOVE = "the nearest environment above the notebook"
NOT_HERE = "since the notebook's kernel 'conda-env-x' is not installed here"

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def _no_kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment is active, and of all kernels only the one of nbrerun's own environment is there."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "UV_PROJECT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def install(folder: Path, name: str, program: str, language: str = "python") -> None:
    """Install a kernelspec, as `ipykernel install` does."""
    there = folder / "jupyter" / "kernels" / name
    there.mkdir(parents=True)
    spec = {"argv": [program, "-m", "ipykernel_launcher"], "display_name": name, "language": language}
    (there / "kernel.json").write_text(json.dumps(spec))


def notebook(write_notebook: Write, name: str | None, language: str | None = "python") -> Notebook:
    """One that names a kernel."""
    spec = {"name": name, "language": language}
    spec = {key: text for key, text in spec.items() if text is not None}
    return read_notebook(write_notebook("x", metadata={"kernelspec": spec}))


def said(chosen: ChosenKernel) -> tuple[str, str, str]:
    """What reports say, and which program runs."""
    return chosen.name, chosen.reason, chosen.program


@pytest.mark.parametrize("name", [None, "python3"])
def test_a_notebook_of_any_python_runs_in_its_environment(
    name: str | None, write_notebook: Write, tmp_path: Path
) -> None:
    """`python3` says no more than the notebook's suffix does; the kernel is started as in an activated environment."""
    there = fake_environment(tmp_path / ".venv")
    chosen = resolve_kernel(notebook(write_notebook, name), Settings())
    assert said(chosen) == (".venv", ABOVE, f"{there}/bin/python")
    assert chosen.spec.argv[1:] == ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
    assert chosen.spec.env["VIRTUAL_ENV"] == str(there)


def test_an_active_environment_needs_no_variables(
    write_notebook: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shell has set them."""
    there = fake_environment(tmp_path / "env")
    monkeypatch.setenv("VIRTUAL_ENV", str(there))
    chosen = resolve_kernel(notebook(write_notebook, "python3"), Settings())
    assert said(chosen) == ("env", "the active environment", f"{there}/bin/python")
    assert chosen.spec.env == {}


@pytest.mark.parametrize("active", [True, False])
def test_without_another_environment_it_is_nbreruns_own(
    active: bool, write_notebook: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual way, of which nothing has to be said."""
    if active:
        monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    assert said(resolve_kernel(notebook(write_notebook, None), Settings())) == ("python3", "", sys.executable)


def test_asked_for_by_name_python3_is_nbreruns_own(write_notebook: Write, tmp_path: Path) -> None:
    """The way to say so where an environment belongs to the notebook."""
    fake_environment(tmp_path / ".venv")
    chosen = resolve_kernel(notebook(write_notebook, "conda-env-x"), Settings(kernel="python3"))
    assert said(chosen) == ("python3", "", sys.executable)


@pytest.mark.parametrize("name", ["python3", "lessons"])
def test_an_installed_kernelspec_of_another_python_is_used(name: str, write_notebook: Write, tmp_path: Path) -> None:
    """Somebody has said what this name stands for here."""
    fake_environment(tmp_path / ".venv")
    program = fake_environment(tmp_path / "elsewhere") / "bin" / "python"
    install(tmp_path, name, str(program))
    assert said(resolve_kernel(notebook(write_notebook, name), Settings())) == (name, "", str(program))


def test_a_kernelspec_of_another_machine_is_replaced(write_notebook: Write, tmp_path: Path) -> None:
    """By the notebook's environment, or by nbrerun's own; the reason names it."""
    read = notebook(write_notebook, "conda-env-x")
    assert said(resolve_kernel(read, Settings())) == (
        "python3",
        f"nbrerun's own environment, {NOT_HERE}",
        sys.executable,
    )
    there = fake_environment(tmp_path / ".venv")
    assert said(resolve_kernel(read, Settings())) == (".venv", f"{ABOVE}, {NOT_HERE}", f"{there}/bin/python")


def test_a_kernelspec_whose_python_has_been_removed_is_replaced(write_notebook: Write, tmp_path: Path) -> None:
    """Environments are removed, and their kernelspecs stay behind; `--kernel` still means just that one."""
    install(tmp_path, "old", "/no/such/python")
    read = notebook(write_notebook, "old")
    assert "the notebook's kernel 'old' has lost its Python" in resolve_kernel(read, Settings()).reason
    assert said(resolve_kernel(read, Settings(kernel="old"))) == ("old", "", "/no/such/python")


@pytest.mark.parametrize(("name", "language"), [("ir", "R"), ("julia-1.9", "julia"), ("conda-env-x", None)])
def test_kernels_of_other_languages_are_not_replaced(
    name: str, language: str | None, write_notebook: Write, tmp_path: Path
) -> None:
    """Nor are those of which nothing says that they are for Python; the error says what to do."""
    fake_environment(tmp_path / ".venv")
    with pytest.raises(KernelError, match=rf"no kernel is named '{name}'; there are: python3\. .* --python\.$"):
        resolve_kernel(notebook(write_notebook, name, language), Settings())


def test_a_kernel_that_was_asked_for_is_not_replaced(write_notebook: Write) -> None:
    """A name on the command line or in a configuration is meant."""
    with pytest.raises(KernelError, match="no kernel is named 'nowhere'"):
        resolve_kernel(notebook(write_notebook, "python3"), Settings(kernel="nowhere"))


def test_an_installed_kernel_of_another_language_is_refused(write_notebook: Write, tmp_path: Path) -> None:
    """Whatever the notebook says of its language."""
    install(tmp_path, "ir", sys.executable, "R")
    with pytest.raises(KernelError, match="the kernel 'ir' runs R"):
        resolve_kernel(notebook(write_notebook, "ir"), Settings())


@pytest.mark.parametrize("name", ["python3", "conda-env-x", "ir"])
def test_the_python_that_was_asked_for_is_used(
    name: str, write_notebook: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the notebook names, and whatever is active."""
    monkeypatch.setenv("VIRTUAL_ENV", str(fake_environment(tmp_path / ".venv")))
    there = fake_environment(tmp_path / "env")
    settings: dict[str, Any] = {"python": there / "bin" / "python"}
    chosen = resolve_kernel(notebook(write_notebook, name), replace(Settings(), **settings))
    assert said(chosen) == ("env", "asked for", f"{there}/bin/python")
    assert chosen.spec.env["VIRTUAL_ENV"] == str(there)
