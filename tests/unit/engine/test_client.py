"""Typed calls to a process: what is sent, and what comes of it where no answer does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from nbrerun.engine import liveness
from nbrerun.engine.client import Client
from nbrerun.engine.interface import Undone
from nbrerun.engine.liveness import ProbeFailure, Waiting
from nbrerun.probe.protocol.wire import Closed, Wire


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection."""
    one, other = socket.socketpair()
    yield one, other
    one.close()
    other.close()


@pytest.fixture
def sleeper() -> Iterator[int]:
    """A process that computes nothing."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process.pid
    process.kill()
    process.wait()


def test_a_call_is_one_request_and_its_answer(ends: tuple[socket.socket, socket.socket]) -> None:
    """The operation's name goes with the request; whoever has to be woken is woken first."""
    client, far, rung = Client(Wire(ends[0]), os.getpid(), lambda: rung.append(True)), Wire(ends[1]), []
    far.send({"names": ["x"]})
    assert client.touchable("x = 1") == ["x"]
    assert far.receive() == {"op": "touchable", "sources": ["x = 1"]}
    assert (rung, client.is_busy) == ([True], False)


def test_a_variable_may_be_called_failed(ends: tuple[socket.socket, socket.socket]) -> None:
    """An answer by name is no failure."""
    client, far = Client(Wire(ends[0]), os.getpid()), Wire(ends[1])
    far.send({"parts": {"failed": {}}})
    assert client.take_apart(["failed"]) == {"failed": {}}


def test_a_failure_of_the_probe_is_told_and_the_process_can_be_asked_again(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    """With what it raised."""
    client, far = Client(Wire(ends[0]), os.getpid()), Wire(ends[1])
    far.send({"failed": "KeyError: 'x'", "traceback": ["line 1"]})
    with pytest.raises(ProbeFailure, match="KeyError: 'x'"):
        client.touchable("x")
    assert not client.is_busy


def test_a_process_that_nobody_waits_for_any_longer_is_not_asked(ends: tuple[socket.socket, socket.socket]) -> None:
    """Its answer would be taken for that to the next question."""
    client = Client(Wire(ends[0]), os.getpid())
    client.begin_to_follow([], [])
    with pytest.raises(Closed, match="still at what it was asked before"):
        client.touchable("x")


def test_a_run_that_does_not_compute_is_stopped(ends: tuple[socket.socket, socket.socket], sleeper: int) -> None:
    """And a fork may be stuck where the kernel itself would not be."""
    client = Client(Wire(ends[0]), sleeper)
    client.begin_to_run(["x = 1"])
    found = client.ran(Waiting(None, 0.5, forked=True))
    assert isinstance(found, Undone)
    assert "did nothing" in found.reason
    assert found.replay_may_answer
    assert client.is_busy


def test_every_other_wait_has_an_end_as_well(
    ends: tuple[socket.socket, socket.socket], sleeper: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a process that neither computes nor answers nothing is expected any more; nor of one that is gone."""
    monkeypatch.setattr(liveness, "PATIENCE", 0.5)
    with pytest.raises(Closed, match="did nothing"):
        Client(Wire(ends[0]), sleeper).touchable("x")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with pytest.raises(Closed, match="died"):
        Client(Wire(ends[0]), gone.pid).touchable("x")


def test_half_a_message_is_not_waited_for(ends: tuple[socket.socket, socket.socket]) -> None:
    """Whoever begins a message goes on with it."""
    ends[1].sendall(b"\x00\x00\x00\x00\x00\x00\x00\x09half")
    began = time.monotonic()
    with pytest.raises(Closed, match="in the middle"):
        Wire(ends[0], patience=0.2).receive(5.0)
    assert time.monotonic() - began < 5.0


def test_an_answer_has_the_time_of_a_cell(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that computes for ever gives none."""
    monkeypatch.setattr(liveness, "_SHORTEST", 0.1)
    monkeypatch.setattr(liveness, "_TICK", 0.05)
    client = Client(Wire(ends[0]), os.getpid(), timeout=lambda: 0.2)
    with pytest.raises(Closed, match=r"stopped at its time limit of 0\.2 s"):
        client.touchable("x")


def test_a_loop_that_only_sleeps_is_stuck(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wakes up now and then, which takes processor time, too."""
    seconds = iter(range(1, 10_000))
    monkeypatch.setattr(liveness, "_TICK", 0.05)
    monkeypatch.setattr(liveness, "_cpu_seconds", lambda pid: next(seconds) * 0.0004)
    waiting = Waiting(None, 1.0, forked=False)
    found = waiting.answer(Wire(ends[0]), os.getpid())
    assert isinstance(found, Undone)
    assert "did nothing" in found.reason
