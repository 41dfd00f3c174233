"""Random number generators of PyTorch: those that a notebook makes, and those behind `torch.rand` and the like."""

from __future__ import annotations

import sys
from typing import Any, Iterable, List, Tuple

from ..describe.node import Node, Stand, draws_from, reads
from .torch import raw_bytes


@draws_from
def global_generators() -> Iterable[Tuple[str, Any]]:
    """Return the generators behind `torch.rand` and the like, on every device that is in use."""
    torch = sys.modules.get("torch")
    found: List[Tuple[str, Any]] = []
    if getattr(torch, "default_generator", None) is None:
        return found
    found.append(("torch", torch.default_generator))  # type: ignore[union-attr]
    for name in ("cuda", "xpu"):
        # Asking a device for its generators would initialise it, and CUDA cannot be used after a fork.
        device = getattr(torch, name, None)
        if device is not None and device.is_initialized():
            found += [(f"torch.{name}[{i}]", each) for i, each in enumerate(device.default_generators)]
    if torch.backends.mps.is_available():  # type: ignore[union-attr]
        found.append(("torch.mps", torch.mps._get_default_mps_generator()))  # type: ignore[union-attr]
    return found


@reads("torch._C.Generator", "torch.Generator")
def generator(value: Any) -> Node:
    """A generator, on whatever device."""
    torch = sys.modules["torch"]
    base = torch._C.Generator
    state = bytes(raw_bytes(torch, base.get_state(value)))

    def put_back(data: bytes) -> None:
        base.set_state(value, torch.frombuffer(bytearray(data), dtype=torch.uint8))

    stand = Stand(state, put_back, f"torch {value.device}")
    return Node("torch.Generator", (state,), kind="generator", generator=stand, text=lambda: "torch.Generator")
