"""The clock of a check: every second belongs to one part, and what runs meanwhile is kept apart."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from nbrerun import clock
from nbrerun.clock import Clock, Part, Spent, ran, running, spent_on


class Time:
    """Stands still unless it is told to pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def passes(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time that the clock shows."""
    found = Time()
    monkeypatch.setattr(clock, "time", SimpleNamespace(perf_counter=lambda: found.now))
    return found


def spent(of: Clock) -> dict[Part, tuple[float, float]]:
    """The parts that took any time: alone, and beside others."""
    return {each.part: (each.seconds, each.beside) for each in of.spent() if each.seconds or each.beside}


def test_a_second_belongs_to_the_innermost_part(time: Time) -> None:
    """What is done within something else is not counted for both, and the parts add up."""
    with running() as now:
        time.passes(1)
        with spent_on(Part.FORKING):
            time.passes(2)
            with spent_on(Part.READING):
                time.passes(4)
            time.passes(8)
        time.passes(16)
    assert spent(now) == {Part.NBRERUN: (17, 0), Part.FORKING: (10, 0), Part.READING: (4, 0)}


@pytest.mark.parametrize("whole", [Part.RESTART, Part.WAYS_BACK], ids=str)
def test_some_parts_include_all_that_they_need(time: Time, whole: Part) -> None:
    """The forking, the runs and the reading of *restart* are *restart*."""
    with running() as now:
        with spent_on(whole):
            with spent_on(Part.FORKING):
                time.passes(1)
            with spent_on(Part.RERUNS):
                time.passes(2)
                ran(1.0)
        with spent_on(Part.FORKING):
            time.passes(4)
    assert spent(now) == {whole: (3, 0), Part.FORKING: (4, 0)}


def test_a_wait_for_a_run_is_the_run_and_the_reading_after_it(time: Time) -> None:
    """The process that ran the cell says how long that took by itself."""
    with running() as now, spent_on(Part.RERUNS):
        time.passes(5)
        ran(3.0)
    assert spent(now) == {Part.RERUNS: (3, 0), Part.READING: (2, 0)}


@pytest.mark.parametrize(
    ("seconds", "ahead", "expected"),
    [
        (8.0, 5.0, {Part.WAITING: (3, 0), Part.READING: (1, 0), Part.RERUNS: (0, 5)}),
        (2.0, 5.0, {Part.READING: (4, 0), Part.RERUNS: (0, 2)}),
    ],
    ids=["still running", "over by then"],
)
def test_what_ran_beside_is_kept_apart(
    time: Time, seconds: float, ahead: float, expected: dict[Part, tuple[float, float]]
) -> None:
    """It is no part of the sum; only what was left of the run has to be waited for."""
    with running() as now:
        with spent_on(Part.WAITING):
            time.passes(4)
            ran(seconds, ahead)
        assert spent(now) == expected
        assert sum(each.seconds for each in now.spent()) == 4


def test_a_part_ends_with_an_exception(time: Time) -> None:
    """Ctrl-C, for instance."""
    with running() as now:
        with pytest.raises(KeyboardInterrupt):
            _interrupted(time)
        time.passes(2)
    assert spent(now) == {Part.MAIN_RUN: (1, 0), Part.NBRERUN: (2, 0)}


def test_every_part_is_there(time: Time) -> None:
    """Also those that took no time."""
    assert Clock().spent() == tuple(Spent(part, 0.0) for part in Part)


def test_without_a_clock_nothing_is_counted(time: Time) -> None:
    """An engine can be used without one, and another thread has none: its time is not this one's."""
    with spent_on(Part.READING):
        ran(1.0)
    with running() as now:
        other = threading.Thread(target=_passes, args=(time,))
        other.start()
        other.join()
    assert spent(now) == {Part.NBRERUN: (1, 0)}


def _interrupted(time: Time) -> None:
    with spent_on(Part.MAIN_RUN):
        time.passes(1)
        raise KeyboardInterrupt


def _passes(time: Time) -> None:
    with spent_on(Part.READING):
        time.passes(1)
        ran(1.0, 1.0)
