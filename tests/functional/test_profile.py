"""`--profile`: what the time of a check was spent on, by either engine. No time is asserted, only what adds up."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from nbrerun import NotebookReport, Part, check

CELLS = [
    "import time\nfrom sklearn.linear_model import SGDClassifier",
    "X, y = [[0.0], [1.0]], [0, 1]\nmodel = SGDClassifier(random_state=0)",
    "time.sleep(0.2)\nmodel.partial_fit(X, y, classes=[0, 1])",
    "score = model.score(X, y)",
]


def checked(folder: Path, profile: bool, engine: str) -> NotebookReport:
    """Check the notebook."""
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    nbformat.write(node, folder / "nb.ipynb")
    settings = {"profile": profile, "engine": engine, "cache": False}
    (report,) = check(folder / "nb.ipynb", **settings).notebooks  # type: ignore[arg-type]  # one type for each keyword
    return report


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_the_parts_add_up_to_the_whole(tmp_path: Path, engine: str) -> None:
    """Each part is there once, none is negative, and what the notebook and the experiments did is in its part."""
    report = checked(tmp_path, True, engine)
    assert [spent.part for spent in report.profile] == list(Part)
    assert sum(spent.seconds for spent in report.profile) == pytest.approx(report.seconds)
    taken = {spent.part: spent.seconds for spent in report.profile}
    assert all(seconds >= 0 for seconds in taken.values())
    done = {Part.KERNELS, Part.MAIN_RUN, Part.RERUNS, Part.READING, Part.RESTART, Part.WAYS_BACK, Part.NBRERUN}
    assert {part for part in Part if taken[part]} >= done | ({Part.FORKING} if engine == "fork" else set())
    assert engine == "fork" or not taken[Part.FORKING]  # it forks only what restores the model: that is a way back


def test_a_rerun_beside_the_next_cell_is_not_in_the_sum(tmp_path: Path) -> None:
    """The cell that takes its time runs again while the next one runs, where the two have files of their own."""
    report = checked(tmp_path, True, "fork")
    profile = {spent.part: spent for spent in report.profile}
    overlaps = report.sandbox == "overlay"
    assert [profile[Part.WAITING].seconds > 0, profile[Part.RERUNS].beside > 0] == [overlaps, overlaps]
    assert not any(spent.beside for part, spent in profile.items() if part is not Part.RERUNS)


def test_no_profile_is_reported_that_nobody_asked_for(tmp_path: Path) -> None:
    """A report is as short as before."""
    report = checked(tmp_path, False, "fork")
    assert report.profile == ()
    assert report.seconds


def test_a_cached_report_has_the_profile_of_its_check(tmp_path: Path) -> None:
    """A check without one does not answer for it."""
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")]), tmp_path / "nb.ipynb")
    reports = [
        check(tmp_path / "nb.ipynb", profile=profile, cache_dir=tmp_path.parent / f"{tmp_path.name}-cache").notebooks[0]
        for profile in (False, True, True)
    ]
    assert [report.cached for report in reports] == [False, False, True]
    assert [bool(report.profile) for report in reports] == [False, True, True]
    assert reports[1].profile == reports[2].profile
