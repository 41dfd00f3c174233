"""What a fork has open, made its own: what it reads and writes there, its parent does not notice."""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbrerun.probe.sandbox import handles
from nbrerun.probe.sandbox.handles import remap_files, reopen_files, writable_mappings
from nbrerun.probe.sandbox.syscalls import MS_BIND, mount, unshare_mounts


def in_fork(act: Callable[[], Any]) -> Any:
    """What a function returns in a forked process, which ends with it."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            os.write(tell, pickle.dumps(_outcome(act)))
        os._exit(0)
    os.close(tell)
    with open(told, "rb") as pipe:
        result, failed = pickle.loads(pipe.read())
    os.waitpid(pid, 0)
    assert not failed, failed
    return result


def _outcome(act: Callable[[], Any]) -> tuple[Any, str]:
    try:
        return act(), ""
    except BaseException:  # noqa: BLE001  the test that waits for it tells
        return None, traceback.format_exc()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of ten bytes."""
    path = tmp_path / "a file\nof two lines"
    path.write_bytes(b"0123456789")
    return path


@contextlib.contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """A descriptor for a while."""
    descriptor = os.open(path, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def offset(descriptor: int) -> int:
    """Where a descriptor is in its file."""
    return os.lseek(descriptor, 0, os.SEEK_CUR)


def test_a_fork_reads_on_from_where_its_parent_was(path: Path) -> None:
    """And its parent from there as well."""
    with opened(path, os.O_RDONLY) as descriptor:
        assert os.read(descriptor, 2) == b"01"

        def read() -> bytes:
            reopen_files()
            return os.read(descriptor, 3)

        assert in_fork(read) == b"234"
        assert in_fork(read) == b"234"
        assert os.read(descriptor, 3) == b"234"


@pytest.mark.parametrize("flags", [os.O_WRONLY, os.O_RDWR, os.O_RDWR | os.O_CREAT | os.O_TRUNC])
def test_a_fork_writes_on_from_where_its_parent_was(path: Path, flags: int) -> None:
    """A file is not emptied once more because it was emptied as it was opened."""
    with opened(path, flags) as descriptor:
        os.write(descriptor, b"abcd")

        def write() -> None:
            reopen_files()
            os.write(descriptor, b"XY")

        in_fork(write)
        assert offset(descriptor) == 4
    assert path.read_bytes()[:6] == b"abcdXY"


def test_a_file_made_exclusively_is_opened_again(tmp_path: Path) -> None:
    """It is there by now."""
    path = tmp_path / "new"
    with opened(path, os.O_RDWR | os.O_CREAT | os.O_EXCL) as descriptor:

        def write() -> None:
            reopen_files()
            os.write(descriptor, b"12")

        in_fork(write)
        assert (path.read_bytes(), offset(descriptor)) == (b"12", 0)


def test_a_handle_that_appends_goes_on_appending(path: Path) -> None:
    """At the end of the file, wherever that is by then."""
    with opened(path, os.O_WRONLY | os.O_APPEND) as descriptor:

        def write() -> int:
            reopen_files()
            path.write_bytes(b"longer than before")
            os.write(descriptor, b"!")
            return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND

        assert in_fork(write)
        assert offset(descriptor) == 0
    assert path.read_bytes() == b"longer than before!"


@pytest.mark.parametrize("inherited", [True, False])
def test_whether_a_handle_is_inherited_stays_as_it_was(path: Path, inherited: bool) -> None:
    """By programs that the fork starts."""
    with opened(path, os.O_RDONLY) as descriptor:
        os.set_inheritable(descriptor, inherited)

        def look() -> bool:
            reopen_files()
            return os.get_inheritable(descriptor)

        assert in_fork(look) is inherited


def test_file_objects_go_on(path: Path) -> None:
    """What Python has read ahead and not given away yet, the fork still gets, and then the rest."""
    with open(path, "rb", buffering=4) as file:
        assert file.read(1) == b"0"

        def read() -> bytes:
            reopen_files()
            return file.read()

        assert in_fork(read) == b"123456789"
        assert file.read() == b"123456789"


@pytest.mark.parametrize("flags", [os.O_RDWR, os.O_RDONLY])
def test_a_deleted_file_is_read_on(path: Path, flags: int) -> None:
    """Its bytes are there for as long as somebody has it open."""
    with opened(path, flags) as descriptor:
        path.unlink()
        assert os.read(descriptor, 2) == b"01"

        def read() -> tuple[bytes, bytes]:
            reopen_files()
            return os.read(descriptor, 3), os.pread(descriptor, 10, 0)

        assert in_fork(read) == (b"234", b"0123456789")
        assert offset(descriptor) == 2


def test_what_a_fork_writes_to_a_deleted_file_is_its_own(path: Path) -> None:
    """There is no name by which the two could be told apart, so it gets a copy."""
    with opened(path, os.O_RDWR) as descriptor:
        path.unlink()
        os.lseek(descriptor, 4, os.SEEK_SET)

        def write() -> bytes:
            reopen_files()
            os.write(descriptor, b"XY")
            return os.pread(descriptor, 20, 0)

        assert in_fork(write) == b"0123XY6789"
        assert os.pread(descriptor, 20, 0) == b"0123456789"
        assert offset(descriptor) == 4


def test_a_large_deleted_file_is_copied_to_its_end(tmp_path: Path) -> None:
    """In more than one piece."""
    path = tmp_path / "large"
    size = (1 << 24) + 5
    with opened(path, os.O_RDWR | os.O_CREAT) as descriptor:
        os.truncate(path, size)
        os.pwrite(descriptor, b"end", size - 3)
        path.unlink()

        def read() -> tuple[int, bytes]:
            reopen_files()
            return os.fstat(descriptor).st_size, os.pread(descriptor, 10, size - 3)

        assert in_fork(read) == (size, b"end")


def test_a_file_that_has_its_name_back_is_that_file(path: Path) -> None:
    """The system goes on calling the handle's file deleted."""
    kept = path.with_name("kept")
    with opened(path, os.O_RDWR) as descriptor:
        os.link(path, kept)
        path.unlink()
        os.link(kept, path)
        assert os.readlink(f"/proc/self/fd/{descriptor}").endswith(" (deleted)")

        def write() -> None:
            reopen_files()
            os.write(descriptor, b"XY")

        in_fork(write)
        assert offset(descriptor) == 0
    assert path.read_bytes() == b"XY23456789"


def test_a_deleted_file_whose_name_another_has_got_is_not_that(path: Path) -> None:
    """The handle goes on with the bytes of its own."""
    with opened(path, os.O_RDWR) as descriptor:
        path.unlink()
        path.write_bytes(b"another")

        def write() -> bytes:
            reopen_files()
            os.write(descriptor, b"XY")
            return os.pread(descriptor, 20, 0)

        assert in_fork(write) == b"XY23456789"
    assert path.read_bytes() == b"another"


def test_what_is_no_file_stays_shared() -> None:
    """A pipe is a way to somebody else."""
    told, tell = os.pipe()

    def write() -> None:
        reopen_files()
        os.write(tell, b"hello")

    in_fork(write)
    assert os.read(told, 10) == b"hello"
    os.close(told)
    os.close(tell)


def _allows_mounts() -> bool:
    """Whether this system lets a process have mounts of its own: asked in a child."""
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(OSError, AttributeError):
            unshare_mounts()
            os._exit(0)
        os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


@contextlib.contextmanager
def _mounted(path: Path, other: Path) -> Iterator[None]:
    """In a fork: another file under a path, as an overlay shows it."""
    unshare_mounts()
    mount(str(other), str(path), None, MS_BIND)
    yield


@contextlib.contextmanager
def _told(path: Path, other: Path) -> Iterator[None]:
    """The same, where this system allows no mounts: whoever asks for the path of a file is told of the other."""
    name, mappings = handles._name, handles._shared_mappings
    names = {os.fsencode(path): os.fsencode(other)}
    with pytest.MonkeyPatch.context() as context:
        context.setattr(handles, "_name", lambda link: names.get(name(link), name(link)))
        renamed = lambda: [found._replace(path=names.get(found.path, found.path)) for found in mappings()]  # noqa: E731
        context.setattr(handles, "_shared_mappings", renamed)
        yield


WAYS = [_mounted, _told] if _allows_mounts() else [_told]
SEEN = pytest.mark.parametrize("sees", WAYS)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another file, as long as the first."""
    path = tmp_path / "other"
    path.write_bytes(b"abcdefghij")
    return path


@SEEN
def test_a_fork_that_sees_another_file_goes_on_in_that(sees: Any, path: Path, other: Path) -> None:
    """At the same place; what it writes does not reach its parent's."""
    with opened(path, os.O_RDWR) as descriptor:
        assert os.read(descriptor, 2) == b"01"

        def go_on() -> bytes:
            with sees(path, other):
                reopen_files()
            read = os.read(descriptor, 2)
            os.write(descriptor, b"XY")
            return read

        assert in_fork(go_on) == b"cd"
        assert offset(descriptor) == 2
    assert (path.read_bytes(), other.read_bytes()) == (b"0123456789", b"abcdXYghij")


@contextlib.contextmanager
def mapped(path: Path, **how: Any) -> Iterator[mmap.mmap]:
    """A file in memory for a while."""
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0, **how) as mapping:
        yield mapping


@SEEN
def test_a_mapping_is_of_the_file_that_the_fork_sees(sees: Any, path: Path, other: Path) -> None:
    """At the same addresses; what it writes there does not reach its parent's."""
    with mapped(path) as mapping:

        def go_on() -> bytes:
            with sees(path, other):
                remap_files()
            read = mapping[:]
            mapping[:2] = b"XY"
            mapping.flush()
            return read

        assert in_fork(go_on) == b"abcdefghij"
        assert mapping[:] == b"0123456789"
    assert (path.read_bytes(), other.read_bytes()) == (b"0123456789", b"XYcdefghij")


@SEEN
def test_a_mapping_of_a_part_is_of_that_part(sees: Any, tmp_path: Path) -> None:
    """It begins where it began in its file."""
    page = mmap.PAGESIZE
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"0" * page + b"1" * page)
    two.write_bytes(b"a" * page + b"b" * page)
    with open(one, "r+b") as file, mmap.mmap(file.fileno(), page, offset=page) as mapping:

        def read() -> bytes:
            with sees(one, two):
                remap_files()
            return mapping[:]

        assert in_fork(read) == b"b" * page


@SEEN
def test_a_mapping_that_may_not_be_written_stays_so(sees: Any, path: Path, other: Path) -> None:
    """It is mapped again for reading, also where the file allows no more."""
    other.chmod(0o444)
    with mapped(path, access=mmap.ACCESS_READ) as mapping:

        def read() -> tuple[bytes, bool]:
            with sees(path, other):
                remap_files()
            lines = Path("/proc/self/maps").read_bytes().replace(rb"\012", b"\n").split(b"\n")
            modes = {line.split()[1] for line in lines if b"a file" in line or line.endswith(b"/other")}
            return mapping[:], b"r--s" in modes

        assert in_fork(read) == (b"abcdefghij", True)


@SEEN
def test_a_private_mapping_is_left_alone(sees: Any, path: Path, other: Path) -> None:
    """What was written there is nobody else's anyway."""
    with mapped(path, access=mmap.ACCESS_COPY) as mapping:
        mapping[:2] = b"XY"

        def read() -> bytes:
            with sees(path, other):
                remap_files()
            return mapping[:]

        assert in_fork(read) == b"XY23456789"


def test_a_mapping_of_a_deleted_file_is_left_alone(path: Path) -> None:
    """There is no other to map, and its bytes are still there."""
    with mapped(path) as mapping:
        path.unlink()

        def read() -> bytes:
            remap_files()
            return mapping[:]

        assert in_fork(read) == b"0123456789"


def test_mappings_that_can_be_written_through_are_told(path: Path, other: Path, tmp_path: Path) -> None:
    """By name; not those that are private, only read, or of a file without a name."""
    read_only, private = tmp_path / "read only", tmp_path / "private"
    for more in (read_only, private):
        more.write_bytes(b"1")
    with mapped(path), mapped(other) as gone, mapped(read_only, access=mmap.ACCESS_READ):
        other.unlink()
        with mapped(private, access=mmap.ACCESS_COPY), mmap.mmap(-1, 10):
            found = [name for name in writable_mappings() if name.startswith(os.fsencode(tmp_path))]
        assert gone[:1] == b"a"
    assert found == [os.fsencode(path)]
    assert not [name for name in writable_mappings() if name.startswith(os.fsencode(tmp_path))]
