"""`nbrerun certify`: values that depend on what should not matter, in kernels that are really started."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree

from nbrerun.certify.factors import NAMES
from nbrerun.certify.make import certify
from nbrerun.cli import main
from nbrerun.settings.values import Settings
from tests.functional.test_clean_run import notebook

pytestmark = pytest.mark.cold_kernel

DEPENDENT = {
    "hash seed": "x = list({'a', 'b', 'c', 'd', 'e', 'f'})",
    "threads": "import os\nx = os.environ.get('OMP_NUM_THREADS')",
    "time zone": "import time\nx = time.localtime(0)[3:5]",
    "locale": "import locale\nx = locale.setlocale(locale.LC_ALL, '')",
    "folder": "import os\nx = os.getcwd()",
    "order of the environment": "import os\nx = [key for key in os.environ if key in ('HOME', 'PATH')]",
}


def test_each_factor_has_a_case() -> None:
    """None is left out."""
    assert set(DEPENDENT) == set(NAMES)


@pytest.mark.parametrize("factor", DEPENDENT)
def test_a_value_that_depends_on_one_factor(factor: str, tmp_path: Path) -> None:
    """It is named with the cell, and with both values; nothing else is."""
    found = certify(notebook(tmp_path, ["y = 5", DEPENDENT[factor], "z = 1"]), Settings(), [factor])
    (effect,) = found.effects
    (difference,) = effect.differences
    assert (effect.factor, difference.name, difference.cell) == (factor, "x", 1)
    assert difference.changes
    assert all(change.first != change.again for change in difference.changes)
    assert not found.unsettled


def test_what_depends_on_nothing_and_what_differs_by_itself(tmp_path: Path) -> None:
    """An unseeded draw is no factor's doing; with a seed nothing is left to say, and the badge is green."""
    sources = ["import random\nx = random.random()", "y = 2"]
    found = certify(notebook(tmp_path, sources), Settings(), ["time zone"])
    assert not found.depends
    assert [(each.name, each.cell) for each in found.unsettled] == [("x", 0)]
    notebook(tmp_path, ["import random\nrandom.seed(1)\nx = random.random()"])
    badge = tmp_path / "badge.svg"
    args = ["certify", str(tmp_path / "nb.ipynb"), "--factor", "time zone", "--format", "json", "--badge", str(badge)]
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["depends"], report["unsettled"], report["word"]) == (False, [], "yes")
    assert etree.parse(badge).getroot().get("aria-label") == "reproducible: yes"


def test_a_file_and_an_error(tmp_path: Path) -> None:
    """A file with other contents depends on a factor, and so does a notebook that raises with it."""
    sources = ["import time\nopen('f.txt', 'w').write(time.tzname[0])", "assert time.tzname[0] != 'NBR' or 0"]
    found = certify(notebook(tmp_path, sources[:1]), Settings(), ["time zone"])
    assert [each.name for each in found.effects[0].differences] == ["file:f.txt"]
    found = certify(notebook(tmp_path, sources), Settings(), ["time zone"])
    raised = found.effects[0].raised
    assert raised is not None
    assert (raised.ename, raised.index) == ("AssertionError", 1)
    assert not (tmp_path / "f.txt").exists()


def test_a_notebook_that_raises_has_no_certificate(tmp_path: Path) -> None:
    """The error is reported, and the exit code is that of a failed main run."""
    notebook(tmp_path, ["1 / 0"])
    result = CliRunner().invoke(main, ["certify", str(tmp_path / "nb.ipynb")])
    assert result.exit_code == 3
    assert "ZeroDivisionError" in result.stdout
    wrong = CliRunner().invoke(main, ["certify", str(tmp_path / "nb.ipynb"), "--factor", "tine zone"])
    assert wrong.exit_code == 2
    assert "time zone" in wrong.stderr


def test_a_folder_that_cannot_be_copied_is_no_certificate(tmp_path: Path) -> None:
    """The factor has no answer, which is said, and the badge is not green."""
    os.mkfifo(tmp_path / "pipe")
    found = certify(notebook(tmp_path, ["x = 1"]), Settings(), ["folder"])
    assert (found.depends, found.is_complete) == (False, False)
    assert "cannot be copied" in found.effects[0].reason
