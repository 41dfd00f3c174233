"""Which data a run has saved, as the numbers in its files show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from nbrerun.probe.execute.saved_values import saved_values
from tests.unit.making import opened, state, variable
from tests.unit.probe.execute.test_parameters import FakeFiles, Net

X = numpy.random.default_rng(0).normal(size=(20, 3))
OTHER = numpy.random.default_rng(1).normal(size=(20, 3))
WRITES = opened("written written_first")


def found_in(folder: Path, content: bytes, names: set[str], how: Any = WRITES) -> Any:
    """What lies in `f`, of data and models of some names."""
    (folder / "f").write_bytes(content)
    namespace = {"x": X, "y": OTHER, "n": 5, "net": Net(X.copy()), "far": Net(OTHER * 2)}
    models = {name: variable(name.encode(), kind="model") for name in ("net", "far")}
    after = state({"x": variable(b"x"), "y": variable(b"y"), "n": variable(b"n"), **models}, opened={"f": how})
    return saved_values(namespace, names, FakeFiles(folder), after)  # type: ignore[arg-type]  it asks for no more


@pytest.mark.parametrize(
    ("content", "names", "expected"),
    [
        (X.tobytes(), {"x", "y", "n"}, {"f": {"x": ["net"]}}),
        (b"head" + OTHER.tobytes(), {"x", "y", "n"}, {"f": {"y": []}}),
        ("\n".join(map(repr, X.ravel().tolist())).encode(), {"x"}, {"f": {"x": ["net"]}}),
        (X.tobytes(), {"y", "net"}, {}),
        (X.tobytes(), {"x", "gone"}, {"f": {"x": ["net"]}}),
        ((X + 1).tobytes(), {"x", "y"}, {}),
    ],
)
def test_data_lies_in_a_file_with_its_numbers(
    content: bytes, names: set[str], expected: dict[str, Any], tmp_path: Path
) -> None:
    """Each with the models that have these numbers as well; only names that the run can reach."""
    assert found_in(tmp_path, content, names) == expected


@pytest.mark.parametrize("how", ["read", "written written_first"])
def test_only_files_that_were_written_count(how: str, tmp_path: Path) -> None:
    """And that are there still."""
    made = opened(how, exists=how == "read")
    assert found_in(tmp_path, X.tobytes(), {"x"}, made) == {}
