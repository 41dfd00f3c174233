"""Cells that send something over the network do so once, whatever is run again."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbrerun.analysis import analyze
from nbrerun.model import NotebookReport, Verdict
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.functional.test_bad_input import beside

ENGINES = pytest.mark.parametrize("engine", ["auto", "replay"])


class Counting(http.server.ThreadingHTTPServer):
    """A server of somebody else's."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        """The methods of the requests so far."""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Counting

    def do_GET(self) -> None:
        """Count it."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.asked.append(self.command)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"ok")

    do_POST = do_PUT = do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Counting]:
    """It runs while the test does."""
    with Counting() as found:
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def _check(folder: Path, engine: str, *sources: str, **settings: Any) -> NotebookReport:
    node = nbformat.v4.new_notebook()
    node.cells = [nbformat.v4.new_code_cell(source, id=f"cell-{index}") for index, source in enumerate(sources)]
    nbformat.write(node, folder / "nb.ipynb")
    return analyze(read_notebook(folder / "nb.ipynb"), Settings(engine=engine, **settings), Silent())


_BY_HAND = "b'POST / HTTP/1.0\\r\\nContent-Length: 1\\r\\n\\r\\nx'"
POSTS = {
    "urllib": "import urllib.request\nr = urllib.request.urlopen('{url}', data=b'x').read()",
    "http.client": "import http.client\nc = http.client.HTTPConnection('127.0.0.1', {port})\n"
    "c.request('POST', '/', 'x')\nr = c.getresponse().read()\nc.close()\ndel c",
    "requests": "import requests\nr = requests.post('{url}', data='x').text",
    "httpx": "import httpx\nr = httpx.post('{url}', content='x').text",
    "asyncio": "import asyncio\nreader, writer = await asyncio.open_connection('127.0.0.1', {port})\n"
    f"writer.write({_BY_HAND})\nr = await reader.read()\nwriter.close()\ndel reader, writer",
    "a socket": "import socket\nwith socket.create_connection(('127.0.0.1', {port})) as s:\n"
    f"    s.sendall({_BY_HAND})\n    r = s.recv(100)\ndel s",
    "a C library": "import ctypes, socket, struct\nlibc = ctypes.CDLL(None)\n"
    "number = libc.socket(int(socket.AF_INET), int(socket.SOCK_STREAM), 0)\n"
    "address = struct.pack('=H', int(socket.AF_INET)) + struct.pack('!H', {port}) + socket.inet_aton('127.0.0.1')\n"
    "assert libc.connect(number, address + bytes(8), 16) == 0\n"
    f"assert libc.send(number, {_BY_HAND}, {len(eval(_BY_HAND))}, 0) > 0\n"
    "got = ctypes.create_string_buffer(100)\nlibc.recv(number, got, 100, 0)\nr = got.value\ndel libc, address, got",
    "curl": "r = !curl -s -d x {url}",
    "curl in a shell": "%%bash\ncurl -s -d x {url}",
    "curl by subprocess": "import subprocess\nr = subprocess.run(['curl', '-s', '-d', 'x', '{url}'])",
}


@ENGINES
@pytest.mark.parametrize("client", POSTS)
def test_a_check_posts_once(client: str, engine: str, server: Counting, tmp_path: Path) -> None:
    """The cell is not run again, and no other experiment runs it: neither *restart* nor the way to a cell below."""
    assert shutil.which("curl")
    source = POSTS[client].format(url=server.url, port=server.server_port)
    report = _check(tmp_path, engine, "a = [1]", source, "a.append(2)", "a.append(3)")
    assert server.asked == ["POST"]
    cell = report.cells[1]
    assert cell.verdict is Verdict.UNDETERMINED
    assert [item.kind for item in cell.outside] == ["network"]
    assert [finding.rule for finding in report.findings if finding.index == 1] == ["NBR008"]
    assert report.failure is None
    is_replay = engine == "replay" or client == "a C library"  # its connection stays open
    assert [report.cells[index].verdict for index in (2, 3)] == [Verdict.IN_PLACE] * 2 or is_replay


@ENGINES
def test_a_cell_that_only_asks_is_run_again(engine: str, server: Counting, tmp_path: Path) -> None:
    """As any other, and the report has what it asked."""
    report = _check(tmp_path, engine, f"import urllib.request\nr = urllib.request.urlopen('{server.url}').read()")
    assert report.cells[0].verdict is Verdict.RESET
    assert set(server.asked) == {"GET"}
    assert len(server.asked) > 1
    assert [(item.what, item.reads) for item in report.cells[0].outside] == [(server.url[7:-1], True)]
    assert "NBR008" not in {finding.rule for finding in report.findings}


@ENGINES
def test_a_rerun_is_stopped_where_the_first_run_sent_nothing(engine: str, server: Counting, tmp_path: Path) -> None:
    """At the connection; nothing arrives."""
    source = (
        f"import urllib.request\nif 'ran' in globals():\n    urllib.request.urlopen('{server.url}', data=b'x')\nran = 1"
    )
    report = _check(tmp_path, engine, source)
    assert server.asked == []
    assert report.cells[0].verdict is Verdict.UNDETERMINED
    assert "stopped there" in report.cells[0].reason


@ENGINES
def test_a_cell_may_be_run_again_all_the_same(engine: str, server: Counting, tmp_path: Path) -> None:
    """`--rerun-outside` says so."""
    source = f"import urllib.request\nr = urllib.request.urlopen('{server.url}', data=b'x').read()"
    report = _check(tmp_path, engine, source, rerun_outside=True)
    assert report.cells[0].verdict is Verdict.RESET
    assert len(server.asked) > 1


@pytest.mark.parametrize("experiment", ["run-all-twice", "restart-and-run-all", "fresh-clone"])
def test_no_experiment_posts(experiment: str, server: Counting, tmp_path: Path) -> None:
    """Those on the whole notebook end before such a cell, and say so."""
    post = f"import urllib.request\nr = urllib.request.urlopen('{server.url}', data=b'x').read()"
    report = _check(tmp_path, "auto", "a = 1", post, "b = 1", experiments=frozenset({experiment}))
    assert server.asked == ["POST"]
    (run,) = report.whole
    assert "cell 1 posts to 127.0.0.1" in run.reason


@ENGINES
def test_files_outside_and_processes_that_stay_are_listed(engine: str, tmp_path: Path) -> None:
    """The cell is run again, and does not "leave nothing behind"; what an import writes is not its doing."""
    outside = beside(tmp_path)
    outside.mkdir()
    (tmp_path / "mine.py").write_text(f"open({str(outside / 'cache')!r}, 'w').write('by an import')")
    report = _check(
        tmp_path,
        engine,
        "import subprocess\nimport mine",
        f"open({str(outside / 'a.txt')!r}, 'a').write('x')",
        f"open({str(outside / 'lock')!r}, 'w').close()",
        f"open({str(outside / 'lock')!r}, 'w').close()",
        "p = subprocess.Popen(['sleep', '60'])",
        "n = 1",
    )
    found = [[(item.kind, item.what) for item in cell.outside] for cell in report.cells]
    assert found == [
        [],
        [("file", str(outside / "a.txt"))],
        [("file", str(outside / "lock"))],
        [],
        [("process", "the process `sleep 60`")],
        [],
    ]
    assert report.cells[1].verdict is Verdict.STATELESS
    assert report.cells[1].reason == f"leaves only `{outside / 'a.txt'}`, which is not judged"
    assert "NBR008" not in {finding.rule for finding in report.findings}
