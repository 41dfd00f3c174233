"""Labelled notebooks for *restart* (does a cell run alone?) and *recover* (which cells bring a model back?)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent

Missing = tuple[str, int | None, str, str | None]
"""Name, 0-based index of the last cell before that gave it an object, kind, function that needs it."""


@dataclass(frozen=True)
class RestartCell:
    """One code cell, run by itself in a fresh kernel beside the files that the whole notebook left."""

    source: str
    runs_alone: bool
    missing: tuple[Missing, ...] = ()
    """In no particular order; everything that is missing is listed."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class RestartCase:
    """One notebook, and what each of its cells lacks after a restart."""

    name: str
    cells: tuple[RestartCell, ...]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class RecoverCase:
    """One notebook, and the fewest cells that bring each model back to what it was at the end."""

    name: str
    sources: tuple[str, ...]
    expected: Mapping[str, tuple[tuple[int, ...], bool]]
    """By model: the cells, and whether running them brings back the very same value."""

    def __str__(self) -> str:
        return self.name


def alone(source: str, *, tags: tuple[str, ...] = ()) -> RestartCell:
    """Label a cell that needs nothing from the cells before."""
    return RestartCell(dedent(source).strip("\n"), True, tags=tags)


def lacks(source: str, *missing: Missing, tags: tuple[str, ...] = ()) -> RestartCell:
    """Label a cell that fails in a fresh kernel, with the names that it lacks."""
    return RestartCell(dedent(source).strip("\n"), False, missing, tags)


def definition(name: str, cell: int | None, through: str | None = None) -> Missing:
    """Name a missing module, function or class."""
    return (name, cell, "definition", through)


def model(name: str, cell: int | None, through: str | None = None) -> Missing:
    """Name a missing model."""
    return (name, cell, "model", through)


def data(name: str, cell: int | None, through: str | None = None) -> Missing:
    """Name a missing value of any other kind."""
    return (name, cell, "data", through)


def restart(name: str, *cells: RestartCell) -> RestartCase:
    """Make a notebook of such cells."""
    return RestartCase(name, cells)


def recover(name: str, *sources: str, **expected: tuple[tuple[int, ...], bool]) -> RecoverCase:
    """Make a notebook, with the cells to run by model."""
    return RecoverCase(name, tuple(dedent(source).strip("\n") for source in sources), expected)


RESTART: tuple[RestartCase, ...] = (
    restart(
        "imports",
        alone("import numpy as np\nfrom math import sqrt as root"),
        lacks("a = np.zeros(3)", definition("np", 0)),
        lacks("two = root(4)", definition("root", 0)),
        lacks("b = a + np.arange(3)", data("a", 1), definition("np", 0)),
        alone("import numpy as np\nc = np.ones(3)"),
        alone("1 + 1"),
        lacks("print(a.sum(), c.sum())", data("a", 1), data("c", 4)),
    ),
    restart(
        "aliases and star imports",
        alone("import numpy as np\nfrom math import *"),
        lacks("global_np = np", definition("np", 0)),
        lacks("a = global_np.zeros(3)", definition("global_np", 1)),
        lacks("two = sqrt(4)", definition("sqrt", 0)),
        alone("from math import *\nthree = sqrt(9)"),
        alone("import json as js\ntext = js.dumps([1])"),
        lacks("rows = js.loads(text)", definition("js", 5), data("text", 5)),
    ),
    restart(
        "data, and data changed since",
        alone("rows, step = [1, 2], 3"),
        lacks("rows.append(step)", data("rows", 0), data("step", 0)),
        lacks("total = sum(rows)", data("rows", 0)),
        lacks("rows = [r * step for r in rows]", data("rows", 0), data("step", 0)),
        lacks("first, *rest = rows", data("rows", 3)),
        alone("step = 10"),
        lacks("print(first, step)", data("first", 4), data("step", 5)),
    ),
    restart(
        "models",
        alone("import numpy as np\nfrom sklearn.linear_model import SGDClassifier"),
        lacks(
            "X = np.random.RandomState(0).normal(size=(20, 2))\ny = (X[:, 0] > 0).astype(int)",
            definition("np", 0),
        ),
        lacks("clf = SGDClassifier(random_state=0)", definition("SGDClassifier", 0)),
        lacks("clf.fit(X, y)", model("clf", 2), data("X", 1), data("y", 1)),
        lacks("X = X / X.std(axis=0)", data("X", 1)),
        lacks("clf.partial_fit(X, y)", model("clf", 2), data("X", 4), data("y", 1)),
        lacks("pred = clf.predict(X)", model("clf", 2), data("X", 4)),
        lacks("print((pred == y).mean())", data("pred", 6), data("y", 1)),
    ),
    restart(
        "functions that need imports and data",
        alone("import numpy as np\nscale = 2.0"),
        alone("def scaled(x):\n    return np.asarray(x) * scale"),
        lacks(
            "a = scaled([1, 2])",
            definition("scaled", 1),
            definition("np", 0, "scaled"),
            data("scale", 0, "scaled"),
        ),
        alone("def twice(x):\n    return x * 2"),
        lacks("b = twice(a)", definition("twice", 3), data("a", 2)),
        alone("def unused(x):\n    return not_there + x + scale"),
        alone("def local(x):\n    scale = 3\n    return x * scale\n\nsix = local(2)"),
    ),
    restart(
        "functions that call functions, and a global moved by one",
        alone("count = 0"),
        alone("def inner(x):\n    return x + 1"),
        alone("def outer(x):\n    return inner(x) * 2"),
        lacks("y = outer(3)", definition("outer", 2), definition("inner", 1, "outer")),
        alone("def bump():\n    global count\n    count += 1"),
        lacks("bump()", definition("bump", 4), data("count", 0, "bump")),
        lacks("print(count)", data("count", 5)),
        alone("def begin():\n    global started\n    started = True"),
        lacks("begin()", definition("begin", 7)),
        lacks("print(started)", data("started", 8)),
    ),
    restart(
        "a function that trains",
        alone("import numpy as np\nfrom sklearn.linear_model import LogisticRegression"),
        lacks(
            "X = np.arange(8.0).reshape(4, 2)\ny = np.array([0, 1, 0, 1])",
            definition("np", 0),
        ),
        alone("def train(C):\n    return LogisticRegression(C=C).fit(X, y)"),
        lacks(
            "clf = train(0.5)",
            definition("train", 2),
            definition("LogisticRegression", 0, "train"),
            data("X", 1, "train"),
            data("y", 1, "train"),
        ),
        lacks("clf.predict(X)", model("clf", 3), data("X", 1)),
    ),
    restart(
        "classes",
        alone("import numpy as np\nsize = 3"),
        alone(
            """
            class Grid:
                def __init__(self):
                    self.w = np.zeros(size)
            """
        ),
        lacks("grid = Grid()", definition("Grid", 1), definition("np", 0, "Grid"), data("size", 0, "Grid")),
        lacks("grid.w[0] = 1.0", data("grid", 2)),
        lacks("class Wide(Grid):\n    size = size * 2", definition("Grid", 1), data("size", 0)),
        alone("class Plain:\n    level = 1\n\nplain = Plain()"),
        lacks("plain.level = 2", data("plain", 5)),
    ),
    restart(
        "guarded names",
        alone("n = 5"),
        alone("if 'n' not in globals():\n    n = 0"),
        alone("try:\n    n\nexcept NameError:\n    n = 1"),
        alone("m = globals().get('n', 3)"),
        alone("try:\n    k = n + 1\nexcept NameError:\n    k = 0"),
        lacks("if 'm' not in globals():\n    m = 0\nprint(m, k)", data("k", 4)),
    ),
    restart(
        "branches that are not taken",
        alone("n, debug = 5, False"),
        alone("if False:\n    print(n)"),
        lacks("if debug:\n    print(n)", data("debug", 0)),
        alone("verbose = True\nif verbose:\n    print('yes')\nelse:\n    print(n)"),
        alone("value = 3 or n"),
        alone("for item in []:\n    print(n, item)"),
        lacks("shown = n if verbose else debug", data("n", 0), data("verbose", 3)),
    ),
    restart(
        "loops and comprehensions",
        alone("xs, factor = [1, 2, 3], 2"),
        lacks("total = 0\nfor x in xs:\n    total += x * factor", data("xs", 0), data("factor", 0)),
        lacks("print(x)", data("x", 1)),
        lacks("doubled = [v * factor for v in xs]", data("xs", 0), data("factor", 0)),
        alone("squares = {v: v * v for v in range(3)}"),
        lacks("pairs = [(a, b) for a in xs for b in squares]", data("xs", 0), data("squares", 4)),
        lacks("big = any(v > factor for v in xs)", data("xs", 0), data("factor", 0)),
        alone("while True:\n    done = 1\n    break\nprint(done)"),
    ),
    restart(
        "nested functions",
        alone("base = 10"),
        alone("def make(n):\n    def add(x):\n        return x + n\n    return add"),
        lacks("eleven = make(1)(10)", definition("make", 1)),
        alone("def outer():\n    def hidden():\n        return base\n    return 1\n\none = outer()"),
        alone("def own(x):\n    y = x\n    def inner():\n        return y\n    return inner()\n\ntwo = own(2)"),
        lacks("sum_ = eleven + two", data("eleven", 2), data("two", 4)),
    ),
    restart(
        "changes in place",
        alone("x, d, rows = 1, {}, []"),
        lacks("x += 1", data("x", 0)),
        lacks("x = x * 2", data("x", 1)),
        lacks("d['a'] = 1", data("d", 0)),
        lacks("rows.append(x)", data("rows", 0), data("x", 2)),
        lacks("d['b'] = d['a'] + len(rows)", data("d", 0), data("rows", 0)),
        alone("x = 0\nx += 1"),
        lacks("del x", data("x", 6)),
        alone("tmp = 1\ndel tmp"),
        alone("x = 7"),
    ),
    restart(
        "names deleted further down",
        alone("a, b, c = [1], [2], [3]"),
        lacks("d = [a, b, c]", data("a", 0), data("b", 0), data("c", 0)),
        lacks("e = [b, a, c]", data("a", 0), data("b", 0), data("c", 0)),
        lacks("del b", data("b", 0)),
        lacks("f = [a, c]", data("a", 0), data("c", 0)),
    ),
    restart(
        "magics",
        alone("x = 1\nimport time"),
        lacks("%%time\ny = x + 1", data("x", 0)),
        lacks("%time z = y + 1", data("y", 1)),
        alone("%%time\nw = 5"),
        alone("!echo hello"),
        lacks("print(w)\n!echo done", data("w", 3)),
        alone("%%bash\necho hello"),
        lacks("time.sleep(0)", definition("time", 0)),
    ),
    restart(
        "names that a cell binds before it uses them",
        alone("x, rows = 1, [1]"),
        alone("x = 5\ny = x + 1"),
        alone("for x in range(3):\n    print(x)"),
        alone("with open('a.txt', 'w') as f:\n    f.write('a')"),
        alone("def rows():\n    return 2\n\nn = rows()"),
        alone("import math as x\nprint(x.pi)"),
        alone("if (x := 4) > 3:\n    print(x)"),
        alone("try:\n    raise ValueError('no')\nexcept ValueError as err:\n    print(err)"),
        lacks("z = x + y", data("x", 6), data("y", 1)),
    ),
    restart(
        "f-strings, decorators, defaults, lambdas",
        alone("name, base = 'run', 3"),
        alone("def twice(func):\n    def run(x):\n        return 2 * func(x)\n    return run"),
        lacks("print(f'{name}: {base:>3}')", data("name", 0), data("base", 0)),
        lacks("@twice\ndef plus(x):\n    return x + 1", definition("twice", 1)),
        lacks("def shifted(x, by=base):\n    return x + by", data("base", 0)),
        lacks("five = shifted(2)", definition("shifted", 4)),
        alone("total = sum(map(lambda v: v + 1, [1, 2]))"),
        lacks("print('{} {}'.format(name, total))", data("name", 0), data("total", 6)),
        lacks("assert base == 3, name", data("base", 0)),
    ),
    restart(
        "attributes and inner names are no variables",
        alone("bias, n, row = 1.0, 2, 3"),
        alone("class Net:\n    def __init__(self):\n        self.bias = 2.0"),
        lacks("net = Net()\nint('no')", definition("Net", 1), tags=("raises-exception",)),
        lacks("net.bias = row", data("net", 2), data("row", 0)),
        alone("def f(n, row):\n    return [n for n in range(row)]\n\nlast = f(1, 2)"),
    ),
    restart(
        "decorated functions",
        alone("from functools import lru_cache, partial\nk, offset = 2, 1"),
        lacks("@lru_cache(None)\ndef f(x):\n    return x * k", definition("lru_cache", 0)),
        lacks("y = f(3)", definition("f", 1), data("k", 0, "f")),
        alone("def plain(g):\n    def run(x):\n        return g(x) + 1\n    return run"),
        lacks("@plain\ndef h(x):\n    return x * offset", definition("plain", 3)),
        lacks("z = h(3)", definition("h", 4), data("offset", 0, "h")),
        lacks("half = partial(h, 2)", definition("partial", 0), definition("h", 4)),
        alone("thrice = lambda x: x * offset"),
        lacks("w = thrice(3)", definition("thrice", 7), data("offset", 0, "thrice")),
        alone("k = 5"),
    ),
    restart(
        "classes that pickles look for",
        alone("import pickle\nimport copy"),
        alone("class Line:\n    def __init__(self):\n        self.w = 1"),
        alone("where = 'line.pkl'"),
        lacks(
            "with open(where, 'wb') as f:\n    pickle.dump(Line(), f)",
            definition("pickle", 0),
            definition("Line", 1),
            data("where", 2),
        ),
        lacks(
            "with open(where, 'rb') as f:\n    line = pickle.load(f)",
            definition("pickle", 0),
            definition("Line", 1),
            data("where", 2),
        ),
        lacks("text = pickle.dumps(line)", definition("pickle", 0), data("line", 4), definition("Line", 1)),
        lacks("import pickle\nother = pickle.load(open('line.pkl', 'rb'))", definition("Line", 1)),
        lacks("twin = copy.copy(line)", definition("copy", 0), data("line", 4)),
        alone("def load():\n    import pickle\n    return pickle.load(open('line.pkl', 'rb'))"),
        lacks("third = load()", definition("load", 8), definition("Line", 1, "load")),
    ),
    restart(
        "names that are missing only after some computing",
        alone("base = 3\nimport math"),
        lacks("part = sum(range(10))\nprint(part)\nwhole = part + base", data("base", 0)),
        lacks(
            "values = [i * i for i in range(5)]\nprint(values)\nroot = math.sqrt(sum(values) + base)",
            definition("math", 0),
            data("base", 0),
        ),
        lacks("a = 1\nb = 2\nprint(a + b)\nbase", data("base", 0)),
        lacks("print(part, whole, sep=str(base))", data("part", 1), data("whole", 1), data("base", 0)),
    ),
    restart(
        "cells that raise on purpose",
        alone("x = 1"),
        alone("1 / 0", tags=("raises-exception",)),
        lacks("x / 0", data("x", 0), tags=("raises-exception",)),
        alone("int('no')\nx = 2", tags=("raises-exception",)),
        lacks("y = x + 1", data("x", 0)),
    ),
    restart(
        "files of the notebook",
        alone("import json\nfrom pathlib import Path"),
        lacks("Path('conf.json').write_text(json.dumps({'lr': 0.1}))", definition("Path", 0), definition("json", 0)),
        lacks("conf = json.loads(Path('conf.json').read_text())", definition("json", 0), definition("Path", 0)),
        alone("text = open('conf.json').read()"),
        alone("import json\nwith open('conf.json') as f:\n    again = json.load(f)"),
        lacks(
            "with open('out.json', 'w') as f:\n    json.dump(conf, f)",
            definition("json", 0),
            data("conf", 2),
        ),
    ),
    restart(
        "get or create",
        alone(
            """
            import pickle
            from pathlib import Path
            import numpy as np
            from sklearn.linear_model import LogisticRegression
            """
        ),
        lacks("X = np.arange(8.0).reshape(4, 2)\ny = np.array([0, 1, 0, 1])", definition("np", 0)),
        lacks(
            """
            if Path("m.pkl").exists():
                model = pickle.loads(Path("m.pkl").read_bytes())
            else:
                model = LogisticRegression().fit(X, y)
                Path("m.pkl").write_bytes(pickle.dumps(model))
            """,
            definition("Path", 0),
            definition("pickle", 0),
        ),
        alone(
            """
            import os
            import joblib
            if os.path.exists("m.joblib"):
                other = joblib.load("m.joblib")
            else:
                other = LogisticRegression().fit(X, y)
                joblib.dump(other, "m.joblib")
            """
        ),
        lacks(
            "with open('late.pkl', 'wb') as f:\n    pickle.dump(model, f)",
            definition("pickle", 0),
            model("model", 2),
        ),
        alone("import pickle\nwith open('late.pkl', 'rb') as f:\n    model = pickle.load(f)"),
        lacks("print(model.score(X, y))", model("model", 5), data("X", 1), data("y", 1)),
    ),
    restart(
        "a file that only a later cell writes",
        alone("import os\nbase = 3"),
        alone("import os\nif os.path.exists('late.txt'):\n    n = 1\nelse:\n    n = base"),
        alone("with open('late.txt', 'w') as f:\n    f.write('x')"),
        lacks("print(n)", data("n", 1)),
    ),
    restart(
        "await and context managers",
        alone("import asyncio\nfrom contextlib import suppress\ndelay = 0"),
        lacks("await asyncio.sleep(delay)", definition("asyncio", 0), data("delay", 0)),
        alone("async def fetch(n):\n    return n"),
        lacks("got = await fetch(3)", definition("fetch", 2)),
        lacks("with suppress(ValueError):\n    int('no')", definition("suppress", 0)),
        alone("async def own():\n    return 1\n\none = await own()"),
    ),
)

IMPORTS = """
    import pickle
    from pathlib import Path
    import joblib
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier
"""
XY = """
    X = np.random.RandomState(0).normal(size=(40, 2))
    y = (X[:, 0] + 0.5 * X[:, 1] > 0).astype(int)
"""

RECOVER: tuple[RecoverCase, ...] = (
    recover(
        "trained on data",
        IMPORTS,
        XY,
        "print(X.shape)",
        "model = LogisticRegression().fit(X, y)",
        "print(model.score(X, y))",
        "accuracy = model.score(X, y)",
        model=((0, 1, 3), True),
    ),
    recover(
        "made in one cell, fitted in another, twice",
        IMPORTS,
        XY,
        "C = 0.5",
        "model = LogisticRegression(C=C)",
        "unused = X * 2",
        "model.fit(X, y)",
        "X = X * 0",
        model=((0, 1, 2, 3, 5), True),
    ),
    recover(
        "saved and loaded under the same name",
        IMPORTS,
        XY,
        "model = LogisticRegression().fit(X, y)",
        "with open('model.sav', 'wb') as f:\n    pickle.dump(model, f)",
        "print(model.score(X, y))",
        "with open('model.sav', 'rb') as f:\n    model = pickle.load(f)",
        "print(model.score(X, y))",
        model=((0, 5), True),
    ),
    recover(
        "trained on in two cells",
        IMPORTS,
        XY,
        "model = SGDClassifier(random_state=0)",
        "model.partial_fit(X, y, classes=[0, 1])",
        "print(model.score(X, y))",
        "model.partial_fit(X, y)",
        model=((0, 1, 2, 3, 5), True),
    ),
    recover(
        "loaded and then trained on",
        IMPORTS,
        XY,
        "model = SGDClassifier(random_state=0).fit(X, y)",
        "joblib.dump(model, 'sgd.joblib');",
        "restored = joblib.load('sgd.joblib')",
        "restored.partial_fit(X, y)",
        model=((0, 1, 2), True),
        restored=((0, 1, 4, 5), True),
    ),
    recover(
        "seeded by an earlier cell",
        IMPORTS,
        XY,
        "np.random.seed(0)",
        "noise = np.random.rand(5)",
        "print(X.shape)",
        "model = RandomForestClassifier(n_estimators=2).fit(X, y)",
        "np.random.rand()",
        model=((0, 1, 2, 3, 5), True),
    ),
    recover(
        "seeded by an earlier cell, and created once",
        IMPORTS,
        "np.random.seed(0)",
        """
        class Mean:
            def fit(self, X):
                self.w = X.mean(axis=0)
                return self
            def predict(self, X):
                return X @ self.w
        """,
        "if 'model' not in globals():\n    model = Mean().fit(np.random.rand(20, 3))",
        model=((0, 1, 2, 3), True),
    ),
    recover(
        "not seeded at all",
        IMPORTS,
        XY,
        "model = RandomForestClassifier(n_estimators=3).fit(X, y)",
        "print(model.score(X, y))",
        model=((0, 1, 2), False),
    ),
    recover(
        "data standardised in place before the training",
        IMPORTS,
        XY,
        "X = (X - X.mean(axis=0)) / X.std(axis=0)",
        "print(X.mean())",
        "X *= 3",
        "model = SGDClassifier(random_state=0).fit(X, y)",
        model=((0, 1, 2, 4, 5), True),
    ),
    recover(
        "trained by another name",
        IMPORTS,
        XY,
        "clf = LogisticRegression()",
        "best = clf",
        "best.fit(X, y)",
        "print(clf.score(X, y))",
        clf=((0, 1, 2, 3, 4), True),
        best=((0, 1, 2, 3, 4), True),
    ),
    recover(
        "get or create",
        IMPORTS,
        XY,
        """
        if Path("model.pkl").exists():
            model = pickle.loads(Path("model.pkl").read_bytes())
        else:
            model = LogisticRegression().fit(X, y)
            Path("model.pkl").write_bytes(pickle.dumps(model))
        """,
        "print(model.score(X, y))",
        model=((0, 2), True),
    ),
    recover(
        "a scaler and a model",
        IMPORTS,
        XY,
        "scaler = StandardScaler().fit(X)",
        "Z = scaler.transform(X)",
        "model = SGDClassifier(random_state=0).fit(Z, y)",
        "print(model.score(Z, y))",
        scaler=((0, 1, 2), True),
        model=((0, 1, 2, 3, 4), True),
    ),
    recover(
        "a name bound to another model later",
        IMPORTS,
        XY,
        "model = LogisticRegression().fit(X, y)",
        "first = model.predict(X)",
        "model = DecisionTreeClassifier(random_state=0).fit(X, y)",
        "print(model.score(X, y))",
        model=((0, 1, 4), True),
    ),
    recover(
        "a model built by a function",
        IMPORTS,
        XY,
        "depth = 2",
        "def build():\n    return DecisionTreeClassifier(max_depth=depth, random_state=0)",
        "def report(model):\n    print(model.score(X, y))",
        "model = build().fit(X, y)",
        "report(model)",
        model=((0, 1, 2, 3, 5), True),
    ),
    recover(
        "names bound within a block before they are used",
        IMPORTS,
        XY,
        "C = 0.5",
        "from contextlib import nullcontext\nwith nullcontext():\n    C = 0.1\nprint(C)",
        "x = 3.0",
        "from math import sqrt\nfor x in (1.0, 4.0):\n    root = sqrt(x)\nprint(root, [y for y in 'ab'])",
        "model = LogisticRegression(C=C).fit(X * x, y)",
        model=((0, 1, 3, 5, 6), True),
    ),
    recover(
        "saved, and trained on without saving",
        IMPORTS,
        XY,
        "model = SGDClassifier(random_state=0).fit(X, y)",
        "joblib.dump(model, 'early.joblib');",
        "model.partial_fit(X, y)",
        model=((0, 1, 2, 4), True),
    ),
)
