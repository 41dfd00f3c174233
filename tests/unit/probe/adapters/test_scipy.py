"""scipy.sparse: matrices and arrays in their formats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from tests.unit.probe.looking import digest, moved, paths, read

FORMATS = ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"]


def dense(corner: float = 3.0) -> Any:
    """A matrix with few entries."""
    return np.array([[1.0, 0, 0, 0], [0, 2.0, 0, 0], [0, 0, 0, 0], [0, 0, 0, corner]])


@pytest.mark.parametrize("make", [sp.csr_matrix, sp.csr_array])
@pytest.mark.parametrize("form", FORMATS)
def test_each_format_is_read(form: str, make: Any) -> None:
    """A copy is equal, an entry more or another value is not, and there is a change to show."""
    one, other = make(dense()).asformat(form), make(dense(4.0)).asformat(form)
    assert not read(one).opaque
    assert digest(one) == digest(one.copy()) != digest(other)
    assert moved(one, one.copy()) == {}
    assert moved(one, other)


@pytest.mark.parametrize("form", ["csr", "lil", "dok"])
def test_a_new_entry_is_another_value(form: str) -> None:
    """Where there was a zero."""
    one, other = sp.csr_matrix(dense()).asformat(form), sp.lil_matrix(dense())
    other[2, 0] = 5.0
    assert digest(one) != digest(other.asformat(form))


def test_formats_and_shapes_and_types_are_value() -> None:
    """The same numbers in another format, shape or type are another matrix."""
    matrices = [sp.csr_matrix(dense()).asformat(form) for form in FORMATS]
    matrices += [sp.csr_array(dense()), sp.csr_matrix(dense()).astype("f4")]
    matrices += [sp.csr_matrix((5, 4)), sp.csr_matrix((4, 5)), sp.csr_matrix((4, 6))]
    assert len({digest(matrix) for matrix in matrices}) == len(matrices)


def test_flags_that_are_found_on_demand_are_not_value() -> None:
    """Asking whether indices are sorted is no change."""
    matrix = sp.csr_matrix(dense())
    before = digest(matrix)
    assert matrix.has_sorted_indices
    assert matrix.has_canonical_format
    assert digest(matrix) == before


def test_a_change_is_told_in_the_values() -> None:
    """`X.data` by up to a number, the shape by the shapes."""
    one, other = sp.csr_matrix(dense()), sp.csr_matrix(dense(3.5))
    assert moved(one, other)["x.data"].max_abs_change == 0.5
    assert {"x.data", "x.indices", "x.indptr"} <= paths(one)
    assert moved(one, sp.csr_matrix((4, 5)))["x.shape"].again == "(4, 5)"
