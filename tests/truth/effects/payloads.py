"""What lies at a place: kinds of values, with the statements that change them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Payload:
    """A kind of value, as Python source; `P` stands for the place."""

    name: str
    initial: str
    grow: tuple[str, ...]
    """Each run goes on from the last."""
    settle: tuple[str, ...] = ()
    """A second run changes nothing, whatever came before."""
    replace: tuple[str, ...] = ()
    """Other values of the same kind."""
    summary: str = "str(P)"
    """An atom made from the value."""
    imports: str = ""
    mutable: bool = True


PAYLOADS = (
    Payload(
        "list",
        "[3, 1, 2]",
        grow=(
            "P.append(7)",
            "P += [8]",
            "P.extend([5, 6])",
            "P = P + [4]",
            "P.insert(0, 9)",
            "P[0] += 1",
            "P[:0] = [1]",
        ),
        settle=("P[0] = 50", "P.sort()", "P[:] = [7, 8, 9]"),
        replace=("[10, 20, 30]", "list(range(5))"),
        summary="len(P) + sum(P)",
    ),
    Payload("int", "0", ("P += 1", "P = P + 1", "P = P * 2 + 1", "P -= 3"), replace=("40", "int('41')"), mutable=False),
    Payload("float", "1.0", ("P *= 0.5", "P = P / 3 + 2", "P += 0.25"), replace=("40.5",), mutable=False),
    Payload(
        "str", "'ab'", ("P += 'c'", "P = P + P[0]", "P = '-' + P"), replace=("'xyz'",), summary="len(P)", mutable=False
    ),
    Payload("tuple", "(1, 2)", ("P += (3,)", "P = P + P[:1]"), replace=("(7, 8)",), summary="len(P)", mutable=False),
    Payload(
        "dict",
        "{'b': 1}",
        grow=("P['n'] = P.get('n', 0) + 1", "P[len(P)] = 'new'", "P['b'] += 2", "P = {**P, len(P): 0}"),
        settle=("P['c'] = 5", "P.update(d=6)", "P = {**P, 'e': 7}"),
        replace=("dict(b=30)", "{'b': 31, 'z': 0}"),
        summary="len(P) + P['b']",
    ),
    Payload(
        "set",
        "{1, 2}",
        grow=("P.add(len(P) + 10)", "P |= {len(P) + 20}", "P ^= {1, 98, 99}"),
        settle=("P.add(5)", "P.discard(2)", "P = P | {6}"),
        replace=("{7, 8}",),
        summary="len(P)",
    ),
    Payload(
        "array",
        "np.array([3.0, -1.0, 2.0])",
        grow=("P += 1", "P[0] += 1", "P = P * 2", "P = np.append(P, 4.0)", "P[1:] -= 0.5", "np.add(P, 1, out=P)"),
        settle=("P[0] = 5", "P[P < 0] = 0", "P = np.abs(P)", "P.sort()", "P = np.clip(P, 0, 2)", "P[:] = 4"),
        replace=("np.ones(3)", "np.linspace(5, 6, 3)"),
        summary="float(P.sum())",
        imports="import numpy as np",
    ),
    Payload(
        "deque",
        "collections.deque([3, 1, 2], maxlen=6)",
        grow=("P.append(len(P) + 4)", "P.rotate(1)", "P.popleft()", "P.extend(list(P)[:2])"),
        replace=("collections.deque([10, 20, 30], maxlen=6)",),
        summary="len(P) * 100 + P[0]",
        imports="import collections",
    ),
    Payload(
        "counter",
        "collections.Counter('aab')",
        grow=("P['a'] += 1", "P.update('ab')", "P = P + collections.Counter('c')"),
        settle=("P['b'] = 9", "P['d'] = 0"),
        replace=("collections.Counter('xyz')",),
        summary="sum(P.values())",
        imports="import collections",
    ),
    Payload(
        "bytearray",
        "bytearray(b'ab')",
        grow=("P.append(99)", "P += b'x'", "P.extend(b'yz')"),
        settle=("P[0] = 65",),
        replace=("bytearray(b'new')",),
        summary="sum(P)",
    ),
    Payload(
        "series",
        "pd.Series([1.0, 2.0, 3.0])",
        grow=("P += 1", "P = P * 2", "P.loc[len(P)] = 5.0", "P.iloc[0] -= 1"),
        settle=("P.iloc[1] = 7.0", "P = P.clip(0, 2)", "P = P.rename('s')"),
        replace=("pd.Series([9.0, 8.0])",),
        summary="float(P.sum())",
        imports="import pandas as pd",
    ),
    Payload(
        "frame",
        "pd.DataFrame({'a': [1.0, 2.0], 'b': [3.0, 4.0]})",
        grow=(
            *("P['a'] = P['a'] * 2", "P.loc[len(P)] = [1.0, 2.0]", "P = pd.concat([P, P.head(1)], ignore_index=True)"),
            "P['a'] += P['b']",
        ),
        settle=("P['b'] = 9.0", "P = P.fillna(0)", "P = P.sort_values('a')", "P.loc[0, 'a'] = 8.0", "P = P.round(2)"),
        replace=("pd.DataFrame({'a': [10.0, 20.0], 'b': [30.0, 40.0]})",),
        summary="float(P['a'].sum())",
        imports="import pandas as pd",
    ),
)
