"""Where *again* left the same value: has the rerun recreated the object, or left alone what was there?

The value does not tell, but the objects do. What the first run made, and the rerun replaced by an equal object, was
recreated; where the very same objects are still there, they were left alone. See
`docs/decisions.md#recreated-or-left-alone`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from nbrerun.engine.interface import Again, Branch, FirstResult
from nbrerun.state.diff import differing, rebound
from nbrerun.state.names import Space, keys


def look_closer(branch: Branch, done: Again, existed: Callable[[Sequence[int], Sequence[str]], set[int]]) -> Again:
    """Fill in `made` and `parts_kept` for the names where it matters.

    Args:
        branch: where the rerun was made.
        existed: tells which addresses of objects were in use before the first run, mostly by some variables.
    """
    names = _unclear(done)
    if not names:
        return done
    before, after = branch.leaves_before(names, values=False), branch.leaves_after(names, values=False)
    parts = {
        name: {path: leaf["id"] for path, leaf in before.get(name, {}).items() if not leaf["atom"]} for name in names
    }
    # A new object may lie where an old one was: an address tells nothing of a part that was thrown away.
    gone = set(done.run["gone"])
    addresses = {address for table in parts.values() for address in table.values()}
    old = existed(sorted(addresses), names) if addresses else set()
    kept: dict[str, bool] = {}
    for name in names:
        now = after.get(name, {})
        same = {
            path: path in now and now[path]["id"] == address and address not in gone
            for path, address in parts[name].items()
        }
        if not all(same.values()):
            kept[name] = False
        elif any(address not in old for address in parts[name].values()):
            kept[name] = True
    made = frozenset(name for name in names if parts[name].get(name, None) not in {None, *old})
    return replace(done, made=made, parts_kept=kept)


def worth_watching(first: FirstResult) -> list[str]:
    """Objects that the first run changed: a part that the rerun throws away may leave its address to another."""
    names = differing(first.before, first.after) - rebound(first.before, first.after)
    return sorted(keys(names, Space.VARIABLE) & first.after["variables"].keys())


def _unclear(done: Again) -> list[str]:
    """Variables that hold the same value and object after the rerun, and may have been changed all the same.

    These are those that the first run changed or bound, or into which the rerun stored, and models of which it called a
    method, or which it gave to a function.
    """
    first, run = done.first, done.run
    variables = first.after["variables"]
    handled = {*run["passed"], *run["written"]} & variables.keys()
    models = {name for name in handled if variables[name]["kind"] == "model"}
    changed = differing(first.before, first.after) | rebound(first.before, first.after)
    touched = keys(changed, Space.VARIABLE) | models | set(run["stores"])
    same = touched - keys(differing(first.after, run["after"]), Space.VARIABLE) - set(run["replaced"])
    return [
        name
        for name in sorted(same)
        if name in variables
        and not variables[name]["atom"]
        and variables[name]["kind"] in ("model", "data", "iterator", "stream")
    ]
