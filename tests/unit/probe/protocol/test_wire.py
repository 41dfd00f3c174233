"""Messages over a socket: whole or not at all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbrerun.probe.protocol.wire import Closed, Wire, connect


@pytest.fixture
def wires() -> Iterator[tuple[Wire, Wire]]:
    """Both ends of a connection."""
    one, other = (Wire(sock) for sock in socket.socketpair())
    yield one, other
    one.close()
    other.close()


MESSAGES: list[dict[str, Any]] = [
    {},
    {"op": "run", "sources": ["x = 'ä'", "\udc80"], "pins": []},
    {"bytes": b"\x00\xff" * 100, "numbers": [1, -1, 2**70, 0.1, float("inf")], "none": None, "flag": True},
    {"nested": {"a": [{"b": (1, 2)}]}},
]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_arrives_as_it_was_sent(message: dict[str, Any], wires: tuple[Wire, Wire]) -> None:
    """Builtin values of every kind, both ways."""
    for sender, receiver in (wires, wires[::-1]):
        sender.send(message)
        assert receiver.receive() == message


def test_messages_keep_their_order_and_their_borders(wires: tuple[Wire, Wire]) -> None:
    """Several may be under way."""
    for number in range(10):
        wires[0].send({"number": number})
    assert [wires[1].receive()["number"] for _ in range(10)] == list(range(10))


def test_a_message_may_be_large(wires: tuple[Wire, Wire]) -> None:
    """Larger than any buffer of the system."""
    data = bytes(range(256)) * (1 << 15)
    sender = threading.Thread(target=wires[0].send, args=({"data": data},))
    sender.start()
    assert wires[1].receive()["data"] == data
    sender.join()


def test_equal_messages_are_equal_bytes(wires: tuple[Wire, Wire]) -> None:
    """However often their parts are referred to."""
    shared = ["a"]
    wires[0].send({"a": shared, "b": shared})
    wires[0].send({"a": ["a"], "b": ["a"]})
    assert wires[1].receive() == wires[1].receive()


def test_a_hang_up_is_noticed_when_waiting(wires: tuple[Wire, Wire]) -> None:
    """By a word of its own, after all that was sent before."""
    wires[0].send({"last": 1})
    wires[0].close()
    assert wires[1].receive() == {"last": 1}
    with pytest.raises(Closed):
        wires[1].receive()


def test_a_hang_up_in_the_middle_of_a_message_is_noticed(wires: tuple[Wire, Wire]) -> None:
    """Half a message is none."""
    wires[0].sock.sendall(b"\x00\x00\x00\x00\x00\x00\x00\x09half")
    wires[0].close()
    with pytest.raises(Closed):
        wires[1].receive()


def test_a_hang_up_is_noticed_when_sending(wires: tuple[Wire, Wire]) -> None:
    """Nobody is listening any more."""
    wires[1].close()
    with pytest.raises(Closed):
        wires[0].send({"data": b"x" * 1_000_000})


def test_silence_is_told_from_a_hang_up(wires: tuple[Wire, Wire]) -> None:
    """After the time that was allowed; the connection is as good as before."""
    with pytest.raises(TimeoutError):
        wires[1].receive(timeout=0.01)
    wires[0].send({"late": True})
    assert wires[1].receive(timeout=5) == {"late": True}
    assert wires[1].sock.gettimeout() is None


def test_an_answer_that_cannot_be_sent_says_so(wires: tuple[Wire, Wire]) -> None:
    """Whoever waits for it gets an answer all the same."""
    wires[0].send({"value": object()})
    assert wires[1].receive()["failed"].startswith("the answer cannot be sent")


def test_one_connects_by_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To whoever listens there."""
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind("s")
        listener.listen(1)
        near = connect("s")
        far = Wire(listener.accept()[0])
    near.send({"hello": 1})
    assert far.receive() == {"hello": 1}
    near.close()
    far.close()
