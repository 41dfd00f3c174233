"""Machines with limits, without folders, full, or of another user: a check works there, or says why it does not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.functional.test_bad_input import write
from tests.functional.test_sandbox import KINDS

pytestmark = pytest.mark.cold_kernel  # the machine is another one from the start

_BEGIN = """
import ctypes, os, resource, sys
from nbrerun.probe.sandbox import syscalls
folder = sys.argv[1]

def become_another_user():
    assert ctypes.CDLL(None).unshare(syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNS) == 0
    for name, text in (("setgroups", "deny"), ("uid_map", f"1000 {uid} 1"), ("gid_map", f"1000 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)

def have_a_disk_of(size):
    syscalls.unshare_mounts()
    os.mkdir(folder + "/disk")
    syscalls.mount("tmpfs", folder + "/disk", "tmpfs", 0, f"size={size}")
    os.environ["TMPDIR"] = folder + "/disk"

uid, gid = os.geteuid(), os.getegid()
"""
_END = """
os.execv(sys.executable, [sys.executable, "-m", "nbrerun", "check", "--no-cache", "--format", "json", *sys.argv[2:]])
"""

WORKS = {
    "no home directory": "os.environ['HOME'] = '/nowhere'",
    "a home directory that cannot be written": "os.environ['HOME'] = '/proc/sys'",
    "a TMPDIR of 200 characters": "os.environ['TMPDIR'] = folder + '/' + 'x' * 100 + '/' + 'y' * 100\n"
    "os.makedirs(os.environ['TMPDIR'])",
}
WORKS_IN_NAMESPACES = {
    "another user": "become_another_user()",
    "no namespaces of users": "become_another_user()\n"
    "with open('/proc/sys/user/max_user_namespaces', 'w') as file:\n    file.write('0')",
    "no /dev/shm": """
syscalls.unshare_mounts()
kept = {name: os.open("/dev/" + name, os.O_PATH) for name in ("null", "zero", "random", "urandom")}
syscalls.mount("tmpfs", "/dev", "tmpfs")
for name, descriptor in kept.items():
    open("/dev/" + name, "w").close()
    syscalls.mount(f"/proc/self/fd/{descriptor}", "/dev/" + name, None, syscalls.MS_BIND)
    os.close(descriptor)
os.symlink("/proc/self/fd", "/dev/fd")
""",
    "a disk for temporary files with hardly any room": "have_a_disk_of('64k')",
}
if "overlay" in KINDS:
    WORKS.update(WORKS_IN_NAMESPACES)


def _check(machine: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    path = write(folder, "import os\nx = []", "x.append(1)\nopen('f', 'a').write('x')", "y = 2")
    # With a short name: other places are taken for sockets where a name is long.
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="m") as around:
        command = [sys.executable, "-c", _BEGIN + machine + _END, around, *options, str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("machine", WORKS)
def test_a_check_works_there(machine: str, tmp_path: Path) -> None:
    """Verdicts are as anywhere else, and nothing is left."""
    done = _check(WORKS[machine], tmp_path)
    assert "Traceback" not in done.stderr
    (report,) = json.loads(done.stdout)["notebooks"]
    assert [cell["verdict"] for cell in report["cells"]] == ["reset", "in-place", "reset"], report
    assert [path.name for path in tmp_path.iterdir()] == ["nb.ipynb"]


SENTENCES = {
    "64 files may be open": (
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
        (),
        "Too many open files.*a process may have 64 open here",
    ),
}
if "overlay" in KINDS:
    SENTENCES["a full disk, and no overlay"] = (
        "have_a_disk_of('4k')",
        ("--sandbox", "copy"),
        "the notebook's files cannot be kept safe: asked for; this system allows no copy: No space left on device",
    )
    SENTENCES["a disk that is full soon, and no overlay"] = (
        "have_a_disk_of('64k')",
        ("--sandbox", "copy"),
        "No space left on device",  # at the start already where the paths are long
    )


@pytest.mark.parametrize("machine", SENTENCES)
def test_a_check_says_why_it_does_not(machine: str, tmp_path: Path) -> None:
    """In a sentence that names what is missing, and without a traceback of nbrerun's own."""
    prepare, options, sentence = SENTENCES[machine]
    done = _check(prepare, tmp_path, *options)
    (report,) = json.loads(done.stdout)["notebooks"]
    failure = report["failure"] or {}
    said = [report["problem"] or "", failure.get("evalue", ""), *(cell["reason"] for cell in report["cells"])]
    assert any(re.search(sentence, text) for text in said), said
    assert "Traceback" not in done.stderr + "".join(said)
    assert [path.name for path in tmp_path.iterdir()] == ["nb.ipynb"]
