"""`%nbrerun undo`: what the kernel has to do to hold again what it held before a cell."""

from __future__ import annotations

from nbrerun.engine.liveness import ProbeFailure
from nbrerun.live.host import Moment
from nbrerun.live.messages import Back, Shown
from nbrerun.live.sentence import listed, told
from nbrerun.probe.protocol.wire import Closed
from nbrerun.state.diff import differing, moved_generators
from nbrerun.state.names import Space, generator, keys


def way_back(number: int, before: Moment, after: Moment) -> Back:
    """Have the fork that stays before a cell hand over what has another value now.

    Args:
        number: of the answer.
        after: a fork of the kernel as it is now.
    """
    try:
        then, now = before.read()["state"], after.read()["state"]
        changed = differing(then, now)
        names = keys(changed, Space.VARIABLE)
        unchanged = then["variables"].keys() & now["variables"].keys() - names
        handed = before.hand_back(sorted(names & then["variables"].keys()), sorted(unchanged))
    except (Closed, ProbeFailure) as error:
        return no_way_back(number, str(error))
    moved = moved_generators(then, now)
    return {
        "number": number,
        "failed": "",
        "data": handed["data"],
        "names": sorted((names & then["variables"].keys()) - handed["lost"].keys()),
        "new": sorted(names - then["variables"].keys()),
        "lost": handed["lost"],
        "generators": [item for item in then["generators"] if item["library"] and generator(item) in moved],
        "not_undone": [str(name) for name in sorted(changed) if name.space in (Space.FILE, Space.SETTING)],
    }


def no_way_back(number: int, failed: str) -> Back:
    """There is none, for this reason."""
    return {
        "number": number,
        "failed": failed,
        "data": b"",
        "names": [],
        "new": [],
        "lost": {},
        "generators": [],
        "not_undone": [],
    }


def told_undone(back: Back, count: int) -> Shown:
    """Say what has been done."""
    done = []
    if back["names"]:
        done.append(f"{listed(back['names'])} as before In [{count}]")
    if back["new"]:
        done.append(f"{listed(back['new'])} deleted")
    said = ["; ".join(done) or f"In [{count}] had changed no name"]
    if back["lost"]:
        name, why = next(iter(back["lost"].items()))
        said.append(f"{listed(list(back['lost']))} cannot be given back ({name}: {why})")
    if back["not_undone"]:
        said.append(f"not undone: {listed(back['not_undone'])}")
    return told(0, ". ".join(said))
