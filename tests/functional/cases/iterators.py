"""Iterators and generator functions: what is taken from them is gone."""

from tests.functional.cases.case import Case, cell

CASES = [
    Case(
        "next on a list iterator; an exhausted zip; a generator function",
        cell("it = iter([10, 20, 30, 40])", "reset", it="reset", kinds={"it": "data"}),
        cell("x = next(it)", "in-place", x="reset", it="in-place"),
        cell("print(next(it))", "in-place", it="in-place"),
        cell("pairs = zip([1, 2], 'ab')", "reset", pairs="reset"),
        cell("rows = list(pairs)", "in-place", pairs="in-place", rows="reset", marks={"rows": {"follows"}}),
        cell("fresh = list(zip([1, 2], 'ab'))", "reset", fresh="reset"),
        cell("def naturals():\n    n = 0\n    while True:\n        yield n\n        n += 1", "stateless"),
        cell("gen = naturals()", "reset", gen="reset"),
        cell("n = next(gen)", "in-place", n="reset", gen="in-place"),
        cell("own = naturals()\nfirst = next(own)", "reset", own="reset", first="reset", gen="untouched"),
    ),
    Case(
        "batches taken from a generator; a loop over an iterator of an earlier cell; itertools",
        cell("batches = (list(range(i, i + 2)) for i in range(0, 8, 2))", "reset"),
        cell("batch = next(batches)", "in-place", batch="reset"),
        cell("left = sum(map(sum, batches))", "in-place", left="reset", marks={"left": {"follows"}}),
        cell("it = iter(range(4))", "reset"),
        cell(
            "total = 0\nfor value in it:\n    total += value",
            "in-place",
            it="in-place",
            total="reset",
            marks={"total": {"follows"}},
        ),
        cell("again = 0\nfor value in range(4):\n    again += value", "reset", again="reset"),
        cell("import itertools\nids = itertools.count(1)\nspin = itertools.cycle('abc')", "reset"),
        cell("new_id = next(ids)", "in-place", new_id="reset"),
        cell("letter = next(spin)", "in-place", letter="reset"),
        cell("pairs = list(itertools.combinations('abc', 2))", "reset", pairs="reset"),
    ),
    Case(
        "enumerate, reversed and map objects; an iterator class; a generator that is sent values",
        cell(
            """
            numbered = enumerate('abcd')
            back = reversed([1, 2, 3])
            lengths = map(len, ['a', 'bb', 'ccc'])
            """,
            "reset",
        ),
        cell("index, letter = next(numbered)", "in-place", index="reset", letter="reset"),
        cell("last = next(back)", "in-place", last="reset"),
        cell("size = next(lengths)", "in-place", size="reset"),
        cell(
            """
            class Countdown:
                def __init__(self, n):
                    self.n = n

                def __iter__(self):
                    return self

                def __next__(self):
                    if self.n == 0:
                        raise StopIteration
                    self.n -= 1
                    return self.n
            """,
            "stateless",
        ),
        cell("down = Countdown(5)", "reset", down="reset"),
        cell("n = next(down)", "in-place", n="reset", down="in-place"),
        cell("rest = list(down)", "in-place", rest="in-place"),
        cell(
            """
            def averager():
                total, count, mean = 0.0, 0, None
                while True:
                    total += yield mean
                    count += 1
                    mean = total / count
            """,
            "stateless",
        ),
        cell("avg = averager()\nnext(avg)", "reset", avg="reset"),
        cell("mean = avg.send(2.0)", "in-place", avg="in-place", mean="reset"),
    ),
    Case(
        "the only element taken twice; a reader of lines",
        cell("single = iter(['x'])", "reset"),
        cell("only = next(single)", "error"),
        cell("other = next(iter(['x']))", "reset", other="reset"),
        cell("import csv\nreader = csv.reader(['a,b', '1,2', '3,4'])", None),
        cell("header = next(reader)", "in-place", header="reset"),
        cell("rows = list(reader)", "in-place", reader="in-place", rows="reset", marks={"rows": {"follows"}}),
    ),
    Case(
        "an iterator used up",
        cell("gen, it = (i * i for i in range(3)), iter([1, 2, 3])", "reset", gen="reset", it="reset"),
        cell("for x in gen:\n    print(x)", "in-place", gen="in-place"),
        cell("print(sum(it))", "in-place", it="in-place"),
        cell("for x in iter([1, 2]):\n    print(x)", "stateless"),
    ),
    Case(
        "a file that is read line by line",
        cell("open('a.txt', 'w').write('a\\nb\\nc\\nd\\n')\nf = open('a.txt')", "reset", f="reset"),
        cell("line = next(f)", "in-place", f="in-place", line="reset", marks={"line": {"follows"}}),
        cell("for each in f:\n    break", "in-place", f="in-place"),
        cell("rows = [row for row in f]", "in-place", f="in-place", rows="reset", marks={"rows": {"follows"}}),
        cell("f.seek(0)\nrows = [row for row in f]", "reset", f="untouched", rows="reset", marks={"rows": ()}),
        cell("f.seek(0)\nfirst = next(f)", "reset", f="reset", first="reset", marks={"first": ()}),
        cell("text = f.read()", "in-place", f="in-place", text="reset", marks={"text": {"follows"}}),
        cell("print(f.name)", "stateless"),
    ),
    Case(
        "a table that is read row by row, and a file that is changed in between",
        cell("import csv\nopen('a.csv', 'w').write('a,b\\n1,2\\n3,4\\n5,6\\n')", "reset"),
        cell("f = open('a.csv')\nreader = csv.reader(f)", "reset", f="reset", reader="reset"),
        cell("head = next(reader)", "in-place", f="in-place", reader="in-place", head="reset"),
        cell("numbered = enumerate(reader)", "reset", numbered="reset", f="untouched"),
        cell("n, row = next(numbered)", "in-place", numbered="in-place", n="reset", row="reset"),
        cell("g = open('a.csv', 'r+')", "reset", g="reset", variables={"file:a.csv": "reset"}),
        cell("head = g.readline()", "in-place", g="in-place", head="reset"),
        cell("g.seek(0, 2)\ng.write('7,8\\n')", "in-place", g="in-place"),
    ),
]
