"""Files of data: written anew, grown, moved, removed and read back."""

from tests.functional.cases.case import DATA, Case, cell

PATH = cell("from pathlib import Path", "stateless")


def file(name: str, verdict: str) -> dict[str, str]:
    """The verdict on one file, as a label."""
    return {f"file:{name}": verdict}


CASES = [
    Case(
        "two files and a sum, in blocks of several kinds",
        cell("import json\nfor name in 'ab':\n    with open(name, 'w') as f:\n        json.dump([name], f)", "reset"),
        cell(
            """
            try:
                with open("a") as f:
                    a = json.load(f)
                total = sum(range(6))
                with open("b") as f:
                    b = json.load(f)
                raise RuntimeError("caught")
            except RuntimeError:
                pass
            """,
            "persisted",
            a="persisted",
            b="persisted",
            total="reset",
        ),
        cell(
            """
            if a:
                with open("a") as f:
                    c = json.load(f)
                count = sum(range(7))
            """,
            "persisted",
            c="persisted",
            count="reset",
        ),
    ),
    Case(
        "the module that loads is no value",
        cell("import joblib\npath = 'a.joblib'\njoblib.dump([1, 2], path)", "reset", path="reset"),
        cell("rows = joblib.load(path)\nfirst = rows[0]", None, joblib="untouched"),
        cell("path = 'b.joblib'\njoblib.dump({}, path)", "reset", path="reset"),
        cold=True,
    ),
    Case(
        "text written, appended and read",
        PATH,
        cell(
            "Path('a.txt').write_text('one\\n')",
            "reset",
            variables=file("a.txt", "reset"),
            kinds={"file:a.txt": "file"},
            marks={"file:a.txt": ()},
        ),
        cell(
            "with open('a.txt', 'a') as f:\n    f.write('two\\n')",
            "in-place",
            variables=file("a.txt", "in-place"),
            kinds={"file:a.txt": "file"},
        ),
        cell("print(Path('a.txt').read_text())", "stateless", variables=file("a.txt", "untouched")),
        cell(
            "text = Path('a.txt').read_text()",
            "persisted",
            variables=file("a.txt", "untouched"),
            text="persisted",
            via={"text": "file"},
            kinds={"text": "data"},
        ),
        cell(
            "with open('b.txt', 'w') as f:\n    f.write(text.upper())",
            "reset",
            text="untouched",
            variables={**file("b.txt", "reset"), **file("a.txt", "untouched")},
        ),
        cell("assert text == 'one\\ntwo\\n'", "stateless", text="untouched"),
        cell(
            "lines = []\nfor line in open('a.txt'):\n    lines.append(line)",
            "persisted",
            lines="persisted",
            via={"lines": "file"},
        ),
        cell(
            """
            class Counts:
                def __init__(self):
                    self.words = 0
                def count(self, text):
                    self.words += len(text.split())
            counts = Counts()
            text = Path('a.txt').read_text()
            counts.count(text)
            """,
            "persisted",
            text="persisted",
            counts="reset",
        ),
    ),
    Case(
        "a counter in a file, and a flag",
        PATH,
        cell(
            """
            counter = Path("n.txt")
            n = int(counter.read_text()) + 1 if counter.exists() else 1
            counter.write_text(str(n))
            """,
            "in-place",
            variables=file("n.txt", "in-place"),
            n="in-place",
            counter="reset",
        ),
        cell("assert n == 1 and counter.read_text() == '1'", "stateless", n="untouched"),
        cell("counter.write_text('0')", "reset", variables=file("n.txt", "reset"), counter="untouched"),
        cell(
            "first_time = not Path('done.flag').exists()\nPath('done.flag').touch()",
            "in-place",
            variables=file("done.flag", "reset"),
            first_time="in-place",
        ),
        cell(
            "Path(f\"run-{len(list(Path().glob('run-*.txt')))}.txt\").write_text('x')",
            "in-place",
            variables=file("run-1.txt", "in-place"),
        ),
    ),
    Case(
        "frames in csv files",
        cell("import pandas as pd\ndf = pd.DataFrame({'a': [3, 1, 2], 'b': [0.1, 0.2, 0.3]})", "reset", df="reset"),
        cell("df.to_csv('df.csv', index=False)", "reset", variables=file("df.csv", "reset"), df="untouched"),
        cell(
            "df.to_csv('log.csv', mode='a', header=False, index=False)",
            "in-place",
            variables=file("log.csv", "in-place"),
            df="untouched",
        ),
        cell("back = pd.read_csv('df.csv')", "persisted", back="persisted", df="untouched", via={"back": "file"}),
        cell("pd.read_csv('df.csv').describe()", "stateless", variables=file("df.csv", "untouched")),
        cell(
            "df.to_csv('tmp.csv', index=False)\nsame = pd.read_csv('tmp.csv')",
            "reset",
            variables=file("tmp.csv", "reset"),
            same="reset",
        ),
        cell(
            "df = pd.read_csv('df.csv')\ndf['c'] = df['a'] * 2\ndf.to_csv('more.csv', index=False)",
            "persisted",
            variables=file("more.csv", "reset"),
            df="persisted",
            via={"df": "file"},
        ),
        cell("total = df['c'].sum()", "reset", total="reset", df="untouched"),
    ),
    Case(
        "frames read, changed and written back",
        cell(
            """
            import pandas as pd
            pd.DataFrame({"a": [3, 1, 1], "b": [1.0, 2.0, 2.0]}).to_csv("t.csv", index=False)
            """,
            "reset",
            variables=file("t.csv", "reset"),
        ),
        cell(
            "pd.read_csv('t.csv').drop_duplicates().to_csv('t.csv', index=False)",
            "reset",
            variables=file("t.csv", "reset"),
        ),
        cell(
            "df = pd.read_csv('t.csv').sort_values('a')\ndf.to_csv('t.csv', index=False)",
            None,
            variables=file("t.csv", "reset"),
        ),
        cell(
            "df = pd.read_csv('t.csv')\ndf['b'] = df['b'] * 2\ndf.to_csv('t.csv', index=False)",
            "in-place",
            variables=file("t.csv", "in-place"),
            df="in-place",
        ),
        cell(
            "df = pd.read_csv('t.csv')\ndf.loc[len(df)] = [9, 9.0]\ndf.to_csv('t.csv', index=False)",
            "in-place",
            variables=file("t.csv", "in-place"),
            df="in-place",
        ),
        cell("assert len(df) == 3 and df['b'].tolist() == [4.0, 2.0, 9.0]", "stateless", df="untouched"),
    ),
    Case(
        "tables and rows in sqlite",
        cell("import sqlite3\nfrom contextlib import closing", "stateless"),
        cell(
            """
            with closing(sqlite3.connect("shop.db")) as con:
                con.execute("create table if not exists sale (id integer primary key, price real)")
                con.commit()
            """,
            "reset",
            variables=file("shop.db", "reset"),
            kinds={"file:shop.db": "file"},
        ),
        cell(
            """
            with closing(sqlite3.connect("shop.db")) as con:
                con.execute("insert into sale (price) values (2.5)")
                con.commit()
            """,
            "in-place",
            variables=file("shop.db", "in-place"),
        ),
        cell(
            """
            with closing(sqlite3.connect("shop.db")) as con:
                con.execute("insert or ignore into sale values (7, 1.5)")
                con.commit()
            """,
            "reset",
            variables=file("shop.db", "reset"),
        ),
        cell(
            """
            with closing(sqlite3.connect("shop.db")) as con:
                rows = con.execute("select id, price from sale").fetchall()
            """,
            "persisted",
            variables=file("shop.db", "untouched"),
            rows="persisted",
            via={"rows": "file"},
        ),
        cell("assert rows == [(1, 2.5), (7, 1.5)]", "stateless", rows="untouched"),
        cell(
            """
            with closing(sqlite3.connect("shop.db")) as con:
                con.execute("create table staff (name text)")
                con.commit()
            """,
            "error",
        ),
    ),
    Case(
        "a connection that stays open, and frames in its tables",
        cell(
            """
            import sqlite3
            import pandas as pd
            df = pd.DataFrame({"a": [1, 2]})
            con = sqlite3.connect("open.db")
            con.execute("create table if not exists t (x)")
            con.commit()
            """,
            None,
            variables=file("open.db", "reset"),
            df="reset",
        ),
        cell(
            "con.execute('insert into t values (1)')\ncon.commit()",
            "in-place",
            variables=file("open.db", "in-place"),
        ),
        cell("assert con.execute('select count(*) from t').fetchone() == (1,)", "stateless"),
        cell(
            "df.to_sql('log', con, if_exists='append', index=False)",
            "in-place",
            variables=file("open.db", "in-place"),
            df="untouched",
        ),
        cell("df.to_sql('once', con, index=False)", "error"),
        cell("df.to_sql('anew', con, if_exists='replace', index=False)", None, df="untouched"),
        cell("assert len(pd.read_sql('select * from log', con)) == 2", "stateless"),
        cell("con.close()", None),
        survives_fork=False,
    ),
    Case(
        "arrays in files",
        cell("import numpy as np\na, b = np.arange(6.0).reshape(3, 2), np.ones(2)", "reset"),
        cell("np.save('a.npy', a)", "reset", variables=file("a.npy", "reset"), a="untouched"),
        cell("np.savez('ab.npz', a=a, b=b)", "reset", variables=file("ab.npz", "reset")),
        cell("np.savez_compressed('small.npz', b=b)", "reset", variables=file("small.npz", "reset")),
        cell("np.savetxt('a.txt', a)\na.tofile('a.bin')", "reset", variables=file("a.bin", "reset")),
        cell("c = np.load('a.npy')", "persisted", c="persisted", a="untouched", via={"c": "file"}),
        cell(
            "with np.load('ab.npz') as archive:\n    a, b = archive['a'], archive['b']",
            "persisted",
            a="persisted",
            b="persisted",
            via={"a": "file", "b": "file"},
        ),
        cell("d = np.loadtxt('a.txt')", "persisted", d="persisted", via={"d": "file"}),
        cell("np.save('a.npy', np.load('a.npy') + 1)", "in-place", variables=file("a.npy", "in-place")),
    ),
    Case(
        "an array mapped on a file",
        cell(
            """
            import numpy as np
            m = np.memmap("m.dat", dtype="float64", mode="w+", shape=(4,))
            m[:] = 1
            m.flush()
            """,
            "reset",
            variables=file("m.dat", "reset"),
            m="reset",
        ),
        cell("m += 1\nm.flush()", "in-place", variables=file("m.dat", "in-place"), m="in-place"),
        cell("assert m.tolist() == [2.0] * 4", "stateless", m="untouched"),
        cell(
            """
            again = np.memmap("m.dat", dtype="float64", mode="r+", shape=(4,))
            again += 1
            again.flush()
            """,
            "in-place",
            variables=file("m.dat", "in-place"),
            again="reset",
        ),
        cell("assert np.fromfile('m.dat').tolist() == [3.0] * 4", "stateless", again="untouched"),
        cell("held = np.fromfile('m.dat')", "persisted", held="persisted", via={"held": "file"}),
    ),
    Case(
        "json written, read and counted up",
        cell("import json\nconf = {'lr': 0.1, 'runs': 0}", "reset", conf="reset"),
        cell(
            "with open('conf.json', 'w') as f:\n    json.dump(conf, f)",
            "reset",
            variables=file("conf.json", "reset"),
            conf="untouched",
        ),
        cell(
            "with open('conf.json') as f:\n    loaded = json.load(f)",
            "persisted",
            loaded="persisted",
            conf="untouched",
            via={"loaded": "file"},
        ),
        cell(
            """
            with open("conf.json") as f:
                conf = json.load(f)
            conf["runs"] += 1
            with open("conf.json", "w") as f:
                json.dump(conf, f)
            """,
            "in-place",
            variables=file("conf.json", "in-place"),
            conf="in-place",
            loaded="untouched",
        ),
        cell(
            "with open('events.jsonl', 'a') as f:\n    print(json.dumps(conf), file=f)",
            "in-place",
            variables=file("events.jsonl", "in-place"),
            conf="untouched",
        ),
    ),
    Case(
        "%%writefile and shell lines",
        cell("%%writefile notes.txt\none", "reset", variables=file("notes.txt", "reset")),
        cell("%%writefile -a notes.txt\ntwo", "in-place", variables=file("notes.txt", "in-place")),
        cell("!echo three > sh.txt", "reset", variables=file("sh.txt", "reset")),
        cell("!echo four >> sh.txt", "in-place", variables=file("sh.txt", "in-place")),
        cell("%%bash\necho five >> sh.txt", "in-place", variables=file("sh.txt", "in-place")),
        cell("!cat sh.txt", "stateless", variables=file("sh.txt", "untouched")),
        cell("lines = !cat sh.txt", "persisted", lines="persisted", via={"lines": "file"}),
        cell("assert list(lines) == ['three', 'four', 'five']", "stateless", lines="untouched"),
        cell(
            "!cp notes.txt copy.txt",
            "reset",
            variables={**file("copy.txt", "reset"), **file("notes.txt", "untouched")},
        ),
    ),
    Case(
        "a module written by the notebook",
        cell("%%writefile nbcase_helper.py\nRATE = 3", "reset", variables=file("nbcase_helper.py", "reset")),
        cell("import nbcase_helper", "stateless", variables=file("nbcase_helper.py", "untouched")),
        cell("rate = nbcase_helper.RATE", "reset", rate="reset"),
    ),
    Case(
        "renamed, moved, removed, created once",
        cell(
            "import os\nimport shutil\nfrom pathlib import Path\nfor name in 'abcd':\n    Path(name).write_text(name)",
            "reset",
            variables={**file("a", "reset"), **file("d", "reset")},
        ),
        cell("os.rename('a', 'a2')", "error"),
        cell("shutil.move('b', 'moved')", "error"),
        cell("os.remove('c')", "error"),
        cell("Path('d').unlink(missing_ok=True)", "reset"),
        cell("shutil.copy('a2', 'copy')", "reset", variables={**file("copy", "reset"), **file("a2", "untouched")}),
        cell(
            "Path('part').write_text('v')\nos.replace('part', 'final')",
            "reset",
            variables={**file("final", "reset"), **file("part", "untouched")},
        ),
        cell("with open('once', 'x') as f:\n    f.write('x')", "error"),
        cell("os.symlink('copy', 'link')", "error"),
        cell("assert os.path.exists('a2') and not os.path.exists('a')", "stateless"),
    ),
    Case(
        "folders",
        cell("import os\nimport shutil\nfrom pathlib import Path", "stateless"),
        cell("os.mkdir('out')", "error"),
        cell("os.makedirs('out/deep', exist_ok=True)", None),
        cell("Path('out/deep/x.txt').write_text('x')", "reset", variables=file("out/deep/x.txt", "reset")),
        cell(
            "for name in ('a', 'b'):\n    Path('out', name).write_text(name)",
            "reset",
            variables={**file("out/a", "reset"), **file("out/b", "reset")},
        ),
        cell(
            "with Path('out', 'deep', 'log').open('a') as f:\n    f.write('.')",
            "in-place",
            variables=file("out/deep/log", "in-place"),
        ),
        cell(
            "shutil.rmtree('fresh', ignore_errors=True)\nos.mkdir('fresh')\nPath('fresh', 'a').write_text('a')",
            "reset",
            variables=file("fresh/a", "reset"),
        ),
        cell("shutil.copytree('out', 'twin')", "error"),
        cell("shutil.rmtree('out')", "error"),
        cell("assert sorted(os.listdir('twin')) == ['a', 'b', 'deep']", "stateless"),
    ),
    Case(
        "a handle of an earlier cell",
        cell("from pathlib import Path\nlog = open('log.txt', 'a')", None, variables=file("log.txt", "reset")),
        cell("log.write('one\\n')\nlog.flush()", "in-place", variables=file("log.txt", "in-place")),
        cell("print('two', file=log, flush=True)", "in-place", variables=file("log.txt", "in-place")),
        cell("assert Path('log.txt').read_text() == 'one\\ntwo\\n'", "stateless"),
        cell("log.close()", None),
        cell("source = open('log.txt')", None),
        cell("line = source.readline()", "in-place", line="reset"),
        cell("second = source.readline()", "in-place", source="in-place", second="reset", line="untouched"),
        cell("assert (line, second) == ('one\\n', 'two\\n')", "stateless", line="untouched"),
    ),
    Case(
        "rows by csv.writer",
        cell("import csv\nrows = [['a', 1], ['b', 2]]", "reset", rows="reset"),
        cell(
            "with open('w.csv', 'w', newline='') as f:\n    csv.writer(f).writerows(rows)",
            "reset",
            variables=file("w.csv", "reset"),
            rows="untouched",
        ),
        cell(
            "with open('w.csv', 'a', newline='') as f:\n    csv.writer(f).writerow(['c', 3])",
            "in-place",
            variables=file("w.csv", "in-place"),
        ),
        cell(
            "with open('w.csv', newline='') as f:\n    table = list(csv.reader(f))",
            "persisted",
            table="persisted",
            via={"table": "file"},
        ),
        cell("rows = [[key, int(value)] for key, value in table]", "reset", rows="reset", table="untouched"),
    ),
    Case(
        "a shelf",
        cell("import shelve", "stateless"),
        cell("with shelve.open('shelf') as db:\n    db['n'] = db.get('n', 0) + 1", "in-place"),
        cell("with shelve.open('shelf') as db:\n    n = db['n']", "persisted", n="persisted", via={"n": "file"}),
        cell("assert n == 1", "stateless", n="untouched"),
    ),
    Case(
        "a log file by logging",
        cell(
            """
            import logging
            from pathlib import Path
            logger = logging.getLogger("nbcase.files")
            logger.setLevel(logging.INFO)
            logger.propagate = False
            logger.handlers = [logging.FileHandler("run.log")]
            """,
            None,
            variables=file("run.log", "reset"),
        ),
        cell("logger.info('step')", "in-place", variables=file("run.log", "in-place")),
        cell("logger.debug('not written')", None, variables=file("run.log", "untouched")),
        cell("for step in range(2):\n    logger.warning('loss %d', step)", "in-place"),
        cell("assert len(Path('run.log').read_text().splitlines()) == 3", "stateless"),
        cell("logging.basicConfig(filename='all.log', level='INFO', format='%(asctime)s %(message)s')", None),
    ),
    Case(
        "compressed files",
        cell("import gzip\nimport zipfile", "stateless"),
        cell(
            "with gzip.open('a.gz', 'wt') as f:\n    f.write('one\\n')",
            "reset",
            variables=file("a.gz", "reset"),
        ),
        cell(
            "with gzip.open('a.gz', 'at') as f:\n    f.write('two\\n')",
            "in-place",
            variables=file("a.gz", "in-place"),
        ),
        cell("with gzip.open('a.gz', 'rt') as f:\n    text = f.read()", "persisted", text="persisted"),
        cell(
            "with zipfile.ZipFile('a.zip', 'w') as archive:\n    archive.writestr('a.txt', text)",
            "reset",
            variables=file("a.zip", "reset"),
            text="untouched",
        ),
        cell("assert text == 'one\\ntwo\\n'", "stateless"),
    ),
    Case(
        "data pickled",
        cell("import pickle\nrows = [{'a': 1}, {'a': 2}]", "reset", rows="reset"),
        cell(
            "with open('rows.pkl', 'wb') as f:\n    pickle.dump(rows, f)",
            "reset",
            variables=file("rows.pkl", "reset"),
            rows="untouched",
        ),
        cell(
            "with open('rows.pkl', 'rb') as f:\n    rows = pickle.load(f)",
            "persisted",
            rows="persisted",
            via={"rows": "file"},
            kinds={"rows": "data"},
        ),
        cell(
            """
            with open("rows.pkl", "rb") as f:
                rows = pickle.load(f)
            rows.append({"a": 3})
            with open("rows.pkl", "wb") as f:
                pickle.dump(rows, f)
            """,
            "in-place",
            variables=file("rows.pkl", "in-place"),
            rows="in-place",
        ),
        cell("with open('more.pkl', 'ab') as f:\n    pickle.dump(rows, f)", "in-place"),
    ),
    Case(
        "files that are gone when the cell ends",
        cell(
            """
            import tempfile
            from pathlib import Path

            def through_a_file(text):
                path = Path("scratch.txt")
                path.write_text(text)
                n = len(path.read_text())
                path.unlink()
                return n
            """,
            "stateless",
        ),
        cell("through_a_file('abc')", "stateless", variables=file("scratch.txt", "untouched")),
        cell("n = through_a_file('abc')", "reset", n="reset", variables=file("scratch.txt", "untouched")),
        cell(
            """
            with tempfile.TemporaryDirectory(dir=".") as folder:
                Path(folder, "x").write_text("12")
                value = int(Path(folder, "x").read_text())
            """,
            "reset",
            value="reset",
        ),
        cell("with tempfile.TemporaryFile(dir='.') as f:\n    f.write(b'x')\n    print(f.tell())", None),
    ),
    Case(
        "absolute paths and a path kept in a name",
        cell("from pathlib import Path\nbase = Path.cwd()", "reset", base="reset", marks={"base": ()}),
        cell(
            "(base / 'abs.txt').write_text('a')",
            "reset",
            variables=file("abs.txt", "reset"),
            base="untouched",
        ),
        cell(
            "with open(base / 'abs.txt', 'a') as f:\n    f.write('b')",
            "in-place",
            variables=file("abs.txt", "in-place"),
        ),
        cell("log = base / 'sub' / 'log.txt'\nlog.parent.mkdir(exist_ok=True)\nlog.touch()", "reset", log="reset"),
        cell(
            "log.write_text(log.read_text() + 'x')",
            "in-place",
            variables=file("sub/log.txt", "in-place"),
            log="untouched",
        ),
        cell("assert Path('abs.txt').read_text() == 'ab' and log.read_text() == 'x'", "stateless"),
        cell("held = (base / 'abs.txt').read_text()", "persisted", held="persisted", via={"held": "file"}),
    ),
    Case(
        "random numbers, the clock and a changed input in files",
        cell("import time\nfrom pathlib import Path\nimport numpy as np\nn = 1", "reset", n="reset"),
        cell(
            "np.savetxt('r.txt', np.random.rand(3))",
            "reset",
            variables=file("r.txt", "reset"),
            marks={"file:r.txt": {"unseeded"}},
        ),
        cell(
            "np.random.seed(0)\nnp.savetxt('s.txt', np.random.rand(3))",
            "reset",
            variables=file("s.txt", "reset"),
            marks={"file:s.txt": ()},
        ),
        cell(
            "Path('t.txt').write_text(str(time.time_ns()))",
            "reset",
            variables=file("t.txt", "reset"),
            marks={"file:t.txt": {"nondeterministic"}},
        ),
        cell(
            "with open('t.log', 'a') as f:\n    print(time.time_ns(), file=f)",
            "in-place",
            variables=file("t.log", "in-place"),
        ),
        cell(
            "Path('n.txt').write_text(str(n))",
            "reset",
            variables=file("n.txt", "reset"),
            marks={"file:n.txt": {"drifts"}},
        ),
        cell("n = 5", "reset", n="reset", variables=file("n.txt", "untouched")),
    ),
    Case(
        "models trained on data that the notebook wrote",
        DATA,
        cell(
            """
            import pandas as pd
            from sklearn.linear_model import LogisticRegression, SGDClassifier
            pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": y}).to_csv("train.csv", index=False)
            """,
            "reset",
            variables=file("train.csv", "reset"),
            X="untouched",
        ),
        cell("df = pd.read_csv('train.csv')", "persisted", df="persisted", via={"df": "file"}, kinds={"df": "data"}),
        cell("clf = LogisticRegression().fit(df[['a', 'b']], df['y'])", "reset", clf="reset", df="untouched"),
        cell(
            """
            table = pd.read_csv("train.csv")
            model = LogisticRegression().fit(table[["a", "b"]], table["y"])
            """,
            "reset",
            table="persisted",
            model="reset",
            via={"table": "file"},
            kinds={"model": "model"},
        ),
        cell("sgd = SGDClassifier(random_state=0)", "reset", sgd="reset"),
        cell(
            "batch = pd.read_csv('train.csv')\nsgd.partial_fit(batch[['a', 'b']], batch['y'], classes=[0, 1])",
            "in-place",
            sgd="in-place",
            batch="persisted",
        ),
        cell(
            """
            clf = LogisticRegression().fit(X, y)
            with open("scores.txt", "a") as f:
                print(clf.score(X, y), file=f)
            """,
            "reset",
            clf="reset",
            variables=file("scores.txt", "in-place"),
        ),
        cell(
            "with open('scores.txt', 'a') as f:\n    print(clf.score(X, y), file=f)",
            "in-place",
            clf="untouched",
            variables=file("scores.txt", "in-place"),
        ),
    ),
]
