"""A notebook with other sources in some cells, in memory."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace

from nbrerun.notebooks.read import Notebook


def with_sources(notebook: Notebook, sources: Mapping[int, str]) -> Notebook:
    """Return the notebook with new sources, by index of the cell; cells that become blank are not run."""
    node = copy.deepcopy(notebook.node)
    for index, source in sources.items():
        node["cells"][index]["source"] = source
    cells = (replace(cell, source=sources.get(cell.index, cell.source)) for cell in notebook.cells)
    return replace(notebook, node=node, cells=tuple(cell for cell in cells if cell.source.strip()))
