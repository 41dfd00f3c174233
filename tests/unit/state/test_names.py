"""Names in their name spaces."""

from __future__ import annotations

import pytest

from nbrerun.state.names import Name, Space, files, generator, keys, settings, variables
from tests.unit import making

SHOWN = {"x": Space.VARIABLE, "env:cwd": Space.SETTING, "file:out.csv": Space.FILE}


@pytest.mark.parametrize("text", SHOWN)
def test_a_report_writes_a_name_with_its_space(text: str) -> None:
    """Variables are written as they are."""
    name = making.name(text)
    assert (name.space, str(name)) == (SHOWN[text], text)


def test_what_looks_like_a_prefix_is_part_of_the_key() -> None:
    """A file may be called `env:cwd`."""
    odd = Name(Space.FILE, "env:cwd")
    assert str(odd) == "file:env:cwd"
    assert odd not in settings(["cwd"])


def test_names_sort_as_they_are_written() -> None:
    """Whatever their spaces."""
    names = variables(["z", "a"]) | settings(["b"]) | files(["a"])
    assert list(map(str, sorted(names))) == ["a", "env:b", "file:a", "z"]
    assert keys(names, Space.VARIABLE) == {"a", "z"}


def test_a_generator_of_a_library_is_no_variable_of_that_name() -> None:
    """`random` may be either."""
    library, own = (making.generator("random", b"1", library=library) for library in (True, False))
    assert generator(library) == Name(Space.GENERATOR, "random") != generator(own) == Name(Space.VARIABLE, "random")
