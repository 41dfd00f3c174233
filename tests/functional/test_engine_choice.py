"""Which engine answers for which library: decided by what is in the kernel, and said in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbrerun.model import Verdict
from tests.functional.test_fork_care import assert_forked, check

pytestmark = [pytest.mark.timeout(600), pytest.mark.cold_kernel]  # threads that an import starts decide

RESET, IN_PLACE = Verdict.RESET, Verdict.IN_PLACE

DATA = "import numpy as np\nX = np.random.RandomState(0).rand(400, 8)\ny = (X[:, 0] > 0.5).astype(int)"

SURVIVING = {
    "PyTorch": (
        "import torch\ntorch.set_num_threads(2)\nXt, yt = torch.tensor(X).float(), torch.tensor(y).float()[:, None]",
        "torch.manual_seed(0)\nmodel = torch.nn.Sequential(torch.nn.Linear(8, 512), torch.nn.Linear(512, 1))\n"
        "opt = torch.optim.SGD(model.parameters(), 0.01)",
        "for _ in range(3):\n    opt.zero_grad()\n    ((model(Xt) - yt) ** 2).mean().backward()\n    opt.step()",
    ),
    "XGBoost": (
        "import xgboost",
        "model = xgboost.XGBClassifier(n_estimators=3, n_jobs=2).fit(X, y).get_booster()\n"
        "rows = xgboost.DMatrix(X, y, nthread=2)",
        "model.update(rows, 3)",
    ),
    "LightGBM": (
        "import lightgbm",
        "rows = lightgbm.Dataset(X, y, free_raw_data=False)\n"
        "model = lightgbm.train({'verbose': -1, 'num_threads': 2}, rows, 3, keep_training_booster=True)",
        "model.update();",
    ),
    "scikit-learn": (
        "from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier",
        "model = HistGradientBoostingClassifier(max_iter=2, warm_start=True, random_state=0).fit(X, y)\n"
        "forest = RandomForestClassifier(4, n_jobs=2, random_state=0).fit(X, y)",
        "model.max_iter += 2\nmodel.fit(X, y)",
    ),
}


@pytest.mark.parametrize("library", SURVIVING)
def test_libraries_that_survive_a_fork(library: str, tmp_path: Path) -> None:
    """Their threads were at work in the kernel, and are again in its forks."""
    report = check(tmp_path, [DATA, *SURVIVING[library]])
    assert_forked(report, RESET, None, RESET, IN_PLACE)
    assert report.engine_reason == "everything in this notebook survives a fork"


REPLAYED = {
    "TensorFlow": (
        "import tensorflow as tf",
        "w = tf.Variable([1.0, 2.0])\ntf.function(lambda: w + 1)()",
        "w.assign_add([1.0, 1.0]);",
    ),
    "JAX": ("import jax.numpy as jnp", "w = [jnp.ones(3)]", "w.append(w[-1] * 2)"),
    "polars": (
        "import polars as pl",
        "w = pl.DataFrame({'a': [1, 2]}).lazy().with_columns(pl.col('a') * 1).collect()",
        "w = w.with_columns(pl.col('a') + 1)",
    ),
    "the thread": (
        "from concurrent.futures import ThreadPoolExecutor",
        "pool = ThreadPoolExecutor(1)\nw = [pool.submit(len, 'ab').result()]",
        "w.append(pool.submit(len, 'abc').result())",
    ),
}


@pytest.mark.parametrize("library", REPLAYED)
def test_libraries_that_do_not(library: str, tmp_path: Path) -> None:
    """Replay answers from the cell on that starts their threads, fork for those before; the report names them."""
    report = check(tmp_path, ["n = 1", "n += 1", *REPLAYED[library]])
    assert report.engine == "fork+replay"
    assert [cell.engine for cell in report.cells] == ["fork"] * 3 + ["replay"] * 2
    assert [cell.verdict for cell in report.cells[3:]] == [RESET, IN_PLACE]
    assert report.engine_reason.startswith("fork up to cell 3, replay from there on: the kernel cannot")
    assert library in report.engine_reason


def test_fork_alone_says_what_keeps_it_from_judging_and_what_to_do(tmp_path: Path) -> None:
    """From the cell on that shares something; those before are judged."""
    report = check(tmp_path, ["n = 1", "import os\nr, w = os.pipe()", "n += 1"], engine="fork")
    assert [cell.verdict for cell in report.cells] == [RESET, Verdict.UNDETERMINED, Verdict.UNDETERMINED]
    why = "the kernel cannot be forked: a pipe is open; with `--engine auto`, replay takes over from here on"
    assert [cell.reason for cell in report.cells[1:]] == [why, why]


def test_an_initialised_gpu_is_for_replay(tmp_path: Path) -> None:
    """Told by what PyTorch says of itself, which this test makes it say without a GPU."""
    pretend = "import torch\ntorch.cuda.is_initialized = lambda: True"
    report = check(tmp_path, ["n = 1", pretend, "w = torch.ones(2)", "w += 1"])
    assert [cell.engine for cell in report.cells] == ["fork", "replay", "replay", "replay"]
    assert [cell.verdict for cell in report.cells[2:]] == [RESET, IN_PLACE]
    assert "CUDA" in report.engine_reason
