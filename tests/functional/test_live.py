"""nbrerun in a live kernel: what `%load_ext nbrerun` answers, and that it disturbs nothing."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path

import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient

import nbrerun
from tests import pages
from tests.live import Live, is_answer

pytestmark = pytest.mark.cold_kernel

CELLS = [
    "import numpy as np, random\nfrom sklearn.linear_model import SGDClassifier",
    "X = np.arange(20.).reshape(10, 2)\ny = np.array([0, 1] * 5)",
    "clf = SGDClassifier(random_state=0)",
    "clf.fit(X, y)\nprint(clf.score(X, y))",
    "clf.partial_fit(X, y)",
    "losses = []",
    "losses.append(clf.coef_.sum())",
    "noise = random.random()",
    "def double(x):\n    return 2 * x",
    "if 'cache' not in globals():\n    cache = {'n': double(2)}",
    "with open('log.txt', 'a') as log:\n    log.write('line')",
    "import joblib\njoblib.dump(clf, 'clf.joblib')",
    "loaded = joblib.load('clf.joblib')",
    "!echo more >> shell.txt",
    "import os\nos.rename('log.txt', 'old.txt')",
    "loaded.predict(X)",
]


def test_the_verdicts_are_those_of_a_check(live: Live, tmp_path: Path) -> None:
    """Each cell has the verdict in the live kernel that it has in a check of the notebook, with the same marks."""
    found = {source: live.facts(f"%%rerun\n{source}") for source in CELLS}
    (tmp_path / "checked").mkdir()
    path = pages.write(tmp_path / "checked" / "notebook.ipynb", [pages.code(source) for source in CELLS])
    report = nbrerun.check(path, engine="fork", experiment="again", cache=False)
    wanted = {
        source: (str(cell.verdict), {one.name: (str(one.verdict), list(map(str, one.marks))) for one in cell.variables})
        for source, cell in zip(CELLS, report.notebooks[0].cells, strict=True)
    }
    seen = {
        source: (facts["verdict"], {name: (one["verdict"], one["marks"]) for name, one in facts["variables"].items()})
        for source, facts in found.items()
    }
    assert seen == wanted
    assert {verdict for verdict, _ in seen.values()} == {"reset", "in-place", "persisted", "stateless", "error"}


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_a_notebook_with_these_lines_can_be_checked(engine: str, tmp_path: Path) -> None:
    """They do nothing in a check, whose verdicts are those of the same cells without them."""
    cells = ["%load_ext nbrerun\n%nbrerun auto on", "x = [1]", "%%rerun\nx.append(2)", "%nbrerun restart"]
    path = pages.write(tmp_path / "notebook.ipynb", [pages.code(source) for source in cells])
    (notebook,) = nbrerun.check(path, engine=engine, cache=False).notebooks
    assert notebook.status == "ok"
    assert [str(cell.verdict) for cell in notebook.cells] == ["stateless", "reset", "in-place", "stateless"]


def test_the_kernel_notices_nothing(live: Live) -> None:
    """The cell's output appears once, and a rerun leaves no trace in the history, in `Out`, or among the names."""
    names = live.value("sorted(dir())")
    found = live.run("%%rerun\nprint('once')\nimport sys\nprint('twice', file=sys.stderr)\n6 * 7")
    kinds = [each["msg_type"] for each in found]
    assert sorted(kinds) == ["display_data", "execute_result", "stream", "stream"]
    assert [each["content"]["text"] for each in found if each["msg_type"] == "stream"] == ["once\n", "twice\n"]
    assert live.value("_") == "42"
    assert live.value("len(In), sorted(Out)") == "(6, [2, 3, 4])"
    live.run("del sys")
    assert live.value("sorted(dir())").replace(", '_3'", "").replace(", '_4'", "") != names  # IPython's own names
    assert live.stray == []


def test_the_last_cell_is_judged_afterwards(live: Live) -> None:
    """`%nbrerun` answers for the cell before it, more than once, and has no place of its own in that."""
    live.run("x = [1]")
    live.run("x.append(2)")
    for _ in range(2):
        content = live.answer("%nbrerun")
        assert content["metadata"]["nbrerun"]["verdict"] == "in-place"
        assert "len(x): 2 → 3" in content["data"]["text/plain"]
        assert "<code>" in content["data"]["text/html"]
    assert live.value("x") == "[1, 2]"


def test_a_cell_that_raises_is_not_run_again(live: Live) -> None:
    """There is no verdict on a cell whose first run raised."""
    assert not any(map(is_answer, live.run("%%rerun\n1 / 0")))
    assert "raised" in live.answer("%nbrerun")["data"]["text/plain"]


def test_without_a_cell_there_is_nothing_to_judge(live: Live) -> None:
    """`%nbrerun` as the first cell says so."""
    assert "no cell before" in live.answer("%nbrerun")["data"]["text/plain"]


def test_the_background_does_not_hold_up_the_next_cell(live: Live) -> None:
    """The answer comes while other cells run, and belongs to its own cell."""
    live.run("%nbrerun auto on")
    slow = live.run("import time\nagain = 'again' in globals()\nif again:\n    time.sleep(600)")
    live.run("%nbrerun auto off")
    assert live.value("1 + 1") == "2"
    assert not [each for each in live.stray if each["msg_type"] == "update_display_data"]
    answer = live.replaced()
    assert "was stopped" in answer["content"]["data"]["text/plain"]
    assert answer["parent_header"]["msg_id"] == slow[0]["parent_header"]["msg_id"]
    assert answer["content"]["transient"] == slow[0]["content"]["transient"]


def test_an_answer_is_withheld_if_a_later_cell_changed_files_meanwhile(live: Live) -> None:
    """What the rerun has read may have come from the later cell."""
    live.run("%nbrerun auto on")
    live.run("import time\nagain = 'again' in globals()\nif again:\n    time.sleep(600)")
    live.run("%nbrerun auto off")
    live.run("open('x.txt', 'w').close()")
    assert "changed files" in live.replaced()["content"]["data"]["text/plain"]


def test_a_long_cell_is_not_run_again_by_itself(live: Live) -> None:
    """Above the limit only who asks gets an answer."""
    live.run("%nbrerun limit 0.0")
    live.run("%nbrerun auto on")
    assert "the limit is 0 s" in live.answer("x = 1")["data"]["text/plain"]
    assert live.facts("%nbrerun")["verdict"] == "reset"


@pytest.mark.parametrize(
    ("source", "verdict", "said"),
    [
        ("import os\nif 'here' in globals():\n    os._exit(1)\nhere = 1", "error", "ends the kernel"),
        (
            "import os, signal\nif 'here' in globals():\n    os.kill(0, signal.SIGKILL)\nhere = 1",
            "error",
            "ends the kernel",
        ),
        ("import time\nif 'here' in globals():\n    time.sleep(600)\nhere = 1", "undetermined", "was stopped"),
    ],
    ids=["exits", "killed", "hangs"],
)
def test_a_rerun_that_does_not_end_well(source: str, verdict: str, said: str, live: Live) -> None:
    """The kernel goes on."""
    facts = live.facts(f"%%rerun\n{source}")
    assert facts["verdict"] == verdict
    assert said in facts["reason"]
    assert live.value("here") == "1"


def test_what_cannot_be_forked_is_said(live: Live) -> None:
    """A running thread would be missing in a fork."""
    live.run("import threading\nend = threading.Event()\nthreading.Thread(target=end.wait, name='mine').start()")
    said = " ".join(live.answer("%%rerun\nx = 1")["data"]["text/plain"].split())
    assert "cannot be forked: the thread 'mine' is running, and a forked process lacks it; `nbrerun check` can" in said
    assert live.value("x, end.set()") == "(1, None)"


def test_a_program_that_has_ended_is_no_hazard(live: Live) -> None:
    """Nobody has waited for it, and nobody can any more."""
    live.run("import os\ntext = os.popen('echo hello').read()")
    assert live.facts("%nbrerun")["verdict"] == "reset"


def test_a_cell_that_sends_something_is_not_run_again(live: Live) -> None:
    """Whoever listens hears of the first run only."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_answer_all, args=(server, heard), daemon=True).start()
        port = server.getsockname()[1]
        facts = live.facts(
            f"%%rerun\nimport socket\nwith socket.create_connection(('127.0.0.1', {port})) as one:\n    pass"
        )
    assert facts["verdict"] == "undetermined"
    assert "not run again" in facts["reason"]
    assert len(heard) == 1


def _answer_all(server: socket.socket, heard: list[object]) -> None:
    while True:
        try:
            one, address = server.accept()
        except OSError:
            return
        heard.append(address)
        one.close()


def test_another_client_of_the_kernel_is_no_hazard(live: Live) -> None:
    """Jupyter connects to the kernel whenever it likes, which is not the notebook's doing."""
    other = BlockingKernelClient(connection_file=live.manager.connection_file)
    other.load_connection_file()
    other.start_channels()
    other.wait_for_ready(timeout=60)
    assert live.facts("%%rerun\nx = 1")["verdict"] == "reset"
    other.stop_channels()


def test_a_notebook_that_is_saved_meanwhile_is_no_file_of_the_cell(live: Live, tmp_path: Path) -> None:
    """Jupyter writes the notebook in the folder where the kernel works."""
    path = tmp_path / "notebooks" / "mine.ipynb"
    path.write_text("{}")
    live.run("import time, pathlib, subprocess, sys")
    save = f"import pathlib; pathlib.Path({str(path)!r}).write_text('{{ }}')"
    facts = live.facts(f"%%rerun\n_ = subprocess.run([sys.executable, '-c', {save!r}])\nx = 1")
    assert facts["variables"].keys() == {"x"}


def test_without_an_overlay_nothing_is_written(live: Live) -> None:
    """Where the system allows no overlay, a rerun is kept from writing and from starting programs."""
    live.run(
        "from nbrerun.probe.sandbox import overlay\ndef refuse(self): raise OSError(1, 'not permitted')\n"
        "overlay.Overlay.set_up = refuse\ndel overlay, refuse"
    )
    assert live.facts("%%rerun\nx = 1")["verdict"] == "reset"
    assert "this system allows no overlay" in live.answer("%%rerun\nopen('a', 'w').close()")["data"]["text/plain"]
    for number, act in enumerate(["open('b', 'w').close()", "get_ipython().system('touch b')", "!touch b"]):
        source = f"%%rerun\nif 'n{number}' in globals():\n    {act}\nn{number} = 1"
        assert live.facts(source)["verdict"] == "undetermined"
    assert live.value("__import__('os').listdir()") == "['a']"


def test_text_from_the_notebook_is_escaped(live: Live) -> None:
    """Whatever a value says, the answer contains no markup of its making."""
    live.run("x = ['<script>alert(1)</script>']")
    html = live.answer("%%rerun\nx[0] += '<img src=x onerror=alert(2)>'")["data"]["text/html"]
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;" in html


def test_magics_that_are_used_wrongly(live: Live) -> None:
    """Each mistake gets one line."""
    for source in ("\n%%time\n%%rerun\n1", "%nbrerun auto", "%nbrerun limit fast"):
        assert "UsageError" in str([each["content"] for each in live.run(source)])
    (usage,) = live.run("%nbrerun help")
    assert "%nbrerun restart" in usage["content"]["text"]


def test_it_can_be_unloaded_and_loaded_again(live: Live) -> None:
    """In between, the kernel has no other processes, and the magics are gone."""
    live.run("x = 1")
    live.run("%unload_ext nbrerun")
    assert live.process.children() == []
    assert live.run("x += 1") == []
    assert live.run("%load_ext nbrerun") == []
    assert live.facts("%%rerun\nx += 1")["verdict"] == "in-place"


def test_the_end_of_the_analyst_is_said(live: Live) -> None:
    """Cells run on, and another one can be started."""
    (analyst,) = [each for each in live.process.children() if "nbrerun.live.analyst" in " ".join(each.cmdline())]
    analyst.kill()
    while analyst.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert "has ended" in live.answer("%%rerun\nx = 1")["data"]["text/plain"]
    assert live.value("x") == "1"
    live.run("%reload_ext nbrerun")
    assert live.facts("%%rerun\nx = 1")["verdict"] == "reset"


def test_a_killed_kernel_leaves_nothing(live: Live) -> None:
    """The forks and the analyst end with it, and the folder of the session is removed: see the fixture."""
    live.run("%nbrerun auto on")
    live.run("import time\nagain = 'again' in globals()\nif again:\n    time.sleep(600)")
    os.kill(live.process.pid, signal.SIGKILL)
