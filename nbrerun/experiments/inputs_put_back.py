"""*inputs put back*: does a variable change on its own, or only because another that the cell changes has changed?

A name that the cell binds is deleted before the rerun; what is changed in place has its value changed. Where the rerun
ends with the value of *again* all the same, the variable does not depend on its own earlier value: it follows. If all
others have the same value after each run, those that the cell overwrites get their earlier values for a rerun.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import closing

from nbrerun.engine.interface import Engine, Undone
from nbrerun.experiments.perturbed import changed_parts, own_parts
from nbrerun.probe.protocol.messages import State, VariableKind
from nbrerun.state.diff import differing, moved_generators
from nbrerun.state.names import Name, Space, keys
from nbrerun.state.names import variables as variables_named
from nbrerun.state.observation import Observation

_MISSED = re.compile(r"name '(\w+)' is not defined")
_MOST_TRIES = 4


def inputs_put_back(engine: Engine, moment: int, seen: Observation) -> Undone | None:
    """Record which of the variables that keep changing only follow others, and which these are."""
    moving = {name for name in seen.still_moved if name not in seen.noise}
    variables = sorted(keys(moving, Space.VARIABLE))
    used_up, streams = (_at_rest(seen, kind) for kind in ("iterator", "stream"))
    assert seen.again is not None
    bound_first = set(seen.again["bound_first"])
    overwritten = _overwritten(seen)
    if not variables or len(moving) + len(used_up) + len(streams) + len(overwritten) < 2:
        return None
    others = [name for name in variables if name in seen.again["bound"] and name not in bound_first]
    found = _without_names(engine, moment, seen, others)
    if isinstance(found, Undone):
        return found
    following, otherwise = found
    following |= variables_named(bound_first.intersection(variables))
    # It depends on what it held, unless another draw explains it.
    unclear = otherwise if moved_generators(seen.before, seen.first) else set()
    leading = moving - following - unclear
    bound = {name.key for name in leading if name.key in seen.again["bound"]}
    if bound:  # else there is nothing that a refit could follow
        kept = bound | keys(seen.inputs - moving, Space.VARIABLE)
        for name in sorted(leading):
            is_changed_in_place = name.space is Space.VARIABLE and name.key not in bound
            if is_changed_in_place and _ends_alike(engine, moment, seen, name.key, kept - {name.key}):
                following.add(name)
    # A state that travels through a file or a setting goes on all the same: load, train on, save again.
    leading = {name for name in moving - following - unclear if name.space is Space.VARIABLE} | used_up or streams
    if not leading and following and overwritten:
        following &= _put_back(engine, moment, seen, overwritten, moving)
        leading = variables_named(overwritten)
    if leading:
        kinds = seen.first["variables"]
        order = sorted(leading, key=lambda name: (name.key in kinds and kinds[name.key]["kind"] != "model", name))
        seen.follows.update({name: tuple(order) for name in following})
    return None


def _at_rest(seen: Observation, kind: VariableKind) -> set[Name]:
    """Iterators that the first run went through to their end: they stay as they are, and the rerun finds them so.

    A file that was read to its end is one of them, unless the cell puts it back: then nothing follows it.
    """
    assert seen.again is not None
    found = {name for name, variable in seen.first["variables"].items() if variable["kind"] == kind}
    changed = variables_named(found - set(seen.again["bound"])) & seen.changed
    return changed - seen.moved.keys()


def _overwritten(seen: Observation) -> list[str]:
    """Variables that the cell reads and gives another value, the same after each run: `m = n; n = 7`.

    It binds them, or stores into them itself (`df["a"] = ...`). What calls change may have come to its end: an iterator
    of the user's own class is used up by `list(it)`.
    """
    run = seen.again
    assert run is not None
    written = ({*run["bound"], *run["stores"]} - {*run["bound_first"]}) & seen.before["variables"].keys()
    changed = variables_named(written.intersection(run["reads"])) & differing(seen.before, seen.first)
    return sorted(keys(changed - seen.moved.keys(), Space.VARIABLE))


def _put_back(engine: Engine, moment: int, seen: Observation, names: Sequence[str], moving: set[Name]) -> set[Name]:
    """Which of the variables that keep changing come out as the first time once these have their earlier values."""
    values = engine.values_before(moment, names)
    branch = engine.branch(moment) if values else None
    if branch is None or isinstance(branch, Undone):
        return set()
    with closing(branch):
        branch.put_values(values)
        run = branch.run(seen.cell)
    if isinstance(run, Undone) or seen.fails(run):
        return set()
    return moving - differing(seen.first, run["after"])


def _without_names(
    engine: Engine, moment: int, seen: Observation, names: Collection[str]
) -> tuple[set[Name], set[Name]] | Undone:
    """Delete names before the rerun, those that the cell needs left.

    Returns:
        The names that come out as in *again* all the same, and those that come out otherwise.
    """
    left = set(names)
    for _ in range(_MOST_TRIES):
        if not left:
            break
        branch = engine.branch(moment)
        if isinstance(branch, Undone):
            return branch
        with closing(branch):
            branch.delete_names(sorted(left))
            run = branch.run(seen.cell)
        if isinstance(run, Undone):
            break
        error = run["error"]
        missed = _MISSED.search(error["evalue"]) if error is not None and error["ename"] == "NameError" else None
        if missed is None or missed[1] not in left:
            if seen.fails(run):
                break
            alike = {Name(Space.VARIABLE, name) for name in left if _is_as_again(seen, run["after"], name)}
            return alike, variables_named(left) - alike
        left.discard(missed[1])
    return set(), set()


def _ends_alike(engine: Engine, moment: int, seen: Observation, key: str, others: Collection[str]) -> bool:
    """Whether a variable that is changed in place comes out as in *again*, whatever it held before.

    Args:
        others: variables whose parts stay as they are, also where they are parts of this one.
    """
    branch = engine.branch(moment)
    if isinstance(branch, Undone):
        return False
    before = engine.parts_before(moment, [key]).get(key, {})
    with closing(branch):
        first = branch.leaves_after([key]).get(key, {})
        parts = branch.leaves_after(sorted(others), values=False)
        if not branch.perturb({key: own_parts(changed_parts(before, first), first, parts)}):
            return False
        run = branch.run(seen.cell)
    return not isinstance(run, Undone) and not seen.fails(run) and _is_as_again(seen, run["after"], key)


def _is_as_again(seen: Observation, state: State, key: str) -> bool:
    assert seen.again is not None
    one, other = seen.again["after"]["variables"].get(key), state["variables"].get(key)
    return one is not None and other is not None and one["digest"] == other["digest"]
