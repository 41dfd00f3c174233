"""What only a notebook can do: magics, shell lines, top-level await, displays, axes."""

from tests.functional.cases.case import DATA, Case, cell

CASES = [
    Case(
        "top-level await",
        cell("import asyncio\n\nasync def fetch(n):\n    await asyncio.sleep(0)\n    return n", "stateless"),
        cell("await asyncio.sleep(0)", "stateless"),
        cell("x = await fetch(3)", "reset", x="reset", marks={"x": ()}),
        cell("x += await fetch(1)", "in-place", x="in-place"),
        cell("both = await asyncio.gather(fetch(1), fetch(2))", "reset", both="reset"),
        cell("got = [await fetch(n) for n in range(3)]", "reset", got="reset"),
    ),
    Case(
        "async with and async for",
        cell(
            """
            import contextlib
            log = []

            @contextlib.asynccontextmanager
            async def session():
                yield 1

            async def ticks():
                for i in range(2):
                    yield i
            """,
            "reset",
        ),
        cell("async with session() as s:\n    n = s + 1", "reset", n="reset"),
        cell("async for t in ticks():\n    log.append(t)", "in-place", log="in-place"),
    ),
    Case(
        "%time and %%time",
        DATA,
        cell(
            "from sklearn.linear_model import SGDClassifier\nclf = SGDClassifier(random_state=0)\nn = 0",
            "reset",
        ),
        cell("%time clf.partial_fit(X, y, classes=[0, 1])", "in-place", clf="in-place"),
        cell("%%time\nclf.fit(X, y)", "reset", clf="reset", how={"clf": "refitted"}),
        cell("%%time\nn += 1", "in-place", n="in-place"),
        cell("%time k = 5", "reset", k="reset"),
        cell("%time clf.score(X, y)", "stateless", clf="untouched"),
        cell("%%time\nprint(n)", "stateless", n="untouched"),
        cell("%%time\ndef twice(x):\n    y = x\n    return 2 * y", "stateless"),
        cell("%%time\ndef thrice(x):\n    y = x\n    return 3 * y\nk = thrice(2)", "reset", k="reset"),
    ),
    Case(
        "%timeit runs what it is given",
        cell("seen = []", "reset"),
        cell("%timeit -n 2 -r 1 len(seen)", "stateless", seen="untouched"),
        cell("%timeit -n 2 -r 1 seen.append(1)", "in-place", seen="in-place"),
    ),
    Case(
        "shell lines",
        cell("!echo hello", "stateless"),
        cell("lines = !echo hello", "reset", lines="reset"),
        cell("%%bash\necho hello", "stateless"),
        cell("print(lines[0])", "stateless", lines="untouched"),
    ),
    Case(
        "captured output",
        cell("n = 0", "reset"),
        cell("%%capture out\nprint('hi')", "reset", out="reset"),
        cell("%%capture\nn += 1\nprint(n)", "in-place", n="in-place"),
        cell("text = out.stdout", "reset", text="reset"),
    ),
    Case(
        "displays",
        cell("from IPython.display import HTML, Markdown, display\nrows = [1]", "reset"),
        cell("display(rows)", "stateless", rows="untouched"),
        cell("display(HTML('<b>x</b>'), Markdown('*x*'))", "stateless"),
        cell("%%html\n<b>x</b>", "stateless"),
        cell("page = HTML('<b>x</b>')", "reset", page="reset"),
    ),
    Case(
        "the last output",
        cell("1 + 1", "stateless"),
        cell("doubled = _ * 2", "reset", doubled="reset"),
        cell("_ = print('quiet')", "stateless"),
    ),
    Case(
        "the environment by magic",
        cell("%env NBCASE_M=1", "reset", variables={"env:os.environ[NBCASE_M]": "reset"}),
        cell("%set_env NBCASE_N=2", "reset", variables={"env:os.environ[NBCASE_N]": "reset"}),
        cell("%pwd", "stateless"),
        cell("%who", "stateless"),
    ),
    Case(
        "autoreload",
        cell("%load_ext autoreload\n%autoreload 2", "stateless"),
        cell("n = 0", "reset"),
        cell("n += 1", "in-place", n="in-place"),
    ),
    Case(
        "inline plots and imports",
        cell("%matplotlib inline\nimport matplotlib.pyplot as plt\nimport numpy as np", "stateless"),
        cell("plt.plot(np.arange(3))", "stateless"),
        cell("fig, ax = plt.subplots(figsize=(2, 2))\nax.plot([1, 2])", "reset", fig="reset", ax="reset"),
        cell("ax.plot([2, 1])\nfig", "in-place", ax="in-place"),
        cell("fig2, ax2 = plt.subplots()\nax2.bar([0, 1], [2, 3])\nplt.show()", "reset", ax2="reset"),
        cell("ax2.axhline(1)", "in-place", ax2="in-place"),
    ),
    Case(
        "get_ipython, called as a function",
        cell("get_ipython().run_line_magic('time', 'm = 1')", "reset", m="reset"),
        cell("k = 0", "reset"),
        cell("get_ipython().run_cell('k += 1');", "in-place", k="in-place"),
    ),
    Case(
        "a magic line among others",
        cell("xs = []", "reset"),
        cell("!true\nxs.append(1)", "in-place", xs="in-place"),
        cell("y = 2\n%time z = y + 1\n!true", "reset", y="reset", z="reset"),
        cell("y?", "stateless", y="untouched"),
    ),
    Case(
        "all names of numpy and matplotlib",
        cell("%pylab inline", "stateless"),
        cell("x = linspace(0, 1, 5)", "reset", x="reset"),
        cell("plot(x)", "stateless", x="untouched"),
    ),
]
