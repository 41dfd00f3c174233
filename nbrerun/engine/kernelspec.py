"""Which kernel a notebook runs in, looked up without starting it and without importing nbclient."""

from __future__ import annotations

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from traitlets import TraitError

from nbrerun.errors import KernelError
from nbrerun.notebooks.read import Notebook


def resolve_kernel(notebook: Notebook, wanted: str | None) -> tuple[str, KernelSpec]:
    """The kernelspec to use, and its name: the one asked for, else the notebook's own, else python3.

    Raises:
        KernelError: there is no such kernel, or it is not a Python one.
    """
    specs = KernelSpecManager()
    known = sorted(specs.find_kernel_specs())
    name = wanted or notebook.kernel_name or "python3"
    try:
        spec = specs.get_kernel_spec(name)
    except (OSError, TypeError, ValueError, TraitError) as error:
        raise KernelError(f"{notebook.path}: the kernelspec of '{name}' cannot be read ({error}).") from error
    except NoSuchKernel:
        there_are = f"there are: {', '.join(known)}" if known else "none is installed"
        raise KernelError(
            f"{notebook.path}: no kernel is named '{name}'; {there_are}. Choose one with --kernel."
        ) from None
    if not spec.argv:
        raise KernelError(f"{notebook.path}: the kernelspec of '{name}' names no program to start.")
    if spec.language.lower() != "python":
        runs = f"runs {spec.language}" if spec.language else "does not say that it runs Python"
        raise KernelError(f"{notebook.path}: the kernel '{name}' {runs}, and nbrerun reads Python kernels only.")
    return name, spec
