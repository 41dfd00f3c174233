"""Get-or-create: a value that an earlier run left in the kernel is taken from there."""

from tests.functional.cases.case import DATA, Case, cell

KERNEL = {"model": "kernel"}
SGD = cell("from sklearn.linear_model import LogisticRegression, SGDClassifier", "stateless")

CASES = [
    Case(
        "if the model is not in globals, and later training",
        DATA,
        SGD,
        cell(
            """
            if "model" not in globals():
                model = SGDClassifier(random_state=0).fit(X, y)
            """,
            "persisted",
            model="persisted",
            via=KERNEL,
            kinds={"model": "model"},
        ),
        cell("model.partial_fit(X, y)", "in-place", model="in-place"),
        cell(
            """
            if 'other' not in globals():
                other = SGDClassifier(random_state=0)
            other.partial_fit(X, y, classes=[0, 1])
            """,
            "in-place",
            other="in-place",
        ),
        cell(
            "if 'third' not in globals():\n    third = LogisticRegression()\nthird.fit(X, y)",
            "reset",
            third="reset",
            how={"third": "refitted"},
        ),
    ),
    Case(
        "if the model is not in globals, and nothing later",
        DATA,
        SGD,
        cell(
            "if 'model' not in globals():\n    model = LogisticRegression().fit(X, y)",
            "persisted",
            model="persisted",
            via=KERNEL,
        ),
        cell("model.predict(X[:2])", "stateless", model="untouched"),
    ),
    Case(
        "try the model, except NameError",
        DATA,
        SGD,
        cell(
            """
            try:
                model
            except NameError:
                model = LogisticRegression().fit(X, y)
            """,
            "persisted",
            model="persisted",
            via=KERNEL,
        ),
        cell("model.C = 3.0", "reset", model="reset"),
    ),
    Case(
        "fitted only if it is not fitted yet",
        DATA,
        SGD,
        cell("model = LogisticRegression()", "reset", model="reset"),
        cell("if not hasattr(model, 'coef_'):\n    model.fit(X, y)", "persisted", model="persisted", via=KERNEL),
        cell("model.coef_ = model.coef_ * 2", "in-place", model="in-place", changed=["model.coef_"]),
    ),
    Case(
        "a model from an lru_cache",
        DATA,
        SGD,
        cell(
            """
            from functools import lru_cache

            @lru_cache(maxsize=None)
            def get_model():
                return LogisticRegression().fit(X, y)
            """,
            None,
        ),
        cell("model = get_model()", "persisted", model="persisted", via=KERNEL),
        cell("model.C = 0.5", "reset", model="reset"),
    ),
    Case(
        "a registry of models in a dict",
        DATA,
        SGD,
        cell(
            """
            registry = {}

            def get(name):
                if name not in registry:
                    registry[name] = LogisticRegression().fit(X, y)
                return registry[name]
            """,
            "reset",
            registry="reset",
        ),
        cell(
            "model = get('lr')",
            "persisted",
            model="persisted",
            registry="persisted",
            via={"model": "kernel", "registry": "kernel"},
        ),
        cell("registry['lr'].C = 9.0", "reset", registry="reset"),
    ),
    Case(
        "a value kept if it is there",
        cell(
            "if 'runs' not in globals():\n    runs = []",
            "persisted",
            runs="persisted",
            via={"runs": "kernel"},
        ),
        cell("runs.append(1)", "in-place", runs="in-place"),
        cell("best = globals().get('best', 0) + 1", "in-place", best="in-place"),
    ),
    Case(
        "a guard on a plain number",
        cell("if 'seed' not in dir():\n    seed = 42", "persisted", seed="persisted", via={"seed": "kernel"}),
        cell("seed = 7", "reset", seed="reset"),
        cell("rate = 0.1", "reset", rate="reset", marks={"rate": ()}),
    ),
    Case(
        "the same object bound again",
        cell(
            "state = globals().get('state') or {'step': 0}",
            "persisted",
            state="persisted",
            via={"state": "kernel"},
        ),
        cell("state['step'] += 1", "in-place", state="in-place"),
    ),
    Case(
        "a cache filled if it is empty",
        cell("cache = {}", "reset", cache="reset"),
        cell(
            "if not cache:\n    cache.update(a=1, b=2)",
            "persisted",
            cache="persisted",
            via={"cache": "kernel"},
        ),
        cell("cache['a'] = 100", "reset", cache="reset"),
    ),
    Case(
        "setdefault",
        cell("store = {}", "reset", store="reset"),
        cell("store.setdefault('a', 1)", "persisted", store="persisted", via={"store": "kernel"}),
        cell("store['a'] = 100", "reset", store="reset"),
    ),
    Case(
        "setdefault and append",
        cell("groups = {}", "reset", groups="reset"),
        cell("groups.setdefault('a', []).append(1)", "in-place", groups="in-place"),
    ),
    Case(
        "a column made if it is missing",
        cell("import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2.0]})", "reset", df="reset"),
        cell("if 'b' not in df:\n    df['b'] = df['a'] + 1", "persisted", df="persisted", via={"df": "kernel"}),
        cell("df['b'] = df['b'] * 2", "in-place", df="in-place", changed=["df['b']"]),
    ),
    Case(
        "a cached property",
        cell(
            """
            from functools import cached_property

            class Source:
                @cached_property
                def rows(self):
                    return [1, 2, 3]
            """,
            "stateless",
        ),
        cell("source = Source()", "reset", source="reset"),
        cell(
            "rows = source.rows",
            "persisted",
            rows="persisted",
            source="persisted",
            via={"rows": "kernel", "source": "kernel"},
        ),
        cell("rows.append(4)", "in-place", rows="in-place", source="in-place"),
    ),
    Case(
        "a singleton",
        cell(
            """
            class Settings:
                only = None

                def __new__(cls):
                    if cls.only is None:
                        cls.only = super().__new__(cls)
                        cls.only.level = 1
                    return cls.only
            """,
            "stateless",
        ),
        cell("conf = Settings()", "persisted", conf="persisted", via={"conf": "kernel"}),
        cell("conf.level = 5", "reset", conf="reset"),
    ),
    Case(
        "a guard that is never taken",
        cell("n = 3", "reset"),
        cell("if 'n' not in globals():\n    n = 0", "stateless", n="untouched"),
        cell("n += 1", "in-place", n="in-place"),
    ),
    Case(
        "numbers that functions set once, or every time",
        cell(
            """
            def prepare():
                global n
                if "n" not in globals():
                    n = 7
                print(n)

            def show(text):
                return text.upper()
            """,
            "stateless",
        ),
        cell("prepare()", "persisted", n="persisted", via={"n": "kernel"}),
        cell("if 'word' not in globals():\n    word = 'a'\nshow(word)", "persisted", word="persisted"),
        cell("globals()['k'] = 7\nprint(k)", "reset", k="reset"),
        cell("exec('m = 5')\nprint(m)", "reset", m="reset"),
    ),
    Case(
        "a getter with a global",
        cell(
            """
            def connection():
                global conn
                if "conn" not in globals():
                    conn = {"open": True, "queries": 0}
                return conn
            """,
            "stateless",
        ),
        cell("handle = connection()", "persisted", handle="persisted", conn="persisted"),
        cell("handle['queries'] += 1", "in-place", handle="in-place", conn="in-place"),
    ),
    Case(
        "names that functions know as texts",
        cell(
            """
            def keep():
                globals().setdefault('kept', 'text')
            def bind():
                globals()['bound'] = 'text'
            def guard():
                if 'guarded' not in globals():
                    globals()['guarded'] = [1]
            """,
            "stateless",
        ),
        cell("keep()", "persisted", kept="persisted", via={"kept": "kernel"}),
        cell("bind()", "reset", bound="reset"),
        cell("guard()", "persisted", guarded="persisted"),
        cell("a = 1", "reset", a="reset"),
        cell("got = globals().get('got', {'a': [1]})", "persisted", got="persisted", a="untouched"),
        cell("flag = 'a' in globals()", "reset", flag="reset", a="untouched"),
    ),
]
