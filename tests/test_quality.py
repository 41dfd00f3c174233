"""The code keeps to its own rules: lint, types, layers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Not `-m importlinter`: that package has no `__main__`, only the script next to the interpreter.
LINT_IMPORTS = str(Path(sys.executable).parent / "lint-imports")

TOOLS = {
    "ruff": [sys.executable, "-m", "ruff", "check", "nbrerun", "tests", "benchmarks", "sample_notebooks"],
    "mypy": [sys.executable, "-m", "mypy"],
    "import-linter": [LINT_IMPORTS],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_tool_has_nothing_to_say(tool: str) -> None:
    """Each tool passes with the settings of pyproject.toml; its output is the failure message."""
    done = subprocess.run(TOOLS[tool], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{tool}:\n{done.stdout}{done.stderr}"
