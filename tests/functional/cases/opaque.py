"""Objects that are hard to read, or that do harm when they are read."""

from tests.functional.cases.case import DATA, Case, cell

CASES = [
    Case(
        "builtins shadowed by the notebook",
        cell("open = len = list = dict = print = None", "reset", open="reset", len="reset", print="reset"),
        cell("type = 3\nn = 0", "reset", type="reset", n="reset"),
        cell("n += type", "in-place", n="in-place", type="untouched"),
        cell("isinstance = getattr = id = repr = 'x'", "reset", isinstance="reset"),
        cell("m = n + 1", "reset", m="reset"),
    ),
    Case(
        "an object that refuses to be compared, shown or pickled",
        cell(
            """
            class Rude:
                def __init__(self):
                    self.n = 0

                def refuse(self, *args):
                    raise RuntimeError("no")

                __eq__ = __bool__ = __len__ = __repr__ = __iter__ = refuse
                __getstate__ = __reduce_ex__ = __copy__ = refuse
                __hash__ = None
            """,
            "stateless",
        ),
        cell("rude = Rude()", "reset", rude="reset"),
        cell("rude.n += 1", "in-place", rude="in-place"),
        cell("rude.n = 7", "reset", rude="reset"),
        cell("print('hi')", "stateless", rude="untouched"),
    ),
    Case(
        "a property with an effect is not called",
        cell(
            """
            class Meter:
                def __init__(self):
                    self._reads = 0

                @property
                def reads(self):
                    self._reads += 1
                    return self._reads
            """,
            "stateless",
        ),
        cell("meter = Meter()", "reset", meter="reset", marks={"meter": ()}),
        cell("1 + 1", "stateless", meter="untouched"),
        cell("first = meter.reads", "in-place", first="reset", meter="in-place"),
    ),
    Case(
        "an object that answers any attribute",
        cell(
            """
            class Any:
                def __init__(self):
                    self.__dict__["asked"] = []

                def __getattr__(self, name):
                    self.__dict__["asked"].append(name)
                    raise AttributeError(name)
            """,
            "stateless",
        ),
        cell("thing = Any()", "reset", thing="reset"),
        cell("1 + 1", "stateless", thing="untouched"),
        cell("hasattr(thing, 'x')", "in-place", thing="in-place"),
    ),
    Case(
        "__getstate__ that hides what moves",
        cell(
            """
            class Shy:
                n = 0

                def __getstate__(self):
                    return {}
            """,
            "stateless",
        ),
        cell("shy = Shy()", "reset", shy="reset"),
        cell("shy.n += 1", "in-place", shy="in-place"),
    ),
    Case(
        "an object that speaks when it dies",
        cell(
            """
            gone = []

            class Loud:
                def __del__(self):
                    gone.append("bye")
            """,
            "reset",
            gone="reset",
        ),
        cell("quiet = 1", "reset", quiet="reset", gone="untouched"),
        cell("loud = Loud()", "in-place", loud="reset", gone="in-place"),
    ),
    Case(
        "locks beside a model",
        DATA,
        cell(
            """
            import threading
            from sklearn.linear_model import SGDClassifier
            lock, clf, n = threading.Lock(), SGDClassifier(random_state=0), 0
            """,
            "reset",
            clf="reset",
            n="reset",
        ),
        cell("with lock:\n    clf.partial_fit(X, y, classes=[0, 1])", "in-place", clf="in-place"),
        cell("with lock:\n    n += 1", "in-place", n="in-place"),
        cell(
            """
            class Tally:
                def __init__(self):
                    self.n, self.lock = 0, threading.Lock()

                def set(self, n):
                    with self.lock:
                        self.n = n

            tally = Tally()
            """,
            "reset",
            tally="reset",
        ),
        cell("tally.set(5)", "reset", tally="reset", marks={"tally": ()}),
        cell("tally.set(tally.n + 1)", "in-place", tally="in-place"),
    ),
    Case(
        "streams in memory",
        cell("import io\nbuf = io.StringIO()\nraw = io.BytesIO()", "reset", buf="reset"),
        cell("print('line', file=buf)", "in-place", buf="in-place"),
        cell("raw.write(b'x');", "in-place", raw="in-place"),
        cell("text = io.StringIO('a').read()", "reset", text="reset"),
    ),
    Case(
        "small library objects",
        cell(
            """
            import re
            import weakref
            from types import MappingProxyType, SimpleNamespace
            pattern = re.compile("a+")
            ns = SimpleNamespace(n=0)
            view = MappingProxyType({"a": 1})
            span = slice(0, 3)
            """,
            "reset",
            pattern="reset",
            ns="reset",
            span="reset",
            marks={"pattern": (), "ns": ()},
        ),
        cell("ns.n += 1", "in-place", ns="in-place"),
        cell("found = pattern.findall('caat')", "reset", found="reset", pattern="untouched"),
        cell("span = slice(span.stop, span.stop + 3)", "in-place", span="in-place"),
        cell("ref = weakref.ref(pattern)", "reset", pattern="untouched"),
    ),
    Case(
        "state put on a module",
        cell("import colorsys\nimport types\nmod = types.ModuleType('mod')\nmod.n = 0", "reset", mod="reset"),
        cell("mod.n += 1", "in-place", mod="in-place"),
        cell("colorsys.calls = getattr(colorsys, 'calls', 0) + 1", "stateless"),
    ),
    Case(
        "bound methods and lambdas kept in data",
        cell(
            "class Tally:\n    n = 0\n\n    def up(self):\n        self.n += 1\n\ntally = Tally()",
            "reset",
            tally="reset",
        ),
        cell("hooks = {'up': tally.up, 'twice': lambda x: 2 * x}", "reset", hooks="reset", tally="untouched"),
        cell("hooks['up']()", "in-place", tally="in-place"),
        cell("eight = hooks['twice'](4)", "reset", eight="reset", tally="untouched"),
    ),
]
