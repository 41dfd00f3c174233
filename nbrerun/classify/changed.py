"""Say how a value changed: by how much, from what to what, by which columns, rows and items."""

from __future__ import annotations

import ast
import itertools
import operator
from collections.abc import Iterator, Sequence

from nbrerun.model import ABSENT, Change
from nbrerun.secrets import HIDDEN

_NAMED = 3
"""Changes that a sentence names; it counts the others, and reports list them."""
_COLUMNS = 6
"""Columns that a sentence names."""


def describe(change: Change) -> str:
    """Say by how much a part changed, or from which value to which."""
    size = change.max_abs_change
    if size is not None and ("[" in change.first or change.first == HIDDEN):  # an array, a tensor or a list
        return f"`{change.path}` by up to {size:.3g}"
    if change.first == ABSENT:
        return f"`{change.path}` is new"
    if change.again == ABSENT:
        return f"`{change.path}` is gone"
    return f"`{change.path}` from {change.first} to {change.again}"


def sentence(name: str, changes: Sequence[Change], blamed: Sequence[str] = ()) -> str:
    """Say what changed, in words that follow a colon: `clf.fit` changed `clf.coef_` by up to 0.3 and 2 more.

    Args:
        name: the variable.
        changes: all changes, the largest first.
        blamed: for each of the changes the call that made it, as the source writes it; empty if it was none.
    """
    grown = ", ".join([*_table(name, changes), *_items(name, changes)])
    if grown:
        culprits = set(blamed[: len(changes)])
        return f"with `{culprits.pop()}` it {grown}" if len(culprits - {""}) == len(culprits) == 1 else f"it {grown}"
    said = "; ".join(_by_call(changes[:_NAMED], blamed)) or "its value changed"
    if len(changes) == 1:
        said = said.removeprefix(f"`{name}` ")  # it was named already
    return f"{said} and {len(changes) - _NAMED} more" if len(changes) > _NAMED else said


def _by_call(changes: Sequence[Change], blamed: Sequence[str]) -> Iterator[str]:
    """Describe changes; those that one call made are told together."""
    calls = itertools.chain(blamed, itertools.repeat(""))
    for call, group in itertools.groupby(zip(calls, changes, strict=False), key=operator.itemgetter(0)):
        made = [change for _, change in group]
        # "changed" has an object in "by up to" and "from ... to" only.
        is_object = not any(ABSENT in (change.first, change.again) for change in made)
        by = f"`{call}` changed " if call and is_object else ""
        yield by + ", ".join(map(describe, made))


def _table(name: str, changes: Sequence[Change]) -> Iterator[str]:
    """Yield `gains columns a, b` and `has 40 rows more`, of a table that has another shape."""
    shapes = next((_shapes(change) for change in changes if change.path == f"{name}.shape"), None)
    if shapes is None:
        return
    (rows, columns), (rows_again, columns_again) = shapes
    gained = [_label(name, change) for change in changes if change.first == ABSENT and _label(name, change)]
    lost = [_label(name, change) for change in changes if change.again == ABSENT and _label(name, change)]
    if len(gained) - len(lost) == columns_again - columns:
        yield from (f"{verb} {_columns(labels)}" for verb, labels in (("gains", gained), ("loses", lost)) if labels)
    elif columns_again != columns:  # labels that are there twice
        verb = "gains" if columns_again > columns else "loses"
        yield f"{verb} {_count(abs(columns_again - columns), 'column')}"
    if rows_again != rows:
        yield f"has {_count(abs(rows_again - rows), 'row')} {'more' if rows_again > rows else 'fewer'}"


def _shapes(change: Change) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Rows and columns before and after, of a table; None of anything else that has a shape, such as an array."""
    try:
        first, again = (ast.literal_eval(text) for text in (change.first, change.again))
        (rows, columns), (rows_again, columns_again) = first, again
        return (int(rows), int(columns)), (int(rows_again), int(columns_again))
    except (SyntaxError, TypeError, ValueError):
        return None


def _label(name: str, change: Change) -> str:
    """The label of a column, as it is, if the change is about one."""
    label = change.path.removeprefix(f"{name}[")
    if label == change.path or not label.endswith("]") or "][" in label:
        return ""
    return label[:-1].strip("'\"")


def _columns(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _COLUMNS} more" if len(labels) > _COLUMNS else ""
    return f"{'column' if len(labels) == 1 else 'columns'} {', '.join(labels[:_COLUMNS])}{more}"


def _items(name: str, changes: Sequence[Change]) -> Iterator[str]:
    """Yield `grows from 3 to 6 items`, of a container in which nothing else changed."""
    length = next((change for change in changes if change.path == f"len({name})"), None)
    is_new = [ABSENT in (change.first, change.again) for change in changes if change is not length]
    if length is None or not all(is_new) or not (length.first.isdigit() and length.again.isdigit()):
        return
    verb = "grows" if int(length.again) > int(length.first) else "shrinks"
    yield f"{verb} from {length.first} to {_count(int(length.again), 'item')}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
