"""What a kernel shares with other processes: the main run never notices the reruns, and the cells are judged right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from nbrerun.analysis import analyze
from nbrerun.model import Verdict
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings

_LETTERS = {
    "R": Verdict.RESET,
    "I": Verdict.IN_PLACE,
    "S": Verdict.STATELESS,
    "E": Verdict.ERROR,
    "U": Verdict.UNDETERMINED,
}

_PYTHON = "import subprocess, sys\n"
_PIPES = "stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True"
_COUNTS = "import sys\nn = 0\nfor _ in sys.stdin:\n    n += 1\n    print(n, flush=True)\n"
_SERVER = """
import http.server, sys
n = 0
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        global n
        n += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(str(n))))
        self.end_headers()
        self.wfile.write(str(n).encode())
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
_WORKER = "def count(_):\n    globals()['n'] = globals().get('n', 0) + 1\n    return n"

# One letter for each cell; a dot is any verdict, for cells about what cannot be read.
CASES: dict[str, tuple[str, list[str]]] = {
    "an object of a manager": (
        "S.IRS",
        [
            "import multiprocessing as mp",
            "manager = mp.Manager()\nd = manager.dict()",
            "d['k'] = d.get('k', 0) + 1",
            "n = d['k']\nprint(n)",
            "assert n == 1, n",
        ],
    ),
    "a list of a manager": (
        ".IS",
        [
            "import multiprocessing as mp\nmanager = mp.Manager()\nitems = manager.list()",
            "items.append(1)",
            "assert list(items) == [1]",
        ],
    ),
    "shared values": (
        "SRIIR",
        [
            "import multiprocessing as mp",
            "v = mp.Value('i', 0)\narr = mp.Array('d', 3)",
            "v.value += 1",
            "arr[0] += 5",
            "got = (v.value, arr[0])\nassert got == (1, 5.0), got",
        ],
    ),
    "a block of shared memory": (
        "R.IS.",
        [
            "from multiprocessing import shared_memory\nsize = 8",
            "shm = shared_memory.SharedMemory(create=True, size=size)",
            "shm.buf[0] = shm.buf[0] + 1",
            "assert shm.buf[0] == 1, shm.buf[0]",
            "shm.close()\nshm.unlink()",
        ],
    ),
    "an anonymous mapping": (
        "RIS",
        ["import mmap\nm = mmap.mmap(-1, 16)", "m[0] = m[0] + 1", "assert m[0] == 1"],
    ),
    "an array in an anonymous mapping": (
        "RIS",
        [
            "import mmap, numpy as np\nx = np.frombuffer(mmap.mmap(-1, 64), dtype='f8')",
            "x += 1",
            "assert x.tolist() == [1.0] * 8, x",
        ],
    ),
    "a semaphore": (
        "RIS",
        [
            "import multiprocessing as mp\ntickets = mp.Semaphore(5)",
            "tickets.acquire()",
            "assert tickets.get_value() == 4",
        ],
    ),
    "the end of a pipe": (
        "S..R",
        [
            "import subprocess",
            "q = subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)",
            "q.stdin.close()\nout = q.stdout.read()",
            "rc = q.wait()",
        ],
    ),
    "a message in a pipe": (
        "SR.U",
        [
            "import multiprocessing as mp",
            "a, b = mp.Pipe()",
            "a.send('m')",
            "assert b.recv() == 'm' and not b.poll(0.1)",
        ],
    ),
    "bytes in a pipe": (
        ".RE",
        [
            "import os\nr, w = os.pipe()",
            "sent = os.write(w, b'x')",
            "os.set_blocking(r, False)\nassert os.read(r, 9) == b'x'",
        ],
    ),
    "bytes in a named pipe": (
        "ERE",
        [
            "import os\nos.mkfifo('p')\nf = os.open('p', os.O_RDWR | os.O_NONBLOCK)",
            "sent = os.write(f, b'x')",
            "assert os.read(f, 9) == b'x'",
        ],
    ),
    "bytes in a pair of sockets": (
        "RRE",
        [
            "import socket\na, b = socket.socketpair()",
            "sent = a.send(b'x')",
            "b.setblocking(False)\nassert b.recv(9) == b'x'",
        ],
    ),
    "keys in a terminal": (
        ".RE",
        [
            "import os, pty\nm, s = pty.openpty()",
            "sent = os.write(m, b'x\\n')",
            "os.set_blocking(s, False)\nassert os.read(s, 9) == b'x\\n'",
        ],
    ),
    "a process that has not been waited for": (
        "S.R.",
        [
            "import multiprocessing as mp\ndef work():\n    pass",
            "p = mp.get_context('fork').Process(target=work)\np.start()",
            "p.join()\ncode = p.exitcode",
            "alive = p.is_alive()",
        ],
    ),
    "the exit status of a process": (
        "RR",
        [
            "import subprocess, time\np = subprocess.Popen(['sh', '-c', 'exit 3'])\ntime.sleep(0.3)",
            "code = p.wait()\nassert code == 3, code",
        ],
    ),
    "a shell": (
        "RIE",
        [
            f"import subprocess\nsh = subprocess.Popen(['sh'], {_PIPES}, bufsize=1)\nsh.stdin.write('n=0\\n');",
            "sh.stdin.write('n=$((n+1)); echo $n\\n'); v = int(sh.stdout.readline())",
            "assert v == 1, v\n"
            "sh.stdin.write('n=$((n+1)); echo $n\\n'); v2 = int(sh.stdout.readline())\nassert v2 == 2, v2",
        ],
    ),
    "a Python that counts": (
        ".IS",
        [
            f"{_PYTHON}p = subprocess.Popen([sys.executable, '-c', {_COUNTS!r}], {_PIPES})",
            "p.stdin.write('\\n'); p.stdin.flush(); n = int(p.stdout.readline())",
            "assert n == 1, n",
        ],
    ),
    "a server": (
        ".IES",
        [
            f"{_PYTHON}import urllib.request\nserver = subprocess.Popen([sys.executable, '-c', {_SERVER!r}], "
            "stdout=subprocess.PIPE, text=True)\nurl = f'http://127.0.0.1:{server.stdout.readline().strip()}'",
            "n = int(urllib.request.urlopen(url).read())",
            "n2 = int(urllib.request.urlopen(url).read())\nassert n2 == 2, n2",
            "print(n, n2)",
        ],
    ),
    "a server in the background": (
        ".IE",
        [
            f"import os, time, urllib.request\nopen('s.py', 'w').write({_SERVER!r})\n"
            "open('port', 'w').close()\nos.system('python3 s.py > port &')\n"
            "while not open('port').read().endswith('\\n'):\n    time.sleep(0.05)\n"
            "url = f'http://127.0.0.1:{int(open(\"port\").read())}'",
            "n = int(urllib.request.urlopen(url).read())",
            "n2 = int(urllib.request.urlopen(url).read())\nassert n2 == 2, n2",
        ],
    ),
    "a connection that stays open": (
        "..E",
        [
            f"{_PYTHON}import http.client\nserver = subprocess.Popen([sys.executable, '-c', {_SERVER!r}], "
            "stdout=subprocess.PIPE, text=True)\n"
            "c = http.client.HTTPConnection('127.0.0.1', int(server.stdout.readline()))\nc.connect()",
            "c.request('GET', '/')\nn = int(c.getresponse().read())",
            "c.request('GET', '/')\nn2 = int(c.getresponse().read())\nassert n2 == 2, n2",
        ],
    ),
    "a server at a fixed port": (
        "R.IE",
        [
            "import socket, subprocess, sys, urllib.request\n"
            "s = socket.socket(); s.bind(('127.0.0.1', 0)); port = s.getsockname()[1]; s.close(); del s\n"
            "import os; port = int(os.environ.setdefault('PORT_OF_THE_TEST', str(port)))",
            f"program = {_SERVER!r}.replace('127.0.0.1\", 0', '127.0.0.1\", %d' % port)\n"
            "server = subprocess.Popen([sys.executable, '-c', program], stdout=subprocess.PIPE, text=True)\n"
            "assert int(server.stdout.readline()) == port",
            "n = int(urllib.request.urlopen(f'http://127.0.0.1:{port}').read())",
            "n2 = int(urllib.request.urlopen(f'http://127.0.0.1:{port}').read())\nassert n2 == 2, n2",
        ],
    ),
    "a queue": (
        "R..",
        [
            "import multiprocessing as mp\nq = mp.SimpleQueue()",
            "q.put('m')",
            "assert q.get() == 'm' and q.empty()",
        ],
    ),
    "a pool of processes": (
        "SRIE",
        [
            f"import multiprocessing as mp\n{_WORKER}",
            "pool = mp.get_context('fork').Pool(1)",
            "n1 = pool.map(count, [0])",
            "n2 = pool.map(count, [0])\nassert (n1, n2) == ([1], [2])\npool.terminate()\ndel pool, n1, n2",
        ],
    ),
    "another kind of pool": (
        "SRIE",
        [
            f"import concurrent.futures, multiprocessing as mp\n{_WORKER}",
            "pool = concurrent.futures.ProcessPoolExecutor(1, mp_context=mp.get_context('fork'))",
            "n1 = pool.submit(count, 0).result()",
            "n2 = pool.submit(count, 0).result()\nassert (n1, n2) == (1, 2)\npool.shutdown()\ndel pool, n1, n2",
        ],
    ),
    "a connection to a process": (
        "SRIE",
        [
            "import multiprocessing as mp\n"
            "def echo(end):\n    n = 0\n    while end.recv():\n        n += 1\n        end.send(n)",
            "here, there = mp.Pipe()\n"
            "p = mp.get_context('fork').Process(target=echo, args=(there,), daemon=True)\np.start()",
            "here.send(1)\nn = here.recv()",
            "here.send(1)\nn2 = here.recv()\nassert (n, n2) == (1, 2), (n, n2)\np.kill()\np.join()\ndel p, here, n2",
        ],
    ),
    "an event loop of one's own": (
        "R.R",
        [
            "import asyncio\nx = 1",
            "loop = asyncio.new_event_loop()",
            "import threading\ndef run():\n    global y\n    y = loop.run_until_complete(asyncio.sleep(0, 5))\n"
            "t = threading.Thread(target=run)\nt.start()\nt.join()\ndel t",
        ],
    ),
}


def _write(path: Path, sources: list[str]) -> Path:
    node = nbformat.v4.new_notebook()
    node.cells = [nbformat.v4.new_code_cell(source, id=f"cell-{index}") for index, source in enumerate(sources)]
    nbformat.write(node, path)
    return path


def _outputs(node: Any) -> list[list[Any]]:
    """What each cell shows, without what differs from run to run."""
    kept = ("output_type", "name", "text", "data", "ename", "evalue")
    return [[{key: output.get(key) for key in kept} for output in cell.outputs] for cell in node.cells]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """By case, what plain nbclient shows, once it has been run."""
    return {}


@pytest.mark.parametrize("engine", ["auto", "replay"])
@pytest.mark.parametrize("case", CASES)
def test_the_main_run_never_notices(case: str, engine: str, plain: dict[str, Any], tmp_path: Path) -> None:
    """The main run ends as under plain nbclient, whatever the reruns do to what both share."""
    letters, sources = CASES[case]
    if case not in plain:
        (tmp_path / "plain").mkdir()
        node = nbformat.read(_write(tmp_path / "plain" / "nb.ipynb", sources), as_version=4)
        NotebookClient(node, resources={"metadata": {"path": str(tmp_path / "plain")}}).execute()
        plain[case] = _outputs(node)
    notebook = read_notebook(_write(tmp_path / "nb.ipynb", sources))
    report = analyze(notebook, Settings(engine=engine, timeout=5, experiments=frozenset({"again"})), Silent())
    assert report.failure is None
    assert _outputs(notebook.node) == plain[case]
    found = [cell.verdict for cell in report.cells]
    reasons = [cell.reason for cell in report.cells]
    assert len(found) == len(letters)
    assert [_LETTERS.get(letter, verdict) for letter, verdict in zip(letters, found, strict=True)] == found, reasons
