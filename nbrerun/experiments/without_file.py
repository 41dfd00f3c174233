"""*without the file*: memory k, files k less those that the rerun read; only where that can matter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from nbrerun.engine.interface import Engine, Undone
from nbrerun.probe.protocol.messages import Rerun, State
from nbrerun.probe.source.vocabulary import LOADING
from nbrerun.state.diff import differing
from nbrerun.state.observation import Observation, unrepeatable


def without_file(engine: Engine, moment: int, seen: Observation) -> Undone | None:
    """Note which variables take their value from which file."""
    assert seen.again is not None
    files = sorted(holds_result(seen.again, seen.first))
    if not files or not any([*_after(seen.again, files), *_loads_into(seen.again)]):
        return None
    branch = engine.branch(moment)
    if isinstance(branch, Undone):
        return branch
    with closing(branch):
        if branch.astray & seen.inputs:
            return Undone(unrepeatable(branch.astray & seen.inputs))
        branch.read()
        branch.remove_files(files)
        run = branch.run(seen.cell)
    if isinstance(run, Undone):
        return run
    for file in files:
        for name in seen.again["after_read"][file]:
            if _depends(seen, file, name, run):
                seen.from_file.setdefault(name, file)
    for name in _loads_into(seen.again):
        if seen.again["touched_by"].get(name) != run["touched_by"].get(name):
            seen.from_file.setdefault(name, files[0])
    return None


def _loads_into(run: Rerun) -> Iterator[str]:
    """Names whose own methods loaded something: `net.load_state_dict(...)`, `booster.load_model(...)`."""
    for method in run["methods"]:
        name, _, called = method.partition(".")
        if LOADING.match(called) and _holds_value(run["after"], name):
            yield name


def _holds_value(state: State, name: str) -> bool:
    variable = state["variables"].get(name)
    return variable is not None and variable["kind"] in ("model", "data")


def holds_result(run: Rerun, before: State) -> Iterator[str]:
    """Files that a run read before it wrote them, and that hold what an earlier run left.

    Args:
        before: a state that tells which files the notebook had written.
    """
    for name, opened in run["after"]["opened"].items():
        if opened["read"] and not opened["written_first"] and (name in before["files"] or opened["model"]):
            yield name


def _after(run: Rerun, files: list[str]) -> Iterator[str]:
    for file in files:
        yield from run["after_read"][file]


def _depends(seen: Observation, file: str, name: str, without: Rerun) -> bool:
    """Whether a variable that was written after the file was read does not come out the same without it."""
    assert seen.again is not None
    if _is_model(seen, name):
        if _is_computed(seen.again, file, name):
            return False
    elif name not in {*seen.changed, *seen.again["bound"], *seen.again["stores"]}:
        return False  # a method of it was called, which left it alone
    if seen.again["touched_by"].get(name) != without["touched_by"].get(name):
        return True  # it was not reached, or something else gave it its value
    made_again = file in without["after"]["opened"] and without["after"]["opened"][file]["written"]
    return made_again or name in differing(seen.again["after"], without["after"])


def _is_computed(run: Rerun, file: str, name: str) -> bool:
    """Whether a model is made from the data that a file holds, and not given back by it."""
    given_back = run["after"]["opened"][file]["model"] or name in run["loaded"]
    return name in run["trained"] or not given_back


def _is_model(seen: Observation, name: str) -> bool:
    variable = seen.first["variables"].get(name)
    return variable is not None and variable["kind"] == "model"
