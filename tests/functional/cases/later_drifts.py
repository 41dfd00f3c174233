"""Going back: inputs that change further down."""

from tests.functional.cases.case import DATA, Case, cell

DRIFTS = {"drifts"}

CASES = [
    Case(
        "an input bound anew further down",
        cell("a = 1", "reset", a="reset", marks={"a": ()}),
        cell("b = a + 1", "reset", b="reset", marks={"b": DRIFTS}),
        cell("a = 10", "reset", a="reset", marks={"a": ()}),
    ),
    Case(
        "input and result both bound anew",
        cell("a = 1", "reset"),
        cell("b = a + 1", "reset", b="reset", marks={"b": ()}),
        cell("a = 10\nb = a + 1", "reset", a="reset", b="reset", marks={"b": ()}),
    ),
    Case(
        "an input changes but the result does not",
        cell("a = 1", "reset"),
        cell("positive = a > 0", "reset", positive="reset", marks={"positive": ()}),
        cell("a = 10", "reset"),
    ),
    Case(
        "a model fitted before its data is scaled",
        DATA,
        cell("from sklearn.linear_model import LinearRegression\nreg = LinearRegression()", "reset"),
        cell("reg.fit(X, y)", "reset", reg="reset", how={"reg": "refitted"}, marks={"reg": DRIFTS}),
        cell("X = X * 2", "in-place", X="in-place", marks={"X": ()}),
        cell("pred = reg.predict(X)", "reset", pred="reset", reg="untouched", marks={"pred": ()}),
    ),
    Case(
        "predictions of a model that is refitted further down",
        DATA,
        cell(
            "from sklearn.linear_model import LinearRegression\nreg = LinearRegression().fit(X[:20], y[:20])",
            "reset",
        ),
        cell("pred = reg.predict(X)", "reset", pred="reset", marks={"pred": DRIFTS}),
        cell("reg.fit(X, y)", "reset", reg="reset", marks={"reg": ()}),
    ),
    Case(
        "a function defined anew further down",
        cell("def scale(x):\n    return x * 2", "stateless"),
        cell("six = scale(3)", "reset", six="reset", marks={"six": DRIFTS}),
        cell("def scale(x):\n    return x * 100", "stateless"),
    ),
    Case(
        "an input deleted further down",
        cell("raw = [1, 2, 3]", "reset", raw="reset", marks={"raw": ()}),
        cell("n = len(raw)", "reset", n="reset", marks={"n": DRIFTS}),
        cell("del raw", "error"),
    ),
    Case(
        "a builtin shadowed further down",
        cell("values = [1, 2, 3]", "reset"),
        cell("total = sum(values)", "reset", total="reset", marks={"total": DRIFTS}),
        cell("sum = 6", "reset", sum="reset"),
    ),
    Case(
        "a list that grows further down",
        cell("rows = [1]", "reset", rows="reset", marks={"rows": ()}),
        cell("n = len(rows)", "reset", n="reset", marks={"n": DRIFTS}),
        cell("rows.append(2)", "in-place", rows="in-place", marks={"rows": ()}),
    ),
    Case(
        "idempotent changes that were built upon do not drift",
        cell("rows = [0, 0]\nconf = {}", "reset"),
        cell("rows[1] = 5", "reset", rows="reset", marks={"rows": ()}),
        cell("conf['lr'] = 0.1", "reset", conf="reset", marks={"conf": ()}),
        cell("rows.append(7)\nconf['batch'] = 8", "in-place", rows="in-place", conf="reset"),
    ),
    Case(
        "a frame cleaned and then extended does not drift",
        cell(
            "import pandas as pd\ndf = pd.DataFrame({'A': [1.0, None, 3.0]})",
            "reset",
            df="reset",
            marks={"df": ()},
        ),
        cell("df = df.rename(columns={'A': 'a'})", "reset", df="reset", marks={"df": ()}),
        cell("df = df.dropna()", "reset", df="reset", marks={"df": ()}),
        cell("df['b'] = df['a'] * 2", "reset", df="reset", marks={"df": ()}),
    ),
    Case(
        "a setting changed further down",
        cell("import numpy as np\nx = np.array([1 / 3])", "reset"),
        cell("shown = str(x)", "reset", shown="reset", marks={"shown": DRIFTS}),
        cell("np.set_printoptions(precision=2)", "reset"),
    ),
    Case(
        "a file that is written further down, looked for by a function that an earlier cell imported",
        cell("from os import stat", "stateless"),
        cell(
            "try:\n    stat('out.json')\n    found = True\nexcept FileNotFoundError:\n    found = False",
            "reset",
            found="reset",
            marks={"found": DRIFTS},
        ),
        cell("open('out.json', 'w').close()", "reset"),
    ),
    Case(
        "an attribute of a configuration changed further down",
        cell("from types import SimpleNamespace\nconf = SimpleNamespace(lr=0.1)", "reset", marks={"conf": ()}),
        cell("step = conf.lr * 2", "reset", step="reset", marks={"step": DRIFTS}),
        cell("conf.lr = 0.5", "reset", conf="reset"),
    ),
    Case(
        "an alias of what is changed further down",
        cell("a = [1]", "reset", marks={"a": ()}),
        cell("b = a", "reset", b="reset", marks={"b": ()}),
        cell("b.append(2)", "in-place", a="in-place", b="in-place", marks={"a": (), "b": ()}),
    ),
    Case(
        "a cell that moves on does not drift as well",
        cell("n, step = 0, 1", "reset"),
        cell("n += step", "in-place", n="in-place", marks={"n": ()}),
        cell("step = 5", "reset", step="reset"),
    ),
    Case(
        "a cell that keeps changing one thing, with an input of another that changes further down",
        cell("a, rows = 1, []", "reset"),
        cell("b = a + 1\nrows.append(a)", "in-place", b="reset", rows="in-place", marks={"b": DRIFTS, "rows": ()}),
        cell("a = 10", "reset"),
    ),
    Case(
        "a cell that takes an item, of an iterator that is used up further down",
        cell("items = map(str, range(8))", "reset", marks={"items": ()}),
        cell(
            "n = len([1, 2])\nlast = next(items)",
            "in-place",
            n="reset",
            last="reset",
            items="in-place",
            marks={"n": DRIFTS, "last": {"follows"}, "items": ()},
        ),
        cell("rest = list(items)", "in-place"),
    ),
    Case(
        "what follows a variable that the cell overwrites with the same value",
        cell(
            """
            import pandas as pd
            from sklearn.preprocessing import LabelEncoder
            class Box:
                pass
            class Once:
                def __init__(self, items):
                    self.items, self.at = items, 0
                def __iter__(self):
                    return self
                def __next__(self):
                    self.at += 1
                    if self.at > len(self.items):
                        self.at = len(self.items)
                        raise StopIteration
                    return self.items[self.at - 1]
            df = pd.DataFrame({"a": [1.0, None, 3.0], "b": ["x", "y", "x"]})
            box, once = Box(), Once([1, 2])
            box.n = 0
            n, total = 5, 0
            """,
            "reset",
        ),
        cell("m = n * 2\nn = 7", "reset", n="reset", m="reset", marks={"m": {"follows"}}),
        cell("rows = len(df)\ndf = df.dropna()", "reset", df="reset", rows="reset", marks={"rows": {"follows"}}),
        cell("total = total + n\nn = 7", "in-place", total="in-place"),
        cell("old = box.n\nbox.n = 9", "reset", box="reset", old="reset", marks={"old": {"follows"}}),
        cell("parts = list(once)", "in-place"),
        cell(
            "le = LabelEncoder()\ndf['b'] = le.fit_transform(df['b'])",
            "in-place",  # another encoder is left
            df="reset",
            le="reset",
            marks={"df": (), "le": {"follows"}},
        ),
    ),
]
