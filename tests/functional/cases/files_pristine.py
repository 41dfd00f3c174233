"""Files that were there before the notebook."""

from tests.functional.cases.case import DATA, Case, cell

DRIFTS = {"drifts"}

MODELS = """
    import pickle
    import joblib
    import numpy as np
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.preprocessing import StandardScaler
    X = np.random.RandomState(0).normal(size=(40, 2))
    y = (X[:, 0] + 0.5 * X[:, 1] > 0).astype(int)
    clf, scaler = LogisticRegression().fit(X, y), StandardScaler().fit(X)
    with open("clf.pkl", "wb") as f:
        pickle.dump(clf, f)
    joblib.dump(clf, "clf.joblib")
    joblib.dump({"scaler": scaler, "clf": clf}, "both.joblib")
    joblib.dump(SGDClassifier(random_state=0).fit(X, y), "sgd.joblib")
"""

CASES = [
    Case(
        "a table that was always there",
        cell("import csv\nimport pandas as pd", "stateless"),
        cell(
            "df = pd.read_csv('data.csv')",
            "reset",
            df="reset",
            variables={"file:data.csv": "untouched"},
            kinds={"df": "data"},
            how={"df": "recreated"},
            marks={"df": ()},
        ),
        cell("with open('data.csv') as f:\n    rows = list(csv.reader(f))", "reset", rows="reset", df="untouched"),
        cell("pd.read_csv('data.csv').describe()", "stateless", df="untouched"),
        cell("df = pd.read_csv('data.csv').sort_values('a')", "reset", df="reset"),
        cell(
            "df.to_csv('sorted.csv', index=False)",
            "reset",
            df="untouched",
            variables={"file:sorted.csv": "reset", "file:data.csv": "untouched"},
        ),
        cell("back = pd.read_csv('sorted.csv')", "persisted", back="persisted", via={"back": "file"}),
        setup="""
            with open("data.csv", "w") as f:
                f.write("a,b\\n3,0.5\\n1,0.25\\n2,1.0\\n")
        """,
    ),
    Case(
        "arrays, json and pickled data that were always there",
        cell("import json\nimport pickle\nimport numpy as np\nimport pandas as pd", "stateless"),
        cell("X = np.load('x.npy')", "reset", X="reset", marks={"X": ()}, variables={"file:x.npy": "untouched"}),
        cell("y = np.load('xy.npz')['y']", "reset", y="reset", marks={"y": ()}),
        cell("with open('conf.json') as f:\n    conf = json.load(f)", "reset", conf="reset", marks={"conf": ()}),
        cell("df = pd.read_pickle('df.pkl')", "reset", df="reset", marks={"df": ()}, kinds={"df": "data"}),
        cell("with open('rows.pkl', 'rb') as f:\n    rows = pickle.load(f)", "reset", rows="reset"),
        cell("text = open('notes.txt').read()", "reset", text="reset"),
        cell("X = np.load('x.npy')\nX *= 2", "reset", X="reset"),
        cell("X *= 2", "in-place", X="in-place"),
        setup="""
            import json, pickle
            import numpy as np, pandas as pd
            np.save("x.npy", np.arange(3.0))
            np.savez("xy.npz", x=np.arange(3.0), y=np.ones(3))
            json.dump({"lr": 0.1}, open("conf.json", "w"))
            pd.DataFrame({"a": [1, 2]}).to_pickle("df.pkl")
            pickle.dump([1, 2], open("rows.pkl", "wb"))
            open("notes.txt", "w").write("one")
        """,
    ),
    Case(
        "a model fitted on data that was always there",
        cell(
            """
            import pickle
            import pandas as pd
            from sklearn.linear_model import LogisticRegression, SGDClassifier
            sgd = SGDClassifier(random_state=0)
            """,
            "reset",
            sgd="reset",
        ),
        cell(
            """
            with open("xy.pkl", "rb") as f:
                X, y = pickle.load(f)
            clf = LogisticRegression().fit(X, y)
            """,
            "reset",
            clf="reset",
            X="reset",
            y="reset",
            kinds={"clf": "model"},
        ),
        cell(
            "df = pd.read_csv('xy.csv')\nclf.fit(df[['a', 'b']], df['y'])",
            "reset",
            clf="reset",
            df="reset",
            how={"clf": "refitted"},
        ),
        cell(
            "batch = pd.read_csv('xy.csv')\nsgd.partial_fit(batch[['a', 'b']], batch['y'], classes=[0, 1])",
            "in-place",
            sgd="in-place",
            batch="reset",
        ),
        setup="""
            import pickle
            import pandas as pd
            df = pd.DataFrame({"a": [0.0, 1.0, 0.2, 0.9], "b": [1.0, 0.0, 0.7, 0.1], "y": [0, 1, 0, 1]})
            df.to_csv("xy.csv", index=False)
            pickle.dump((df[["a", "b"]].to_numpy(), df["y"].to_numpy()), open("xy.pkl", "wb"))
        """,
    ),
    Case(
        "models that were always there",
        DATA,
        cell("import pickle\nfrom pathlib import Path\nimport joblib", "stateless"),
        cell(
            "with open('clf.pkl', 'rb') as f:\n    clf = pickle.load(f)",
            "persisted",
            clf="persisted",
            variables={"file:clf.pkl": "untouched"},
            via={"clf": "file"},
            kinds={"clf": "model"},
        ),
        cell(
            "model = joblib.load('clf.joblib')\nmodel.predict(X[:3])",
            "persisted",
            model="persisted",
            via={"model": "file"},
        ),
        cell("both = joblib.load('both.joblib')", "persisted", both="persisted", via={"both": "file"}),
        cell("pred = both['clf'].predict(both['scaler'].transform(X))", "reset", pred="reset", both="untouched"),
        cell("def load(name):\n    return joblib.load(Path(name).with_suffix('.joblib'))", "stateless"),
        cell("sgd = load('sgd')", "persisted", sgd="persisted", via={"sgd": "file"}),
        cell("sgd.partial_fit(X, y)", "in-place", sgd="in-place"),
        cell("load('clf').score(X, y)", "stateless", clf="untouched"),
        setup=MODELS,
    ),
    Case(
        "a model that was always there, trained on",
        DATA,
        cell("from pathlib import Path\nimport joblib\nfrom sklearn.linear_model import SGDClassifier", "stateless"),
        cell(
            "sgd = joblib.load('sgd.joblib')\nsgd.partial_fit(X, y)\njoblib.dump(sgd, 'sgd.joblib');",
            "in-place",
            sgd="in-place",
            variables={"file:sgd.joblib": "in-place"},
        ),
        cell(
            """
            if Path("clf.joblib").exists():
                model = joblib.load("clf.joblib")
            else:
                model = SGDClassifier(random_state=0).fit(X, y)
                joblib.dump(model, "clf.joblib")
            """,
            "persisted",
            model="persisted",
            variables={"file:clf.joblib": "untouched"},
            via={"model": "file"},
        ),
        cell("fresh = SGDClassifier(random_state=0).fit(X, y)", "reset", fresh="reset", model="untouched"),
        setup=MODELS,
    ),
    Case(
        "texts that were always there",
        cell("from pathlib import Path", "stateless"),
        cell(
            "with open('run.log', 'a') as f:\n    f.write('two\\n')",
            "in-place",
            variables={"file:run.log": "in-place"},
        ),
        cell("Path('out.txt').write_text('new\\n');", "reset", variables={"file:out.txt": "reset"}),
        cell(
            "held = Path('out.txt').read_text()",
            "persisted",
            held="persisted",
            via={"held": "file"},
        ),
        cell("note = Path('note.txt').read_text()", "reset", note="reset", variables={"file:note.txt": "untouched"}),
        cell("Path('old.txt').unlink()", "error"),
        cell("Path('note.txt').rename('renamed.txt')", "error"),
        cell("Path('gone.txt').unlink(missing_ok=True)", "reset"),
        cell("assert Path('run.log').read_text() == 'one\\ntwo\\n'", "stateless"),
        cell("assert sorted(p.name for p in Path().glob('*.txt')) == ['out.txt', 'renamed.txt']", "stateless"),
        setup="""
            for name in ("run.log", "out.txt", "old.txt", "note.txt", "gone.txt"):
                with open(name, "w") as f:
                    f.write("one\\n")
        """,
    ),
    Case(
        "tables changed where they are",
        cell("import pandas as pd", "stateless"),
        cell(
            "pd.read_csv('data.csv').sort_values('a').to_csv('data.csv', index=False)",
            "reset",
            variables={"file:data.csv": "reset"},
        ),
        cell(
            "pd.read_csv('data.csv').assign(b=1.0).to_csv('data.csv', index=False)",
            "reset",
            variables={"file:data.csv": "reset"},
        ),
        cell(
            "df = pd.read_csv('data.csv')\ndf['a'] = df['a'] + 1\ndf.to_csv('data.csv', index=False)",
            "in-place",
            df="in-place",
            variables={"file:data.csv": "in-place"},
        ),
        cell("df = pd.read_csv('data.csv')", "persisted", df="persisted", via={"df": "file"}),
        cell("assert df['a'].tolist() == [2, 3, 4] and list(df) == ['a', 'b']", "stateless", df="untouched"),
        setup="""
            with open("data.csv", "w") as f:
                f.write("a\\n3\\n1\\n2\\n")
        """,
    ),
    Case(
        "an input file that grows further down",
        cell("import pandas as pd", "stateless"),
        cell("df = pd.read_csv('data.csv')", "reset", df="reset", marks={"df": DRIFTS}),
        cell("n = len(df)", "reset", n="reset", marks={"n": ()}),
        cell(
            "with open('data.csv', 'a') as f:\n    f.write('9\\n')",
            "in-place",
            variables={"file:data.csv": "in-place"},
        ),
        cell("more = pd.read_csv('data.csv')", "persisted", more="persisted", df="untouched", via={"more": "file"}),
        cell("assert len(more) == n + 1", "stateless"),
        setup="""
            with open("data.csv", "w") as f:
                f.write("a\\n3\\n1\\n")
        """,
    ),
    Case(
        "a database that was always there",
        cell("import sqlite3\nfrom contextlib import closing", "stateless"),
        cell(
            "with closing(sqlite3.connect('app.db')) as con:\n    rows = con.execute('select * from t').fetchall()",
            "reset",
            rows="reset",
            variables={"file:app.db": "untouched"},
            marks={"rows": DRIFTS},
        ),
        cell(
            """
            with closing(sqlite3.connect("app.db")) as con:
                con.execute("insert into t values (2)")
                con.commit()
            """,
            "in-place",
            variables={"file:app.db": "in-place"},
        ),
        cell(
            "with closing(sqlite3.connect('app.db')) as con:\n    more = con.execute('select * from t').fetchall()",
            "persisted",
            more="persisted",
            via={"more": "file"},
        ),
        cell("assert rows == [(1,)] and more == [(1,), (2,)]", "stateless", rows="untouched"),
        setup="""
            import sqlite3
            con = sqlite3.connect("app.db")
            con.execute("create table t (x)")
            con.execute("insert into t values (1)")
            con.commit()
            con.close()
        """,
    ),
    Case(
        "settings and a module that were always there",
        cell("import json\nimport nbcase_always", "stateless"),
        cell("rate = nbcase_always.RATE", "reset", rate="reset"),
        cell(
            """
            with open("conf.json") as f:
                conf = json.load(f)
            conf["runs"] += 1
            with open("conf.json", "w") as f:
                json.dump(conf, f)
            """,
            "in-place",
            conf="in-place",
            variables={"file:conf.json": "in-place"},
        ),
        cell("assert conf == {'runs': 1}", "stateless", conf="untouched"),
        setup="""
            with open("conf.json", "w") as f:
                f.write('{"runs": 0}')
            with open("nbcase_always.py", "w") as f:
                f.write("RATE = 3\\n")
        """,
    ),
    Case(
        "a file that is as the cell writes it already",
        cell("x = 1", "reset"),
        cell(
            "open('out.txt', 'w').write(str(x));",
            "reset",
            variables={"file:out.txt": "reset"},
            marks={"file:out.txt": {"drifts"}},
        ),
        cell("x = 2", "reset"),
        setup="open('out.txt', 'w').write('1')",
    ),
]
