"""Random numbers, clocks, iterators."""

from __future__ import annotations

from tests.truth.grammar import (
    ANYTHING,
    UNTOUCHED,
    Block,
    Pick,
    cell,
    clocked,
    effect,
    follows,
    in_place,
    reset,
    unseeded,
)

GLOBAL = (
    ("import random", "random.random()", "random.seed(3)"),
    ("import random", "random.sample(range(1000000), 3)", "random.seed(4)"),
    ("import numpy as np", "np.random.rand(3)", "np.random.seed(5)"),
    ("import numpy as np", "np.random.permutation(100).tolist()", "np.random.seed(6)"),
    ("import pandas as pd, numpy as np", "pd.DataFrame({'a': np.random.randn(3)})", "np.random.seed(7)"),
)
OWN = (
    ("import numpy as np", "np.random.default_rng(0)", "{rng}.normal(size=2)"),
    ("import random", "random.Random(1)", "{rng}.random()"),
    ("import numpy as np", "np.random.RandomState(2)", "{rng}.rand(2)"),
)


@effect(weight=2)
def draw(pick: Pick) -> Block:
    """A draw from a global generator, seeded in the same cell or not."""
    name, (imports, drawn, seed) = pick.name(), pick.one_of(GLOBAL)
    features = (f"draw={drawn}",)
    if pick.flag():
        label = reset("recreated")
        return [
            cell("seed and draw", f"{imports}\n{seed}\n{name} = {drawn}", variables={name: label}, features=features)
        ]
    return [cell("draw", f"{imports}\n{name} = {drawn}", variables={name: unseeded()}, features=features)]


@effect()
def draw_and_append(pick: Pick) -> Block:
    """A list grows by what is drawn: it grows with the random numbers held equal, too."""
    name, (imports, drawn, _) = pick.name(), pick.one_of(GLOBAL[:2])
    return [
        cell("create", f"{name} = []", variables={name: reset()}),
        cell("draw and append", f"{imports}\n{name}.append({drawn})", variables={name: in_place()}),
    ]


@effect()
def draw_nothing(pick: Pick) -> Block:
    """A draw that keeps nothing is stateless, a seed alone is reset (ruling 9)."""
    imports, drawn, seed = pick.one_of(GLOBAL)
    if pick.flag():
        return [cell("seed only", f"{imports}\n{seed}", verdicts="reset")]
    return [cell("draw and keep nothing", f"{imports}\nprint({drawn})", verdicts="stateless")]


@effect(weight=2)
def own_generator(pick: Pick) -> Block:
    """A generator object, in its own cell or in the cell that draws."""
    rng, name, (imports, made, drawn) = pick.name(), pick.name(), pick.one_of(OWN)
    drawn = drawn.format(rng=rng)
    features = (f"generator={made}",)
    generator = reset(kind="generator")
    both = {rng: generator, name: reset("recreated")}
    together = cell(
        "make a generator and draw", f"{imports}\n{rng} = {made}\n{name} = {drawn}", variables=both, features=features
    )
    if pick.flag():
        return [together]
    return [
        cell("make a generator", f"{imports}\n{rng} = {made}", variables={rng: generator}, features=features),
        # The generator itself counts as a generator, never as data that moves on.
        cell(
            "draw",
            f"{name} = {drawn}",
            variables={rng: ANYTHING, name: unseeded()},
            verdicts="reset",
            features=features,
        ),
    ]


@effect()
def entropy(pick: Pick) -> Block:
    """What nothing can hold equal: the clock, the system's entropy."""
    name = pick.name()
    imports, value = pick.one_of(
        (
            ("import time", "time.time()"),
            ("import time", "time.perf_counter()"),
            ("import datetime", "datetime.datetime.now()"),
            ("import uuid", "str(uuid.uuid4())"),
            ("import os", "os.urandom(8)"),
            ("import time", "{'at': time.time_ns()}"),
            ("import numpy as np", "np.random.default_rng().random(2)"),
            ("import secrets", "secrets.token_hex(4)"),
        )
    )
    features = (f"clock={value}",)
    if pick.flag():
        rows = pick.name()
        grown = in_place(open_marks=("nondeterministic",))
        return [
            cell("create", f"{rows} = []", variables={rows: reset()}),
            cell("append the clock", f"{imports}\n{rows}.append({value})", variables={rows: grown}, features=features),
        ]
    return [cell("read the clock", f"{imports}\n{name} = {value}", variables={name: clocked()}, features=features)]


ITERATORS = (
    ("", "iter([1, 2, 3, 4, 5, 6, 7, 8])"),
    ("", "iter(range(8))"),
    ("", "(each * each for each in range(8))"),
    ("", "map(str, range(8))"),
    ("", "enumerate('abcdefgh')"),
    ("", "zip('abcdefgh', range(8))"),
    ("import itertools", "itertools.count(5)"),
    ("", "reversed([1, 2, 3, 4, 5, 6])"),
    ("", "iter({'a': 1, 'b': 2, 'c': 3, 'd': 4}.items())"),
    ("", "filter(None, range(8))"),
    ("import io", "io.TextIOWrapper(io.BytesIO(b'a\\nb\\nc\\nd\\ne\\nf\\n'))"),
    ("import io", "io.StringIO('a\\nb\\nc\\nd\\ne\\nf\\n')"),
)


@effect(weight=2)
def iterator(pick: Pick) -> Block:
    """An iterator that a cell takes some items from, or all of them."""
    it, name, (imports, made) = pick.name(), pick.name(), pick.one_of(ITERATORS)
    features = (f"iterator={made}",)
    start = "\n".join(filter(None, (imports, f"{it} = {made}")))
    cells = [cell("make an iterator", start, variables={it: reset("recreated")}, features=features)]
    if pick.flag():
        taken = cell(
            "half used", f"{name} = next({it})", variables={it: in_place(), name: follows(it)}, features=features
        )
        cells.append(taken)
    if "count" not in made:
        # The contract lists an exhausted iterator under in-place, though its value is the same after the rerun.
        used = in_place(open_marks=("settled",))
        whole = {it: used, name: follows(it)}
        cells.append(cell("used up", f"{name} = list({it})", variables=whole, features=features))
        if "io" in imports.split():  # a file can be put back, and is at its end before this cell already
            back = {it: UNTOUCHED, name: reset("recreated")}
            source = f"{it}.seek(0)\n{name} = list({it})"
            cells.append(cell("put back and used up", source, variables=back, features=features))
        used_now = f"{start}\n{name} = list({it})"
        made_again = {it: reset(), name: reset("recreated")}
        cells.append(cell("made and used up", used_now, variables=made_again, features=features))
    return cells


@effect()
def loop_over_an_iterator(pick: Pick) -> Block:
    """A sum over an iterator that the first run used up."""
    it, total, each = pick.name(), pick.name(), pick.name()
    source = f"{total} = 0\nfor {each} in {it}:\n    {total} += {each}"
    # The loop variable is left over: the rerun never binds it, and it never outranks what the cell is about (ruling 5).
    used = in_place(open_marks=("settled",))
    variables = {it: used, total: follows(it), each: ANYTHING}
    return [
        cell("make an iterator", f"{it} = iter([1, 2, 3])", variables={it: reset("recreated")}),
        cell("loop over an iterator", source, variables=variables, verdicts="in-place"),
        cell("only read", f"print({total})", variables={total: UNTOUCHED}),
    ]
