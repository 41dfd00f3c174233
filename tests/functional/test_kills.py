"""Checks that are killed at random moments leave nothing (`tests/kills.py`)."""

from __future__ import annotations

import pytest

from tests import kills

pytestmark = [pytest.mark.cold_kernel, pytest.mark.timeout(240)]  # all processes are to be descendants of the check


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_check_that_is_killed_leaves_nothing(seed: int) -> None:
    """Whatever the signal and the moment, also with `--jobs 2` and while kernels start."""
    assert kills.run(10, seed) == {}
