"""Many notebooks at once, in real processes and on a real cluster."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import nbformat
import pytest
from distributed import LocalCluster

from tests.functional.test_bad_input import Running, assert_gone, beside, nbrerun_process, run, scratch, write

__all__ = ["run", "scratch"]  # fixtures

ONE_TREE = pytest.mark.cold_kernel
"""nbrerun, its workers and their kernels are one tree of processes, with the environment that nbrerun gave them."""

COUNTS = "import os\nthreads = os.environ.get('OMP_NUM_THREADS')\nassert threads == {expected!r}, threads"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four notebooks: one keeps training, one can be run only once."""
    write(tmp_path, "x = 1", name="a.ipynb")
    write(tmp_path, "rows = []", "rows.append(1)", name="b.ipynb")
    write(tmp_path, "d = {'k': 1}", "del d['k']", name="c.ipynb")
    write(tmp_path, "print(1)", name="d.ipynb")
    return tmp_path


def reports(folder: Path, *options: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code, and what is said of each notebook, its seconds aside."""
    done = nbrerun_process(folder, "--format", "json", "--no-cache", *options)
    assert done.stderr == ""
    found = json.loads(done.stdout)["notebooks"]
    for notebook in found:
        notebook.pop("seconds")
        for cell in notebook["cells"]:
            cell.pop("seconds")
            cell["error"] = cell["error"] and cell["error"]["ename"]
    return done.returncode, found


def test_several_at_once_say_what_one_after_the_other_says(folder: Path) -> None:
    """The same reports in the order of the notebooks, and the same exit code."""
    code, notebooks = reports(folder, "--jobs", "3")
    assert (code, notebooks) == reports(folder)
    verdicts = [[cell["verdict"] for cell in notebook["cells"]] for notebook in notebooks]
    assert verdicts == [["reset"], ["reset", "in-place"], ["reset", "error"], ["stateless"]]


@ONE_TREE
def test_kernels_share_the_cores(tmp_path: Path) -> None:
    """Thread pools of kernels that run side by side are as much smaller."""
    threads = max(1, joblib.cpu_count() // 2)
    for name in "ab":
        write(tmp_path, COUNTS.format(expected=str(threads)), name=f"{name}.ipynb")
    code, notebooks = reports(tmp_path, "--jobs", "2")
    assert (code, [notebook["failure"] for notebook in notebooks]) == (0, [None, None])


def test_what_cannot_be_checked_takes_no_others_with_it(folder: Path) -> None:
    """One sentence, exit code 2, and the reports on all other notebooks."""
    node = json.loads((folder / "c.ipynb").read_text())
    node["metadata"]["kernelspec"] = {"name": "nowhere", "display_name": "nowhere", "language": "R"}
    (folder / "c.ipynb").write_text(json.dumps(node))
    done = nbrerun_process(folder, "--format", "json", "--jobs", "2")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no kernel is named 'nowhere'" in done.stderr
    found = {Path(one["path"]).name: one["status"] for one in json.loads(done.stdout)["notebooks"]}
    assert found.pop("c.ipynb") == "unchecked"
    assert found
    assert "unchecked" not in found.values()


BROKEN = {
    "not JSON": "{",
    "in two versions": '{"cells": [\n<<<<<<< ours\n=======\n>>>>>>> theirs\n]}',
    "cut in half": json.dumps(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("'\ud800'")])),
    "without a kernel": json.dumps(
        nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell("x = 1")], metadata={"kernelspec": {"name": "no", "display_name": "no"}}
        )
    ),
    "with a wrong setting": json.dumps(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")], metadata={"nbrerun": {"engine": "frok"}})
    ),
}
SAID = {
    "not JSON": "is not JSON",
    "in two versions": "has a merge conflict in line 2",
    "cut in half": "U+D800, half of a character",
    "without a kernel": "no kernel is named 'no'",
    "with a wrong setting": "there is no 'frok'",
}


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_notebooks_broken_in_five_ways(jobs: str, tmp_path: Path) -> None:
    """Five are unchecked, each with its sentence, and seven are checked."""
    for number in range(7):
        write(tmp_path, f"x = {number}", name=f"sound {number}.ipynb")
    for name, content in BROKEN.items():
        (tmp_path / f"{name}.ipynb").write_text(content)
    done = nbrerun_process(tmp_path, "--format", "json", "--jobs", jobs)
    assert done.returncode == 2, done.stderr
    found = {Path(one["path"]).stem: one for one in json.loads(done.stdout)["notebooks"]}
    assert {name for name, one in found.items() if one["status"] == "unchecked"} == BROKEN.keys()
    assert all(SAID[name] in found[name]["problem"] for name in BROKEN)
    assert [one["status"] for name, one in found.items() if name.startswith("sound")] == ["ok"] * 7
    assert "Traceback" not in done.stderr


def test_the_first_failure_ends_a_run_of_several_at_once(folder: Path) -> None:
    """Notebooks that come after it have no report, and a sentence says so."""
    done = nbrerun_process(folder, "--format", "json", "--jobs", "2", "--fail-fast")
    assert done.returncode == 1
    names = {Path(one["path"]).name for one in json.loads(done.stdout)["notebooks"]}
    assert names & {"b.ipynb", "c.ipynb"}  # whichever fails first
    assert "d.ipynb" not in names
    left = 4 - len(names)
    assert done.stderr == f"nbrerun: stopped at the first notebook that fails; {left} of 4 not checked\n"


@ONE_TREE
def test_a_process_that_is_killed_ends_its_own_notebook(tmp_path: Path, scratch: Path) -> None:
    """As the system does it where memory runs out: the others are checked, files are as they were, nothing is left."""
    marker, data = beside(tmp_path), tmp_path / "data.txt"
    data.write_text("mine")
    kills = f"""
        import os, psutil, signal, time
        while not os.path.exists({str(marker)!r}):
            time.sleep(0.05)
        os.kill(psutil.Process().parent().ppid(), signal.SIGKILL)
        time.sleep(600)
    """
    write(tmp_path, kills, name="a.ipynb")
    writes = f"""
        import time
        with open({str(data)!r}, "w") as file:
            file.write("another's")
        open({str(marker)!r}, "w").close()
        time.sleep(2)
    """
    write(tmp_path, writes, name="b.ipynb")
    write(tmp_path, "x = 1", name="c.ipynb")
    environment = {**os.environ, "TMPDIR": str(scratch)}
    options = ("--jobs", "2", "--sandbox", "copy", "--format", "json", "--no-cache")
    done = nbrerun_process(tmp_path, *options, timeout=100, env=environment)
    assert done.returncode == 2
    assert done.stderr.startswith(f"nbrerun: {tmp_path}/a.ipynb: the process that checked it has died")
    assert done.stderr.count("\n") == 1
    found = [notebook["status"] for notebook in json.loads(done.stdout)["notebooks"]]
    assert found == ["unchecked", "ok", "ok"]
    assert data.read_text() == "mine"
    assert list(scratch.glob("nbrerun*")) == []


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Two workers in processes of their own, where an environment variable says so."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, env={"PLACE": "cluster"}) as found:
        yield found


@ONE_TREE
def test_a_dask_cluster_does_the_work(folder: Path, cluster: LocalCluster) -> None:
    """The same reports, and the notebooks ran there."""
    place = ("--backend", "dask", "--scheduler", cluster.scheduler_address)
    assert reports(folder, *place) == reports(folder)
    write(folder, "import os", "assert os.environ['PLACE'] == 'cluster'", name="a.ipynb")
    code, notebooks = reports(folder / "a.ipynb", *place)
    assert (code, notebooks[0]["failure"]) == (0, None)


def test_a_cluster_that_does_not_answer_is_one_sentence(folder: Path) -> None:
    """Exit code 2, before anything was run."""
    done = nbrerun_process(folder, "--backend", "dask", "--scheduler", "nowhere")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("nbrerun: no dask scheduler answers at nowhere")
    done = nbrerun_process(folder, "--backend", "dask")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@ONE_TREE
def test_ctrl_c_ends_all_that_run_side_by_side(tmp_path: Path, scratch: Path, run: Callable[..., Running]) -> None:
    """Exit code 130, the notebooks that were done, no process and no temporary file left behind."""
    marker = beside(tmp_path)
    write(tmp_path, "x = 1", name="a.ipynb")
    waits = "import time; time.sleep(10**6)"
    write(tmp_path, "x = 1", waits, name="b.ipynb")
    # Its turn comes when the first one is done.
    write(tmp_path, "x = 1", f"open({str(marker)!r}, 'w').close()", waits, name="c.ipynb")
    running = run(tmp_path, "auto", "--jobs", "2")
    processes = running.wait_for(marker)
    os.killpg(running.process.pid, signal.SIGINT)
    out, err = running.end()
    assert running.process.returncode == 130, err
    assert "interrupted" in err
    assert "Traceback" not in err
    assert Path(json.loads(out)["notebooks"][0]["path"]).name == "a.ipynb"
    assert_gone(processes[1:])
    assert list(scratch.glob("nbrerun*")) == []
