"""Clocks, unique ids and entropy: not even the first run can be repeated."""

from tests.functional.cases.case import DATA, Case, cell

CLOCK = {"nondeterministic"}

CASES = [
    Case(
        "the clock",
        cell("import time\nfrom datetime import datetime", "stateless"),
        cell("start = time.time()", "reset", start="reset", marks={"start": CLOCK}),
        cell(
            "elapsed = time.time() - start",
            "reset",
            elapsed="reset",
            start="untouched",
            marks={"elapsed": CLOCK},
        ),
        cell("stamp = f'run at {datetime.now().isoformat()}'", "reset", stamp="reset"),
        cell("print(time.time())", "stateless"),
    ),
    Case(
        "unique ids and entropy of the system",
        cell("import os\nimport random\nimport secrets\nimport uuid", "stateless"),
        cell("run_id = uuid.uuid4()", "reset", run_id="reset", marks={"run_id": CLOCK}),
        cell("token = secrets.token_hex(8)", "reset", token="reset", marks={"token": CLOCK}),
        cell("salt = os.urandom(8)", "reset", salt="reset", marks={"salt": CLOCK}),
        cell("x = random.SystemRandom().random()", "reset", x="reset", marks={"x": CLOCK}),
    ),
    Case(
        "clock readings collected",
        cell("import time\nimport uuid\ntimes, ids, total = [], {}, 0.0", "reset"),
        cell("times.append(time.time())", "in-place", times="in-place"),
        cell("ids[uuid.uuid4().hex] = len(ids)", "in-place", ids="in-place"),
        cell("total += time.perf_counter()", "in-place", total="in-place"),
        cell("runs = globals().get('runs', [])\nruns.append(time.time())", "in-place", runs="in-place"),
    ),
    Case(
        "rows with the time in a database",
        cell("import sqlite3\nimport time\nfrom contextlib import closing", "stateless"),
        cell(
            """
            with closing(sqlite3.connect("runs.db")) as con, con:
                con.execute("create table if not exists run (t real, loss real)")
            """,
            "reset",
            variables={"file:runs.db": "reset"},
        ),
        cell(
            """
            with closing(sqlite3.connect("runs.db")) as con, con:
                con.execute("insert into run values (?, 0.5)", (time.time(),))
            """,
            "in-place",
            variables={"file:runs.db": "in-place"},
        ),
    ),
    Case(
        "a fresh generator without a seed",
        cell("import numpy as np", "stateless"),
        cell("rng = np.random.default_rng()", "reset", rng="reset", kinds={"rng": "generator"}),
        cell("z = rng.normal()", "reset", z="reset", marks={"z": {"unseeded"}}),
        cell("x = np.random.default_rng().normal(size=3)", "reset", x="reset", marks={"x": CLOCK}),
    ),
    Case(
        "a counter next to a clock",
        cell("import time\nn = 0", "reset"),
        cell("n += 1\nt = time.time()", "in-place", n="in-place", t="reset", marks={"n": (), "t": CLOCK}),
        cell("m = 5\nt = time.time()", "reset", m="reset", t="reset", marks={"m": (), "t": CLOCK}),
    ),
    Case(
        "timing a fit",
        DATA,
        cell(
            """
            import time
            from sklearn.linear_model import LogisticRegression
            t0 = time.perf_counter()
            clf = LogisticRegression().fit(X, y)
            took = time.perf_counter() - t0
            """,
            "reset",
            clf="reset",
            took="reset",
            marks={"clf": (), "took": CLOCK},
            kinds={"clf": "model"},
        ),
        cell("Z = X + np.array([0.0, time.time()])", "reset", Z="reset", marks={"Z": CLOCK}),
        cell("other = LogisticRegression().fit(Z[:, :1], y)", "reset", other="reset", marks={"other": ()}),
    ),
    Case(
        "ids and process numbers",
        cell("import os\npid = os.getpid()\nkey = id([])\nthing = object()", "reset", pid="reset", key="reset"),
        cell("table = {thing: 1}", "reset", table="reset"),
    ),
    Case(
        "texts with the addresses of objects in them",
        cell("class Thing:\n    pass", "stateless"),
        cell("text = repr(Thing())", "reset", text="reset", marks={"text": ()}),
        cell(
            "rows = ['a', f'{Thing()} and {print}']\nseen = {'by': str(Thing)}",
            "reset",
            rows="reset",
            seen="reset",
            marks={"rows": (), "seen": ()},
        ),
        cell("n = 0", "reset"),
        cell("n += 1\ntold = f'{n}: {Thing()}'", "in-place", told="reset", marks={"told": {"follows"}}),
        cell("code = f'<jump at 0x{n:x}>'", "reset", marks={"code": ()}),
    ),
    Case(
        "a thread that is still running",
        cell(
            """
            import threading
            stop, beats = threading.Event(), []
            def beat():
                while not stop.wait(0.02):
                    beats.append(len(beats))
            thread = threading.Thread(target=beat, daemon=True)
            """,
            "reset",
            thread="reset",
        ),
        cell("thread.start()", "error"),
        cell("import time\ntime.sleep(0.2)\nx = 5", "reset", x="reset", beats="untouched", thread="untouched"),
        cell("print(len(beats))", "stateless", beats="untouched"),
        cell("more = []\nmore.append(x)", "reset", beats="untouched", more="reset"),
        cell("more.append(x)", "in-place", beats="untouched", more="in-place"),
        cell("stop.set()\nthread.join()", "reset", beats="untouched", thread="reset"),
        cell("y = x + 1", "reset", y="reset", beats="untouched", thread="untouched"),
        survives_fork=False,
    ),
    Case(
        "a thread that goes on from what its cell makes",
        cell(
            """
            import threading, time
            stop = threading.Event()
            rows = []
            def grow():
                while not stop.wait(0.001):
                    rows.append(len(rows))
            threading.Thread(target=grow, daemon=True).start()
            time.sleep(0.1)
            """,
            "reset",
            rows="reset",
            marks={"rows": {"nondeterministic"}},
        ),
        cell("x = 5", "reset", x="reset", rows="untouched"),
        cell("stop.set()", "reset", rows="untouched"),
        survives_fork=False,
    ),
]
