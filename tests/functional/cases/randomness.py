"""Draws from generators, seeded and not."""

from tests.functional.cases.case import Case, cell

CASES = [
    Case(
        "draws of the global generators",
        cell("import random\nimport numpy as np", "stateless"),
        cell("noise = np.random.rand(3)", "reset", noise="reset", marks={"noise": {"unseeded"}}),
        cell("dice = random.random()", "reset", dice="reset", marks={"dice": {"unseeded"}}),
        cell("twice = noise * 2", "reset", twice="reset", marks={"twice": ()}, noise="untouched"),
        cell("print(random.random(), np.random.rand())", "stateless"),
    ),
    Case(
        "seeded in an earlier cell",
        cell("import random\nimport numpy as np", "stateless"),
        cell("random.seed(0)\nnp.random.seed(0)", "reset"),
        cell("a = np.random.normal(size=2)", "reset", a="reset", marks={"a": {"unseeded"}}),
        cell("b = random.gauss(0, 1)", "reset", b="reset", marks={"b": {"unseeded"}}),
    ),
    Case(
        "drawn from in the first run only",
        cell("import numpy as np", "stateless"),
        cell(
            "if 'weights' not in globals():\n    weights = np.random.rand(3)",
            "persisted",
            weights="persisted",
            variables={"numpy.random": "untouched"},
        ),
        cell("np.random.seed(0)", "reset", variables={"numpy.random": "reset"}),
    ),
    Case(
        "seeded in the same cell",
        cell("import random\nimport numpy as np", "stateless"),
        cell("np.random.seed(0)\na = np.random.rand(2)", "reset", a="reset", marks={"a": ()}),
        cell("random.seed(0)\nb = random.random()", "reset", b="reset", marks={"b": ()}),
        cell("c = np.random.default_rng(0).normal()", "reset", c="reset", marks={"c": ()}),
    ),
    Case(
        "the first import draws, too",
        cell("import random", "stateless"),
        cell(
            "import drawing\nx = random.random()",
            "reset",
            x="reset",
            marks={"x": {"unseeded"}},
            kinds={"drawing": "definition"},
        ),
        cell(
            "import counting\nn = counting.n = counting.n + 1\ny = random.random() + 10 * n",
            "in-place",
            n="in-place",
            y="in-place",
        ),
        setup="""
        with open("drawing.py", "w") as file:
            file.write("import random\\nrandom.random()")
        with open("counting.py", "w") as file:
            file.write("import random\\nrandom.random()\\nn = 0")
        """,
        cold=True,
    ),
    Case(
        "an import that draws nothing explains nothing",
        cell("import random\nw = 8.0", "reset"),
        cell(  # the second run comes to the end of the way, so that a third one is like it
            "import waiting\nrandom.seed(0)\nw = max(0.0, w - 5.0)",
            "in-place",
            w="in-place",
            marks={"w": ()},
        ),
        setup="""
        with open("waiting.py", "w") as file:
            file.write("")
        """,
    ),
    Case(
        "what only counts is not drawn",
        cell("import random\nn = 0", "reset"),
        cell(
            "random.seed(1)\nn += 1\nthird = n // 3",
            "in-place",
            n="in-place",
            third="reset",
            marks={"third": {"drifts"}},
        ),
        cell("n += 1\nx = random.random()", "in-place", n="in-place", x="reset", marks={"x": {"unseeded"}}),
        cell("n += 1\nsixth = n // 6\nx = random.random()", "in-place", n="in-place", sixth="reset", x="reset"),
    ),
    Case(
        "a generator object of an earlier cell",
        cell("import numpy as np\nrng = np.random.default_rng(0)", "reset", kinds={"rng": "generator"}),
        cell("x = rng.normal(size=2)", "reset", x="reset", marks={"x": {"unseeded"}}),
        cell("print(rng.normal())", "stateless"),
        cell(
            "rng = np.random.default_rng(0)\nz = rng.normal()",
            "reset",
            rng="reset",
            z="reset",
            marks={"z": ()},
        ),
    ),
    Case(
        "a number drawn and not kept, and one that is",
        cell("import numpy as np\nkept = []", "reset"),
        cell("print(np.random.rand())", "stateless"),
        cell(
            "kept.append(np.random.rand())",
            "in-place",
            kept="in-place",
            marks={"kept": ()},
            variables={"numpy.random": "untouched"},
        ),
        cell(
            "np.random.seed(0)\nkept.append(np.random.rand())",
            "in-place",
            kept="in-place",
            variables={"numpy.random": "reset"},
        ),
    ),
    Case(
        "a generator that is drawn from further down does not drift",
        cell("import numpy as np\nrng, n = np.random.default_rng(0), 0", "reset"),
        cell("a = [rng, rng.normal()]", "reset", a="reset", marks={"a": {"unseeded"}}),
        cell("x = rng.normal()", "reset", x="reset", marks={"x": {"unseeded"}}),
        cell("n += rng.random()", "in-place", n="in-place"),
    ),
    Case(
        "a draw, and what it is multiplied by changes further down",
        cell("import numpy as np\nrng, n, scale = np.random.default_rng(0), 0, 1", "reset"),
        cell("x = rng.normal() * scale", "reset", x="reset", marks={"x": {"unseeded", "drifts"}}),
        cell("n += 1", "in-place", n="in-place"),
        cell("scale = 4", "reset"),
    ),
    Case(
        "generator objects of the standard library and of old numpy",
        cell(
            "import random\nimport numpy as np\nr = random.Random(0)\nrs = np.random.RandomState(0)",
            "reset",
            kinds={"r": "generator", "rs": "generator"},
        ),
        cell("a = r.random()", "reset", a="reset", marks={"a": {"unseeded"}}),
        cell("b = rs.rand()", "reset", b="reset", marks={"b": {"unseeded"}}),
        cell("r.seed(0)\nc = r.random()", "reset", c="reset", marks={"c": ()}),
    ),
    Case(
        "shuffled in place",
        cell(
            """
            import random
            import numpy as np
            cards, arr, third = list(range(20)), np.arange(20), np.arange(20)
            rng = np.random.default_rng(0)
            """,
            "reset",
        ),
        cell("random.shuffle(cards)", "in-place", cards="in-place"),
        cell("np.random.shuffle(arr)", "in-place", arr="in-place"),
        cell("rng.shuffle(third)", "in-place", third="in-place"),
        cell("np.random.seed(0)\nnp.random.shuffle(arr)", "in-place", arr="in-place"),
    ),
    Case(
        "made and shuffled in one cell",
        cell("import random\nimport numpy as np", "stateless"),
        cell(
            "cards = list(range(20))\nrandom.shuffle(cards)",
            "reset",
            cards="reset",
            marks={"cards": {"unseeded"}},
        ),
        cell("perm = np.random.permutation(20)", "reset", perm="reset", marks={"perm": {"unseeded"}}),
        cell("fixed = np.random.RandomState(3).permutation(20)", "reset", fixed="reset", marks={"fixed": ()}),
    ),
    Case(
        "draws collected, summed and walked",
        cell(
            "import numpy as np\nrng = np.random.default_rng(0)\nmeans, total, pos = [], 0.0, np.zeros(2)",
            "reset",
        ),
        cell("means.append(rng.normal())", "in-place", means="in-place"),
        cell("total += rng.random()", "in-place", total="in-place"),
        cell("pos += rng.normal(size=2)", "in-place", pos="in-place"),
    ),
    Case(
        "a bootstrap",
        cell("import numpy as np\nvalues = np.arange(30.0)\nrng = np.random.default_rng(1)", "reset"),
        cell(
            "boot = [rng.choice(values, 30).mean() for _ in range(4)]",
            "reset",
            boot="reset",
            values="untouched",
            marks={"boot": {"unseeded", "drifts"}},
        ),
        cell("values = rng.choice(values, 20)", "in-place", values="in-place"),
    ),
    Case(
        "train_test_split",
        cell(
            """
            import numpy as np
            from sklearn.model_selection import train_test_split
            X = np.arange(40.0)
            Z = np.arange(40.0)
            """,
            "reset",
        ),
        cell(
            "X_train, X_test = train_test_split(X)",
            "reset",
            X_train="reset",
            X_test="reset",
            X="untouched",
            marks={"X_train": {"unseeded"}, "X_test": {"unseeded"}},
        ),
        cell(
            "A, B = train_test_split(X, random_state=0)",
            "reset",
            A="reset",
            B="reset",
            marks={"A": (), "B": ()},
        ),
        cell("Z, Z_test = train_test_split(Z, random_state=0)", "in-place", Z="in-place", Z_test="reset"),
    ),
    Case(
        "a generator inside an object",
        cell(
            """
            import numpy as np

            class Sampler:
                def __init__(self, seed):
                    self.rng = np.random.default_rng(seed)

                def draw(self):
                    return self.rng.normal()

            def noisy(value):
                return value + np.random.rand()
            """,
            "stateless",
        ),
        cell("sampler = Sampler(0)\nconf = {'rng': np.random.default_rng(0)}", "reset", sampler="reset"),
        cell("x = sampler.draw()", "reset", x="reset", marks={"x": {"unseeded"}}),
        cell("z = conf['rng'].normal()", "reset", z="reset", marks={"z": {"unseeded"}}),
        cell("v = noisy(1)", "reset", v="reset", marks={"v": {"unseeded"}}),
    ),
    Case(
        "scipy draws from numpy's global generator",
        cell("import numpy as np\nfrom scipy import stats", "stateless"),
        cell("a = stats.norm.rvs(size=2)", "reset", a="reset", marks={"a": {"unseeded"}}),
        cell("b = stats.norm.rvs(size=2, random_state=0)", "reset", b="reset", marks={"b": ()}),
    ),
    Case(
        "random starting weights, then training",
        cell("import numpy as np\nX = np.eye(3)", "reset"),
        cell("w = np.random.normal(size=3)", "reset", w="reset", marks={"w": {"unseeded"}}),
        cell("w = w - 0.1 * X @ w", "in-place", w="in-place", marks={"w": ()}),
    ),
    Case(
        "order at random, result not",
        cell("import random\nvalues = [1, 2, 3]", "reset"),
        cell(
            "total = sum(random.sample(values, 3))",
            "reset",
            total="reset",
            marks={"total": ()},
            values="untouched",
        ),
    ),
]
