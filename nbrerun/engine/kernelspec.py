"""Which kernel a notebook runs in, looked up without starting it and without importing nbclient."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager, NoSuchKernel
from traitlets import TraitError

from nbrerun.engine.environments import Environment, belonging_to, environment_at, of_interpreter, program_of
from nbrerun.errors import KernelError
from nbrerun.notebooks.read import Notebook
from nbrerun.settings.values import Settings


@dataclass(frozen=True)
class ChosenKernel:
    """The kernel that a notebook runs in."""

    name: str
    """That of the kernelspec, or of the environment whose interpreter is started without one."""
    spec: KernelSpec
    reason: str = ""
    """One sentence: why this one; empty if a kernelspec was asked for, or is the notebook's own."""
    environment: Mapping[str, str] | None = None
    """The variables that it is started with, in their order; None for those of this process."""

    @property
    def program(self) -> str:
        """The interpreter that the kernel runs in."""
        return program_of(self.spec.argv)


def resolve_kernel(notebook: Notebook, settings: Settings) -> ChosenKernel:
    """Choose the kernel: the one asked for, else the notebook's own kernelspec, else the environment it belongs to.

    The kernelspec `python3` of nbrerun's own environment stands for any Python, so that a notebook which names it, or
    none, runs in its own environment as well. A kernelspec that is not installed is replaced if it is for Python.

    Raises:
        KernelError: there is no such kernel, or it is not a Python one.
        UsageError: there is no Python where one was asked for.
    """
    if settings.python is not None:
        return _kernel_of(environment_at(settings.python), "asked for")
    name = settings.kernel or notebook.kernel_name or NATIVE_KERNEL_NAME
    spec = _installed(notebook, name)
    if settings.kernel is None:
        if spec is None or not _can_be_started(spec):
            if (notebook.language or "").lower() == "python":
                gone = "kernel '{}' is not installed here" if spec is None else "kernel '{}' has lost its Python"
                return _replacement(notebook, f"since the notebook's {gone.format(name)}")
        elif name == NATIVE_KERNEL_NAME and program_of(spec.argv) == sys.executable:
            found = belonging_to(notebook.folder)
            if found and not found[0].is_own:
                return _kernel_of(*found)
    if spec is None:
        known = sorted(KernelSpecManager().find_kernel_specs())
        there_are = f"there are: {', '.join(known)}" if known else "none is installed"
        choose = "Choose one with --kernel, or a Python with --python."
        raise KernelError(f"{notebook.path}: no kernel is named '{name}'; {there_are}. {choose}")
    return ChosenKernel(name, _python_only(notebook, name, spec))


def _replacement(notebook: Notebook, why: str) -> ChosenKernel:
    """The environment that belongs to the notebook, or nbrerun's own, instead of a kernelspec of another machine."""
    found = belonging_to(notebook.folder)
    if found and not found[0].is_own:
        return _kernel_of(found[0], f"{found[1]}, {why}")
    own = _kernel_of(of_interpreter(Path(sys.executable)), f"nbrerun's own environment, {why}")
    return replace(own, name=NATIVE_KERNEL_NAME)


def _kernel_of(environment: Environment, reason: str) -> ChosenKernel:
    argv = [str(environment.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    is_active = str(environment.folder) in (os.environ.get("VIRTUAL_ENV"), os.environ.get("CONDA_PREFIX"))
    spec = KernelSpec(
        argv=argv,
        display_name=environment.name,
        language="python",
        env={} if is_active else environment.variables,
    )
    return ChosenKernel(environment.name, spec, reason)


def _installed(notebook: Notebook, name: str) -> KernelSpec | None:
    try:
        return KernelSpecManager().get_kernel_spec(name)
    except (OSError, TypeError, ValueError, TraitError) as error:
        raise KernelError(f"{notebook.path}: the kernelspec of '{name}' cannot be read ({error}).") from error
    except NoSuchKernel:
        return None


def _can_be_started(spec: KernelSpec) -> bool:
    """Tell whether the program is still there; one that is looked up in PATH, or missing, is the kernel's own error."""
    return not spec.argv or not os.path.isabs(spec.argv[0]) or os.path.exists(spec.argv[0])


def _python_only(notebook: Notebook, name: str, spec: KernelSpec) -> KernelSpec:
    if not spec.argv:
        raise KernelError(f"{notebook.path}: the kernelspec of '{name}' names no program to start.")
    if spec.language.lower() != "python":
        runs = f"runs {spec.language}" if spec.language else "does not say that it runs Python"
        raise KernelError(f"{notebook.path}: the kernel '{name}' {runs}, and nbrerun reads Python kernels only.")
    return spec
