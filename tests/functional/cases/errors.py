"""Cells that can be run only once."""

from tests.functional.cases.case import Case, cell

CASES = [
    Case(
        "a traceback that is shown, and no error",
        cell(
            "try:\n    1 / 0\nexcept ZeroDivisionError:\n    get_ipython().showtraceback()\nc = 3", "reset", c="reset"
        ),
        cell("try:\n    1 / 0\nexcept ZeroDivisionError:\n    get_ipython().showtraceback()\ndel c", "error"),
    ),
    Case(
        "a name deleted; keys and elements removed; a date parsed over itself",
        cell("x, y = 1, 2", "reset"),
        cell("del x", "error"),
        cell("y = y + 0\nprint(y)", "reset", y="reset"),
        cell("d, rows, tags = {'a': 1}, ['x', 'y'], {'t'}", "reset"),
        cell("value = d.pop('a')", "error"),
        cell("rows.remove('x')", "error"),
        cell("tags.remove('t')", "error"),
        cell("rows.remove('y')\nd['b'] = 1", "error"),
        cell("from datetime import datetime\nday = '2024-01-31'", "reset"),
        cell("day = datetime.strptime(day, '%Y-%m-%d')", "error"),
    ),
    Case(
        "a frame turned into an array, and a column taken out; text parsed over itself; unpacked over itself",
        cell("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\ns = df.copy()", "reset"),
        cell("df = df.to_numpy()", "error"),
        cell("s = s['a']", "error"),
        cell("s = s.values", "error"),
        cell("import json\ntext = '{\"a\": 1}'\nraw = b'abc'\nline = 'a,b'", "reset"),
        cell("text = json.loads(text)", "error"),
        cell("raw = raw.decode()", "error"),
        cell("line = line.split(',')", "error"),
        cell("data = {'rows': [1, 2]}\npair = ([1], [2])", "reset"),
        cell("data = data['rows']", "error"),
        cell("pair, rest = pair", "error"),
    ),
    Case(
        "an assertion on the size; shapes that no longer fit; a registry that refuses doubles",
        cell("rows = []", "reset"),
        cell("rows.append(1)\nassert len(rows) == 1", "error"),
        cell("import numpy as np\nW, x = np.ones((3, 2)), np.ones(2)\nn = np.int64(3)", "reset"),
        cell("x = W @ x", "error"),
        cell("n = n.item()", "error"),
        cell("x[0] = 5\nx.setflags(write=False)", "error"),
        cell(
            """
            registry = {}

            def register(func):
                if func.__name__ in registry:
                    raise ValueError(f"{func.__name__} is registered")
                registry[func.__name__] = func
                return func
            """,
            "reset",
        ),
        cell("@register\ndef load():\n    return 1", "error"),
        cell("one = load()", "reset", one="reset"),
    ),
    Case(
        "a state machine; a sparse matrix made dense; a table created twice",
        cell(
            """
            class Job:
                state = "new"

                def start(self):
                    if self.state != "new":
                        raise RuntimeError("started already")
                    self.state = "running"

            job = Job()
            """,
            "reset",
            job="reset",
        ),
        cell("job.start()", "error"),
        cell("job.state = 'done'", "reset", job="reset"),
        cell("import scipy.sparse as sp\nm = sp.csr_matrix([[1.0, 0.0]])", "reset", m="reset"),
        cell("m = m.toarray()", "error"),
        cell("m = m * 1", "reset", m="reset"),
        cell("import sqlite3\nconn = sqlite3.connect(':memory:')", None),
        cell("conn.execute('create table t (x)')", "error"),
    ),
    Case(
        "an index into what gets shorter",
        cell("queue = ['job']", "reset"),
        cell("job = queue.pop()", "error"),
        cell("queue = ['job']\njob = queue.pop()", "reset", queue="reset", job="reset"),
    ),
]
