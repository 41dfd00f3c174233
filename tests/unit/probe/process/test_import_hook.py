"""What imports do to the process, apart from the cell."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from nbrerun.probe.process.import_hook import ImportWatch
from nbrerun.probe.read.generators import read_global
from nbrerun.probe.read.walk import Reader


@pytest.fixture(autouse=True)
def _random_stays() -> Iterator[None]:
    """Draws from the generator of `random` are undone after the test."""
    before = random.getstate()
    yield
    random.setstate(before)


def digest() -> bytes:
    """Where the generator of `random` stands."""
    reader = Reader()
    read_global(reader)
    (found,) = (item.digest for item in reader.generators.values() if item.name == "random")
    return found


def imports(watch: ImportWatch, body: Callable[[], object]) -> None:
    """Import a module whose body is this."""
    watch.enter()
    body()
    watch.leave()


def test_generators_that_an_import_drew_from_are_recorded_as_it_left_them() -> None:
    """Draws of the cell, before and after, change nothing; a new cell begins with none."""
    watch = ImportWatch(int, int)
    watch.begin_here()
    random.random()
    imports(watch, int)
    assert (watch.drew, watch.left) == ({}, {})
    imports(watch, random.random)
    left = digest()
    random.random()
    imports(watch, int)
    assert (list(watch.drew), watch.left, watch.drew_between) == (["random"], {"random": left}, True)
    imports(watch, random.random)
    assert watch.left == {"random": digest()} != {"random": left}
    watch.begin_here()
    assert (watch.drew, watch.left, watch.drew_between) == ({}, {}, False)
    imports(watch, random.random)
    assert (list(watch.drew), watch.drew_between) == (["random"], False)


def test_what_the_cell_began_with_may_be_told_after_it() -> None:
    """It was read in a fork, which need not have answered before the cell ran."""
    watch, began = ImportWatch(int, int), digest()
    for drawn in (False, True):
        watch.begin()
        if drawn:
            random.random()
        imports(watch, random.random)
        watch.began({"cwd": "/here"}, {"random": began if drawn else watch._found["random"]})
        assert watch.drew_between is drawn
        assert "cwd" in watch.set_by_hand({"cwd": "/elsewhere"})
        assert not watch.set_by_hand({"cwd": "/here"})


def test_a_generator_that_an_import_brought_is_recorded_as_it_was_seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe seeds it as in an earlier kernel after the import; nobody has drawn from it."""
    watch = ImportWatch(int, lambda: random.seed(5))
    watch.begin_here()
    with monkeypatch.context() as patched:
        patched.setattr("nbrerun.probe.process.import_hook._global_generators", dict)
        watch.enter()
    watch.leave()
    assert (watch.drew, watch.left["random"]) == ({}, digest())
