"""Kernels for the tests: forked by a zygote, unless a test needs one that has really been started."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from jupyter_client.provisioning import KernelProvisionerFactory

from tests.conftest import ASKING, ENVIRON, KERNELS
from tests.live import Live

sys.path.insert(0, str(Path(__file__).parents[1] / "zygote"))

from kernel_zygote import provisioner

# Elsewhere libraries do not survive a fork without exec, and there is no /proc/self/fd.
collect_ignore = [] if sys.platform == "linux" else ["test_zygote.py"]


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[str]:
    """The address of a process that forks kernels; it ends when its standard input does."""
    address = str(tmp_path_factory.mktemp("zygote") / "socket")
    process = provisioner.start(address, ENVIRON)
    yield address
    assert process.stdin is not None
    process.stdin.close()
    process.wait()
    pytestconfig.stash[KERNELS] += provisioner.counted(address)


def as_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what libraries did to the environment when other tests imported them: kernels would have it, too."""
    for name in os.environ.keys() | ENVIRON.keys():
        if name != "NBRERUN_CACHE_DIR" and not name.startswith("PYTEST_"):
            if name not in ENVIRON:
                monkeypatch.delenv(name)
            elif ENVIRON[name] != os.environ.get(name):
                monkeypatch.setenv(name, ENVIRON[name])


def have_kernels_forked(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Have the kernels of this process, and of those that it starts, forked by the zygote at this address."""
    for name, value in provisioner.environ(address).items():
        monkeypatch.setenv(name, value)
    # Jupyter reads the variable for a process's first kernel only, which may be that of a test with `cold_kernel`.
    monkeypatch.setattr(KernelProvisionerFactory.instance(), "default_provisioner_name", "zygote")


@pytest.fixture(autouse=True)
def _kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this test's kernels forked, unless it is marked `cold_kernel`."""
    as_at_the_start(monkeypatch)
    if sys.platform == "linux" and request.node.get_closest_marker("cold_kernel") is None:
        have_kernels_forked(monkeypatch, request.getfixturevalue("zygote"))
        request.config.stash[KERNELS][ASKING] += 1


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """A kernel with nbrerun loaded, which leaves nothing behind."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    found = Live(folder)
    try:
        assert found.run("%load_ext nbrerun") == []
        started = found.process.children(recursive=True)
        yield found
        started += found.process.children(recursive=True)
    finally:
        found.close()
    _, alive = psutil.wait_procs(started, timeout=30)
    assert alive == []
    assert list(temporary.glob("nbrerun-*")) == []
