"""Models that are saved, loaded, trained on from a file, or made only if there is no file."""

from tests.functional.cases.case import DATA, Case, LabelledCell, cell

SK = cell(
    """
    import pickle
    from pathlib import Path
    import joblib
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.preprocessing import StandardScaler
    """,
    "stateless",
)


def via_file(*names: str) -> dict[str, str]:
    """Say that these come from a file, as a label."""
    return dict.fromkeys(names, "file")


def saved(*paths: str) -> dict[str, str]:
    """Give the verdict on files that a model was saved to, as a label."""
    return {f"file:{path}": "persisted" for path in paths}


def saves(source: str, *paths: str, **names: str) -> LabelledCell:
    """Label a cell that does nothing but save models."""
    variables = saved(*paths)
    kinds = dict.fromkeys(variables, "file")
    return cell(source, "persisted", variables=variables | names, via=via_file(*variables), kinds=kinds)


CASES = [
    Case(
        "a model saved and loaded with pickle",
        DATA,
        SK,
        cell("clf = LogisticRegression().fit(X, y)", "reset", clf="reset", kinds={"clf": "model"}),
        saves("with open('m.pkl', 'wb') as f:\n    pickle.dump(clf, f)", "m.pkl", clf="untouched"),
        cell(
            "with open('m.pkl', 'rb') as f:\n    clf = pickle.load(f)",
            "persisted",
            clf="persisted",
            variables={"file:m.pkl": "untouched"},
            via=via_file("clf"),
            kinds={"clf": "model"},
        ),
        saves("filename = 'my_model.sav'\npickle.dump(clf, open(filename, 'wb'))", "my_model.sav", filename="reset"),
        cell(
            "other = pickle.load(open(filename, 'rb'))",
            "persisted",
            other="persisted",
            clf="untouched",
            via=via_file("other"),
            kinds={"other": "model"},
        ),
        cell("pred = other.predict(X)", "reset", pred="reset", other="untouched"),
        cell("print(pickle.load(open(filename, 'rb')).score(X, y))", "stateless", other="untouched"),
    ),
    Case(
        "a model saved and loaded with joblib, beside its scaler",
        DATA,
        SK,
        cell("scaler = StandardScaler().fit(X)", "reset", scaler="reset"),
        cell("clf = LogisticRegression().fit(scaler.transform(X), y)", "reset", clf="reset"),
        saves("joblib.dump(clf, 'clf.joblib')", "clf.joblib", clf="untouched"),
        saves("joblib.dump({'scaler': scaler, 'clf': clf}, 'both.joblib');", "both.joblib", scaler="untouched"),
        cell(
            "model = joblib.load('clf.joblib')\npred = model.predict(scaler.transform(X))",
            "persisted",
            model="persisted",
            clf="untouched",
            via=via_file("model"),
        ),
        cell(
            "both = joblib.load('both.joblib')",
            "persisted",
            both="persisted",
            via=via_file("both"),
            kinds={"both": "model"},
        ),
        saves("with open('pair.pkl', 'wb') as f:\n    pickle.dump((scaler, clf), f)", "pair.pkl"),
        cell(
            "with open('pair.pkl', 'rb') as f:\n    scaler, clf = pickle.load(f)",
            "persisted",
            scaler="persisted",
            clf="persisted",
            via=via_file("scaler", "clf"),
        ),
    ),
    Case(
        "a model saved and loaded as bytes",
        DATA,
        SK,
        cell("clf = LogisticRegression().fit(X, y)\npath = Path('m.bin')", "reset", clf="reset", path="reset"),
        saves("path.write_bytes(pickle.dumps(clf));", "m.bin", clf="untouched", path="untouched"),
        cell("clf.C = 7.0", "reset", clf="reset"),
        cell(
            "clf = pickle.loads(path.read_bytes())",
            "persisted",
            clf="persisted",
            via=via_file("clf"),
            variables={"file:m.bin": "untouched"},
        ),
        cell("assert clf.C == 1.0", "stateless", clf="untouched"),
        cell("path.unlink()", "error"),
    ),
    Case(
        "fitted and saved in one cell, and loaded too",
        DATA,
        SK,
        cell(
            """
            clf = LogisticRegression().fit(X, y)
            joblib.dump(clf, "m.joblib")
            loaded = joblib.load("m.joblib")
            """,
            "reset",
            clf="reset",
            loaded="reset",
        ),
        cell(
            "sgd = SGDClassifier(random_state=0).fit(X, y)\njoblib.dump(sgd, 'sgd.joblib');",
            "reset",
            sgd="reset",
            how={"sgd": "recreated"},
        ),
        cell("clf.fit(X, y)\njoblib.dump(clf, 'm.joblib');", "reset", clf="reset", how={"clf": "refitted"}),
        cell(
            "sgd.partial_fit(X, y)\nwith open('sgd.pkl', 'wb') as f:\n    pickle.dump(sgd, f)",
            "in-place",
            sgd="in-place",
        ),
        cell(
            """
            for epoch in range(2):
                sgd.partial_fit(X, y)
                joblib.dump(sgd, f"sgd-{epoch}.joblib")
            """,
            "in-place",
            sgd="in-place",
        ),
    ),
    Case(
        "loaded, trained on and saved again",
        DATA,
        SK,
        cell(
            "clf = SGDClassifier(random_state=0).fit(X, y)\njoblib.dump(clf, 'sgd.joblib');",
            "reset",
            clf="reset",
        ),
        cell(
            "clf = joblib.load('sgd.joblib')\nclf.partial_fit(X, y)\njoblib.dump(clf, 'sgd.joblib');",
            "in-place",
            clf="in-place",
            variables={"file:sgd.joblib": "in-place"},
            kinds={"file:sgd.joblib": "file"},
        ),
        cell(
            "again = joblib.load('sgd.joblib')",
            "persisted",
            again="persisted",
            clf="untouched",
            via=via_file("again"),
        ),
        cell("assert again.t_ == clf.t_", "stateless", again="untouched", clf="untouched"),
        cell(
            "tuned = joblib.load('sgd.joblib')\ntuned.partial_fit(X[:10], y[:10])",
            "persisted",
            tuned="persisted",
            variables={"file:sgd.joblib": "untouched"},
            via=via_file("tuned"),
        ),
        cell("tuned.partial_fit(X, y)", "in-place", tuned="in-place"),
    ),
    Case(
        "loaded if it is there, trained on and saved in any case",
        DATA,
        SK,
        cell(
            """
            if Path("m.pkl").exists():
                with open("m.pkl", "rb") as f:
                    model = pickle.load(f)
            else:
                model = SGDClassifier(random_state=0)
            model.partial_fit(X, y, classes=[0, 1])
            with open("m.pkl", "wb") as f:
                pickle.dump(model, f)
            """,
            "in-place",
            model="in-place",
            variables={"file:m.pkl": "in-place"},
        ),
        cell("assert model.t_ == 41.0", "stateless", model="untouched"),
        cell(
            """
            saved = sorted(Path().glob("ckpt-*.joblib"))
            sgd = joblib.load(saved[-1]) if saved else SGDClassifier(random_state=0)
            sgd.partial_fit(X, y, classes=[0, 1])
            joblib.dump(sgd, f"ckpt-{len(saved)}.joblib");
            """,
            "in-place",
            sgd="in-place",
        ),
    ),
    Case(
        "get or create",
        DATA,
        SK,
        cell(
            """
            path = Path("model.joblib")
            if path.exists():
                model = joblib.load(path)
            else:
                model = LogisticRegression().fit(X, y)
                joblib.dump(model, path)
            """,
            "persisted",
            model="persisted",
            path="reset",
            via=via_file("model"),
            kinds={"model": "model"},
        ),
        cell(
            """
            try:
                with open("second.pkl", "rb") as f:
                    second = pickle.load(f)
            except FileNotFoundError:
                second = SGDClassifier(random_state=0).fit(X, y)
                with open("second.pkl", "wb") as f:
                    pickle.dump(second, f)
            """,
            "persisted",
            second="persisted",
            model="untouched",
            via=via_file("second"),
        ),
        cell("print(model.score(X, y), second.score(X, y))", "stateless", model="untouched", second="untouched"),
        cell("second.partial_fit(X, y)", "in-place", second="in-place"),
    ),
    Case(
        "get or create in a function",
        DATA,
        SK,
        cell(
            """
            def get(name, make):
                path = Path(f"{name}.pkl")
                if path.exists():
                    return pickle.loads(path.read_bytes())
                model = make().fit(X, y)
                path.write_bytes(pickle.dumps(model))
                return model
            """,
            "stateless",
        ),
        cell("lr = get('lr', LogisticRegression)", "persisted", lr="persisted", via=via_file("lr")),
        cell("get('scaler', StandardScaler)", None, lr="untouched"),
        cell(
            "scaler = get('scaler', StandardScaler)",
            "persisted",
            scaler="persisted",
            via=via_file("scaler"),
        ),
        cell("fresh = LogisticRegression().fit(X, y)", "reset", fresh="reset", lr="untouched"),
    ),
    Case(
        "a file here, the kernel there",
        DATA,
        SK,
        cell("clf = LogisticRegression().fit(X, y)\njoblib.dump(clf, 'm.joblib');", "reset", clf="reset"),
        cell(
            "if 'held' not in globals():\n    held = joblib.load('m.joblib')",
            "persisted",
            held="persisted",
            via={"held": "kernel"},
        ),
        cell("loaded = joblib.load('m.joblib')", "persisted", loaded="persisted", via=via_file("loaded")),
        cell("held.C = 5.0", "reset", held="reset", loaded="untouched"),
    ),
    Case(
        "loaded if there is a file, which only a later cell writes",
        DATA,
        SK,
        cell(
            """
            if Path("late.joblib").exists():
                model = joblib.load("late.joblib")
            else:
                model = LogisticRegression().fit(X, y)
            """,
            "reset",
            model="reset",
            kinds={"model": "model"},
        ),
        cell("model.score(X, y)", "stateless", model="untouched"),
        saves("joblib.dump(model, 'late.joblib');", "late.joblib", model="untouched"),
    ),
    Case(
        "many models in a loop",
        DATA,
        SK,
        cell(
            "models = {'lr': LogisticRegression().fit(X, y), 'sgd': SGDClassifier(random_state=0).fit(X, y)}",
            "reset",
            models="reset",
        ),
        saves(
            "for name, each in models.items():\n    joblib.dump(each, f'{name}.joblib')",
            "lr.joblib",
            "sgd.joblib",
            models="untouched",
        ),
        cell(
            "loaded = {}\nfor name in ['lr', 'sgd']:\n    loaded[name] = joblib.load(f'{name}.joblib')",
            "persisted",
            loaded="persisted",
            via=via_file("loaded"),
            kinds={"loaded": "model"},
        ),
        cell(
            "listed = [joblib.load(path) for path in sorted(Path().glob('*.joblib'))]",
            "persisted",
            listed="persisted",
            models="untouched",
            via=via_file("listed"),
        ),
        cell("models['third'] = joblib.load('sgd.joblib')", "persisted", models="persisted", via=via_file("models")),
        cell("scores = [each.score(X, y) for each in listed]", "reset", scores="reset", listed="untouched"),
    ),
    Case(
        "saved and loaded by helpers of the notebook",
        DATA,
        SK,
        cell(
            """
            FOLDER = Path("models")

            def save(model, name):
                FOLDER.mkdir(exist_ok=True)
                with open(FOLDER / name, "wb") as f:
                    pickle.dump(model, f)

            def load(name):
                with open(FOLDER / name, "rb") as f:
                    return pickle.load(f)
            """,
            "reset",
            FOLDER="reset",
        ),
        cell("clf = LogisticRegression().fit(X, y)", "reset", clf="reset"),
        saves("save(clf, 'clf.pkl')", "models/clf.pkl", clf="untouched"),
        cell("clf = load('clf.pkl')", "persisted", clf="persisted", via=via_file("clf")),
        cell("load('clf.pkl').predict(X[:2])", "stateless", clf="untouched"),
        cell("clf = LogisticRegression().fit(X, y)\nsave(clf, 'clf.pkl')", "reset", clf="reset"),
    ),
    Case(
        "weights of one's own",
        DATA,
        cell("w, b = np.linalg.lstsq(X, y, rcond=None)[0], 0.5", "reset", w="reset", b="reset"),
        cell("np.savez('w.npz', w=w, b=b)", "reset", variables={"file:w.npz": "reset"}, w="untouched"),
        cell(
            "with np.load('w.npz') as archive:\n    w, b = archive['w'], float(archive['b'])",
            "persisted",
            w="persisted",
            b="persisted",
            via=via_file("w", "b"),
        ),
        cell("import joblib\nweights = {'w': w, 'b': b}", "reset", weights="reset"),
        cell(
            "joblib.dump(weights, 'weights.joblib');",
            "reset",
            variables={"file:weights.joblib": "reset"},
            weights="untouched",
        ),
        cell(
            """
            weights = joblib.load("weights.joblib")
            weights["w"] = weights["w"] - 0.1 * X.T @ (X @ weights["w"] - y + 1) / len(X)
            joblib.dump(weights, "weights.joblib");
            """,
            "in-place",
            weights="in-place",
            variables={"file:weights.joblib": "in-place"},
        ),
        cell("loaded = joblib.load('weights.joblib')", "persisted", loaded="persisted", via=via_file("loaded")),
    ),
    Case(
        "a class that saves and loads itself",
        DATA,
        cell(
            """
            class Net:
                def __init__(self):
                    self.w = np.zeros(2)

                def train(self):
                    self.w = self.w - 0.1 * X.T @ (X @ self.w - y) / len(X)

                def save(self, path):
                    np.save(path, self.w)

                @classmethod
                def load(cls, path):
                    net = cls()
                    net.w = np.load(path)
                    return net
            """,
            "stateless",
        ),
        cell("net = Net()\nnet.train()\nnet.save('net.npy')", "reset", net="reset"),
        cell("net = Net.load('net.npy')", "persisted", net="persisted", via=via_file("net")),
        cell("net.train()", "in-place", net="in-place"),
        cell("net = Net.load('net.npy')\nnet.train()\nnet.save('net.npy')", "in-place", net="in-place"),
    ),
    Case(
        "data that a model keeps, and weights that it is given, both from files",
        cell(
            """
            import numpy as np
            class Nearest:
                def fit(self, X, y):
                    self.X, self.y = X, y
                    return self
                def predict(self, Z):
                    return self.y[np.argmin(((self.X - Z) ** 2).sum(axis=1))]
            class Net:
                def __init__(self):
                    self.w = np.zeros(3)
                def train(self, X):
                    self.w = self.w + X.sum(axis=0)
                def restore(self, w):
                    self.w = w
                def predict(self, Z):
                    return Z @ self.w
            rng = np.random.default_rng(0)
            A, b = rng.normal(size=(20, 3)), rng.normal(size=20)
            np.save("X.npy", A)
            np.save("y.npy", b)
            """,
            "reset",
        ),
        cell(
            """
            X, y = np.load("X.npy"), np.load("y.npy")
            near = Nearest().fit(X, y)
            """,
            "reset",
            X="persisted",
            near="reset",
            kinds={"near": "model"},
        ),
        cell(
            """
            net = Net()
            net.train(A)
            np.save("w.npy", net.w)
            """,
            "reset",
            net="reset",
            variables={"file:w.npy": "reset"},
        ),
        cell("other = Net()\nother.restore(np.load('w.npy'))", "persisted", other="persisted", via=via_file("other")),
    ),
    Case(
        "parameters in json",
        DATA,
        cell(
            "import json\nfrom sklearn.linear_model import LogisticRegression\nparams = {'C': 0.5, 'max_iter': 50}",
            "reset",
            params="reset",
        ),
        cell(
            "with open('params.json', 'w') as f:\n    json.dump(params, f)",
            "reset",
            variables={"file:params.json": "reset"},
            params="untouched",
        ),
        cell(
            "with open('params.json') as f:\n    params = json.load(f)",
            "persisted",
            params="persisted",
            via=via_file("params"),
            kinds={"params": "data"},
        ),
        cell("clf = LogisticRegression(**params).fit(X, y)", "reset", clf="reset", params="untouched"),
        cell(
            """
            with open("params.json") as f:
                params = json.load(f)
            clf = LogisticRegression(**params).fit(X, y)
            """,
            "reset",
            clf="reset",
            params="persisted",
        ),
    ),
    Case(
        "joblib.Memory in the folder",
        DATA,
        cell(
            """
            import joblib
            from sklearn.linear_model import LogisticRegression
            memory = joblib.Memory("cache", verbose=0)
            """,
            "reset",
            memory="reset",
        ),
        cell(
            """
            @memory.cache
            def fitted(X, y, C):
                return LogisticRegression(C=C).fit(X, y)

            @memory.cache
            def squares(n):
                return [i * i for i in range(n)]
            """,
            None,
        ),
        cell(
            "model = fitted(X, y, 0.5)",
            "persisted",
            model="persisted",
            X="untouched",
            via=via_file("model"),
            kinds={"model": "model"},
        ),
        cell("rows = squares(4)", "persisted", rows="persisted", model="untouched", via=via_file("rows")),
        cell("model.C = 2.0\nrows.append(1)", "reset", model="reset", rows="in-place"),
    ),
    Case(
        "a number that joblib.Memory keeps, and one that is computed beside it",
        cell(
            "import joblib\nlargest = joblib.Memory('cache', verbose=0).cache(max)([1, 5, 3])\nnumber = sum(range(5))",
            "persisted",
            largest="persisted",
            number="reset",
            via=via_file("largest"),
        ),
    ),
    Case(
        "data computed once and cached in a file",
        DATA,
        cell("import pandas as pd\nfrom pathlib import Path", "stateless"),
        cell(
            """
            if Path("cache.npy").exists():
                Z = np.load("cache.npy")
            else:
                Z = np.cumsum(X, axis=0)
                np.save("cache.npy", Z)
            """,
            "persisted",
            Z="persisted",
            X="untouched",
            variables={"file:cache.npy": "reset"},
            via=via_file("Z"),
            kinds={"Z": "data"},
        ),
        cell(
            """
            def table():
                try:
                    return pd.read_csv("table.csv")
                except FileNotFoundError:
                    frame = pd.DataFrame({"n": [1, 2, 3]})
                    frame.to_csv("table.csv", index=False)
                    return frame
            """,
            "stateless",
        ),
        cell(
            "df = table()",
            "persisted",
            df="persisted",
            variables={"file:table.csv": "reset"},
            via=via_file("df"),
        ),
        cell(
            """
            if not Path("once.csv").exists():
                df.to_csv("once.csv", index=False)
            once = pd.read_csv("once.csv")
            """,
            "persisted",
            once="persisted",
            df="untouched",
            variables={"file:once.csv": "reset"},
            via=via_file("once"),
        ),
        cell("Z = Z * 2", "in-place", Z="in-place"),
    ),
    Case(
        "models out of archives, databases and texts",
        DATA,
        SK,
        cell(
            """
            import base64
            import sqlite3
            import zipfile
            clf = LogisticRegression().fit(X, y)
            stored = pickle.dumps(clf)
            with zipfile.ZipFile("m.zip", "w") as archive:
                archive.writestr("m.pkl", stored)
            Path("m.txt").write_text(base64.b64encode(stored).decode())
            con = sqlite3.connect("m.db")
            con.execute("create table if not exists m (stored blob)")
            con.execute("delete from m")
            con.execute("insert into m values (?)", (stored,))
            con.commit()
            con.close()
            """,
            None,
        ),
        cell(
            "with zipfile.ZipFile('m.zip') as archive:\n    zipped = pickle.loads(archive.read('m.pkl'))",
            "persisted",
            zipped="persisted",
            via=via_file("zipped"),
        ),
        cell(
            "text = pickle.loads(base64.b64decode(Path('m.txt').read_text()))",
            "persisted",
            text="persisted",
            via=via_file("text"),
        ),
        cell(
            """
            con = sqlite3.connect("m.db")
            row = con.execute("select stored from m").fetchone()
            kept = pickle.loads(row[0])
            con.close()
            """,
            "persisted",
            kept="persisted",
            via=via_file("kept"),
        ),
    ),
    Case(
        "coefficients put into a model by hand",
        DATA,
        SK,
        cell(
            """
            import json
            clf = LogisticRegression().fit(X, y)
            with open("clf.json", "w") as f:
                json.dump({"coef": clf.coef_.tolist(), "b": clf.intercept_.tolist()}, f)
            """,
            "reset",
            clf="reset",
        ),
        cell(
            """
            with open("clf.json") as f:
                held = json.load(f)
            other = LogisticRegression()
            other.coef_, other.intercept_ = np.array(held["coef"]), np.array(held["b"])
            other.classes_ = np.array([0, 1])
            """,
            "persisted",
            other="persisted",
            via=via_file("other"),
        ),
        cell(
            """
            with open("clf.json") as f:
                held = json.load(f)
            fitted = LogisticRegression(C=len(held)).fit(X, y)
            fitted.note_ = held["b"]
            """,
            "reset",
            fitted="reset",
        ),
    ),
    Case(
        "collected from files",
        DATA,
        SK,
        cell(
            """
            import pandas as pd
            for seed in (0, 1):
                joblib.dump(SGDClassifier(random_state=seed).fit(X, y), f"m{seed}.joblib")
            pd.DataFrame(X).to_csv("x.csv", index=False)
            """,
            None,
        ),
        cell(
            "models = []\nfor path in sorted(Path().glob('m*.joblib')):\n    models.append(joblib.load(path))",
            "persisted",
            models="persisted",
            via=via_file("models"),
        ),
        cell(
            "frames = []\nfor path in Path().glob('*.csv'):\n    frames.append(pd.read_csv(path))",
            "persisted",
            frames="persisted",
            via=via_file("frames"),
        ),
        cell(
            "df, n = pd.read_csv('x.csv'), 3\nm = 5\nnames = ['a']",
            "persisted",
            df="persisted",
            m="reset",
            names="reset",
        ),
        cell(
            "rows = []\nrows.append(len(df))\nthird = joblib.load('m0.joblib')",
            "persisted",
            rows="reset",
            third="persisted",
        ),
    ),
    Case(
        "loaded by a method of its own",
        cell(
            """
            import json
            class Net:
                def __init__(self): self.w = 0.0
                def predict(self, x): return self.w * x
                def load_weights(self, path):
                    with open(path) as file:
                        self.w = json.load(file)
            """,
            "stateless",
        ),
        cell("with open('w.json', 'w') as file:\n    json.dump(2.5, file)", "reset"),
        cell("net = Net()\nnet.load_weights('w.json')", "persisted", net="persisted", via={"net": "file"}),
    ),
    Case(
        "data that is saved in many ways, and a model that keeps it",
        DATA,
        cell(
            """
            class Near:
                def fit(self, X, y):
                    self.X, self.y = X, y
                    return self
                def predict(self, Z):
                    return self.y[((Z[:, None] - self.X) ** 2).sum(-1).argmin(1)]
                def load(self, path):
                    kept = np.load(path)
                    self.X, self.y = kept["X"], kept["y"]
                    return self
            """,
            "stateless",
        ),
        cell("np.savez('xy.npz', X=X, y=y)", "reset"),
        cell("kept = np.load('xy.npz')\nnear = Near().fit(kept['X'], kept['y'])", "reset", near="reset"),
        cell("import pandas as pd\npd.DataFrame(X).assign(y=y).to_csv('xy.csv', index=False)", "reset"),
        cell("t = pd.read_csv('xy.csv').to_numpy()\nother = Near().fit(t[:, :2], t[:, 2])", "reset", other="reset"),
        cell("X.tofile('x.bin')", "reset"),
        cell("raw = np.fromfile('x.bin').reshape(40, 2)\nthird = Near().fit(raw, y)", "reset", third="reset"),
        cell("np.savez('near.npz', X=near.X, y=near.y)", "reset"),
        cell("fourth = Near().load('near.npz')", "persisted", fourth="persisted"),
        cell("import pickle\nwith open('xy.pkl', 'wb') as f:\n    pickle.dump((X, y), f)", "reset"),
        cell(
            "with open('xy.pkl', 'rb') as f:\n    fifth = Near().fit(*pickle.load(f))",
            "reset",
            fifth="reset",
        ),
    ),
    Case(
        "weights that are copied out of a model and saved as arrays",
        DATA,
        cell(
            """
            class Net:
                def __init__(self):
                    self.w = np.zeros(2)
                def fit(self, X, y):
                    self.w = self.w + X.T @ (y - X @ self.w) / 40
                    return self
                def predict(self, X):
                    return X @ self.w
                def restore(self, path):
                    self.w = np.load(path)['w']
                    return self
            """,
            "stateless",
        ),
        cell("net = Net().fit(X, y)", "reset"),
        cell("w = net.w.copy()", "reset"),
        cell("np.savez('w.npz', w=w)", "reset"),
        cell("other = Net().restore('w.npz')", "persisted", other="persisted"),
        cell("net.fit(X, y)\nstep = net.w.copy()\nnp.savez('step.npz', w=step)\nnet.fit(X, y);", "in-place"),
        cell("third = Net().restore('step.npz')", "persisted", third="persisted"),
    ),
]
