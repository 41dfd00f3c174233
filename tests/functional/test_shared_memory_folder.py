"""What a check leaves in /dev/shm: nothing, though its workers are killed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat
import psutil
import pytest

from nbrerun.analysis import analyze
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.functional.test_sandbox import KINDS

CASES = {
    "shared memory": [
        "from multiprocessing import shared_memory\ns = shared_memory.SharedMemory(create=True, size=1_000_000)",
        "a = 1",
    ],
    "joblib": [
        "from joblib import Parallel, delayed\nimport numpy as np\nX = np.zeros((2000, 1000))",
        "r = Parallel(n_jobs=2)(delayed(np.sum)(X) for i in range(2))",
    ],
}


@pytest.mark.parametrize("sandbox", [kind for kind in KINDS if kind == "overlay"])
@pytest.mark.parametrize("engine", ["auto", "replay"])
@pytest.mark.parametrize("case", CASES)
def test_nothing_is_left(case: str, engine: str, sandbox: str, tmp_path: Path) -> None:
    """Neither by the main run nor by a rerun; and what others have there is seen in the notebook."""
    mine = Path("/dev/shm") / f"nbrerun-test-{os.getpid()}"
    mine.write_text("mine")
    try:
        node = nbformat.v4.new_notebook()
        sources = [*CASES[case], f"assert open({str(mine)!r}).read() == 'mine'"]
        node.cells = [nbformat.v4.new_code_cell(source, id=f"cell-{index}") for index, source in enumerate(sources)]
        nbformat.write(node, tmp_path / "nb.ipynb")
        before = set(os.listdir("/dev/shm"))
        settings = Settings(engine=engine, sandbox=sandbox)
        report = analyze(read_notebook(tmp_path / "nb.ipynb"), settings, Silent())
        assert report.failure is None
        left = set(os.listdir("/dev/shm")) - before
        assert not [name for name in left if name.startswith(("psm_", "joblib", "sem.loky")) and not _is_in_use(name)]
    finally:
        mine.unlink()


def _is_in_use(name: str) -> bool:
    """Whether it belongs to another check that runs at the same time: loky and joblib name the process."""
    pid = re.search(r"[-_](\d+)[-_]", name)
    return pid is not None and not name.startswith("psm_") and psutil.pid_exists(int(pid[1]))
