"""Digest what a verdict depends on before anything runs: notebook, options, nbrerun, the kernel and its environment."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import string
import subprocess
from pathlib import Path
from typing import Any

from nbrerun import __version__
from nbrerun.batch.cache import environment as variables
from nbrerun.batch.cache.codec import encode
from nbrerun.batch.jobs import Job
from nbrerun.model import Cell
from nbrerun.notebooks.git import repository
from nbrerun.notebooks.read import Notebook

_SECONDS = 30.0
_ASK = """
import json, os, sys
found = set()
for folder in sys.path:
    try:
        names = os.listdir(folder or ".")
        found.update(name for name in names if name.endswith((".dist-info", ".egg-info", ".egg-link")))
    except OSError:
        pass
print()
print(json.dumps([sys.version, sys.executable, os.uname().machine, sorted(found)]))
"""
"""Identifies an environment; metadata folders are named after distribution and version (PEP 376, PEP 427)."""


def key_of(job: Job) -> str | None:
    """Return the digest; None if the kernel's environment cannot be identified.

    Raises:
        KernelError: there is no such kernel.
        UsageError: there is no such interpreter.
    """
    from nbrerun.engine.kernelspec import resolve_kernel

    kernel = resolve_kernel(job.notebook, job.settings)
    spec = kernel.spec
    environment = _environment(tuple(spec.argv), tuple(sorted(spec.env.items())))
    if environment is None:
        return None
    settings = {name: _plain(value) for name, value in vars(job.settings).items()}
    parts = [__version__, _own_source(), kernel.name, kernel.reason, environment, variables.always(spec.env)]
    parts += [_notebook(job.notebook), settings]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=20).hexdigest()


def _notebook(notebook: Notebook) -> Any:
    """Collect what is run and declared; text cells only count as far as they move the others."""
    there = repository(notebook.folder)
    return [
        [_cell(cell) for cell in notebook.cells],
        [_cell(cell) for cell in notebook.skipped],
        [notebook.kernel_name, notebook.language, notebook.needs],
        os.path.relpath(there, notebook.folder.resolve()) if there else None,
    ]


def _cell(cell: Cell) -> Any:
    return [cell.index, cell.id, cell.source, sorted(cell.tags), encode(cell.declared)]


def _plain(value: Any) -> Any:
    if isinstance(value, (frozenset, tuple)):
        words = [str(item) for item in value]
        return sorted(words) if isinstance(value, frozenset) else words
    return str(value) if isinstance(value, Path) else value


@functools.cache
def _own_source() -> str:
    """Digest nbrerun's own source, which its developers change without changing the version."""
    digest = hashlib.blake2b(digest_size=16)
    root = Path(__file__).parents[2]
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@functools.cache
def _environment(argv: tuple[str, ...], env: tuple[tuple[str, str], ...]) -> Any:
    """Ask the kernel's interpreter for its version and its installed distributions; None if it does not answer."""
    command = _asking(argv)
    if command is None:
        return None
    variables = {name: string.Template(value).safe_substitute(os.environ) for name, value in env}
    try:
        # In the root folder, since `-c` puts the current folder on sys.path (docs.python.org, "Command line").
        asked = subprocess.run(
            command, env={**os.environ, **variables}, cwd="/", capture_output=True, timeout=_SECONDS, check=True
        )
        # Start-up files of the environment (.pth, sitecustomize) may print first; an empty line ends their output.
        return [argv, env, json.loads(asked.stdout.rpartition(b"\n\n")[2] or asked.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _asking(argv: tuple[str, ...]) -> list[str] | None:
    """Replace the kernel's module in the command that starts the kernel by `_ASK`; None if it starts no module."""
    from nbrerun.engine.environments import program_of

    if "-m" not in argv:
        return None
    return [program_of(argv), *argv[1 : argv.index("-m")], "-c", _ASK]
