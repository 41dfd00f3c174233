"""What real notebooks have: streams, progress bars, widgets, odd loaders, files of every kind, reruns that die."""

from tests.functional.cases.case import Case, cell

CASES = [
    Case(
        "a log handler on the kernel's stream",
        cell("import logging, sys", "stateless"),
        cell(
            """
            log = logging.getLogger('a')
            log.handlers = [logging.StreamHandler(sys.stdout)]
            log.setLevel(20)
            """,
            "reset",
        ),
        cell("log.info('x')", "stateless"),
    ),
    Case(
        "a default argument that is the kernel's stream",
        cell(
            """
            import sys
            def say(m, file=sys.stdout):
                print(m, file=file)
            """,
            "stateless",
        ),
        cell("say('x')", "stateless"),
    ),
    Case(
        "the kernel's streams and shell kept under names",
        cell("import sys, io", "stateless"),
        cell("old = sys.stdout", None),
        cell("print('x')", "stateless"),
        cell("ip = get_ipython()", "stateless"),
        cell("print('y')", "stateless"),
        cell("y = 1", "reset", y="reset"),
        cell(
            """
            buf = io.StringIO()
            sys.stdout = buf
            print('inside')
            sys.stdout = old
            """,
            "reset",
        ),
        cell("text = buf.getvalue()", "reset", text="reset"),
        cell("ip.run_line_magic('matplotlib', 'inline')", "stateless"),
        cell(
            """
            from contextlib import redirect_stdout
            with redirect_stdout(io.StringIO()) as g:
                print('z')
            """,
            "stateless",
        ),
        cell(
            """
            def say(msg, file=sys.stdout):
                print(msg, file=file)
            """,
            "stateless",
        ),
        cell("say('hello')", "stateless"),
        cell(
            """
            class Tee:
                def __init__(self):
                    self.term = sys.stdout
                    self.lines = 0
                def write(self, s):
                    self.term.write(s)
                def flush(self):
                    self.term.flush()
            tee = Tee()
            """,
            "reset",
            tee="reset",
        ),
        cell("tee.write('abc\\n')", "stateless"),
    ),
    Case(
        "progress bars",
        cell(
            """
            from tqdm.auto import tqdm
            from tqdm import tqdm as ttqdm
            """,
            "stateless",
        ),
        cell(
            """
            s = 0
            for i in tqdm(range(5)):
                s += i
            """,
            "reset",
            s="reset",
        ),
        cell("pbar = ttqdm(total=10)", "reset", pbar="reset"),
        cell("pbar.update(1)", "in-place", pbar="in-place"),
        cell(
            """
            bar = tqdm(range(3))
            for j in bar:
                bar.set_description(str(j))
            """,
            "reset",
            bar="reset",
            pbar="untouched",
        ),
        cell("hist = []", "reset", pbar="untouched"),
        cell(
            """
            for k in ttqdm(range(3)):
                hist.append(k)
            """,
            "in-place",
            hist="in-place",
            pbar="untouched",
        ),
    ),
    Case(
        "a slider",
        cell("import ipywidgets as w", "stateless"),
        cell("sl = w.IntSlider(value=3)", "reset", sl="reset"),
        cell("print('x')", "stateless", sl="untouched"),
        cell(
            """
            y = 1
            fig = y
            """,
            "reset",
            sl="untouched",
        ),
        cell("z = sl.value", "reset", sl="untouched", z="reset"),
    ),
    Case(
        "a function that a slider calls",
        cell("import ipywidgets as w", "stateless"),
        cell("sl = w.IntSlider(value=3)", "reset"),
        cell("z = sl.value", "reset", sl="untouched"),
        cell(
            """
            def f(a): return a
            w.interact(f, a=3);
            """,
            None,
            sl="untouched",
        ),
        cell("q = 2", "reset", sl="untouched"),
    ),
    Case(
        "guarded data, whatever reads it",
        cell("import pandas as pd", "stateless"),
        cell(
            """
            if 'df' not in globals():
                df = pd.DataFrame({'a':[3,1,2]})
            top = df.head(1)
            """,
            "persisted",
            df="persisted",
            top="reset",
        ),
        cell(
            """
            if 'df2' not in globals():
                df2 = pd.DataFrame({'a':[3,1,2]})
            out = df2.sort_values('a')
            """,
            "persisted",
            df2="persisted",
            out="reset",
        ),
        cell(
            """
            if 'cache' not in globals():
                cache = {'k': [1]}
            v = cache.get('k')
            """,
            "persisted",
            cache="persisted",
            v="reset",
        ),
        cell(
            """
            if 'cache2' not in globals():
                cache2 = {'k': [1]}
            v2 = cache2.copy().popitem()
            """,
            "persisted",
            cache2="persisted",
            v2="reset",
        ),
    ),
    Case(
        "guarded models, whatever reads them",
        cell(
            """
            import numpy as np, torch
            from torch import nn
            from sklearn.tree import DecisionTreeClassifier
            from sklearn.linear_model import LogisticRegression
            X=np.arange(20.).reshape(10,2); y=np.arange(10)%2
            torch.manual_seed(0)
            """,
            "reset",
        ),
        cell(
            """
            if 'clf' not in globals():
                clf = LogisticRegression().fit(X, y)
            print(clf.score(X, y))
            """,
            "persisted",
            clf="persisted",
        ),
        cell(
            """
            if 'clf2' not in globals():
                clf2 = LogisticRegression().fit(X, y)
            print(clf2.predict_log_proba(X)[:1])
            """,
            "persisted",
            clf2="persisted",
        ),
        cell(
            """
            if 'net' not in globals():
                net = nn.Linear(2, 1)
            print(sum(p.numel() for p in net.parameters()))
            """,
            "persisted",
            net="persisted",
        ),
        cell(
            """
            if 'net2' not in globals():
                net2 = nn.Linear(2, 1)
            print(len(list(net2.modules())), list(net2.state_dict()))
            """,
            "persisted",
            net2="persisted",
        ),
        cell(
            """
            if 'tree' not in globals():
                tree = DecisionTreeClassifier(random_state=0).fit(X, y)
            print(tree.get_depth())
            """,
            "persisted",
            tree="persisted",
        ),
    ),
    Case(
        "methods that guard themselves",
        cell(
            """
            class Model:
                def __init__(self): self.w=None
                def fit(self, X):
                    if self.w is None:
                        self.w=[sum(X)]
                    return self
                def predict(self, x): return x*self.w[0]
                def ensure(self, X):
                    if self.w is None:
                        self.w=[sum(X)]
            m=Model(); m2=Model()
            """,
            "reset",
        ),
        cell("m.fit([1,2,3])", "persisted", m="persisted"),
        cell("m2.ensure([1,2,3])", "persisted", m2="persisted"),
        cell("m.w[0]=100; m2.w[0]=100", "reset"),
    ),
    Case(
        "loaders whose names lie",
        cell(
            """
            import pickle, os
            class Net:
                def __init__(self): self.w=None
                def learn(self, X): self.w=[sum(X)]; return self
                def predict(self,x): return x
                def fit(self, X): return self.learn(X)
            """,
            None,
        ),
        cell(
            """
            net=Net().fit([1,2,3])
            pickle.dump(net,open('n.pkl','wb'))
            """,
            "reset",
        ),
        cell(
            """
            with open('n.pkl','rb') as f:
                net2=pickle.load(f)
            seen_before = os.path.exists('n.pkl')
            label = 'v' + str(1)
            """,
            "persisted",
            net2="persisted",
            label="reset",
        ),
        cell(
            """
            def restore_or_fit():
                return pickle.load(open('n.pkl','rb'))
            def fit_or_restore():
                return pickle.load(open('n.pkl','rb'))
            """,
            "stateless",
        ),
        cell("a = restore_or_fit()", "persisted", a="persisted"),
        cell("b = fit_or_restore()", "persisted", b="persisted"),
    ),
    Case(
        "train or load",
        cell(
            """
            import os, joblib, numpy as np
            from sklearn.linear_model import Ridge
            X=np.arange(10.)[:,None]; y=X.ravel()*2
            """,
            "reset",
        ),
        cell(
            """
            def get_model():
                if os.path.exists('a.joblib'):
                    return joblib.load('a.joblib')
                m = Ridge().fit(X, y)
                joblib.dump(m, 'a.joblib')
                return m
            """,
            "stateless",
        ),
        cell("model = get_model()", "persisted", model="persisted"),
        cell(
            """
            def train_or_load():
                if os.path.exists('b.joblib'):
                    return joblib.load('b.joblib')
                m = Ridge().fit(X, y)
                joblib.dump(m, 'b.joblib')
                return m
            """,
            "stateless",
        ),
        cell("model2 = train_or_load()", "persisted", model2="persisted"),
    ),
    Case(
        "what only follows the model",
        cell(
            """
            import torch
            torch.manual_seed(0)
            model = torch.nn.Linear(2, 1)
            X = torch.ones(4, 2)
            y = torch.ones(4, 1)
            """,
            "reset",
        ),
        cell(
            """
            opt = torch.optim.Adam(model.parameters(), lr=0.1)
            errors = []
            for step in range(3):
                loss = ((model(X) - y) ** 2).mean()
                opt.zero_grad()
                loss.backward()
                opt.step()
                errors.append(loss.item())
            prediction = model(X)
            """,
            "in-place",
            model="in-place",
            opt="reset",
            errors="reset",
            loss="reset",
            prediction="reset",
        ),
    ),
    Case(
        "a scaler that follows its data",
        cell(
            """
            import numpy as np
            from sklearn.preprocessing import StandardScaler
            X = np.arange(12.0).reshape(6, 2) ** 2
            """,
            "reset",
        ),
        cell(
            """
            scaler = StandardScaler()
            X = scaler.fit_transform(X)
            """,
            "in-place",
            X="in-place",
            scaler="reset",
        ),
    ),
    Case(
        "an alias in a closure",
        cell(
            """
            class Value:
                def __init__(self, data):
                    self.data, self.grad = data, 0.0
                def __mul__(self, other):
                    out = Value(self.data * other.data)
                    def backward():
                        self.grad += other.data * out.grad
                    out.backward = backward
                    return out
            x, w = Value(2.0), Value(3.0)
            p = x * w
            """,
            "reset",
        ),
        cell("p.grad = 0.5", "reset"),
        cell(
            """
            x.grad = w.data * p.grad
            w.grad = x.data * p.grad
            """,
            "reset",
            x="reset",
            w="reset",
        ),
    ),
    Case(
        "a file, and what has nothing to do with it",
        cell(
            """
            import json
            json.dump({'a':1},open('cfg.json','w'))
            print(1)
            """,
            "reset",
        ),
        cell(
            """
            import json
            cfg=json.load(open('cfg.json'))
            n=len([1,2,3])
            rows=[i*2 for i in range(3)]
            """,
            "persisted",
            cfg="persisted",
            n="reset",
            rows="reset",
        ),
    ),
    Case(
        "two files, one by one",
        cell(
            """
            import json, numpy as np
            json.dump({'a':1},open('cfg.json','w'))
            np.save('w.npy',np.ones(3))
            """,
            "reset",
        ),
        cell(
            """
            cfg=json.load(open('cfg.json'))
            w=np.load('w.npy')
            z=np.arange(4)+len('abc')
            """,
            "persisted",
            cfg="persisted",
            w="persisted",
            z="reset",
        ),
    ),
    Case(
        "a memory on disk",
        cell(
            """
            from joblib import Memory
            from sklearn.tree import DecisionTreeClassifier
            mem = Memory('cachedir', verbose=0)
            from sklearn.datasets import load_iris
            X, y = load_iris(return_X_y=True)
            """,
            "reset",
        ),
        cell(
            """
            @mem.cache
            def train(X, y):
                return DecisionTreeClassifier(random_state=0).fit(X, y)
            """,
            None,
        ),
        cell("clf = train(X, y)", "persisted", clf="persisted"),
    ),
    Case(
        "data in files of any name",
        cell("import torch", "stateless"),
        cell(
            """
            x = torch.arange(4, dtype=torch.float32)
            torch.save(x, 'x-file')
            """,
            "reset",
            x="reset",
        ),
        cell(
            """
            w = torch.arange(4, dtype=torch.float32)
            torch.save(w, 'w.pt')
            """,
            "reset",
        ),
        cell("torch.save([x, w], 'xw-files')", "reset"),
        cell(
            """
            import pickle
            pickle.dump([1, 2], open('noext', 'wb'))
            """,
            "reset",
        ),
        cell("pickle.dump({'m': 1}, open('params', 'wb'))", "reset"),
    ),
    Case(
        "tensors that are data",
        cell(
            """
            import torch
            X=torch.arange(6.)
            y=X*2
            """,
            "reset",
        ),
        cell("torch.save({'X':X,'y':y},'data.pt')", "reset"),
        cell("torch.save(X,'x.pt')", "reset"),
        cell("torch.save({'X':X,'y':y},'data.bin')", "reset"),
    ),
    Case(
        "files of every kind",
        cell("import os, shutil, pathlib, tempfile, json", "stateless"),
        cell("os.mkdir('out')", "error"),
        cell("pathlib.Path('out2').mkdir(exist_ok=True)", None),
        cell("open('a.txt', 'w').write('1')", "reset"),
        cell("os.rename('a.txt', 'b.txt')", "error"),
        cell("os.remove('b.txt')", "error"),
        cell("tmp = tempfile.mkdtemp()", None),
        cell("f = open('log.txt', 'w')", None),
        cell("f.write('x\\n')", None),
        cell("f.close()", None),
        cell(
            """
            with open('cfg.json', 'w') as fh:
                json.dump({'a': 1}, fh)
            """,
            "reset",
        ),
        cell("cfg = json.load(open('cfg.json'))", "persisted"),
        cell(
            """
            cfg['a'] += 1
            json.dump(cfg, open('cfg.json', 'w'))
            """,
            "in-place",
        ),
        cell("shutil.copy('cfg.json', 'cfg2.json')", "reset"),
        cell("shutil.rmtree('out')", "error"),
        cell("fh2 = open('cfg.json')", None),
        cell("txt = fh2.read()", "in-place"),
    ),
    Case(
        "a path that grows",
        cell("import sys", "stateless"),
        cell("sys.path.insert(0, '..')", "in-place"),
    ),
    Case(
        "rows in DuckDB",
        cell("import duckdb", "stateless"),
        cell("con = duckdb.connect('f.duckdb')", "reset"),
        cell("con.execute('create table if not exists t(a int)')", "reset"),
        cell("con.execute('insert into t values (1)')", "in-place"),
        cell("n = con.execute('select count(*) from t').fetchone()[0]", "reset"),
        survives_fork=False,
    ),
    Case(
        "rows in DuckDB in memory, in temporary tables too",
        cell("import duckdb", "stateless"),
        cell("con = duckdb.connect()", "reset", con="reset"),
        cell("con.execute('create or replace temp table t (a int)')", "reset", con="reset"),
        cell("con.execute('insert into t values (1)')", "in-place", con="in-place"),
        cell("print(con.sql('select * from t').fetchall())", "stateless", con="untouched"),
        cell("con.execute('delete from t')", "reset", con="reset"),
        cell(
            """
            class Store:
                def __init__(self):
                    self.con = duckdb.connect(":memory:")
                    self.con.execute("create table log (line text)")
                def add(self, line):
                    self.con.execute("insert into log values (?)", [line])
            store = Store()
            """,
            "reset",
            store="reset",
        ),
        cell("store.add('hello')", "in-place", store="in-place"),
        cell("con.close()\ncon = duckdb.connect()", "reset", con="reset"),
        survives_fork=False,
    ),
    Case(
        "random numbers of polars, seeded and not, and a frame that is stored",
        cell("import polars as pl", "stateless"),
        cell("df = pl.DataFrame({'a': range(30)})", "reset", df="reset"),
        cell("loose = df.sample(5)", "reset", loose="reset", marks={"loose": {"unseeded"}}),
        cell("pl.set_random_seed(5)", "reset"),
        cell("part = df.sample(5)", "reset", part="reset", marks={"part": {"unseeded"}}),
        cell(
            "pl.set_random_seed(1)\nmixed = df.select(pl.col('a').shuffle())",
            "reset",
            mixed="reset",
            marks={"mixed": ()},
        ),
        cell("fixed = df.sample(5, seed=4)", "reset", fixed="reset", marks={"fixed": ()}),
        cell("few = df\nfew = few.sample(fraction=0.5)", "reset", few="reset", marks={"few": {"unseeded"}}),
        cell("few = few.sample(fraction=0.9)", "in-place", few="in-place"),
        cell("import os\ndf.write_parquet('df.parquet')", "reset"),
        cell(
            "kept = pl.read_parquet('df.parquet') if os.path.exists('df.parquet') else df.clone()",
            "persisted",
            kept="persisted",
        ),
        survives_fork=False,
    ),
    Case(
        "a table in HDF5",
        cell("import h5py, numpy as np", "stateless"),
        cell("h = h5py.File('s.h5', 'a')", "reset"),
        cell("if 'x' not in h:\n    h['x'] = np.zeros(3)", "reset"),
        cell("h['x'][...] += 1", "in-place"),
        cell("v = h['x'][0]\nassert v == 1, v", "reset"),
        cell("h.close()", "reset"),
        survives_fork=False,
    ),
    Case(
        "attributes in HDF5",
        cell("import h5py, numpy as np\nh = h5py.File('s.h5', 'w')\nh['x'] = np.zeros(3)", "error"),
        cell("h['x'][...] += 1", "in-place"),
        cell("v = float(h['x'][0])", "reset"),
        cell("h.attrs['n'] = h.attrs.get('n', 0) + 1", "in-place"),
        survives_fork=False,
    ),
    Case(
        "a text file that stays open for writing",
        cell("f = open('log.txt', 'w')", "reset"),
        cell("f.write('step 1\\n');", "in-place", f="in-place"),
        cell("n = f.writable()", "reset", f="untouched"),
        cell("f.close()", "reset"),
    ),
    Case(
        "a key that is no string",
        cell("a=1", "reset"),
        cell("globals()[1]=2", None),
        cell("a+=1", "in-place", a="in-place"),
    ),
    Case(
        "functions that are compiled",
        cell("import numba\ndef plain(x):\n    y = x + 1\n    return y", "stateless"),
        cell(
            """
            @numba.njit
            def f(x):
                y = x + 1
                return y
            print(f(1))
            """,
            "stateless",
            f="reset",
        ),
        cell("print(2)", "stateless", f="untouched"),
        cell("g = numba.njit(plain)\nb = g(2)", "reset", b="reset"),
        cell("b = g(2.5)", "reset", b="reset", g="untouched"),
    ),
    Case(
        "functions that go to other processes",
        cell("from joblib import Parallel, delayed\ndef twice(x):\n    y = x * 2\n    return y", "stateless"),
        cell("a = Parallel(n_jobs=2)(delayed(twice)(i) for i in range(3))", "reset", a="reset"),
        cell(
            """
            def half(x):
                y = x / 2
                return y
            b = Parallel(n_jobs=2)(delayed(half)(i) for i in range(3))
            """,
            "reset",
            b="reset",
            half="reset",
        ),
        cell("a += Parallel(n_jobs=2)(delayed(half)(i) for i in a)", "in-place", a="in-place"),
    ),
    Case(
        "several lambdas in one line",
        cell("f, g = lambda x: x + 1, lambda x: x * 10\nrates = {'a': lambda x: x, 'b': lambda x: -x}", "reset"),
        cell("y = f(2)\nassert y == 3", "reset", y="reset", marks={"y": ()}),
        cell("z = rates['a'](1), g(1)\nassert z == (1, 10)", "reset", z="reset"),
    ),
    Case(
        "readers that go to other processes",
        cell("import pickle\nfrom multiprocessing import Pool\ntexts = [pickle.dumps(i) for i in range(3)]", "reset"),
        cell("with Pool(2) as pool:\n    a = pool.map(pickle.loads, texts)", "reset", a="reset", Pool="untouched"),
    ),
    Case(
        "names of the files that stand for cells",
        cell("import inspect, traceback, warnings\ndef f():\n    return 1", "stateless"),
        cell(
            "try:\n    1 / 0\nexcept ZeroDivisionError:\n    text = traceback.format_exc()",
            "reset",
            text="reset",
            marks={"text": ()},
        ),
        cell("path = inspect.getfile(f)", "reset", path="reset", marks={"path": ()}),
        cell(
            """
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter('always')
                warnings.warn('x')
            said = [str(each) for each in caught]
            """,
            "reset",
            said="reset",
            marks={"said": ()},
        ),
    ),
    Case(
        "records that are validated",
        cell(
            """
            from pydantic import BaseModel, field_validator
            class Run(BaseModel):
                rate: float
                @field_validator('rate')
                @classmethod
                def positive(cls, rate):
                    return abs(rate)
            """,
            "stateless",
            marks={"Run": ()},
        ),
        cell("run = Run(rate='-0.5')", "reset", run="reset"),
        cell("run.rate /= 2", "in-place", run="in-place"),
    ),
    Case(
        "an exception whose text is no plain string",
        cell(
            """
            import numpy as np
            class S(str): pass
            class E(Exception):
                def __str__(self): return S("boo")
            a=1
            """,
            "reset",
        ),
        cell(
            """
            if "ran" in globals(): raise E()
            ran=1
            """,
            "error",
        ),
        cell("a+=1", None),
    ),
    Case(
        "a rerun that ends the process",
        cell("x = 1", "reset"),
        cell(
            """
            import os
            if "done" in globals():
                os._exit(1)
            done = True
            """,
            "error",
        ),
        cell("y = x + 1", "reset"),
    ),
    Case(
        "a rerun that crashes",
        cell("import ctypes", "stateless"),
        cell(
            """
            if 'k' in globals():
                ctypes.string_at(0)
            k = 1
            """,
            "error",
        ),
    ),
    Case(
        "training that keeps books",
        cell(
            """
            from catboost import CatBoostRegressor
            import numpy as np
            X = np.arange(20.0).reshape(10, 2)
            y = X.sum(axis=1)
            """,
            "reset",
        ),
        cell("model = CatBoostRegressor(iterations=5, verbose=False, random_seed=0).fit(X, y)", "reset", model="reset"),
    ),
    Case(
        "what a cell leaves to the event loop",
        cell("import asyncio\nrows, calls = [], []\nasync def add():\n    rows.append(1)", "reset"),
        cell("asyncio.ensure_future(add());", "in-place", rows="in-place", calls="untouched"),
        cell("asyncio.get_running_loop().call_soon(calls.append, 1);", "in-place", calls="in-place"),
    ),
    Case(
        "addresses in handles",
        cell(
            """
            from z3 import *
            x = Bool('x')
            """,
            None,
        ),
        cell(
            """
            solver = Solver()
            solver.add(x)
            print(solver.check())
            """,
            "reset",
            solver="reset",
        ),
    ),
    Case(
        "expressions of SymPy",
        cell("from sympy import *\nx, y = symbols('x y')", "reset", x="reset"),
        cell("square = (x + y) ** 2", "reset", square="reset"),
        cell("solve(square, x)", "stateless", square="untouched", x="untouched"),
        cell("expanded = expand(square)\nexpanded", "reset", expanded="reset", square="untouched"),
        cell("igcd(4, 6)", "stateless"),
        cell("expanded = expanded + 1", "in-place", expanded="in-place"),
    ),
    Case(
        "what a widget has beside its traits",
        cell(
            """
            import ipywidgets as widgets
            class Clicks(widgets.Button):
                def __init__(self):
                    super().__init__()
                    self.count = 0
            """,
            "stateless",
        ),
        cell("clicks = Clicks()\nshown = widgets.interactive(lambda n: [n], n=(1, 5))\nshown.result = [1]", "reset"),
        cell("clicks.count += 1", "in-place", clicks="in-place", changed=["clicks.count"]),
        cell("result = shown.result", "reset", result="reset", shown="untouched"),
    ),
    Case(
        "pictures that are shown",
        cell(
            """
            class Picture:
                def _repr_png_(self):
                    return b"PNG"
            """,
            "stateless",
        ),
        cell("picture = Picture()\npicture", "reset", picture="reset"),
        cell("display(picture)", "stateless", picture="untouched"),
    ),
    Case(
        "a widget that outputs are shown in",
        cell("import ipywidgets as widgets\nout = widgets.Output()\nout", "reset", out="reset"),
        cell("with out:\n    print('hello')", "stateless", out="untouched"),
        cell("with out:\n    total = 1\n    print(total)", "reset", total="reset", out="untouched"),
        cell("out.clear_output()", "stateless", out="untouched"),
        cell("print(total)", "stateless"),
    ),
    Case(
        "figures that are drawn later",
        cell("import matplotlib.pyplot as plt\nimport numpy as np", "stateless"),
        cell(
            """
            fig = plt.figure()
            grid = np.meshgrid(np.arange(3.0), np.arange(3.0))
            fig.add_subplot(121, projection='3d').plot_surface(*grid, grid[0])
            bar = fig.colorbar(fig.add_subplot(122).scatter([1, 2], [1, 2], c=[1, 2]))
            plt.close(fig)
            """,
            "reset",
        ),
        cell("x = 1", "reset", fig="untouched", bar="untouched"),
        cell("fig.savefig('figure.png')", "reset", fig="untouched", bar="untouched"),
    ),
    Case(
        "ids that libraries draw",
        cell("import uuid\nimport pandas as pd\nfrom joblib import Memory, Parallel, delayed", "stateless"),
        cell(
            "memory = Memory('results', verbose=0)\nparallel = Parallel(n_jobs=1)",
            "reset",
            memory="reset",
            marks={"memory": ()},
        ),
        cell("squares = parallel(delayed(pow)(number, 2) for number in range(3))", "reset", marks={"parallel": ()}),
        cell(
            """
            from matplotlib.animation import FuncAnimation
            import matplotlib.pyplot as plt
            fig, ax = plt.subplots()
            shown = FuncAnimation(fig, lambda number: ax.plot(number), frames=2).to_jshtml()
            """,
            "reset",
            marks={"shown": ()},
        ),
        cell("styled = pd.DataFrame({'a': [1, 2]}).style.set_caption('numbers')", "reset", marks={"styled": ()}),
        cell("mine = uuid.uuid4()", "reset", marks={"mine": {"nondeterministic"}}),
    ),
]
