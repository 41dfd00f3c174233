"""Python environments: the one at a path, and the one that belongs to a notebook.

Only files are looked at; no interpreter is started to find out. See docs/decisions.md#the-notebooks-own-environment.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbrerun.errors import UsageError
from nbrerun.notebooks.git import tracks_any_of

_OWN = {"python", f"python{sys.version_info[0]}", f"python{sys.version_info[0]}.{sys.version_info[1]}"}
"""Programs for which jupyter_client starts its own interpreter (KernelManager.format_kernel_cmd)."""
_NAMES = (".venv", "venv")
_INTERPRETERS = ("bin/python", "bin/python3")
_CONFIGURATION = "pyvenv.cfg"
_BASE = ("base", "root")
"""What conda calls the environment that it is installed in; shells activate it without being asked."""
_MADE_BY_UV = re.compile(r"^uv\s*=", re.MULTILINE)
_ACTIVE = "the active environment"


@dataclass(frozen=True)
class Environment:
    """An interpreter, and the folder of its environment."""

    folder: Path
    """Absolute; what `sys.prefix` is there."""
    python: Path
    """Absolute, and not resolved: the place of the link tells the interpreter its environment (PEP 405)."""

    @property
    def is_virtual(self) -> bool:
        """Whether it was made by venv, virtualenv or uv (PEP 405)."""
        return (self.folder / _CONFIGURATION).is_file()

    @property
    def is_conda(self) -> bool:
        """Whether conda or one of its relatives made it."""
        return (self.folder / "conda-meta").is_dir()

    @property
    def is_own(self) -> bool:
        """Whether nbrerun itself runs in it."""
        return os.path.realpath(self.folder) == os.path.realpath(sys.prefix)

    @property
    def name(self) -> str:
        """How reports name it: by its folder, or by the interpreter if the folder is that of a whole system.

        Relative to the current folder if it is below that.
        """
        path = self.folder if self.is_virtual or self.is_conda else self.python
        return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)

    @property
    def variables(self) -> dict[str, str]:
        """What activating it would set, as in the `env` of a kernelspec."""
        # IPython adds the packages of another environment that VIRTUAL_ENV names (InteractiveShell.init_virtualenv).
        folder = str(self.folder).replace("$", "$$")
        here = {"CONDA_PREFIX": folder} if self.is_conda else {}
        if self.is_virtual or "VIRTUAL_ENV" in os.environ:
            here["VIRTUAL_ENV"] = folder
        return here | {"PATH": f"{folder}/bin{os.pathsep}${{PATH}}"}

    @property
    def install_ipykernel(self) -> str:
        """The command that installs ipykernel, by the program that manages the environment."""
        folder, python = shlex.quote(str(self.folder)), shlex.quote(str(self.python))
        if self.is_conda:
            return f"conda install --prefix {folder} ipykernel"
        if self._is_made_by_uv():
            project = self.folder.parent
            if (project / "uv.lock").is_file():  # a sync would remove what the project does not declare
                return f"uv add --project {shlex.quote(str(project))} --dev ipykernel"
            return f"uv pip install --python {python} ipykernel"
        if self.is_virtual and not any(self.folder.glob("lib/python*/site-packages/pip")):
            return f"{shlex.quote(sys.executable)} -m pip --python {python} install ipykernel"
        return f"{python} -m pip install ipykernel"

    def _is_made_by_uv(self) -> bool:
        try:
            return bool(_MADE_BY_UV.search((self.folder / _CONFIGURATION).read_text(errors="replace")))
        except OSError:
            return False


def program_of(argv: Sequence[str]) -> str:
    """Return the program that Jupyter starts for the command of a kernelspec."""
    return sys.executable if argv[0] in _OWN else argv[0]


def of_interpreter(python: Path) -> Environment:
    """Return the environment that an interpreter belongs to by its place."""
    return Environment(python.parent.parent, python)


def environment_at(path: str | Path) -> Environment:
    """Return the environment that a path names: an interpreter, or the folder of an environment.

    Raises:
        UsageError: there is no interpreter.
    """
    whole = Path(os.path.abspath(os.path.expanduser(path)))
    if whole.is_dir():
        if found := _in_folder(whole):
            return found
        raise UsageError(f"--python {path}: there is no Python in this folder: {' or '.join(_INTERPRETERS)} is missing")
    if not whole.exists():
        raise UsageError(f"--python {path}: there is no such interpreter, and no such folder of an environment")
    if not os.access(whole, os.X_OK):
        raise UsageError(f"--python {path}: this file cannot be executed, so it is no interpreter")
    return of_interpreter(whole)


def belonging_to(folder: Path) -> tuple[Environment, str] | None:
    """Find the environment that belongs to the notebooks in a folder, and say in words which it is; None without one.

    Args:
        folder: absolute.
    """
    return next(_candidates(folder), None)


def _candidates(folder: Path) -> Iterator[tuple[Environment, str]]:
    """The most important first; conda's base environment last, since it is active in every shell."""
    conda = _in_folder(os.environ.get("CONDA_PREFIX"))
    is_base = os.environ.get("CONDA_DEFAULT_ENV") in _BASE
    if active := _in_folder(os.environ.get("VIRTUAL_ENV")):
        yield active, _ACTIVE
    if conda and not is_base:
        yield conda, _ACTIVE
    for above in (folder, *folder.parents):
        for place in _places(above):
            found = _in_folder(place)
            if found and (found.is_virtual or found.is_conda) and _is_trusted(found, folder):
                yield found, "the nearest environment above the notebook"
    if conda and is_base:
        yield conda, "the base environment of conda, which is active"


def _places(folder: Path) -> list[Path]:
    """Where the environment of a project may be."""
    places = [folder / name for name in _NAMES]
    elsewhere = os.environ.get("UV_PROJECT_ENVIRONMENT")
    if elsewhere and (folder / "pyproject.toml").is_file():
        places.insert(0, folder / elsewhere)
    return places


def _in_folder(folder: str | Path | None) -> Environment | None:
    if not folder:
        return None
    whole = Path(os.path.abspath(folder))
    there = (whole / name for name in _INTERPRETERS)
    return next((Environment(whole, python) for python in there if os.access(python, os.X_OK)), None)


def _is_trusted(found: Environment, folder: Path) -> bool:
    """Tell whether a program that merely lies above a notebook may be run.

    It may not if others can have put it there: into a folder that everybody can write to, or into the repository.
    """
    owners = {os.getuid(), 0, folder.stat().st_uid}
    return found.folder.stat().st_uid in owners and not tracks_any_of(found.folder)
