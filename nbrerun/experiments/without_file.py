"""*without the file*: memory k, run cell k without one of the files that the rerun read; only where that can matter.

A value that a library gave back from a file, and that is as it came, needs no experiment: it was seen to come from
there. Of other data, the run without the file tells. A model that is fitted to data in a file is computed, not loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing

from nbrerun.engine.interface import Engine, Undone
from nbrerun.probe.protocol.messages import Rerun, State
from nbrerun.state.names import Space, keys
from nbrerun.state.observation import Observation, unrepeatable

_MOST_FILES = 5


def without_file(engine: Engine, moment: int, seen: Observation) -> Undone | None:
    """Record which variables take their values from which file."""
    assert seen.again is not None
    files = sorted(holds_result(seen.again, seen.first))
    seen.from_file.update({name: file for name, file in seen.again["given"].items() if file in files})
    continued = {name: file for name, file in seen.again["given_and_changed"].items() if file in files}
    if continued:
        undone = _continues(engine, moment, seen, continued)
        if undone is not None:
            return undone
    for file in files[:_MOST_FILES]:
        names = _in_question(seen, file)
        if not names:
            continue
        branch = engine.branch(moment)
        if isinstance(branch, Undone):
            return branch
        with closing(branch):
            if branch.astray & seen.inputs:
                return Undone(unrepeatable(branch.astray & seen.inputs))
            branch.remove_files([file])
            # What the rerun binds without looking at what it held, so that it does not miss that.
            again = seen.again
            branch.delete_names(sorted(set(again["bound"]) - set(again["reads"]) - set(again["imports"])))
            run = branch.run(seen.cell, goes_on=True)
        if isinstance(run, Undone):
            return run
        for name in names:
            if _depends(seen.again, file, name, run):
                seen.from_file.setdefault(name, file)
    return None


def _continues(engine: Engine, moment: int, seen: Observation, names: Mapping[str, str]) -> Undone | None:
    """Of models that were loaded and then trained, record those that end elsewhere if another model had been loaded."""
    assert seen.again is not None
    branch = engine.branch(moment)
    if isinstance(branch, Undone):
        return branch
    with closing(branch):
        run = branch.run(seen.cell, changes_given=True)
    if isinstance(run, Undone):
        return run
    before, after = seen.again["after"]["variables"], run["after"]["variables"]
    for name, file in names.items():
        if name not in keys(seen.moved, Space.VARIABLE) and (
            run["error"] is not None or name not in after or after[name]["digest"] != before[name]["digest"]
        ):
            seen.from_file[name] = file
    return None


def holds_result(run: Rerun, before: State) -> Iterator[str]:
    """Paths of files that a run read before it wrote them, and that hold what an earlier run left.

    Args:
        before: the state that says which files the notebook had written.
    """
    for name, opened in run["after"]["opened"].items():
        if opened["read"] and not opened["written_first"] and (name in before["files"] or opened["model"]):
            yield name


def _in_question(seen: Observation, file: str) -> list[str]:
    """Data that the rerun bound or wrote to, and that may come from a file; not what keeps changing."""
    run = seen.again
    assert run is not None
    variables = run["after"]["variables"]
    touched = {*keys(seen.changed, Space.VARIABLE), *run["bound"], *run["stores"]}
    by_calls = {name for name in run["bound"] if name not in run["touched_by"]}
    moved = keys(seen.moved, Space.VARIABLE)
    filled = {*run["filled"]}
    return [
        name
        for name in sorted((touched & {*run["after_read"][file], *by_calls} | filled) - moved - seen.from_file.keys())
        if name in variables
        and name not in run["incidental"]
        # A model that is fitted to data in a file is computed; one whose coefficients lie in it is loaded, unless it
        # keeps the data that it was fitted to, as nearest neighbours do. So is one that a part of it was seen to be
        # loaded into: an agent's network.
        and (
            variables[name]["kind"] == "data"
            or (
                file not in seen.data_files
                and (name in run["parameters_in"].get(file, ()) or name in filled.difference(run["bound"]))
            )
        )
    ]


def _depends(run: Rerun, file: str, name: str, without: Rerun) -> bool:
    """Whether a variable has another value without the file, or got the same one in another way."""
    before, after = run["after"]["variables"], without["after"]["variables"]
    if name not in after or after[name]["digest"] != before[name]["digest"]:
        return True
    if name in run["filled"] and name not in without["filled"]:
        return True  # it held what is in the file before
    written_again = file in without["after"]["opened"] and without["after"]["opened"][file]["written"]
    if run["touched_by"].get(name) == without["touched_by"].get(name):
        # One call that reads the file where there is one, and else computes and writes it. Any object but a number or
        # a text would have been seen to be given back.
        is_cache = written_again and not run["after"]["opened"][file]["written"]
        return is_cache and before[name]["atom"] and name in run["read_by"].get(file, ())
    return written_again or name not in without["touched_by"]
