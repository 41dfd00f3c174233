"""The benchmarks measure what they say, list what they could not run, and write only between their markers."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import measuring, run, tables, ways
from benchmarks.measuring import Bench, Refused, Results, Row, median, naive_cells, reason_of
from benchmarks.notebooks import CASES, SIZES, grown, held, write_cells
from benchmarks.usage import Usage, measure
from benchmarks.ways import WAYS, Unavailable, Way

PYTHON = sys.executable


def usage(cpu: float = 1.0, wall: float = 1.0, memory: int = 100, **more: int) -> Usage:
    """What a run used."""
    return replace(Usage(wall, cpu, memory, left_behind=0, returncode=0), **more)  # type: ignore[arg-type]  # numbers


@pytest.mark.parametrize(
    ("name", "cells", "beginning", "count"),
    [
        ("trivial", 200, "x", 199),
        ("lesson", 6, "", 6),
        ("functions", 46, "def ", 30),
        ("held", 52, "mean_", 50),
        ("torch", 12, "second = train", 1),
        ("eager", 40, "", 40),
    ],
)
def test_a_notebook_has_what_its_row_says(name: str, cells: int, beginning: str, count: int) -> None:
    """The numbers of the table of goals."""
    sources = CASES[name].sources()
    assert len(sources) == cells
    assert sum(source.startswith(beginning) for source in sources) == count


@pytest.mark.parametrize(("megabytes", "arrays"), [(1, 1), (100, 1), (250, 1), (1000, 4), (4000, 16)])
def test_the_arrays_have_the_size_that_they_are_named_by(megabytes: int, arrays: int) -> None:
    """Eight bytes for each number."""
    counts = [int(count) for count in re.findall(r"np\.full\((\d+)", held(megabytes)[1])]
    assert (len(counts), 8 * sum(counts)) == (arrays, megabytes * 1_000_000)


def test_the_families_have_the_sizes() -> None:
    """Cells are counted with the one that imports."""
    assert [len(grown("cells", size)) for size in SIZES["cells"]] == [10, 100, 1000]


def test_the_naive_way_runs_cells_of_the_same_mean_position() -> None:
    """So that what is scaled up is neither the beginning nor the end."""
    assert naive_cells(3) == [0, 1, 2]
    chosen = naive_cells(200)
    assert len(chosen) == 20
    assert sum(chosen) / 20 == pytest.approx(99.5, abs=0.5)


def test_each_quantity_has_its_own_median() -> None:
    """A run that was slow on the clock may have computed least."""
    runs = [usage(cpu, wall, memory) for cpu, wall, memory in ((1, 9, 20), (2, 7, 10), (3, 8, 30))]
    assert (median(runs).cpu, median(runs).wall, median(runs).memory) == (2, 8, 20)


@pytest.mark.parametrize(
    ("used", "said"),
    [
        (replace(usage(returncode=1), said="Traceback:\nValueError: no\nsome more"), "exit code 1: ValueError: no"),
        (replace(usage(returncode=2), said="\x1b[31musage: wrong\x1b[0m\n"), "exit code 2: usage: wrong"),
        (usage(returncode=-9, wall=11), "stopped after 10 s"),
        (usage(returncode=-9, memory=20_300_000_000), "stopped at 20.3 GB"),
    ],
    ids=["exception", "message", "time", "memory"],
)
def test_the_reason_is_one_line(used: Usage, said: str) -> None:
    """The exception, or the last words."""
    assert reason_of(used, 10.0) == said


def test_a_command_ends_when_it_uses_up_the_memory() -> None:
    """Before the system ends something else; the watcher ends what it finds, so it is a process of its own."""
    code = (
        "import sys; from benchmarks import usage; usage.SHARE = 0.0\n"
        "print(usage.watch([sys.executable, '-c', 'import time; time.sleep(60)'], 60.0).returncode)"
    )
    done = subprocess.run([PYTHON, "-c", code], cwd=run.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["-9"]


def test_a_command_ends_at_its_limit(tmp_path: Path) -> None:
    """With everything that it has started."""
    code = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "time.sleep(60)"
    )
    used = measure([PYTHON, "-c", code], tmp_path, limit=0.5)
    assert used.returncode < 0
    assert used.wall < 60


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Ways that take no kernel."""

    def command(code: str) -> ways.Command:
        return lambda python, notebook: [PYTHON, "-c", code]

    found = {
        "plain": Way("", command("print(1)")),
        "fails": Way("", command("raise KeyError('x')")),
        "is missing": Way("", command(""), ("no-such-package",)),
        "accepted": Way("", command("raise SystemExit(1)"), accepted=(0, 1)),
    }

    def refuse(asked: list[str]) -> None:
        raise Unavailable("it could not be installed: ERROR: none")

    for module in (measuring, tables):
        monkeypatch.setattr(module, "WAYS", found, raising=False)
    monkeypatch.setattr(ways, "_run", refuse)
    return Bench(list(found), 2, tmp_path / "place", tmp_path / "environments")


def written(folder: Path) -> Path:
    """Write a notebook of two cells."""
    write_cells(["x = 1", "x += 1"], folder / "nb.ipynb")
    return folder / "nb.ipynb"


def test_what_cannot_be_run_is_listed_with_the_reason(bench: Bench) -> None:
    """A peer that cannot be installed is asked for once, and all others are measured."""
    results = Results()
    for name in ("one", "two"):
        bench.measure(name, written, results)
    assert [(row.notebook, row.way, row.cells) for row in results.rows] == [
        (name, way, 2) for name in ("one", "two") for way in ("plain", "accepted")
    ]
    assert results.refused == [
        Refused("one", "fails", "exit code 1: KeyError: 'x'"),
        Refused("", "is missing", "it could not be installed: ERROR: none"),
        Refused("two", "fails", "exit code 1: KeyError: 'x'"),
    ]


def test_what_was_measured_is_kept_and_not_measured_again(bench: Bench, tmp_path: Path) -> None:
    """An interrupted run goes on; on a busy machine there are no wall times."""
    results = Results()
    replace(bench, busy=True).measure("one", written, results)
    results.save(tmp_path / "results.json")
    loaded = Results.load(tmp_path / "results.json")
    assert [row.usage.cpu for row in loaded.rows] == [row.usage.cpu for row in results.rows]
    assert all(math.isnan(row.usage.wall) for row in loaded.rows)
    bench.measure("one", written, loaded)
    assert len(loaded.rows) == len(results.rows)


def results(name: str, cpu: float, wall: float, cells: int = 10, way: str = "nbrerun") -> Results:
    """A notebook that takes 2 s plainly, and more in another way."""
    return Results(
        [Row(name, "plain", cells, usage(2, 2)), Row(name, way, cells, usage(cpu, wall, 150), "fork+replay")]
    )


def test_a_figure_above_its_goal_is_bold() -> None:
    """Ratios, or milliseconds for each cell; what was not measured is left out."""
    assert "| 2.0 | 1.50 | 1.7 | **2.00** | 1.5 | 1.50 | fork+replay |" in tables.goals(results("lesson", 3, 4))
    row = tables.goals(results("trivial", 2.1, math.nan)).splitlines()[-1]
    assert "| 10 ms a cell | 12 ms | | 10 ms |" in row


def test_the_ways_stand_side_by_side() -> None:
    """A way that did not run has an empty field."""
    found = results("lesson", 3, 4)
    found.rows += results("torch", 5, 6, way="papermill").rows
    lines = tables.peers(found).splitlines()
    assert lines[0] == "| CPU / wall | nbrerun | papermill |"
    assert lines[2:4] == ["| lesson | 1.50 / 2.00 | |", "| torch | | 2.50 / 3.00 |"]
    assert lines[5] == "| peak memory | nbrerun | papermill |"


def test_growth_is_told_per_cell() -> None:
    """A thousand cells cost more than ten times a hundred: bold."""
    found = results("100 cells", 3, 4, cells=100)
    found.rows += results("1000 cells", 60, 4, cells=1000).rows
    text = tables.growth(found)
    assert "| 1,000 cells | 2.0 | 60.0 | 30.00 | 2.00 | 1.50 | 58 |" in text
    assert "1,000 cells against 100: **2.00**" in text


def test_published_notebooks_have_a_median_and_a_percentile() -> None:
    """Of the ratios, for each way; the goals are the last row."""
    found = Results()
    for number in range(11):
        found.rows += results(f"n{number}.ipynb", 2 + number, 2).rows
    lines = tables.published(found).splitlines()
    assert lines[2].startswith("| nbrerun | 11 | **3.50** | **5.50** | 1.00 | 1.00 | 1.50 | 1.50 |")
    assert lines[3].startswith("| goal | | 2.2 | 3.5 | 1.5 | 2.5 | 1.5 |")


def test_only_what_lies_between_the_markers_is_replaced(tmp_path: Path) -> None:
    """A table that was not measured stays as it is; one without a place is a mistake."""
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- measured: x -->\nold\n<!-- end of x -->\n<!-- measured: y -->\nkept\n<!-- end of y -->\n")
    tables.write(page, {"x": r"new \1"})
    assert "old" not in page.read_text()
    assert page.read_text().startswith("a\n<!-- measured: x -->\n\nnew \\1\n\n<!-- end of x -->\n")
    assert page.read_text().endswith("kept\n<!-- end of y -->\n")
    with pytest.raises(ValueError, match="no place for the table 'z'"):
        tables.write(page, {"z": ""})


def test_the_page_has_a_place_for_every_table() -> None:
    """And shows the picture."""
    page = run.PAGE.read_text(encoding="utf-8")
    for name in ("goals", "peers", "growth", "published"):
        tables.written(page, name, "")
    assert f"({run.PICTURE.name})" in page


def test_the_same_figures_give_the_same_picture(tmp_path: Path) -> None:
    """In SVG, with a line for each way."""
    from benchmarks.picture import draw

    found = results("10 cells", 3, 4)
    found.rows += results("100 cells", 5, 4).rows
    for name in ("one.svg", "two.svg"):
        draw(found, tmp_path / name)
    text = (tmp_path / "one.svg").read_text()
    assert text == (tmp_path / "two.svg").read_text()
    assert ElementTree.fromstring(text).tag.endswith("svg")


def test_every_peer_is_installed_into_an_environment_of_its_own() -> None:
    """Nobody's packages change what another one runs with."""
    packages = [way.packages for way in WAYS.values() if way.packages]
    assert len(set(packages)) == len(packages) == 6
