"""`nbrerun config`: the settings in force, and where each was set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from nbrerun.errors import UsageError
from nbrerun.model import Declared
from nbrerun.notebooks.read import read_notebook
from nbrerun.settings.files import EXCLUDE, IGNORES
from nbrerun.settings.resolve import Asked, InForce, Value
from nbrerun.settings.toml import written
from nbrerun.settings.values import EXPERIMENTS, WHOLE


def lines(asked: Asked, path: str) -> Iterator[str]:
    """Yield one line for each key that is in force for a notebook or a folder, then one for each declaration.

    Raises:
        UsageError: there is no such path, or a configuration is invalid.
        NotebookError: the file is not a notebook.
    """
    where = Path(path)
    if not os.path.exists(where):
        raise UsageError(f"there is no file {path}")
    notebook = None if os.path.isdir(where) else read_notebook(where)
    rows = list(_rows(asked.of_notebook(notebook) if notebook else asked.of_run([where])))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for key, value, source in rows:
        yield f"{key:{widths[0]}}  {value:{widths[1]}}  {source}"
    for cell in (*notebook.cells, *notebook.skipped) if notebook else ():
        declared = cell.declared
        if declared != Declared():
            words = [str(declared.expect)] if declared.expect else []
            words += ["skip"] if declared.skip else []
            words += [f"ignore {code}" for code in declared.ignore]
            yield f"cell {cell.index} declares {', '.join(words)}"


def _rows(in_force: InForce) -> Iterator[tuple[str, str, str]]:
    """Yield each key with its value and its source."""
    for key, value in in_force.values.items():
        if key == "experiment":
            value = Value(
                [name for name in (*EXPERIMENTS, *WHOLE) if name in (value.value or EXPERIMENTS)], value.source
            )
        yield key, written(value.value), value.source
    if file := in_force.file:
        if file.exclude:
            yield EXCLUDE, written(file.exclude), str(file.path)
        for glob, rules in file.ignores.items():
            yield f"{IGNORES}.{written(glob)}", written(rules), str(file.path)
