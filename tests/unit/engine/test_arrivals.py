"""Who connects, and who does not."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from nbrerun.engine.arrivals import Arrivals, short_place
from nbrerun.probe.protocol.wire import Closed, connect


def test_a_process_comes_by_its_token(tmp_path: Path) -> None:
    """In whatever order they connect."""
    arrivals = Arrivals(str(tmp_path), lambda: True)
    far = [connect(arrivals.address) for _ in range(2)]
    for wire, token in zip(far, ("b", "a"), strict=True):
        wire.send({"token": token, "pid": 1, "failed": ""})
    assert [arrivals.accept(token)[1]["token"] for token in ("a", "b")] == ["a", "b"]
    arrivals.close()


def test_a_process_that_has_ended_is_not_waited_for(tmp_path: Path) -> None:
    """Its parent need not have waited for it."""
    arrivals = Arrivals(str(tmp_path), lambda: True)
    process = subprocess.Popen(["true"])
    started = time.monotonic()
    with pytest.raises(Closed, match="is gone"):
        arrivals.accept("moment 1", pid=process.pid)
    assert time.monotonic() - started < 5
    process.wait()
    arrivals.close()


def test_sockets_lie_where_their_paths_are_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long TMPDIR is passed by."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("x" * 170)))
    assert short_place() == "/tmp"
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")
    assert short_place() is None
