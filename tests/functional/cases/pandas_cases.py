"""Data frames: what people do to `df` in place and by rebinding."""

from tests.functional.cases.case import Case, cell

CASES = [
    Case(
        "a column dropped can be dropped once; a MultiIndex",
        cell(
            "import pandas as pd\ndf = pd.DataFrame({'a': [1], 'b': [2], 'c': [3], 'd': [4]})",
            "reset",
            df="reset",
        ),
        cell("df = df.drop(columns='a')", "error"),
        cell("df.drop('b', axis=1, inplace=True)", "error"),
        cell("df = df.drop(columns=['a'], errors='ignore')", "reset", df="reset"),
        cell("y = df.pop('c')", "error"),
        cell("del df['d']", "error"),
        cell(
            """
            import pandas as pd
            index = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["k", "n"])
            s = pd.Series([1.0, 2.0, 3.0, 4.0], index=index)
            t = s.copy()
            """,
            "reset",
            s="reset",
            index="reset",
        ),
        cell("s.loc[('a', 1)] += 1", "in-place", s="in-place", t="untouched"),
        cell("t = t.swaplevel()", "in-place", t="in-place"),
        cell("s = s.sort_index()", "reset", s="reset"),
    ),
    Case(
        "rows dropped by label",
        cell("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 3, 4]})", "reset"),
        cell("df = df.drop(0)", "error"),
        cell("df = df.iloc[1:]", "in-place", df="in-place"),
        cell("df = df[df['a'] > 3]", "reset", df="reset"),
    ),
    Case(
        "a column made from others, and one made from itself",
        cell("import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2.0], 'b': [3.0, 4.0]})", "reset"),
        cell("df['c'] = df['a'] + df['b']", "reset", df="reset", marks={"df": {"drifts"}}),
        cell("df['a'] = df['a'] * 2", "in-place", df="in-place", changed=["df['a']"]),
        cell("df['k'] = 1", "reset", df="reset"),
        cell("df['b'] = df['b'].cumsum()", "in-place", df="in-place", changed=["df['b']"]),
        cell("df['run'] = df['c'].cumsum()", "reset", df="reset"),
        cell("df = df.assign(k=df['k'] + 1)", "in-place", df="in-place", changed=["df['k']"]),
    ),
    Case(
        "missing values filled and dropped",
        cell("import pandas as pd\ndf = pd.DataFrame({'a': [1.0, None, 3.0], 'b': [None, 'x', 'y']})", "reset"),
        cell("df['a'] = df['a'].fillna(df['a'].mean())", "reset", df="reset"),
        cell("df = df.dropna()", "reset", df="reset"),
    ),
    Case(
        "fillna inplace on what was missing",
        cell("import pandas as pd\ndf = pd.DataFrame({'a': [1.0, None]})", "reset"),
        cell("df.fillna(0.0, inplace=True)", "reset", df="reset"),
        cell("df.loc[0, 'a'] = 5.0", "reset", df="reset"),
        cell("df.loc[len(df)] = [9.0]", "in-place", df="in-place"),
    ),
    Case(
        "reset_index adds a column each time",
        cell(
            "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]}, index=['x', 'y'])\nother = df.copy()",
            "reset",
        ),
        cell("df = df.reset_index()", "in-place", df="in-place"),
        cell("other = other.reset_index(drop=True)", "reset", other="reset"),
    ),
    Case(
        "set_index and insert work once",
        cell("import pandas as pd\ndf = pd.DataFrame({'id': [1, 2], 'a': [3, 4]})\nother = df.copy()", "reset"),
        cell("df = df.set_index('id')", "error"),
        cell("other.insert(0, 'bias', 1.0)", "error"),
        cell("df.index = df.index.astype(str)", "reset", df="reset"),
    ),
    Case(
        "columns renamed",
        cell(
            "import pandas as pd\ndf = pd.DataFrame({'a': [1], 'b': [2]})\nq = df.copy()\np = df.copy()",
            "reset",
        ),
        cell("df = df.rename(columns={'a': 'alpha'})", "reset", df="reset"),
        cell("df.columns = [c.upper() for c in df.columns]", "reset", df="reset"),
        cell("q = q.rename(columns={'a': 'b', 'b': 'a'})", "in-place", q="in-place"),
        cell("p = p.add_prefix('x_')", "in-place", p="in-place"),
    ),
    Case(
        "frames put together",
        cell(
            """
            import pandas as pd
            df = pd.DataFrame({"k": [1, 2], "v": [3, 4]})
            extra = pd.DataFrame({"k": [3], "v": [5]})
            names = pd.DataFrame({"k": [1, 2], "n": ["a", "b"]})
            """,
            "reset",
        ),
        cell("full = df.merge(names, on='k')", "reset", full="reset", df="untouched", names="untouched"),
        cell("df = pd.concat([df, extra], ignore_index=True)", "in-place", df="in-place", extra="untouched"),
        cell("df = df.drop_duplicates()", "reset", df="reset"),
        cell("names = names.merge(extra, on='k', how='left')", "in-place", names="in-place"),
    ),
    Case(
        "types converted",
        cell(
            """
            import pandas as pd
            df = pd.DataFrame({"d": ["2024-01-01", "2024-01-02"], "c": ["x", "y"], "n": [1, 2]})
            df["s"] = [" p", "q "]
            """,
            "reset",
        ),
        cell("df['d'] = pd.to_datetime(df['d'])", "reset", df="reset"),
        cell("df['c'] = df['c'].astype('category')", "reset", df="reset"),
        cell("df['n'] = df['n'].astype('Int64')", "reset", df="reset"),
        cell("df['s'] = df['s'].astype('string').str.strip()", "reset", df="reset"),
        cell("df['n'] += 1", "in-place", df="in-place", changed=["df['n']"]),
        cell("df['d'] = df['d'] + pd.Timedelta(days=1)", "in-place", df="in-place", changed=["df['d']"]),
        cell("df['c'] = df['c'].cat.codes", "error"),
    ),
    Case(
        "labels mapped to numbers twice are lost",
        cell("import pandas as pd\ndf = pd.DataFrame({'y': ['cat', 'dog']})\ndg = df.copy()", "reset"),
        cell("df['y'] = df['y'].map({'cat': 0, 'dog': 1})", "in-place", df="in-place", changed=["df['y']"]),
        cell("dg['label'] = dg['y'].map({'cat': 0, 'dog': 1})", "reset", dg="reset"),
    ),
    Case(
        "dummies",
        cell("import pandas as pd\ndf = pd.DataFrame({'c': ['x', 'y'], 'n': [1, 2]})\ndg = df.copy()", "reset"),
        cell("df = pd.get_dummies(df, columns=['c'])", "error"),
        cell("dg = pd.get_dummies(dg)", "reset", dg="reset"),
    ),
    Case(
        "groups, pivots and melts",
        cell(
            """
            import pandas as pd
            df = pd.DataFrame({'k': ['a', 'a', 'b'], 'm': ['p', 'q', 'p'], 'v': [1, 2, 3]})
            g = df.copy()
            w = df.copy()
            """,
            "reset",
        ),
        cell("means = df.groupby('k')['v'].mean()", "reset", means="reset", df="untouched"),
        cell("g = g.groupby('k')[['v']].sum()", "reset", g="reset"),
        cell("df = df.pivot(index='k', columns='m', values='v')", "error"),
        cell("w = w.melt(id_vars='k')", "error"),
        cell("g = g.T", "in-place", g="in-place"),
    ),
    Case(
        "order and samples of rows",
        cell(
            "import pandas as pd\ndf = pd.DataFrame({'a': [5, 3, 8, 1, 9, 2, 7, 4]})\nfixed = df.copy()",
            "reset",
        ),
        cell("part = df.sample(n=3)", "reset", part="reset", df="untouched", marks={"part": {"unseeded", "drifts"}}),
        cell("same = df.sample(n=3, random_state=1)", "reset", same="reset", marks={"same": {"drifts"}}),
        cell("df = df.sample(frac=1, random_state=0)", "in-place", df="in-place"),
        cell("df = df.sort_values('a')", "reset", df="reset"),
        cell("fixed['a'] = fixed['a'].shift(1)", "in-place", fixed="in-place"),
    ),
    Case(
        "looking at a frame leaves nothing",
        cell("import pandas as pd", "stateless"),
        cell("df = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})", "reset", df="reset", kinds={"df": "data"}),
        cell("df.head()", "stateless", df="untouched"),
        cell("df.info()\ndf.describe()", "stateless", df="untouched"),
        cell("df['a'].value_counts();", "stateless", df="untouched"),
        cell("df.groupby('b')['a'].sum().loc['x']", "stateless", df="untouched"),
    ),
    Case(
        "a frame changed by a function of an earlier cell",
        cell(
            """
            import pandas as pd

            def add_total(frame):
                frame["total"] = frame["a"] + 1
                return frame

            def grow(frame):
                frame["a"] = frame["a"] + 1
            """,
            "stateless",
        ),
        cell("df = pd.DataFrame({'a': [1, 2]})", "reset"),
        cell("df = add_total(df)", "reset", df="reset"),
        cell("grow(df)", "in-place", df="in-place", changed=["df['a']"]),
    ),
    Case(
        "columns of objects that a function writes, or leaves if they are there",
        cell(
            """
            from fractions import Fraction
            import pandas as pd

            def add_half(frame):
                frame["half"] = frame["a"] / 2

            def add_label(frame):
                if "label" not in frame:
                    frame["label"] = ["x", "y"]
            """,
            "stateless",
        ),
        cell("df = pd.DataFrame({'a': [Fraction(1, 3), Fraction(1, 5)]})", "reset"),
        cell("add_half(df)", "reset", df="reset"),
        cell("add_label(df)", "persisted", df="persisted", via={"df": "kernel"}),
    ),
]
