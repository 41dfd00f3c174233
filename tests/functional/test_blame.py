"""The sentence on a cell names the call at which the value changed, on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.test_messages import check

TORCH = """
import torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Dropout())
opt = torch.optim.SGD(model.parameters(), lr=0.1)
X, y = torch.arange(8.0).reshape(4, 2), torch.ones(4, 1)
"""
TRAINING = """
for step in range(3):
    model.train()
    loss = ((model(X) - y) ** 2).mean()
    loss.backward()
    opt.step()
    opt.zero_grad()
    model.eval()
    print(loss.item())
"""
SKLEARN = """
import numpy as np
from sklearn.linear_model import SGDClassifier
X, y = np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1])
clf = SGDClassifier(random_state=0)
"""
STEP = "import asyncio\nasync def step():\n    rows.append(1)\nrows = []"

CASES = {
    "training that ends with model.eval": (TORCH, TRAINING, "opt.step"),
    "an item that is printed": ("g = iter(range(9))", "print(next(g))", "next()"),
    "an item in a condition": ("g = iter(range(9))", "if next(g) < 9:\n    print(g)", "next()"),
    "a score of what was trained": (
        SKLEARN,
        "print(clf.partial_fit(X, y, classes=[0, 1]).score(X, y))",
        "clf.partial_fit",
    ),
    "a coroutine": (STEP, "print(await step())", "step()"),
    "a store of what a call returns": ("rows = [1]", "rows[0] = sum(rows + [1])", ""),
}


@pytest.mark.parametrize("engine", ["fork", "replay"])
@pytest.mark.parametrize("case", CASES)
def test_the_call_that_changed_the_value_is_named(case: str, engine: str, tmp_path: Path) -> None:
    """And neither the last one of the loop, nor the one around it, nor one beside a statement that stores."""
    first, then, call = CASES[case]
    reason = check(tmp_path, engine, first, then).cells[1].reason
    assert any(said in reason for said in (f"`{call}` changed", f"with `{call}` it")) is bool(call), reason
    assert call or not any(said in reason for said in ("changed", "with `")), reason
    assert "keeps" in reason
