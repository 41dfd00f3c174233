"""Cells that leave nothing behind."""

from tests.functional.cases.case import DATA, Case, cell

CASES = [
    Case(
        "imports",
        cell("import os, sys\nfrom math import pi, tau", "stateless"),
        cell("import numpy as np\nimport pandas as pd", "stateless"),
        cell("from collections import *", "stateless"),
        cell("import sklearn.linear_model as lm", "stateless"),
        cell("import os", "stateless"),
        cell("from __future__ import print_function\nprint(pi)", "stateless"),
        cold=True,
    ),
    Case(
        "comments, docstrings and pass",
        cell("# nothing here", "stateless"),
        cell('"""A sentence."""', "stateless"),
        cell("pass", "stateless"),
        cell("x = 1", "reset"),
        cell("# x += 1", "stateless", x="untouched"),
    ),
    Case(
        "values shown and printed",
        cell("x = [1, 2, 3]\nd = {'a': x}", "reset"),
        cell("x", "stateless", x="untouched"),
        cell("print(len(x), d['a'][0])", "stateless", x="untouched", d="untouched"),
        cell("d['a']", "stateless", d="untouched"),
        cell("sum(x);", "stateless", x="untouched"),
        cell("x, d", "stateless"),
    ),
    Case(
        "checks",
        cell("x = 3", "reset"),
        cell("assert x == 3", "stateless", x="untouched"),
        cell("if x > 2:\n    print('big')", "stateless", x="untouched"),
        cell("x == 3 and isinstance(x, int)", "stateless", x="untouched"),
    ),
    Case(
        "functions that return without a trace",
        cell("def shape(rows):\n    n = len(rows)\n    return n", "stateless"),
        cell("rows = [3, 1, 2]", "reset"),
        cell("shape(rows)", "stateless", rows="untouched"),
        cell("sorted(rows)", "stateless", rows="untouched"),
        cell("print(*(r * 2 for r in rows))", "stateless", rows="untouched"),
        cell("any(r > 2 for r in rows)", "stateless", rows="untouched"),
    ),
    Case(
        "plots",
        cell("%matplotlib inline\nimport matplotlib.pyplot as plt", "stateless"),
        cell("plt.plot([1, 2, 3])\nplt.title('three')\nplt.show()", "stateless"),
        cell("plt.figure(figsize=(2, 2))\nplt.hist([1, 1, 2]);", "stateless"),
    ),
    Case(
        "plots of a frame",
        cell("import matplotlib.pyplot as plt\nimport pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})", "reset"),
        cell("df.plot();", "stateless", df="untouched"),
        cell("plt.scatter(df.index, df['a'])", "stateless", df="untouched"),
    ),
    Case(
        "a model asked, not trained",
        DATA,
        cell("from sklearn.tree import DecisionTreeClassifier", "stateless"),
        cell(
            "tree = DecisionTreeClassifier(random_state=0).fit(X, y)",
            "reset",
            tree="reset",
            kinds={"tree": "model"},
        ),
        cell("tree", "stateless", tree="untouched"),
        cell("tree.score(X, y)", "stateless", tree="untouched", X="untouched"),
        cell("tree.predict(X)[:3]", "stateless", tree="untouched"),
        cell("tree.get_params()", "stateless", tree="untouched"),
    ),
    Case(
        "a model trained and thrown away",
        DATA,
        cell("from sklearn.linear_model import LogisticRegression", "stateless"),
        cell("LogisticRegression().fit(X, y).score(X, y)", "stateless", X="untouched"),
    ),
    Case(
        "a star import",
        cell("from math import *\nx = cos(2 * pi)", "reset", x="reset", kinds={"pi": "definition"}),
        cell("from math import *", "stateless"),
    ),
    Case(
        "a colormap that is used for the first time",
        cell("import matplotlib\ncolours = matplotlib.colormaps['viridis']", "reset", colours="reset"),
        cell("print(colours(0.5))", "stateless", colours="untouched"),
        cell("red = colours(0.1)", "reset", red="reset", colours="untouched"),
    ),
]
