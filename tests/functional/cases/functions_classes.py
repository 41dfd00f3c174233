"""Functions and classes, and the state that some of them carry."""

from tests.functional.cases.case import Case, cell

CASES = [
    Case(
        "stored by a function into what it is given",
        cell(
            """
            import pandas as pd
            df, settings, rows = pd.DataFrame({"a": [-1.0, 2.0]}), {}, [1, 2, 3]

            class Model:
                pass

            model = Model()
            """,
            "reset",
        ),
        cell(
            """
            def clean(frame):
                frame["a"] = frame["a"].abs()

            def put(target, value=9):
                target[0] = value

            def label(thing, *, text):
                thing.text = text

            def once(options):
                if "depth" not in options:
                    options["depth"] = [3]
            """,
            "stateless",
        ),
        cell("clean(df)", "reset", df="reset"),
        cell("put(rows)", "reset", rows="reset"),
        cell("label(model, text='a')", "reset", model="reset"),
        cell("once(settings)", "persisted", settings="persisted"),
    ),
    Case(
        "plain definitions; a mutable default argument; a default that is not mutated",
        cell("def square(x):\n    return x * x", "stateless"),
        cell("class Point:\n    size = 2\n\n    def __init__(self, x):\n        self.x = x", "stateless"),
        cell("four = square(2)", "reset", four="reset"),
        cell("p = Point(3)", "reset", p="reset", how={"p": "recreated"}, kinds={"p": "data"}),
        cell("square(5)", "stateless"),
        cell("def add(item, to=[]):\n    to.append(item)\n    return to", None),
        cell("add(1)", "in-place", add="in-place"),
        cell("def scaled(x, by=[2]):\n    return x * by[0]", None),
        cell("six = scaled(3)", "reset", six="reset", scaled="untouched"),
    ),
    Case(
        "a closure that counts; an attribute of a function; a decorator that counts calls",
        cell(
            """
            def make_counter():
                n = 0
                def step():
                    nonlocal n
                    n += 1
                    return n
                return step
            """,
            "stateless",
        ),
        cell("tick = make_counter()", "reset", tick="reset"),
        cell("tick()", "in-place", tick="in-place"),
        cell("now = tick()", "in-place", tick="in-place", now="reset"),
        cell("def f():\n    f.calls += 1\n    return f.calls", "stateless"),
        cell("f.calls = 0", "reset", f="reset"),
        cell("f.calls += 1", "in-place", f="in-place"),
        cell("f()", "in-place", f="in-place"),
        cell(
            """
            import functools

            def counted(func):
                @functools.wraps(func)
                def wrapper(*args):
                    wrapper.calls += 1
                    return func(*args)
                wrapper.calls = 0
                return wrapper
            """,
            "stateless",
        ),
        cell("@counted\ndef half(x):\n    return x / 2", "reset", half="reset"),
        cell("two = half(4)", "in-place", half="in-place", two="reset"),
    ),
    Case(
        "a closure over a constant; a decorator that registers; attributes of a class",
        cell("def adder(n):\n    def add(x):\n        return x + n\n    return add", "stateless"),
        cell("add3 = adder(3)", "reset", add3="reset"),
        cell("seven = add3(4)", "reset", seven="reset", add3="untouched"),
        cell(
            """
            handlers, table = [], {}

            def register(func):
                handlers.append(func.__name__)
                return func

            def named(func):
                table[func.__name__] = len(func.__name__)
                return func
            """,
            "reset",
            handlers="reset",
            table="reset",
        ),
        cell("@register\ndef load():\n    pass", "in-place", handlers="in-place"),
        cell("@named\ndef save():\n    pass", "reset", table="reset", handlers="untouched"),
        cell("class Config:\n    lr = 0.1\n    seen = []", "stateless"),
        cell("Config.lr = 0.01", "reset", Config="reset"),
        cell("Config.lr /= 10", "in-place", Config="in-place"),
        cell("c = Config()", "reset", c="reset"),
        cell("c.seen.append(1)", "in-place", Config="in-place"),
    ),
    Case(
        "a decorator that is a method, and calls the object it belongs to",
        cell(
            """
            from functools import singledispatch
            @singledispatch
            def show(x):
                return "any"
            """,
            "reset",
        ),
        cell(
            """
            @show.register
            def show_int(x: int):
                return "int"
            """,
            "reset",
            show="reset",
        ),
        cell(
            """
            @show.register(str)
            def show_str(x):
                return "str"
            """,
            "reset",
            show="reset",
        ),
    ),
    Case(
        "expressions of sympy, which remembers what it has made and found out",
        cell("import sympy as sp\nx, y = sp.symbols('x y')\nexpr = (x + 1)**2", "reset", x="reset", expr="reset"),
        cell("print(sp.expand(expr), x.is_positive)", "stateless"),
        cell("d = sp.diff(expr, x)", "reset", d="reset", x="untouched", marks={"d": ()}),
        cell("expr = expr + y", "in-place", expr="in-place"),
    ),
    Case(
        "instances that count; a class that counts its instances; subclasses that register themselves",
        cell(
            """
            class Counter:
                made = 0
                n = 0

                def tick(self):
                    self.n += 1
            """,
            "stateless",
        ),
        cell("a = Counter()\nb = Counter()", "reset", a="reset", b="reset", marks={"b": ()}),
        cell("a.tick()", "in-place", a="in-place", b="untouched", Counter="untouched"),
        cell("a.n = 10", "reset", a="reset"),
        cell("pair = [a, b]\npair[1].tick()", "in-place", b="in-place", pair="reset", a="untouched"),
        cell(
            """
            class Node:
                count = 0

                def __init__(self):
                    Node.count += 1
            """,
            "stateless",
        ),
        cell("node = Node()", "in-place", Node="in-place", node="reset"),
        cell(
            """
            class Base:
                known = []

                def __init_subclass__(cls):
                    Base.known.append(cls.__name__)
            """,
            "stateless",
        ),
        cell("class Child(Base):\n    pass", "in-place", Base="in-place"),
    ),
    Case(
        "dataclasses; named tuples and enums",
        cell(
            """
            from dataclasses import dataclass, field, replace

            @dataclass
            class Run:
                lr: float = 0.1
                losses: list = field(default_factory=list)
            """,
            "stateless",
        ),
        cell("run = Run()", "reset", run="reset"),
        cell("run.losses.append(1.0)", "in-place", run="in-place"),
        cell("run = replace(run, lr=0.5)", "reset", run="reset"),
        cell("run = replace(run, lr=run.lr / 2)", "in-place", run="in-place"),
        cell(
            """
            from collections import namedtuple
            from enum import Enum

            Point = namedtuple("Point", "x y")

            class Light(Enum):
                RED = 1
                GREEN = 2
                YELLOW = 3
            """,
            "stateless",
        ),
        cell("p = Point(0, 0)\nlight = Light.RED", "reset", p="reset", light="reset", marks={"light": ()}),
        cell("p = p._replace(x=p.x + 1)", "in-place", p="in-place"),
        cell("light = Light(light.value % 3 + 1)", "in-place", light="in-place"),
        cell("p = p._replace(y=7)", "reset", p="reset"),
    ),
    Case(
        "partial objects; objects with slots",
        cell("from functools import partial\n\ndef record(seen, x):\n    seen.append(x)", "stateless"),
        cell("note = partial(record, [])\ncube = partial(pow, exp=3)", "reset", note="reset", cube="reset"),
        cell("note(1)", "in-place", note="in-place", cube="untouched"),
        cell("eight = cube(2)", "reset", eight="reset", cube="untouched"),
        cell(
            "class Slim:\n    __slots__ = ('n', 'rest')\n\n    def __init__(self):\n        self.n = 0",
            "stateless",
        ),
        cell("s = Slim()", "reset", s="reset"),
        cell("s.n += 1", "in-place", s="in-place"),
        cell("s.rest = [1]", "reset", s="reset"),
    ),
    Case(
        "callable objects and class methods",
        cell(
            """
            class Accumulator:
                total = 0

                def __init__(self):
                    self.sum = 0

                def __call__(self, x):
                    self.sum += x
                    return self.sum

                @classmethod
                def note(cls):
                    cls.total += 1
            """,
            "stateless",
        ),
        cell("acc = Accumulator()", "reset", acc="reset"),
        cell("acc(2)", "in-place", acc="in-place", Accumulator="untouched"),
        cell("Accumulator.note()", "in-place", Accumulator="in-place"),
    ),
    Case(
        "a function empties and fills a dict: the new list may lie where the old one was",
        cell("def refill(d):\n    d.clear()\n    d['rows'] = []", "stateless"),
        cell("history = {}", "reset", history="reset"),
        cell("refill(history)", "reset", history="reset", how={"history": "refitted"}),
    ),
    Case(
        "a definition does nothing yet",
        cell("rows = {'a': 0}\nlog = []", "reset", rows="reset"),
        cell(
            "def step(rows, log=log):\n    rows['a'] = 1\n    log.append(1)",
            "stateless",
            rows="untouched",
            log="untouched",
        ),
        cell("step(rows)", "in-place", rows="reset", log="in-place"),
        cell("(lambda: log.append(2))()", "in-place", log="in-place"),
    ),
    Case(
        "a ring of objects",
        cell("class Node:\n    def __init__(self, v):\n        self.v, self.next = v, self", "stateless"),
        cell("a, b = Node(1), Node(2)\na.next, b.next = b, a", "reset", a="reset", b="reset", marks={"a": ()}),
        cell("b.v += 1", "in-place", a="in-place", b="in-place"),
        cell("a.v = 1", "reset", a="reset"),
    ),
]
