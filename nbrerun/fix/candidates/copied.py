"""Change a copy under a new name: `model_2 = clone(model)`, `table_2 = table.copy()`, `deepcopy`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nbrerun.fix.edit import Edit, Situation
from nbrerun.fix.renaming import renamed_below
from nbrerun.fix.source import Source, parsed

_WITH_COPY = ("pandas.", "numpy.", "polars.", "list", "dict", "set", "bytearray", "collections.", "builtins.")
"""How the types begin whose objects have a method `copy`."""
_CLONED = ("sklearn.", "imblearn.", "lightgbm.", "xgboost.", "catboost.")
"""How the types begin that `sklearn.base.clone` may copy without what was fitted."""


def copied(situation: Situation) -> Iterator[Edit]:
    """Yield edits that change a copy, and use it in the cells below."""
    source = situation.source
    names = [name for name in situation.starting_over if source is not None and not source.binds_anew(name)]
    names = [name for name in names if situation.before(name) is not None]
    if source is None or not names:
        return
    new = {name: situation.fresh(name) for name in names}
    changed: Source | None = source
    for name in names:
        changed = changed and changed.renamed(name, new[name])
    below = renamed_below(situation, new)
    if changed is None or below is None:
        return
    texts, renamings = below
    in_place_of = ", ".join(f"`{name}` for `{old}`" for old, name in new.items())
    for how, imports in _ways(situation, names):
        lines = [*imports, f"{', '.join(new.values())} = {how}"]
        sources = {situation.index: changed.begun_with(parsed("\n".join(lines))).text, **texts}
        what = f"change a copy in cell {situation.index}, with {in_place_of}"
        added = frozenset(new.values()) | {line.rpartition(" ")[2] for line in imports}
        yield Edit("copy", what, sources, tuple(renamings), added=added)


def _ways(situation: Situation, names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Expressions that copy the variables, with the imports that they need, the simplest first."""
    before = [situation.before(name) for name in names]
    if len(names) == 1 and before[0] is not None:
        (name,) = names
        variable = before[0]
        if variable["atom"] or variable["type"] == "tuple":
            yield name, []
            return
        if variable["type"].startswith(_CLONED):
            yield f"clone({name})", imported(situation, "sklearn.base", "clone")
        if variable["type"].startswith(_WITH_COPY):
            yield f"{name}.copy()", []
    yield deep_copy(names), imported(situation, "copy", "deepcopy")


def deep_copy(names: Sequence[str]) -> str:
    """Write the expression that copies variables together, so that what they share stays shared."""
    return f"deepcopy({names[0]})" if len(names) == 1 else f"deepcopy(({', '.join(names)}))"


def imported(situation: Situation, module: str, name: str) -> list[str]:
    """Return the import that a cell needs, if no cell above has it."""
    line = f"from {module} import {name}"
    above = (situation.sources[index] for index in situation.above)
    has = any(name in each.bound and each.is_import for source in above if source for each in source.statements)
    return [] if has else [line]
