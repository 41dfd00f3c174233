"""Which names of the kernel's namespace are the user's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy
import pytest

from nbrerun.probe.read.namespace import user_names


class Text(str):
    """A name that is not quite a string, and looks otherwise."""

    __slots__ = ()

    def __str__(self) -> str:
        """Something else."""
        return "another"


def names(namespace: dict[Any, Any], hidden: dict[str, Any] | None = None) -> dict[str, Any]:
    """The user's names of such a namespace."""
    return user_names(SimpleNamespace(user_ns=namespace, user_ns_hidden=hidden or {}))


KEYS: dict[str, tuple[Any, list[str]]] = {
    "a name": ("x", ["x"]),
    "a subclass of str": (Text("x"), ["x"]),
    "a number": (5, []),
    "bytes": (b"x", []),
    "none": (None, []),
    "a tuple": (("x",), []),
    "no identifier": ("two words", ["two words"]),
    "of IPython": ("_i1", []),
}


@pytest.mark.parametrize("case", KEYS)
def test_a_key_is_a_name_if_it_is_text(case: str) -> None:
    """Other keys, which code cannot look up, are left out one by one; the names are plain strings."""
    key, expected = KEYS[case]
    found = names({key: 1, "other": 2})
    assert list(found) == sorted([*expected, "other"])
    assert {type(name) for name in found} == {str}


def test_a_numpy_string_is_a_name() -> None:
    """`globals().update(zip(frame.columns, ...))` binds them."""
    found = names({numpy.str_("x"): 1})
    assert found == {"x": 1}
    assert [type(name) for name in found] == [str]


def test_what_ipython_bound_is_hidden_until_it_is_bound_again() -> None:
    """By identity of the value."""
    value = [1]
    assert names({"get_ipython": value, "x": 1}, {"get_ipython": value}) == {"x": 1}
    assert names({"get_ipython": [1]}, {"get_ipython": value}) == {"get_ipython": [1]}
