"""What a cell is seen to open, in a process of its own: an audit hook cannot be taken away again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from nbrerun.probe.files.opened import FileLog
from tests.unit.making import opened

BEFORE = """
import json, os, pathlib, sqlite3, subprocess, sys

from nbrerun.probe.files.opened import FileLog
from nbrerun.probe.sandbox.undo import Refused

log = FileLog()
here = os.getcwdb()

def sh(command):
    subprocess.run(command, shell=True, check=True, stdout=subprocess.PIPE)

def seen():
    names = {os.path.relpath(path, here).decode(): how for path, how in log.opened().items()}
    return {name: how for name, how in names.items() if name != "."}

def tell(**found):
    with log.unheard():
        print(json.dumps({**found, "seen": seen()}))

log.install([here])
log.begin([here])
"""


def run(folder: Path, code: str, before: str = "") -> Any:
    """Run code in a folder with the files `a` and `b`, and a folder `d` with the file `c`; what it tells.

    Args:
        before: is run before anybody listens.
    """
    place = folder / "here"
    (place / "d").mkdir(parents=True)
    for name in ("a", "b", "d/c", "../outside"):
        (place / name).write_text("123")
    source = "\n".join([dedent(before), BEFORE, dedent(code), "tell()" if "tell(" not in code else ""])
    root = Path(__file__).parents[4]
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{source}"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


FIRST = "written written_first"

CELLS: dict[str, tuple[str, dict[str, str]]] = {
    # modes of open
    "read": ("open('a').read()", {"a": "read"}),
    "opened, not read": ("open('a').close()", {"a": "read"}),
    "write": ("open('a', 'w').write('x')", {"a": FIRST}),
    "a new file": ("open('n', 'w').write('x')", {"n": FIRST}),
    "exclusively": ("open('n', 'x').write('x')", {"n": FIRST}),
    "append": ("open('a', 'a').write('x')", {"a": "written kept"}),
    "append to a new file": ("open('n', 'a').write('x')", {"n": "written kept"}),
    "change": ("open('a', 'r+').write('x')", {"a": "read written kept"}),
    "append and read": ("open('a', 'a+').write('x')", {"a": "read written kept"}),
    "empty and read": ("open('a', 'w+').read()", {"a": FIRST}),
    "bytes": ("open('a', 'rb').read()", {"a": "read"}),
    "write, then read": ("open('a', 'w').write('x')\nopen('a').read()", {"a": f"read {FIRST}"}),
    "write, then append": ("open('a', 'w').write('x')\nopen('a', 'a').write('y')", {"a": FIRST}),
    "read, then write": ("open('a').read()\nopen('a', 'w').write('x')", {"a": "read written"}),
    "read, then append": ("open('a').read()\nopen('a', 'a').write('x')", {"a": "read written kept"}),
    "a file that is not there": ("try: open('n')\nexcept OSError: pass", {"n": "read"}),
    # flags of os.open
    "os: read": ("os.open('a', os.O_RDONLY)", {"a": "read"}),
    "os: write": ("os.open('a', os.O_WRONLY)", {"a": "written kept"}),
    "os: write or create": ("os.open('a', os.O_WRONLY | os.O_CREAT)", {"a": "written kept"}),
    "os: empty": ("os.open('a', os.O_WRONLY | os.O_TRUNC)", {"a": FIRST}),
    "os: create": ("os.open('n', os.O_RDWR | os.O_CREAT | os.O_EXCL)", {"n": FIRST}),
    "os: change": ("os.open('a', os.O_RDWR)", {"a": "read written kept"}),
    "a descriptor": ("open(os.open('a', os.O_RDONLY)).read()", {"a": "read"}),
    # names
    "by its whole path": ("open(os.path.abspath('a')).read()", {"a": "read"}),
    "in a folder": ("open('d/c').read()", {"d/c": "read"}),
    "there and back": ("open('d/../a').read()", {"a": "read"}),
    "from another folder": ("os.chdir('d')\nopen('c').read()", {"d/c": "read"}),
    "a path": ("pathlib.Path('a').read_text()", {"a": "read"}),
    "a name of bytes": ("open(b'a').read()", {"a": "read"}),
    "two files": ("open('a').read()\nopen('b', 'w').close()", {"a": "read", "b": FIRST}),
    "outside": ("open('../outside').read()\nopen('../n', 'w').close()", {}),
    "a folder whose name begins alike": ("os.mkdir('../here2')\nopen('../here2/n', 'w').close()", {}),
    # without opening
    "rename": ("os.rename('a', 'n')", {"a": "read written kept", "n": FIRST}),
    "replace": ("os.replace('a', 'b')", {"a": "read written kept", "b": FIRST}),
    "remove": ("os.remove('a')", {"a": FIRST}),
    "truncate": ("os.truncate('a', 1)", {"a": "written kept"}),
    "symlink": ("os.symlink('a', 'n')", {"n": FIRST}),
    "link": ("os.link('a', 'n')", {"n": FIRST}),
    "write and rename": ("open('t', 'w').close()\nos.replace('t', 'a')", {"t": f"read {FIRST}", "a": FIRST}),
    # what raises no event
    "a database": ("sqlite3.connect('n.db').close()", {"n.db": "read kept"}),
    "a database that is written": (
        "with sqlite3.connect('n.db') as c: c.execute('create table t (a)')",
        {"n.db": "read written kept"},
    ),
    "cat": ("sh('cat a')", {"a": "read"}),
    "a shell that opens to change, and reads": ("sh('cat <> a')", {"a": "read"}),
    "a shell that writes": ("sh('echo > a')", {"a": FIRST}),
    "a shell that reads, then writes": ("sh('cat a; echo > a')", {"a": "read written"}),
    "a shell that writes, then reads": ("sh('echo > a; cat a')", {"a": f"read {FIRST}"}),
    "a shell that writes, and a read": ("sh('echo > a')\nopen('a').read()", {"a": f"read {FIRST}"}),
    "a read, and a shell that writes": ("open('a').read()\nsh('echo > a; cat a')", {"a": "read written"}),
    "a shell elsewhere": ("sh('cat ../outside d/c')", {}),
}


@pytest.mark.parametrize("case", CELLS)
def test_what_is_opened_is_seen(case: str, tmp_path: Path) -> None:
    """Read, written, written before it was read, and whether what was there went into what is there now."""
    code, expected = CELLS[case]
    found = run(tmp_path, code)["seen"]
    journals = {name for name in found if name.endswith("-journal")}
    assert {name: how for name, how in found.items() if name not in journals} == {
        name: opened(how, exists=False) for name, how in expected.items()
    }


def test_each_cell_begins_anew(tmp_path: Path) -> None:
    """Neither what was opened before counts, nor what the system has to tell of it."""
    code = """
    open('a', 'w').close()
    sh('cat b')
    before = seen()
    sh('cat b')
    log.begin([here])
    between = seen()
    open('a').close()
    tell(before=before, between=between)
    """
    found = run(tmp_path, code)
    assert [sorted(found[when]) for when in ("before", "between", "seen")] == [["a", "b"], [], ["a"]]
    assert found["seen"]["a"] == opened("read", exists=False)


def test_other_folders_can_be_watched_from_one_cell_to_the_next(tmp_path: Path) -> None:
    """What a subprocess reads is seen there from then on, and no longer where it was."""
    code = """
    log.begin([here + b'/d'])
    sh('cat a d/c')
    tell()
    """
    assert list(run(tmp_path, code)["seen"]) == ["d/c"]


def test_a_fork_watches_for_itself(tmp_path: Path) -> None:
    """What its parent reads is not its own, nor does it take its parent's news away."""
    code = """
    sh('cat a')
    told, tell_it = os.pipe()
    pid = os.fork()
    if pid == 0:
        mine = seen()
        log.begin([here])
        sh('cat b')
        os.write(tell_it, json.dumps([mine, seen()]).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    tell(fork=json.loads(os.read(told, 10_000)))
    """
    found = run(tmp_path, code)
    assert [sorted(found["fork"][0]), sorted(found["fork"][1])] == [[], ["b"]]
    assert sorted(found["seen"]) == ["a", "b"]


def test_what_the_probe_does_is_not_the_notebooks(tmp_path: Path) -> None:
    """Unheard is unheard, except while a cell runs; whatever is raised in there."""
    code = """
    with log.unheard():
        open('n1', 'w').close()
        with log.heard():
            open('n2', 'w').close()
        open('n3', 'w').close()
        with log.unheard():
            pass
        open('n4', 'w').close()
    try:
        with log.unheard():
            raise KeyError
    except KeyError:
        open('n5', 'w').close()
    """
    assert sorted(run(tmp_path, code)["seen"]) == ["n2", "n5"]


def test_what_is_read_meanwhile_is_not_seen(tmp_path: Path) -> None:
    """The system tells of every reader; what was read before is kept, what comes after is seen."""
    code = """
    sh('cat a')
    with log.unwatched():
        sh('cat b')
    between = seen()
    sh('cat b')
    log.skip()
    skipped = seen()
    sh('cat b')
    tell(between=between, skipped=skipped)
    """
    found = run(tmp_path, code)
    assert [sorted(found[when]) for when in ("between", "skipped", "seen")] == [["a"], ["a"], ["a", "b"]]


def test_when_a_file_was_first_read(tmp_path: Path) -> None:
    """As the cell counts; of what subprocesses read, since when it can have been is known."""
    code = """
    log.begin([here, here + b'/d'])
    at = 1
    log.position = lambda: at
    open('b').close()
    at = 2
    sh('cat d/c')
    at = 3
    open('a').close()
    at = 4
    open('b').close()
    """
    found = run(tmp_path, code)["seen"]
    assert {name: how["at"] for name, how in found.items()} == {"b": 1, "d/c": 2, "a": 3}


def test_whoever_announces_is_told_first_and_may_refuse(tmp_path: Path) -> None:
    """The call raises what it was refused with, nothing has happened, and nothing was opened."""
    code = """
    told = []
    def announce(accesses):
        [access] = accesses
        name = os.path.basename(access.path).decode()
        told.append([access.use.name, name, os.path.exists('n')])
        if name != 'n':
            raise Refused(1, 'no', 'a')
    log.announce = announce
    open('n', 'w').close()
    try:
        open('a', 'w')
    except OSError as error:
        raised = str(error)
    log.announce = lambda *_: None
    tell(told=told, raised=raised, kept=os.path.getsize('a'))
    """
    found = run(tmp_path, code)
    assert found["told"] == [["OPEN", "n", False], ["OPEN", "a", True]]
    assert (found["raised"], found["kept"]) == ("[Errno 1] no: 'a'", 3)
    assert list(found["seen"]) == ["n"]


def test_what_goes_wrong_in_here_does_not_reach_the_notebook(tmp_path: Path) -> None:
    """A cell that opens a file never sees an error of ours; the next one is noted again."""
    code = """
    def fail(accesses):
        raise KeyError
    log.announce = fail
    text = open('a').read()
    log.announce = lambda accesses: None
    open('b').close()
    tell(text=text)
    """
    found = run(tmp_path, code)
    assert found["text"] == "123"
    assert "b" in found["seen"]


def test_a_folder_that_is_renamed_is_told_before(tmp_path: Path) -> None:
    """Not files, and not links to folders."""
    code = """
    renamed = []
    log.before_rename = lambda path: renamed.append([os.path.relpath(path, here).decode(), os.path.isdir(path)])
    os.rename('a', 'n')
    os.symlink('d', 'l')
    os.rename('l', 'l2')
    os.rename('d', 'd2')
    tell(renamed=renamed)
    """
    assert run(tmp_path, code)["renamed"] == [["d", True]]


def test_a_system_without_watches_still_hears(tmp_path: Path) -> None:
    """Where there is no inotify (macOS), Python's own events are all there is."""
    before = """
    import ctypes
    class Without:
        def __init__(self, *_, **__): pass
    ctypes.CDLL = Without
    """
    found = run(tmp_path, "open('a').close()\nsh('cat b')", before)["seen"]
    assert found == {"a": opened("read", exists=False)}


def test_a_file_that_was_looked_for_in_vain_is_an_input() -> None:
    """Of the cell; what the probe looks for itself is none."""
    log = FileLog()
    with log.unheard():
        log.hear_in_vain(b"/home/own.pkl")
        with log.heard():
            log.hear_in_vain(b"/home/m.pkl")
            log.hear_in_vain(None)
    assert log.inputs.seen(os.fsdecode)["files"] == ["/home/m.pkl"]
