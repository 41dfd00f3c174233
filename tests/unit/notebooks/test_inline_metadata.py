"""The block of PEP 723 in a notebook's cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from nbrerun.notebooks.inline_metadata import InlineMetadata, read
from nbrerun.notebooks.read import read_notebook

JUV = """
# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "numpy",
#     "pandas>=2",
# ]
#
# [tool.uv]
# exclude-newer = "2025-01-01T00:00:00Z"
# ///
"""
"""What juv writes into a hidden first cell."""


def block(*lines: str, kind: str = "script") -> str:
    """A block of these lines of TOML."""
    return "\n".join([f"# /// {kind}", *(f"# {line}".rstrip() for line in lines), "# ///"])


def test_the_hidden_cell_of_juv_is_read(write_notebook: Callable[..., Path]) -> None:
    """It is an ordinary cell otherwise, which is run and judged."""
    hidden = {"source": JUV.strip(), "metadata": {"jupyter": {"source_hidden": True}}}
    notebook = read_notebook(write_notebook(hidden, "import numpy"))
    assert notebook.inline_metadata == InlineMetadata(">=3.11", ("numpy", "pandas>=2"))
    assert [cell.index for cell in notebook.cells] == [0, 1]


def test_a_notebook_without_a_block_declares_nothing(write_notebook: Callable[..., Path]) -> None:
    """Nor does one that only writes about it, or has a block of another type or without an end."""
    open_end = block('dependencies = ["numpy"]').removesuffix("# ///")
    sources = [
        "x = 1",
        "# script",
        open_end,
        block('dependencies = ["numpy"]', kind="other"),
        f"if x:\n{JUV}".replace("\n#", "\n #"),
    ]
    assert read(sources) is None
    assert read_notebook(write_notebook("x = 1")).inline_metadata is None


def test_the_first_block_counts() -> None:
    """It may stand in any code cell, between other lines."""
    sources = ["x = 1", f"import os\n{block('dependencies = []')}\nx", block('dependencies = ["numpy"]')]
    assert read(sources) == InlineMetadata()


BLOCKS = {
    "it is not TOML": "dependencies = [",
    "`requires-python` is not a string": "requires-python = 3.11",
    "`dependencies` is not a list of strings": "dependencies = 'numpy'",
}


@pytest.mark.parametrize("problem", BLOCKS)
def test_a_block_that_cannot_be_read_says_why(problem: str) -> None:
    """In the report; the notebook runs all the same."""
    found = read([dedent(block(BLOCKS[problem]))])
    assert found is not None
    assert found.problem.startswith(problem)
    assert not found.dependencies
