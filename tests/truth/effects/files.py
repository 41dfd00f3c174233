"""Files that hold data, and stores."""

from __future__ import annotations

from tests.truth.grammar import UNTOUCHED, Block, Pick, cell, effect, follows, in_place, loaded, reset

FORMATS = (
    (
        "json",
        "import json\nwith open('{p}', 'w') as f:\n    json.dump({v}, f)",
        "import json\nwith open('{p}') as f:\n    {w} = json.load(f)",
        "{'a': [1, 2]}",
    ),
    (
        "pickle",
        "import pickle\nwith open('{p}', 'wb') as f:\n    pickle.dump({v}, f)",
        "import pickle\nwith open('{p}', 'rb') as f:\n    {w} = pickle.load(f)",
        "{'a': [1, 2]}",
    ),
    (
        "text",
        "with open('{p}', 'w') as f:\n    f.write(str({v}))",
        "with open('{p}') as f:\n    {w} = f.read()",
        "[1, 2]",
    ),
    (
        "pathlib",
        "from pathlib import Path\nPath('{p}').write_text(repr({v}))",
        "from pathlib import Path\n{w} = Path('{p}').read_text().splitlines()",
        "[1, 2]",
    ),
    (
        "npy",
        "import numpy as np\nwith open('{p}', 'wb') as f:\n    np.save(f, {v})",
        "import numpy as np\n{w} = np.load('{p}')",
        "__import__('numpy').arange(4.0)",
    ),
    (
        "csv",
        "import pandas as pd\n{v}.to_csv('{p}', index=False)",
        "import pandas as pd\n{w} = pd.read_csv('{p}')",
        "__import__('pandas').DataFrame({'a': [1, 2]})",
    ),
    ("joblib", "import joblib\njoblib.dump({v}, '{p}')", "import joblib\n{w} = joblib.load('{p}')", "{'a': 1}"),
)
SUFFIXES = (".json", ".txt", ".pkl", ".pt", ".bin", ".npy", ".csv", ".h5", ".joblib", "")
"""A file's name says nothing of what is in it."""

FILE = reset(kind="file")


@effect(weight=3)
def save_and_load(pick: Pick) -> Block:
    """Data that one cell saves and another loads."""
    value, again, path = pick.name(), pick.name(), pick.path(*SUFFIXES)
    kind, save, load, start = pick.one_of(FORMATS)
    features = (f"format={kind}", f"suffix={path.partition('.')[2]}")
    save, load = (text.format(p=path, v=value, w=again) for text in (save, load))
    file = f"file:{path}"
    cells = [
        cell("create", f"{value} = {start}", variables={value: reset()}),
        cell("save data", save, variables={value: UNTOUCHED, file: FILE}, verdicts="reset", features=features),
        cell("load data", load, variables={again: loaded(), file: UNTOUCHED}, features=features, missing=(path,)),
    ]
    if pick.flag():
        both = {value: UNTOUCHED, again: reset("recreated"), file: FILE}
        cells.append(cell("save and load data", f"{save}\n{load}", variables=both, features=features))
    return cells


@effect(weight=2)
def loader_function(pick: Pick) -> Block:
    """Functions whose names lie: one that loads, one that computes."""
    path, first, second = pick.path(*SUFFIXES), pick.name(), pick.name()
    loads, computes = (
        pick.name(("load", "compute", "build", "train", "prepare")),
        pick.name(("load", "restore", "read")),
    )
    source = (
        f"import json\ndef {loads}():\n    with open('{path}') as f:\n        return json.load(f)\n"
        f"def {computes}(path):\n    return [len(path), 2]"
    )
    write = f"import json\nwith open('{path}', 'w') as f:\n    json.dump([1, 2, 3], f)"
    return [
        cell("save data", write, variables={f"file:{path}": FILE}, verdicts="reset"),
        cell("define functions", source, verdicts="stateless"),
        cell(
            "load in a function",
            f"{first} = {loads}()",
            variables={first: loaded()},
            features=(loads,),
            missing=(path,),
        ),
        cell(
            "compute in a function",
            f"{second} = {computes}('{path}')",
            variables={second: reset("recreated")},
            features=(computes,),
        ),
    ]


@effect(weight=2)
def compute_or_load(pick: Pick) -> Block:
    """A cache file: the first run computes and saves, the rerun loads."""
    path, name = pick.path(*SUFFIXES), pick.name()
    look = pick.one_of((f"os.path.exists('{path}')", f"os.path.isfile('{path}')", f"'{path}' in os.listdir()"))
    if pick.flag():
        source = f"""
import json, os
if {look}:
    with open('{path}') as f:
        {name} = json.load(f)
else:
    {name} = [each * each for each in range(5)]
    with open('{path}', 'w') as f:
        json.dump({name}, f)
"""
    else:
        source = f"""
import json
try:
    with open('{path}') as f:
        {name} = json.load(f)
except FileNotFoundError:
    {name} = [each * each for each in range(5)]
    with open('{path}', 'w') as f:
        json.dump({name}, f)
"""
    # Without the file the same value is computed: it is persisted because the rerun reads it and computes nothing.
    variables = {name: loaded(), f"file:{path}": (*reset(kind="file"), *UNTOUCHED)}
    return [
        cell(
            "compute or load",
            source,
            variables=variables,
            features=("exists" if "import json, os" in source else "try",),
        )
    ]


GROWING = (
    "with open('{p}', 'a') as f:\n    f.write('line\\n')",
    "import os\nwith open('{p}', 'ab') as f:\n    f.write(os.linesep.encode())",
    "from pathlib import Path\nPath('{p}').write_text(Path('{p}').read_text() + 'x')",
    "import csv\nwith open('{p}', 'a', newline='') as f:\n    csv.writer(f).writerow([1, 2])",
    "with open('{p}', 'r+') as f:\n    f.seek(0, 2)\n    f.write('more')",
)
RENEWED = (
    "with open('{p}', 'w') as f:\n    f.write('the same')",
    "import os\nwith open('{p}.tmp', 'w') as f:\n    f.write('new')\nos.replace('{p}.tmp', '{p}')",
    "from pathlib import Path\nPath('{p}').write_bytes(b'abc')",
    "import shutil\nwith open('{p}.new', 'w') as f:\n    f.write('new')\nshutil.move('{p}.new', '{p}')",
    "from pathlib import Path\nPath('{p}').write_text(Path('{p}').read_text().upper())",
)


@effect(weight=2)
def file_changes(pick: Pick) -> Block:
    """A file that grows, or that is written again."""
    path = pick.path(".txt", ".log", ".csv", ".pkl")
    file = f"file:{path}"
    cells = [
        cell(
            "save data",
            f"with open('{path}', 'w') as f:\n    f.write('start')",
            variables={file: FILE},
            verdicts="reset",
        )
    ]
    for _ in range(pick.number(1, 2)):
        grows = pick.flag()
        form = pick.one_of(GROWING if grows else RENEWED)
        label = in_place(kind="file") if grows else FILE
        cells.append(
            cell(
                "file grows" if grows else "file written again",
                form.format(p=path),
                variables={file: label},
                features=(f"form={form}",),
            )
        )
    return cells


@effect()
def file_runs_once(pick: Pick) -> Block:
    """Files that are gone after the first run."""
    path, other = pick.path(".txt"), pick.path(".bak", "")
    source = pick.one_of(
        (
            f"import os\nos.rename('{path}', '{other}')",
            f"import os\nos.remove('{path}')",
            f"import os\nos.mkdir('{other}')",
        )
    )
    return [
        cell("save data", f"with open('{path}', 'w') as f:\n    f.write('start')", verdicts="reset"),
        cell("runs once", source, verdicts="error", features=(f"form={source.split('(')[0]}",)),
    ]


@effect()
def counter_file(pick: Pick) -> Block:
    """State that travels through a file."""
    path, name = pick.path(".json"), pick.name()
    source = f"""
import json
with open('{path}') as f:
    {name} = json.load(f) + 1
with open('{path}', 'w') as f:
    json.dump({name}, f)
"""
    file = f"file:{path}"
    return [
        cell(
            "save data", f"with open('{path}', 'w') as f:\n    f.write('0')", variables={file: FILE}, verdicts="reset"
        ),
        # The value travels through the file ("nor whether the state travels through memory or through a file"), or the
        # number follows the file: the cell is in-place either way.
        cell(
            "counter in a file",
            source,
            variables={file: in_place(kind="file"), name: (*in_place(), *follows(file))},
            verdicts="in-place",
        ),
    ]


@effect()
def sqlite(pick: Pick) -> Block:
    """A database: rows inserted, a table created if it is not there, rows read."""
    path, rows = pick.path(".db", ".sqlite"), pick.name()
    table = "create table if not exists t (a)"
    connect = f"import sqlite3\nwith sqlite3.connect('{path}') as connection:\n    "
    close = "\nconnection.close()\ndel connection"
    file = f"file:{path}"
    cells = [
        cell(
            "create a table", f"{connect}connection.execute('{table}'){close}", variables={file: FILE}, verdicts="reset"
        ),
        cell(
            "insert a row",
            f"{connect}connection.execute('insert into t values (1)'){close}",
            variables={file: in_place(kind="file")},
        ),
        cell(
            "read rows",
            f"{connect}{rows} = connection.execute('select a from t').fetchall(){close}",
            variables={rows: loaded(), file: UNTOUCHED},
            missing=(path,),
        ),
    ]
    if pick.flag():
        clear = (
            f"{connect}connection.execute('delete from t')\n    connection.execute('insert into t values (5)'){close}"
        )
        cells.append(cell("replace all rows", clear, variables={file: FILE}))
    return cells


@effect(weight=2)
def several_files(pick: Pick) -> Block:
    """A cell that loads two files and computes something besides: each comes from its own (ruling 18)."""
    paths = pick.path(*SUFFIXES), pick.path(*SUFFIXES)
    first, second, number = pick.name(), pick.name(), pick.name()
    write = "import json\n" + "\n".join(
        f"with open('{path}', 'w') as f:\n    json.dump(['{path}'], f)" for path in paths
    )
    parts = [
        f"with open('{paths[0]}') as f:\n    {first} = json.load(f)",
        f"with open('{paths[1]}') as f:\n    {second} = json.load(f)",
        f"{number} = sum(range(6))",
    ]
    files = {f"file:{path}": FILE for path in paths}
    kept = dict.fromkeys(files, UNTOUCHED)
    return [
        cell("save data", write, variables=files, verdicts="reset"),
        cell(
            "load two files and compute",
            "\n".join(("import json", *pick.some(parts, 3))),
            variables={first: loaded(), second: loaded(), number: reset("recreated"), **kept},
            missing=paths,
        ),
    ]


@effect()
def stores(pick: Pick) -> Block:
    """Stores that keep many values in files of their own naming."""
    path, name = pick.path(""), pick.name()
    step = f"import shelve\nwith shelve.open('{path}') as {name}:\n    {name}['n'] = {name}.get('n', 0) + 1"
    append = f"{name}.writestr(str(len({name}.namelist())), 'x')"
    zipped = f"import zipfile\nwith zipfile.ZipFile('{path}', 'a') as {name}:\n    {append}"
    remembered = f"import joblib\n{name} = joblib.Memory('{path}', verbose=0).cache(max)([1, 5, 3])"
    source, verdict, variables = pick.one_of(
        (
            (step, "in-place", {}),
            (zipped, "in-place", {f"file:{path}": in_place(kind="file", open_marks=("nondeterministic",))}),
            (remembered, "persisted", {name: loaded()}),
        )
    )
    return [cell("a store", source, variables=variables, verdicts=verdict, features=(source.split()[1],))]
