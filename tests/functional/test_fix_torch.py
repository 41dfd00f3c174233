"""`nbrerun fix` on PyTorch: what is trained together is created and copied together."""

from __future__ import annotations

from pathlib import Path

import nbformat

from tests.functional.test_bad_input import write
from tests.functional.test_fix import fixes

IMPORTS = "import torch\nfrom torch import nn\nX, y = torch.eye(4), torch.tensor([0, 1, 0, 1])"
CREATE = "torch.manual_seed(0)\nnet = nn.Linear(4, 2)\nopt = torch.optim.Adam(net.parameters(), lr=0.1)"
TRAIN = "for _ in range(3):\n    opt.zero_grad()\n    nn.functional.cross_entropy(net(X), y).backward()\n    opt.step()"


def test_a_network_and_its_optimizer(tmp_path: Path) -> None:
    """Both are created with their seed in the first cell that trains them, and copied in the second one."""
    path = write(tmp_path, IMPORTS, CREATE, TRAIN, "print(net(X).argmax(1))", TRAIN, "print(net.weight)")
    result, found = fixes(path, "--apply")
    assert result.exit_code == 0
    assert [each["kind"] for each in found["findings"]] == ["create in the cell", "copy"]
    assert [other["name"] for each in found["findings"] for other in each["also"]] == ["opt", "opt"]
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    assert cells[1:4] == ["", f"{CREATE}\n{TRAIN}", "print(net(X).argmax(1))"]
    assert cells[4].startswith("from copy import deepcopy\nnet_2, opt_2 = deepcopy((net, opt))\nfor _ in range(3):\n")
    assert cells[5] == "print(net_2.weight)"
