"""The channels to the kernel, and the wait for it."""

from __future__ import annotations

import asyncio
import time
from queue import Empty
from typing import Any

import pytest
from jupyter_client.session import Session

from nbrerun.engine import jupyter
from nbrerun.engine.jupyter import PatientClient, _PatientChannel

TICK = 0.02


class Socket:
    """A socket whose first notifications are lost: a message is there only if one looks again."""

    def __init__(self, lost: int, session: Session) -> None:
        self._parts = session.serialize(session.msg("execute_reply"))
        self._lost = lost
        self.looked: list[float] = []
        """How long each look would have waited, in milliseconds."""

    async def poll(self, milliseconds: float) -> bool:
        """Wait; nothing is told while notifications are lost."""
        self.looked.append(milliseconds)
        if len(self.looked) > self._lost:
            return True
        await asyncio.sleep(milliseconds / 1000)
        return False

    async def recv_multipart(self) -> list[bytes]:
        """The message."""
        return self._parts


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look more often than in a check."""
    monkeypatch.setattr(jupyter, "_TICK", TICK)


def channel(lost: int) -> tuple[_PatientChannel, Socket]:
    """A channel over such a socket."""
    socket: Any = Socket(lost, Session(key=b"key"))
    patient = _PatientChannel.__new__(_PatientChannel)  # its `__init__` takes none but zmq's own sockets
    patient.socket, patient.session = socket, Session(key=b"key")
    return patient, socket


@pytest.mark.parametrize("timeout", [None, 10.0])
def test_a_message_is_found_though_the_notification_was_lost(timeout: float | None) -> None:
    """After a few looks, however long one is ready to wait."""
    patient, socket = channel(lost=3)
    message = asyncio.run(asyncio.wait_for(patient.get_msg(timeout), 5))
    assert message["header"]["msg_type"] == "execute_reply"
    assert len(socket.looked) == 4
    assert max(socket.looked) <= 1000 * TICK


def test_the_time_is_kept_where_no_message_comes() -> None:
    """It raises in time, neither sooner nor much later."""
    patient, socket = channel(lost=1000)
    started = time.monotonic()
    with pytest.raises(Empty):
        asyncio.run(asyncio.wait_for(patient.get_msg(3.5 * TICK), 5))
    assert 3.5 * TICK <= time.monotonic() - started < 3
    assert max(socket.looked) <= 1000 * TICK


def test_no_time_at_all_is_one_look() -> None:
    """With a message that is there, and with none."""
    patient, socket = channel(lost=0)
    assert asyncio.run(patient.get_msg(0))["header"]["msg_type"] == "execute_reply"
    patient, socket = channel(lost=1000)
    with pytest.raises(Empty):
        asyncio.run(patient.get_msg(0))
    assert socket.looked == [0]


class Channel:
    """A channel on which there is nothing until it was asked for often enough."""

    def __init__(self, in_vain: int) -> None:
        self.in_vain = in_vain

    async def get_msg(self, timeout: float) -> dict[str, Any]:
        """A message of any kind."""
        if self.in_vain == 0:
            return {}
        self.in_vain -= 1
        raise Empty


class Waiting(PatientClient):
    """A client of a kernel that need not be there."""

    def __init__(self, shell: int, iopub: int, is_alive: bool = True) -> None:
        self.channels = Channel(shell), Channel(iopub)
        self.is_kernel_alive = is_alive
        self.asked = 0

    shell_channel = property(lambda self: self.channels[0])
    iopub_channel = property(lambda self: self.channels[1])

    def kernel_info(self) -> str:
        """Ask."""
        self.asked += 1
        return ""

    async def _async_is_alive(self) -> bool:
        return self.is_kernel_alive


@pytest.mark.parametrize(("shell", "iopub", "asked"), [(0, 0, 1), (2, 0, 3), (0, 2, 3), (1, 1, 3)])
def test_a_kernel_is_ready_when_it_is_heard_on_both_channels(shell: int, iopub: int, asked: int) -> None:
    """What it published before the subscription is lost, so it is asked until something arrives."""
    client = Waiting(shell, iopub)
    asyncio.run(client.wait_for_ready(10.0))
    assert client.asked == asked


@pytest.mark.parametrize(
    ("is_alive", "timeout", "said"), [(False, 10.0, "died before it answered"), (True, 0.0, "did not answer in 0 sec")]
)
def test_a_kernel_that_does_not_come_is_not_waited_for(is_alive: bool, timeout: float, said: str) -> None:
    """It has died, or the time is over."""
    with pytest.raises(RuntimeError, match=said):
        asyncio.run(Waiting(1000, 0, is_alive).wait_for_ready(timeout))
