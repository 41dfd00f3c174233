"""The oracle: a mistake of it would be taken for one of nbrerun's."""

from __future__ import annotations

import collections
from typing import Any

import numpy
import pytest
from sklearn.linear_model import SGDClassifier

from tests.truth.canonical import canonical
from tests.truth.grammar import cell
from tests.truth.oracle import Facts, consult


class Own:
    """A class whose attributes come in some order."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


def fitted(times: int) -> SGDClassifier:
    """A classifier that deletes an attribute, and sets it again, whenever it is refitted."""
    model = SGDClassifier(random_state=0)
    for _ in range(times):
        model.fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1])
    return model


EQUAL = {
    "attributes in another order": (Own(a=1, b=2), Own(b=2, a=1)),
    "an estimator fitted twice": (fitted(1), fitted(2)),
    "arrays": (numpy.arange(3), numpy.array([0, 1, 2])),
}
UNEQUAL = {
    "a deque": (collections.deque([1, 2], maxlen=6), collections.deque([2, 1], maxlen=6)),
    "another length": (collections.deque([1], maxlen=6), collections.deque([1], maxlen=5)),
    "a type": (1, True),
    "an iterator": (iter([1, 2]), iter([1])),
    "a bytearray": (bytearray(b"a"), bytearray(b"b")),
    "another attribute": (Own(a=1), Own(a=2)),
}


@pytest.mark.parametrize("case", EQUAL)
def test_equal_values_have_one_text(case: str) -> None:
    """The order of attributes is no value."""
    one, other = EQUAL[case]
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize("case", UNEQUAL)
def test_other_values_have_another_text(case: str) -> None:
    """Types, items and attributes are value."""
    one, other = UNEQUAL[case]
    assert canonical(one) != canonical(other)


def facts(source: str, *above: str) -> Facts:
    """What the oracle finds out about a cell."""
    return consult([cell("test", each) for each in (*above, source)])[-1]


@pytest.mark.parametrize("source", ["import random\nx = random.random()", "import numpy as np\nx = np.random.rand()"])
def test_a_second_first_run_draws_the_same_numbers(source: str) -> None:
    """And so does a rerun with the generators set back; another rerun does not."""
    found = facts(source)
    assert found.first["x"] == found.control["x"] == found.pinned["x"] != found.again["x"]


def test_a_database_is_its_rows() -> None:
    """Its header counts how often it was written."""
    connect = "import sqlite3\nwith sqlite3.connect('a.db') as c:\n    c.execute("
    rows = f"{connect}'delete from t')\n    c.execute('insert into t values (5)')\nc.close()\ndel c"
    found = facts(rows, f"{connect}'create table t (a)')\nc.close()\ndel c")
    assert found.before["file:a.db"] != found.first["file:a.db"] == found.again["file:a.db"]
