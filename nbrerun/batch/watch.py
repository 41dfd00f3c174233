"""Refuse names to watch that no cell binds, before anything runs."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence

from nbrerun.errors import UsageError
from nbrerun.notebooks.read import Notebook
from nbrerun.spelling import closest
from nbrerun.state.names import Space
from nbrerun.static.names import may_be_bound
from nbrerun.static.source import Source

_LISTED = 8
"""Names that an error message lists before it counts the rest."""
_NOT_VARIABLES = tuple(space.value for space in Space if space is not Space.VARIABLE)


def refuse_unbound(watch: Collection[str], notebooks: Sequence[Notebook]) -> None:
    """Check that some notebook may bind each name, as far as its source shows.

    Files (`file:m.pkl`) and settings (`env:cwd`) are accepted. So is any name if a cell may bind names that its source
    does not show, for example by `from helpers import *` or `%run`.

    Raises:
        UsageError: no cell binds a name.
    """
    wanted = [name for name in watch if not name.startswith(_NOT_VARIABLES)]
    bound: set[str] = set()
    for notebook in notebooks if wanted else ():
        names = _may_be_bound(notebook)
        if names is None:
            return
        bound |= names
    for name in sorted(set(wanted) - bound if notebooks else ()):
        where = str(notebooks[0].path) if len(notebooks) == 1 else f"the {len(notebooks)} notebooks"
        raise UsageError(f"--watch {name}: no cell of {where} binds this name; {_hint(name, sorted(bound))}")


def _may_be_bound(notebook: Notebook) -> set[str] | None:
    if (notebook.language or "python").lower() not in ("python", "ipython"):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a warning about the source, such as an invalid escape, is for whoever runs it
        return may_be_bound([Source.of(cell.source) for cell in notebook.cells])


def _hint(name: str, bound: Sequence[str]) -> str:
    # Of `model.coef_` the variable is `model`.
    found = name.partition(".")[0] if name.partition(".")[0] in bound else closest(name, bound)
    if found is not None:
        return f"did you mean `{found}`?"
    more = f" and {len(bound) - _LISTED} more" if len(bound) > _LISTED else ""
    return f"names that are bound: {', '.join(bound[:_LISTED])}{more}" if bound else "no name is bound at all"
