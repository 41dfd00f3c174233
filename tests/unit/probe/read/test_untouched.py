"""Memory that nobody has written to is not read again, and whatever was written to is."""

from __future__ import annotations

import marshal
import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbrerun.probe.process.forking import fork
from nbrerun.probe.protocol.messages import KnownBuffer
from nbrerun.probe.read import untouched

SIZE = 3 << 20

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What is remembered belongs to one test."""
    yield
    untouched.recall([])


class Moment:
    """A fork that has read some buffers and waits, as a branch of the kernel does."""

    def __init__(self, *buffers: Any) -> None:
        ready, told = os.pipe()
        self._until, release = os.pipe()
        self.pid = fork()
        if self.pid == 0:
            os.close(release)
            untouched.begin_fork()
            digests = [untouched.digest_of_buffer(buffer) for buffer in buffers]
            os.write(told, marshal.dumps((digests, untouched.arrived())))
            os.read(self._until, 1)
            os._exit(0)
        os.close(told)
        self._release = release
        self.digests, found = marshal.loads(os.read(ready, 1 << 16))
        self.found: list[KnownBuffer] = found
        os.close(ready)

    def end(self) -> None:
        """End the fork."""
        os.close(self._release)
        os.close(self._until)
        os.waitpid(self.pid, 0)


def digest_of_a_copy(buffer: Any) -> bytes:
    """The digest that other memory with the same bytes has."""
    return untouched.digest_of_buffer(bytes(buffer))


def hashes(monkeypatch: pytest.MonkeyPatch, buffer: Any) -> tuple[bytes, int]:
    """The digest of a buffer, and how many times it was read for that."""
    done: list[int] = []
    real = untouched._hashed

    def counted(content: Any) -> bytes:
        done.append(len(content) > SIZE // 2)
        return real(content)

    with monkeypatch.context() as patch:
        patch.setattr(untouched, "_hashed", counted)
        return untouched.digest_of_buffer(buffer), sum(done)


def test_what_nobody_has_written_to_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the next fork, nor a second time in the same one."""
    buffer = np.arange(SIZE, dtype=np.uint8)
    moment = Moment(buffer)
    untouched.recall(moment.found)
    later = fork()
    if later == 0:
        untouched.begin_fork()
        found = [hashes(monkeypatch, buffer) for _ in range(2)]
        os._exit(0 if found == [(moment.digests[0], 0)] * 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(later, 0)[1]) == 0
    moment.end()


@given(at=st.integers(0, SIZE - 1), bit=st.integers(0, 7))
@settings(max_examples=25, deadline=None)
def test_a_single_bit_that_was_written_is_seen(at: int, bit: int) -> None:
    """Wherever it lies: in an array, or in one whose memory was never there before."""
    for make in (lambda: np.arange(SIZE, dtype=np.uint8), lambda: np.zeros(SIZE, dtype=np.uint8)):
        buffer = make()
        moment = Moment(buffer)
        buffer[at] ^= 1 << bit
        untouched.recall(moment.found)
        assert untouched.digest_of_buffer(buffer) == digest_of_a_copy(buffer) != moment.digests[0]
        moment.end()


def through_a_view(buffer: Any) -> None:
    """Write through another object that has the same memory."""
    buffer[::2][7] += 1


def by_another_library(buffer: Any) -> None:
    """Write without Python's knowledge."""
    address = buffer.__array_interface__["data"][0]
    untouched.ctypes.memset(address + 12345, 77, 3)


def the_same_value(buffer: Any) -> None:
    """Write what is there already."""
    buffer[5] = buffer[5]


@pytest.mark.parametrize("write", [through_a_view, by_another_library, the_same_value])
def test_however_it_is_written(write: Callable[[Any], None]) -> None:
    """The digest is that of the bytes that are there."""
    buffer = np.arange(SIZE, dtype=np.uint8)
    moment = Moment(buffer)
    write(buffer)
    untouched.recall(moment.found)
    assert untouched.digest_of_buffer(buffer) == digest_of_a_copy(buffer)
    moment.end()


def anonymous(folder: Path) -> Any:
    """Memory that is shared with forks."""
    return mmap.mmap(-1, SIZE)


def of_a_file(folder: Path) -> Any:
    """A file in memory."""
    return np.memmap(folder / "file", dtype=np.uint8, mode="w+", shape=SIZE)


@pytest.mark.parametrize("make", [anonymous, of_a_file])
def test_shared_memory_is_always_read(make: Callable[[Path], Any], tmp_path: Path) -> None:
    """Another process may have written to it."""
    buffer = make(tmp_path)
    moment = Moment(buffer)
    assert moment.found == []
    memoryview(buffer).cast("B")[99] = 1
    untouched.recall(moment.found)
    assert untouched.digest_of_buffer(buffer) != moment.digests[0]
    moment.end()


def test_a_fork_of_the_notebook_s_own_shares_what_was_written_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the page map tells nothing, and everything is read."""
    untouched.watch_forks()
    buffer = np.arange(SIZE, dtype=np.uint8)
    moment = Moment(buffer)
    buffer[3] += 1
    until, release = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.close(release)
        os.read(until, 1)
        os._exit(0)
    untouched.recall(moment.found)
    assert untouched.digest_of_buffer(buffer) == digest_of_a_copy(buffer)
    os.close(release)
    os.close(until)
    os.waitpid(worker, 0)
    moment.end()


def test_without_a_page_map_everything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS, or where the system's map does not tell whose a page is."""
    monkeypatch.setattr(untouched, "_works", False)
    buffer = np.arange(SIZE, dtype=np.uint8)
    assert [hashes(monkeypatch, buffer)[1] for _ in range(2)] == [1, 1]
    assert untouched.arrived() == []
