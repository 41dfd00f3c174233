"""Lists, dicts, sets and the collections module."""

from tests.functional.cases.case import Case, cell

CASES = [
    Case(
        "losses appended to an earlier list; list extend and plus; list insert, pop and reverse",
        cell("losses = []", "reset", losses="reset"),
        cell("losses.append(0.5)", "in-place", losses="in-place", kinds={"losses": "data"}),
        cell("rows = [1]\ncols = ['a']\ntwice = [0]", "reset"),
        cell("rows.extend([2, 3])", "in-place", rows="in-place"),
        cell("cols = cols + ['b']", "in-place", cols="in-place"),
        cell("twice *= 2", "in-place", twice="in-place"),
        cell("a = [1, 2]\nb = [1, 2, 3, 4]\nc = [1, 2, 3]", "reset"),
        cell("a.insert(0, 9)", "in-place", a="in-place"),
        cell("last = b.pop()", "in-place", b="in-place", last="reset"),
        cell("c.reverse()", "in-place", c="in-place"),
    ),
    Case(
        "losses filled in one cell; list elements set, sorted, cleared; an idempotent change built upon",
        cell(
            "losses = []\nfor step in range(3):\n    losses.append(1 / (step + 1))",
            "reset",
            losses="reset",
            marks={"losses": ()},
            how={"losses": "recreated"},
        ),
        cell("rows = [3, 1, 2]\nbin_ = [1]", "reset"),
        cell("rows.sort()", "reset", rows="reset"),
        cell("rows[0] = 5", "reset", rows="reset"),
        cell("rows[0] += 1", "in-place", rows="in-place"),
        cell("bin_.clear()", "reset", bin_="reset"),
        cell("rows[:] = [7, 8]", "reset", rows="reset"),
        cell("items = [3, 1, 2]", "reset"),
        cell("items.sort()", "reset", items="reset", marks={"items": ()}),
        cell("items.append(9)", "in-place", items="in-place"),
    ),
    Case(
        "list rebuilt from itself; tuple grown; dict popped until it is empty",
        cell("words = ['b', 'a', 'b']\nvals = [1, 2]", "reset"),
        cell("words = sorted(set(words))", "reset", words="reset"),
        cell("vals = [v * 2 for v in vals]", "in-place", vals="in-place"),
        cell("squares = [v * v for v in range(4)]", "reset", squares="reset"),
        cell("vals = vals[1:]", "in-place", vals="in-place"),
        cell("shape = (2,)", "reset", shape="reset"),
        cell("shape += (1,)", "in-place", shape="in-place"),
        cell("todo = {'a': 1, 'b': 2, 'c': 3}", "reset"),
        cell("key, value = todo.popitem()", "in-place", todo="in-place", key="reset", value="reset"),
    ),
    Case(
        "dict keys set and dict counts raised; dict inverted; array module",
        cell("conf = {'lr': 0.1}\nseen = {}", "reset"),
        cell("conf['lr'] = 0.01", "reset", conf="reset"),
        cell("conf.update(batch=32)", "reset", conf="reset", marks={"conf": ()}),
        cell("seen['a'] = seen.get('a', 0) + 1", "in-place", seen="in-place"),
        cell("conf |= {'seed': 1}", "reset", conf="reset"),
        cell("conf['lr'] /= 10", "in-place", conf="in-place"),
        cell("codes = {'a': 'x', 'b': 'y'}\nlabels = {0: 'cat', 1: 'dog'}", "reset"),
        cell("codes = {v: k for k, v in codes.items()}", "in-place", codes="in-place"),
        cell("index = {v: k for k, v in labels.items()}", "reset", index="reset", labels="untouched"),
        cell("from array import array\nnums = array('d', [1.0])", "reset", nums="reset"),
        cell("nums.append(2.0)", "in-place", nums="in-place"),
    ),
    Case(
        "sets; deque; nested two thousand deep",
        cell("seen = {1, 2}\nfixed = frozenset({1})\nodd = {1}", "reset"),
        cell("seen = seen | {3}", "reset", seen="reset"),
        cell("fixed |= {2}", "reset", fixed="reset"),
        cell("odd ^= {1, 2}", "in-place", odd="in-place"),
        cell("seen.add(len(seen) + 10)", "in-place", seen="in-place"),
        cell(
            """
            from collections import deque
            window, queue, ring = deque([0, 0], maxlen=3), deque([1, 2, 3]), deque([1, 2, 3])
            """,
            "reset",
        ),
        cell("window.append(1)", "in-place", window="in-place"),
        cell("first = queue.popleft()", "in-place", queue="in-place", first="reset"),
        cell("ring.rotate(1)", "in-place", ring="in-place"),
        cell(
            "deep = leaf = []\nfor depth in range(2000):\n    deep = [deep]",
            "reset",
            deep="reset",
            leaf="reset",
            marks={"deep": ()},
        ),
        cell("leaf.append(1)", "in-place", leaf="in-place", deep="in-place"),
    ),
    Case(
        "set add of a fixed value; Counter and defaultdict; OrderedDict order is value",
        cell("seen = set()", "reset", seen="reset"),
        cell("seen.add('a')", "reset", seen="reset"),
        cell(
            "from collections import Counter, defaultdict\ncounts = Counter()\ngroups = defaultdict(list)",
            "reset",
        ),
        cell("counts.update('hello')", "in-place", counts="in-place"),
        cell("letters = Counter('hello')", "reset", letters="reset"),
        cell("groups['a'].append(1)", "in-place", groups="in-place"),
        cell("from collections import OrderedDict\nod = OrderedDict(a=1, b=2, c=3)", "reset", od="reset"),
        cell("od.move_to_end('a')", "reset", od="reset"),
        cell("od.move_to_end(next(iter(od)))", "in-place", od="in-place"),
    ),
    Case(
        "heap and bisect; bytearray and a memoryview of it; one list under two names",
        cell("import bisect\nimport heapq\nheap = [5]\nscores = [1, 3]", "reset"),
        cell("heapq.heappush(heap, 1)", "in-place", heap="in-place"),
        cell("bisect.insort(scores, 2)", "in-place", scores="in-place"),
        cell("buf = bytearray(4)\nview = memoryview(buf)", "reset"),
        cell("view[0] = 7", "reset", buf="reset", view="reset"),
        cell("view[0] += 1", "in-place", buf="in-place", view="in-place"),
        cell("data = bytearray(2)\ndata.extend(b'ab')", "reset", data="reset"),
        cell("a = [1]", "reset", a="reset"),
        cell("b = a", "reset", b="reset", a="untouched"),
        cell("b.append(2)", "in-place", a="in-place", b="in-place"),
    ),
    Case(
        "alias made and appended to in one cell; shallow and deep copies; a change deep inside",
        cell("a = [1]\nc = [1]", "reset"),
        cell("b = a\nb.append(2)", "in-place", a="in-place", b="reset"),
        cell("d = c.copy()\nd.append(2)", "reset", c="untouched", d="reset"),
        cell("import copy\nnested = {'a': [1]}", "reset", nested="reset"),
        cell(
            "shallow = dict(nested)\nshallow['a'].append(2)",
            "in-place",
            nested="in-place",
            shallow="reset",
        ),
        cell("deep = copy.deepcopy(nested)\ndeep['a'].append(3)", "reset", nested="untouched", deep="reset"),
        cell("tree = {'a': [{'b': ({'c': [0]},)}]}", "reset", tree="reset"),
        cell("tree['a'][0]['b'][0]['c'][0] += 1", "in-place", tree="in-place"),
        cell("tree['a'][0]['b'][0]['c'].append('x')", "in-place", tree="in-place"),
    ),
    Case(
        "a list that holds itself; results collected in a dict of lists; a matrix of one shared row",
        cell("loop = [1]\nloop.append(loop)", "reset", loop="reset", marks={"loop": ()}),
        cell("loop[0] += 1", "in-place", loop="in-place"),
        cell("loop[0] = 5", "reset", loop="reset"),
        cell("history = {'loss': [], 'acc': []}", "reset", history="reset"),
        cell(
            "for epoch in range(2):\n    history['loss'].append(1.0)\n    history['acc'].append(0.5)",
            "in-place",
            history="in-place",
        ),
        cell("final = {k: v[-1] for k, v in history.items()}", "reset", final="reset", history="untouched"),
        cell("grid = [[0] * 2] * 2", "reset", grid="reset"),
        cell("grid[0][0] += 1", "in-place", grid="in-place"),
    ),
    Case(
        "a name of its own for the result",
        cell("values = [3, 1, 2]", "reset"),
        cell("ordered = sorted(values)\nordered.append(4)", "reset", ordered="reset", values="untouched"),
        cell("low, *rest = ordered", "reset", low="reset", rest="reset", ordered="untouched"),
    ),
    Case(
        "items that are taken away once, and one that is put there once",
        cell("seen, kept, rows = {1, 2}, {'k': {1, 2}, 'n': 1}, [1, 2, 3]", "reset"),
        cell("seen.discard(2)", "reset", seen="reset"),
        cell("kept['k'].discard(2)", "reset", kept="reset"),
        cell("if 2 in rows:\n    rows.remove(2)", "reset", rows="reset"),
        cell("if 'n' in kept:\n    del kept['n']", "reset", kept="reset"),
        cell("if 'm' not in kept:\n    kept['m'] = 5", "persisted", kept="persisted", via={"kept": "kernel"}),
        cell("if 7 not in rows:\n    rows.append(7)", None),
    ),
    Case(
        "an object that an earlier variable keeps, while its name gets an equal one",
        cell("registry = {}", "reset"),
        cell("row = []\nregistry.setdefault('row', row)", "reset", row="reset"),
        cell("row.append(1)", "in-place", row="in-place", registry="in-place", marks={"registry": ()}),
        cell("assert registry == {'row': [1]}", "stateless"),
        cell(
            """
            class Box:
                def __init__(self):
                    self.items = []
            box = Box()
            registry.setdefault('items', box.items)
            """,
            None,
        ),
        cell("box.items.append(1)", "in-place", box="in-place", registry="in-place", marks={"registry": ()}),
    ),
    Case(
        "a function that is put into a list once",
        cell("steps = []", "reset"),
        cell(
            """
            def count(x):
                count.calls = getattr(count, "calls", 0) + 1
                return x
            if count.__name__ not in [step.__name__ for step in steps]:
                steps.append(count)
            """,
            None,
        ),
        cell("y = steps[0](5)", "in-place", steps="in-place", count="in-place", marks={"steps": (), "count": ()}),
    ),
]
