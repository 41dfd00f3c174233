"""Local and global names, loops, blocks, and names that are odd."""

from tests.functional.cases.case import Case, cell

CASES = [
    Case(
        "a global statement; a global made by a function; a list changed by a function of an earlier cell",
        cell(
            """
            counter = 0

            def bump():
                global counter
                counter += 1

            def local():
                counter = 100
                return counter
            """,
            "reset",
            counter="reset",
        ),
        cell("bump()", "in-place", counter="in-place"),
        cell("local()", "stateless", counter="untouched"),
        cell("def prepare():\n    global table\n    table = {'a': 1}", "stateless"),
        cell("prepare()", "reset", table="reset", how={"table": "recreated"}),
        cell("table['a'] += 1", "in-place", table="in-place"),
        cell(
            "def note(seen, x):\n    seen.append(x)\n\ndef noted(seen, x):\n    return [*seen, x]",
            "stateless",
        ),
        cell("seen = []", "reset", seen="reset"),
        cell("note(seen, 1)", "in-place", seen="in-place"),
        cell("more = noted(seen, 2)", "reset", more="reset", seen="untouched"),
    ),
    Case(
        "loops into totals; while loops that go on or are done; names that begin with an underscore",
        cell("xs, total = [1, 2, 3], 0", "reset"),
        cell("for x in xs:\n    total += x", "in-place", total="in-place", xs="untouched"),
        cell("fresh = 0\nfor x in xs:\n    fresh += x", "reset", fresh="reset", total="untouched"),
        cell("squares = [x * x for x in xs]", "reset", squares="reset", xs="untouched"),
        cell("k = 0\nwhile k < 3:\n    k += 1", "reset", k="reset"),
        cell("step, done = 0, 0", "reset"),
        cell("while step % 5 != 3:\n    step += 1\nstep += 1", "in-place", step="in-place"),
        cell("_n = 0\n_cache = {}", "reset", _n="reset", _cache="reset"),
        cell("_n += 1", "in-place", _n="in-place"),
        cell("_cache['a'] = _cache.get('a', 0) + 1", "in-place", _cache="in-place"),
    ),
    Case(
        "a name made and deleted in one cell; names through globals and exec; try and except around values",
        cell("x = 1", "reset"),
        cell("tmp = x + 1\ndel tmp", "stateless", x="untouched"),
        cell("tmp = x + 1\nkept = tmp * 2\ndel tmp", "reset", kept="reset"),
        cell("n = 0", "reset"),
        cell("globals()['n'] += 1", "in-place", n="in-place"),
        cell("exec('m = 5')", "reset", m="reset"),
        cell("eval('m + 1')", "stateless", m="untouched"),
        cell("tries = 0", "reset"),
        cell(
            "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    message = str(error)",
            "reset",
            message="reset",
        ),
        cell(
            "try:\n    tries += 1\n    int('x')\nexcept ValueError:\n    pass",
            "in-place",
            tries="in-place",
        ),
    ),
    Case(
        "with blocks; a cell with only a branch that was taken once; a function replaced by its result",
        cell("import contextlib\nimport io\nopened = []", "reset"),
        cell("with contextlib.suppress(KeyError):\n    value = {'a': 1}['a']", "reset", value="reset"),
        cell(
            "with contextlib.redirect_stdout(io.StringIO()) as out:\n    print('hi')\ntext = out.getvalue()",
            "reset",
            text="reset",
        ),
        cell("trained, n = False, 0", "reset"),
        cell("if trained:\n    n += 1", "stateless", n="untouched", trained="untouched"),
        cell("trained = True", "reset", trained="reset"),
        cell("def size():\n    return 3", "stateless"),
        cell("size = size()", "error"),
    ),
]
