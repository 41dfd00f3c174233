"""Get-or-create in its many forms, and statements that raise and are caught."""

from __future__ import annotations

from tests.truth.effects.models import own_model
from tests.truth.grammar import UNTOUCHED, Block, Pick, cell, effect, follows, in_place, kept, reset

VALUES = (
    ("[1, 2, 3]", "{v}.append(99)"),
    ("{'a': 1}", "{v}['perturbed'] = 99"),
    ("{'a': [1, 2]}", "{v}['perturbed'] = 99"),
    ("7", "{v} = 99"),
    ("'text'", "{v} = 'perturbed'"),
    ("__import__('numpy').arange(4.0)", "{v} += 99"),
)
FORMS = (
    "if '{v}' not in globals():\n    {v} = {value}",
    "if '{v}' not in dir():\n    {v} = {value}",
    "try:\n    {v}\nexcept NameError:\n    {v} = {value}",
    "{v} = globals().get('{v}', {value})",
    "globals().setdefault('{v}', {value})",
    "if globals().get('{v}') is None:\n    {v} = {value}",
    "try:\n    len(str({v}))\nexcept NameError:\n    {v} = {value}\nelse:\n    print('there')",
)


@effect(weight=3)
def guard(pick: Pick) -> Block:
    """A value that is created once; what reads it afterwards changes nothing."""
    name, (value, perturb), form = pick.name(), pick.one_of(VALUES), pick.one_of(FORMS)
    features = (f"form={form.format(v='v', value='...')}", f"value={value}")
    source = form.format(v=name, value=value)
    reads = pick.one_of(("", f"\nprint({name})", f"\nprint(str({name}).upper())", f"\nassert {name} is not None"))
    made = cell(
        "guard",
        source + reads,
        variables={name: kept()},
        perturb={name: perturb.format(v=name)},
        features=features,
        may_wrap="dir()" not in form,
    )
    return [made] if pick.flag() else [made, cell("only read", f"print({name})", variables={name: UNTOUCHED})]


@effect(weight=3)
def guard_a_model(pick: Pick) -> Block:
    """A model of the notebook's own class that is created and trained once, then read by some method."""
    own, name = own_model(pick), pick.name()
    form = pick.one_of(FORMS[:3])
    value = f"{own.cls}().{own.train}([1.0, 2.0])"
    reads = pick.one_of(("", f"\nprint({name}.{own.ask}([1.0]))", f"\nprint({name}.w)"))
    return [
        cell("define a class", own.definition, verdicts="stateless"),
        cell(
            "guard a model",
            form.format(v=name, value=value) + reads,
            variables={name: kept(kind=None)},
            perturb={name: f"{name}.w = {name}.w + 99"},
            features=(*own.features, f"form={form.format(v='v', value='...')}"),
            may_wrap="dir()" not in form,
        ),
    ]


@effect(weight=2)
def guard_an_estimator(pick: Pick) -> Block:
    """A scikit-learn model that is fitted once, then read by some method."""
    name, X = pick.name(), pick.name()
    imports, value, read = pick.one_of(
        (
            ("from sklearn.linear_model import LogisticRegression", "LogisticRegression()", "predict_log_proba({X})"),
            ("from sklearn.linear_model import LogisticRegression", "LogisticRegression()", "decision_function({X})"),
            (
                "from sklearn.tree import DecisionTreeClassifier",
                "DecisionTreeClassifier(random_state=0)",
                "get_depth()",
            ),
            ("from sklearn.preprocessing import StandardScaler", "StandardScaler()", "inverse_transform({X})"),
            ("from sklearn.preprocessing import StandardScaler", "StandardScaler()", "get_params()"),
        )
    )
    form = pick.one_of(FORMS[:3])
    fit = f"{value}.fit({X}, [0, 1, 0, 1])"
    perturb = f"{name}.scale_ = {name}.scale_ + 9" if "Scaler" in value else f"{name}.perturbed_ = 9"
    source = f"{imports}\n{form.format(v=name, value=fit)}\nprint({name}.{read.format(X=X)})"
    data = f"import numpy as np\n{X} = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 5.0]])"
    return [
        cell("create", data, variables={X: reset("recreated")}),
        cell(
            "guard an estimator",
            source,
            variables={name: kept(kind="model"), X: UNTOUCHED},
            perturb={name: perturb},
            features=(f"read={read}", f"form={form.format(v='v', value='...')}"),
            may_wrap="dir()" not in form,
        ),
    ]


@effect(weight=2)
def guard_inside(pick: Pick) -> Block:
    """Get-or-create in a dict, in an attribute, in a cached function."""
    holder, name, cls = pick.name(), pick.name(), pick.type_name()
    start, source, perturb = pick.one_of(
        (
            ("{h} = {{}}", "if 'k' not in {h}:\n    {h}['k'] = [1, 2]", "{h}['k'].append(9)"),
            ("{h} = {{}}", "{h}.setdefault('k', [1, 2])", "{h}['k'].append(9)"),
            (
                "class {c}:\n    pass\n{h} = {c}()",
                "if not hasattr({h}, 'part'):\n    {h}.part = [1, 2]",
                "{h}.part.append(9)",
            ),
            ("{h} = None", "if {h} is None:\n    {h} = [1, 2]", "{h}.append(9)"),
            ("{h} = {{}}", "try:\n    {h}['k']\nexcept KeyError:\n    {h}['k'] = [1, 2]", "{h}['k'].append(9)"),
        )
    )
    start, source, perturb = (text.format(h=holder, c=cls) for text in (start, source, perturb))
    kind = None if "class" in start else "data"
    cells = [
        cell("create", start, variables={holder: reset(kind=kind)}),
        cell(
            "get or create inside",
            source,
            variables={holder: kept(kind=kind)},
            perturb={holder: perturb},
            features=(f"form={source.replace(holder, 'h')}",),
        ),
    ]
    if "setdefault" in source:
        twice = f"{name} = {holder}.setdefault('k2', [])\n{name}.append(1)"
        grown = {holder: in_place(), name: follows(holder)}  # the name is bound to what lies in the holder
        cells.append(cell("get or create, and grow", twice, variables=grown))
    return cells


@effect()
def cached_function(pick: Pick) -> Block:
    """`lru_cache` gives out the object that an earlier run made (ruling 1)."""
    function, name = pick.name(("load", "make", "get_model")), pick.name()
    decorator = pick.one_of(("@functools.lru_cache", "@functools.lru_cache(maxsize=None)", "@functools.cache"))
    value = pick.one_of(("[1, 2]", "{'a': 1}"))
    define = f"import functools\n{decorator}\ndef {function}(n):\n    return {value}"
    change = f"{name}.append(9)" if value.startswith("[") else f"{name}['z'] = 9"
    # The cache, and its count of hits, belong to the function; whether they are its value the contract does not say.
    return [
        cell("define a function", define, verdicts=("stateless", "reset")),
        cell(
            "call a cached function",
            f"{name} = {function}(3)",
            variables={name: kept()},
            perturb={name: change},
            verdicts="persisted",
        ),
    ]


@effect(weight=2)
def caught(pick: Pick) -> Block:
    """A statement that raises, and is caught, does not undo what came before it."""
    name, flag = pick.name(), pick.name()
    source, label = pick.one_of(
        (
            ("try:\n    {n} += 1\n    raise ValueError('no')\nexcept ValueError:\n    pass", in_place()),
            ("try:\n    {n} = missing_name\nexcept NameError:\n    {n} = 5", reset()),
            ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    {n} = {n} + 2", in_place()),
            ("try:\n    int('x')\nexcept ValueError as error:\n    {n} = 8", reset()),
            ("import contextlib\nwith contextlib.suppress(KeyError):\n    {n} -= 1\n    {{}}['k']", in_place()),
            ("try:\n    {n} = 3\nfinally:\n    {n} += 1", reset()),
            ("try:\n    print({n} / 0)\nexcept ZeroDivisionError:\n    print('no')", UNTOUCHED),
        )
    )
    return [
        cell("create", f"{name} = 1\n{flag} = False", variables={name: reset(), flag: reset()}),
        cell(
            "raise and catch",
            source.format(n=name),
            variables={name: label, flag: UNTOUCHED},
            features=(f"form={source}",),
        ),
    ]


@effect(weight=2)
def error_on_rerun(pick: Pick) -> Block:
    """What can be run only once."""
    name = pick.name()
    start, source = pick.one_of(
        (
            ("{n} = 1", "del {n}"),
            ("{n} = ['a', 'b']", "{n}.remove('a')"),
            ("{n} = {{'a': {{'b': 1}}}}", "{n} = {n}['a']"),
            ("{n} = [1]", "{n}.pop()"),
            ("{n} = {{'a': 1}}", "del {n}['a']"),
            ("{n} = True", "assert {n}\n{n} = False"),
            (
                "import pandas as pd\n{n} = pd.DataFrame({{'a': [1], 'b': [2]}})",
                "{n} = {n}.drop(columns='a')",
            ),
            ("import pandas as pd\n{n} = pd.DataFrame({{'a': [1], 'b': [2]}})", "{n}.pop('a')"),
            ("{n} = 'a b'", "{n} = {n}.split()"),
            ("import numpy as np\n{n} = np.arange(6)", "{n}, = {n}.reshape(1, 6)\n{n} = {n}.reshape(2, 3).tolist()"),
        )
    )
    return [
        cell("create", start.format(n=name), variables={name: reset()}),
        cell("runs once", source.format(n=name), verdicts="error", features=(f"form={source}",)),
    ]
