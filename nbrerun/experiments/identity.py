"""Where *again* left the same value: has the rerun made it anew, or left alone what was there?

The value does not tell, but the objects do. What the first run made, and the rerun replaced by an equal
object, was made anew; where the very same objects are still there, they were left alone.
"""

from __future__ import annotations

from nbrerun.engine.interface import Branch, Engine
from nbrerun.state.diff import differing, rebound
from nbrerun.state.names import Space, keys
from nbrerun.state.observation import Observation


def look_closer(engine: Engine, moment: int, branch: Branch, seen: Observation) -> None:
    """Fill in `made` and `parts_kept` for the names where it matters."""
    assert seen.again is not None
    names = _unclear(seen)
    if not names:
        return
    before, after = branch.leaves_before(names), branch.leaves_after(names)
    parts = {
        name: {path: leaf["id"] for path, leaf in before.get(name, {}).items() if not leaf["atom"]} for name in names
    }
    gone = set(seen.again["gone"])
    addresses = {address for table in parts.values() for address in table.values()}
    old = engine.existed(moment, sorted(addresses)) if addresses else set()
    seen.made = frozenset(name for name in names if parts[name].get(name, None) not in {None, *old})
    for name in names:
        now = after.get(name, {})
        same = {
            path: path in now and now[path]["id"] == address and address not in gone
            for path, address in parts[name].items()
        }
        if not all(same.values()):
            seen.parts_kept[name] = False
        elif any(address not in old for address in parts[name].values()):
            seen.parts_kept[name] = True


def worth_watching(seen: Observation) -> list[str]:
    """Objects that the first run has changed: what the rerun throws away of them may leave its address to another."""
    names = differing(seen.before, seen.first) - rebound(seen.before, seen.first)
    return sorted(keys(names, Space.VARIABLE) & seen.first["variables"].keys())


def _unclear(seen: Observation) -> list[str]:
    """Names that the first run changed or bound, or that the rerun called a method of, and models that it gave to
    a function that trains, that hold the same value and object after the rerun."""
    assert seen.again is not None
    after = seen.again["after"]
    variables = seen.first["variables"]
    passed = seen.again["passed"] if seen.again["trains"] else ()
    given = {name for name in passed if name in variables and variables[name]["kind"] == "model"}
    written = keys(seen.changed, Space.VARIABLE) | given | set(seen.again["written"])
    same = written - keys(differing(seen.first, after), Space.VARIABLE) - set(seen.again["replaced"])
    return [
        name
        for name in sorted(same)
        if name in variables
        and not variables[name]["atom"]
        and variables[name]["kind"] in ("model", "data", "iterator")
    ]
