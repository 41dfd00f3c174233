"""*perturbed*: memory k with a variable's value changed, run cell k; only for variables where *again* leaves a doubt.

*again* that ends with the value of the first run has three explanations: the cell recomputes it, leaves it alone, or
carries on from it and has come to rest. The objects decide where the rerun replaced them; else a changed value tells.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing

from nbrerun.engine.interface import Branch, Engine, Undone
from nbrerun.probe.protocol.messages import Leaf, Rerun
from nbrerun.state.diff import Leaves, Parts, is_rounding, moved_generators
from nbrerun.state.names import Space, keys
from nbrerun.state.names import settings as names_of_settings
from nbrerun.state.observation import Observation, Outcome

Earlier = Mapping[str, Leaf | None]

_MOST_ALONE = 4
"""Variables that are changed one at a time, after all at once has shown that some depend on another."""


def perturbed(engine: Engine, moment: int, seen: Observation) -> Undone | None:
    """Record where the rerun leaves variables and settings whose value was changed before it."""
    undone = _settings(engine, moment, seen)
    if undone is not None:
        return undone
    names = doubtful(seen)
    aliases = _aliases(engine, moment, seen, names)
    seen.outcomes.update(dict.fromkeys(aliases, Outcome.RESTORED))
    names = [name for name in names if name not in aliases]
    if not names:
        return None
    before = engine.parts_before(moment, names)
    outcomes = _run(engine, moment, seen, names, before)
    if isinstance(outcomes, Undone):
        return outcomes
    if len(names) > 1:  # one may end elsewhere, or make the cell raise, because another was changed
        unclear = [name for name in names if outcomes.get(name, Outcome.ELSEWHERE) is Outcome.ELSEWHERE]
        outcomes = {name: each for name, each in outcomes.items() if name not in unclear}
        for name in unclear[:_MOST_ALONE]:
            alone = _run(engine, moment, seen, [name], before)
            if isinstance(alone, Undone):
                return alone
            outcomes.update(alone)
    seen.outcomes.update(outcomes)
    return None


def _settings(engine: Engine, moment: int, seen: Observation) -> Undone | None:
    """Do the same for process settings that the first run set, and the rerun perhaps as well."""
    run = seen.again
    assert run is not None
    by_hand = names_of_settings(seen.first["by_hand"]) & seen.changed
    names = sorted(keys(by_hand - seen.moved.keys(), Space.SETTING)) if run["acts"] else []
    branch = engine.branch(moment) if names else None
    if branch is None or isinstance(branch, Undone):
        return branch
    with closing(branch):
        changed = branch.perturb_settings(names)
        rerun = _rerun(branch, seen) if changed else None
    if rerun is None or isinstance(rerun, Undone) or seen.fails(rerun):
        return None
    for name, value in changed.items():
        now = rerun["after"]["settings"].get(name, "")
        seen.setting_outcomes[name] = (
            Outcome.STAYS
            if now == value
            else Outcome.RESTORED
            if now == seen.first["settings"].get(name)
            else Outcome.ELSEWHERE
        )
    return None


def doubtful(seen: Observation) -> list[str]:
    """Variables that hold the same value after *again*, of which the objects do not tell why.

    Those that the rerun bound to a new object without looking at the old one were recomputed; so was data of which
    it replaced a part. What it neither bound nor replaced it may have left alone, or written in place.
    """
    run = seen.again
    assert run is not None
    after, moved, changed = run["after"]["variables"], seen.moved, seen.changed
    found = []
    written = keys(changed - moved.keys(), Space.VARIABLE)
    for key, variable in seen.first["variables"].items():
        if key not in written or key not in after or key in run["imports"]:
            continue
        if variable["kind"] not in ("model", "data") or variable["opaque"]:
            continue
        carries_on = key in run["reads"]
        if variable["atom"]:
            # Which statement bound it is not always seen: `globals()["n"] = 7`.
            in_doubt = carries_on or key not in run["bound"]
        elif key in run["replaced"]:
            in_doubt = carries_on and variable["kind"] == "model"
        else:
            in_doubt = variable["kind"] == "model" or seen.parts_kept.get(key) is not False
        if in_doubt:
            found.append(key)
    return found


def _aliases(engine: Engine, moment: int, seen: Observation, names: Iterable[str]) -> set[str]:
    """Names that the rerun bound to a part of a container that the cell itself creates where there is none.

    `v = cache["k"]` finds an object that the first run made, but it is `cache` that was left alone.
    """
    run = seen.again
    assert run is not None
    variables = seen.first["variables"]
    bound = [name for name in names if name in run["bound"] and not variables[name]["atom"]]
    branch = engine.branch(moment) if bound else None
    if branch is None or isinstance(branch, Undone):
        return set()
    with closing(branch):
        holders = set(run["mentions"]) & variables.keys() - seen.before["variables"].keys()
        parts = branch.leaves_after(sorted(name for name in holders if variables[name]["kind"] != "definition"))
    found = set()
    for name in bound:
        others = (
            leaf["id"] for holder in parts for path, leaf in parts[holder].items() if path != holder and holder != name
        )
        if variables[name]["id"] in others:
            found.add(name)
    return found


def _run(
    engine: Engine,
    moment: int,
    seen: Observation,
    names: Iterable[str],
    before: Leaves,
    inputs: Sequence[str] = (),
) -> dict[str, Outcome] | Undone:
    """Change variables, run the cell, and compare; nothing is known of any where the cell raises.

    Args:
        inputs: other variables, the parts of which stay as they are.
    """
    branch = engine.branch(moment)
    if isinstance(branch, Undone):
        return branch
    with closing(branch):
        first = branch.leaves_after(list(names))
        others = branch.leaves_after(inputs) if inputs else {}
        wanted = {
            name: own_parts(changed_parts(before.get(name, {}), first[name]), first[name], others) for name in first
        }
        taken = [name for name in wanted if only_shrank(wanted[name], first[name])]
        found = dict.fromkeys(taken, Outcome.RESTORED)
        paths = branch.perturb({name: parts for name, parts in wanted.items() if name not in found})
        if not paths:
            return found
        if inputs and _values(branch.leaves_after(inputs)) != _values(others):
            return found  # parts of a variable are views of an input, and nothing else is known of how it would end
        changed = branch.leaves_after(list(paths))
        paths = {name: _changed_for_good(paths[name], first[name], changed.get(name, {})) for name in paths}
        run = _rerun(branch, seen)
        if isinstance(run, Undone):
            return found
        if not inputs and (spoiled := _spoiled(seen, run, paths)):
            return _run(engine, moment, seen, names, before, spoiled)
        if seen.fails(run):
            return found
        after = branch.leaves_after(list(paths))
    for name in paths:
        if name in after and paths[name]:
            found[name] = outcome(paths[name], first[name], changed[name], after[name])
    return found


def _spoiled(seen: Observation, run: Rerun, perturbed_ones: Collection[str]) -> list[str]:
    """Inputs of the cell that have another value since variables were changed, whose parts they may be as well.

    A model that keeps the data it was fitted to ends elsewhere because the data is changed with it.
    """
    one, other = seen.first["variables"], run["after"]["variables"]
    inputs = {key for key in one if key in other and key not in perturbed_ones}
    inputs -= keys(seen.changed | seen.moved.keys(), Space.VARIABLE)
    return sorted(key for key in inputs if one[key]["digest"] != other[key]["digest"])


def _values(leaves: Leaves) -> dict[str, bytes]:
    return {path: leaf["digest"] for parts in leaves.values() for path, leaf in parts.items()}


def own_parts(wanted: Earlier, first: Parts, others: Leaves) -> Earlier:
    """The parts of a variable that are not parts of others, too.

    Args:
        wanted: what `changed_parts` returned.
        first: the parts after the first run.
        others: the parts of the other variables.
    """
    ids = {leaf["id"] for parts in others.values() for leaf in parts.values() if not leaf["atom"]}
    shared = [path for path in wanted if not first[path]["atom"] and first[path]["id"] in ids]
    below = tuple(path + mark for path in shared for mark in ".[")
    return {path: leaf for path, leaf in wanted.items() if path not in shared and not path.startswith(below)}


def _rerun(branch: Branch, seen: Observation) -> Rerun | Undone:
    drew = moved_generators(seen.before, seen.first)
    return branch.run(seen.cell, (branch.previous or seen.before)["generators"] if drew else ())


def _changed_for_good(paths: Iterable[str], first: Parts, changed: Parts) -> list[str]:
    """The paths that have another value now; what is made for each reading cannot be changed there."""
    return [path for path in paths if path not in changed or changed[path]["digest"] != first[path]["digest"]]


def changed_parts(before: Parts, first: Parts) -> Earlier:
    """What the first run changed of a variable, with what was there before."""
    return {
        path: before.get(path)
        for path, leaf in first.items()
        if path not in before or before[path]["digest"] != leaf["digest"]
    }


def outcome(paths: Iterable[str], first: Parts, changed: Parts, after: Parts) -> Outcome:
    """Where a rerun left a variable: each element as it was changed, as after the first run, or elsewhere."""
    found = {_of_part(first.get(path), changed.get(path), after.get(path)) for path in paths}
    if Outcome.ELSEWHERE in found:
        return Outcome.ELSEWHERE
    return Outcome.STAYS if found == {Outcome.STAYS} else Outcome.RESTORED


def only_shrank(changed: Earlier, first: Parts) -> bool:
    """Whether all that the first run did to a variable was to take items away, which no other value brings back.

    It has created nothing that could be left alone, and would take them away again (`seen.discard(x)`).

    Args:
        changed: what `changed_parts` returned.
        first: the parts after the first run.
    """
    shrunk = [path for path, earlier in changed.items() if _length(first[path]) < _length(earlier)]
    return bool(shrunk) and all(any(path.startswith(one) or one.startswith(path) for one in shrunk) for path in changed)


def _length(leaf: Leaf | None) -> int:
    length = leaf["length"] if leaf is not None else None
    return int(length) if length is not None and length.isdigit() else 0


def _of_part(first: Leaf | None, changed: Leaf | None, after: Leaf | None) -> Outcome:
    if first is None or changed is None or after is None:
        return Outcome.ELSEWHERE
    if after["digest"] == changed["digest"]:
        return Outcome.STAYS
    if after["digest"] == first["digest"]:
        return Outcome.RESTORED
    numbers = [leaf["numbers"] for leaf in (first, changed, after)]
    if any(each is None for each in numbers):
        return Outcome.RESTORED if first["numbers"] is None else Outcome.ELSEWHERE
    one, other, last = (each or b"" for each in numbers)
    if not len(one) == len(other) == len(last):
        return Outcome.ELSEWHERE
    if is_rounding(one, last):  # scaled to the unit interval: the same from any scale
        return Outcome.RESTORED
    rows = range(0, len(last), 8)
    mixed = all(last[i : i + 8] in (one[i : i + 8], other[i : i + 8]) for i in rows)
    return Outcome.RESTORED if mixed else Outcome.ELSEWHERE
