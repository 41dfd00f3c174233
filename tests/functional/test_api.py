"""The Python API: `nbrerun.check` on real notebooks, and the examples of its page."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
import shutil
from pathlib import Path

import pytest

import nbrerun
from tests.functional.test_bad_input import write

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")

_EXAMPLE = re.compile(r"```python\n(?P<code>.*?)```(?:[^`]|`[^`]|``[^`])*?```text\n(?P<output>.*?)```", re.DOTALL)

APPENDS = ("xs = []", "xs.append(1)")


def test_the_examples_of_the_page_print_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks run one after another, in a folder that holds the sample."""
    examples = list(_EXAMPLE.finditer(PAGE))
    assert len(examples) == PAGE.count("```python")
    shutil.copy(ROOT / "sample_notebooks" / "03_true_continuation.ipynb", tmp_path)
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    for example in examples:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(example["code"], namespace)
        assert out.getvalue() == example["output"]


def test_a_notebook_a_folder_and_several(tmp_path: Path) -> None:
    """Each gives one report, notebooks in the order given; no notebook file is written."""
    one, other = (write(tmp_path, "x = 1", name=name) for name in ("one.ipynb", "other.ipynb"))
    before = {path: path.read_bytes() for path in (one, other)}

    def checked(path: str | Path | list[str | Path]) -> list[str]:
        report = nbrerun.check(path, experiment="again")
        return [Path(notebook.path).name for notebook in report.notebooks]

    assert checked(str(one)) == ["one.ipynb"]
    assert checked(tmp_path) == ["one.ipynb", "other.ipynb"]
    assert checked([other, str(one)]) == ["other.ipynb", "one.ipynb"]
    assert {path: path.read_bytes() for path in (one, other)} == before


def test_within_a_running_event_loop(tmp_path: Path) -> None:
    """A check works where a loop runs already, as it does in a notebook."""
    notebook = write(tmp_path, *APPENDS)

    async def cell() -> nbrerun.Report:
        return nbrerun.check(notebook, experiment="again")

    report = asyncio.run(cell())
    assert [cell.verdict for cell in report.notebooks[0].cells] == [nbrerun.Verdict.RESET, nbrerun.Verdict.IN_PLACE]
    assert [finding.rule for finding in report.findings()] == ["NBR003"]


def test_a_kernel_that_does_not_exist(tmp_path: Path) -> None:
    """What only shows once a check begins is raised as well."""
    with pytest.raises(nbrerun.KernelError, match="no-such-kernel"):
        nbrerun.check(write(tmp_path, "x = 1"), kernel="no-such-kernel")


def test_a_notebook_that_cannot_be_checked_is_raised_only_where_it_was_named_itself(tmp_path: Path) -> None:
    """Of a folder or a list it is reported, however many others there are."""
    (tmp_path / "broken.ipynb").write_text("no notebook")
    with pytest.raises(nbrerun.NotebookError):
        nbrerun.check(tmp_path / "broken.ipynb")
    alone = nbrerun.check(tmp_path)
    assert [(each.status, Path(each.path).name) for each in alone.notebooks] == [("unchecked", "broken.ipynb")]
    write(tmp_path, "x = 1", name="sound.ipynb")
    both = nbrerun.check([tmp_path / "broken.ipynb", tmp_path / "sound.ipynb"], experiment="again")
    assert [each.status for each in both.notebooks] == ["unchecked", "ok"]
    assert "broken.ipynb" in (both.notebooks[0].problem or "")


def test_a_main_run_that_raises_is_part_of_the_report(tmp_path: Path) -> None:
    """A broken notebook is a result and not an exception."""
    report = nbrerun.check(write(tmp_path, "x = 1", "1 / 0"), experiment="again")
    assert report.notebooks[0].status == "failed"
    assert report.notebooks[0].failure is not None
    assert report.notebooks[0].failure.ename == "ZeroDivisionError"
