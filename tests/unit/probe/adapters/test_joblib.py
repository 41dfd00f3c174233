"""joblib: functions whose results it stores, and what runs functions side by side."""

from __future__ import annotations

from pathlib import Path

import joblib

from tests.unit.probe.looking import digest, paths, read


def double(number: int) -> int:
    """Be stored."""
    return 2 * number


def test_a_memory_is_its_place(tmp_path: Path) -> None:
    """When it was created is no value, nor is it in joblib's own pickles; where it stores results is."""
    one, other = (joblib.Memory(tmp_path, verbose=0) for _ in range(2))
    assert one.timestamp != other.timestamp
    assert not read(one).opaque
    assert digest(one) == digest(other) != digest(joblib.Memory(tmp_path / "other", verbose=0))


def test_a_function_that_is_stored_stays_the_same_when_it_is_called(tmp_path: Path) -> None:
    """A call makes joblib remember the address of the code."""
    memory = joblib.Memory(tmp_path, verbose=0)
    one, other = memory.cache(double), memory.cache(double)
    one(2)
    other(2)
    one(3)
    assert digest(one) == digest(other)
    assert not {"x.timestamp", "x._func_code_id", "x._func_code_info"} & paths(one)


def test_a_parallel_is_its_settings() -> None:
    """Clocks and counts of the last run are no value."""
    one, other = (joblib.Parallel(n_jobs=2, backend="threading") for _ in range(2))
    before = digest(one)
    assert one(joblib.delayed(double)(number) for number in range(3)) == [0, 2, 4]
    assert digest(one) == digest(other) == before != digest(joblib.Parallel(n_jobs=1, backend="threading"))
