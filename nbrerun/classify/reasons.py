"""One sentence on why: for a variable, and for a cell."""

from __future__ import annotations

from collections.abc import Sequence

from nbrerun.classify.cell import leading
from nbrerun.classify.evidence import Evidence
from nbrerun.classify.variable import Judged
from nbrerun.model import ABSENT, Change, Drift, How, Kind, Mark, Raised, VariableReport, Verdict, after_all
from nbrerun.state.observation import unrepeatable

_HOW = {How.RECREATED: "made anew", How.REFITTED: "computed anew"}

_OTHER_HOW = {Kind.FILE: "written anew", Kind.DEFINITION: "bound again"}

_NAMED = 3
"""Variables and changes that a sentence names; reports list the others."""


def variable_reason(seen: Evidence, judged: Judged) -> str:
    """Half a sentence that begins with the variable."""
    name = f"`{seen.name}`"
    if judged.verdict is Verdict.UNDETERMINED:
        return _undetermined(seen)
    if judged.verdict is Verdict.IN_PLACE:
        return _in_place(seen, judged)
    if judged.direction == "saved":
        return f"{name} keeps a model, and is written with the same value again"
    if judged.direction == "loaded":
        return f"{name} comes back from {seen.from_file}"
    if judged.verdict is Verdict.PERSISTED:
        return f"{name} was made by the first run and is left alone by the next"
    return _reset(seen, judged)


def _undetermined(seen: Evidence) -> str:
    name, parts = f"`{seen.name}`", "; ".join(seen.opaque)
    if seen.moved and seen.moved_pinned and seen.astray:
        return f"{name} cannot be judged: {unrepeatable(seen.astray)}"
    if seen.moved and seen.moved_pinned:
        return f"{name} is not the same on every first run either, and what else moves cannot be read ({parts})"
    if seen.moved:
        return f"{name} draws random numbers, and whether it starts over with them cannot be read ({parts})"
    return f"{name} cannot be read{' in full' if seen.in_part else ''} ({parts})"


def _in_place(seen: Evidence, judged: Judged) -> str:
    if not seen.moved:
        return f"`{seen.name}` is used up: the second run finds it where the first one left it"
    if seen.kind is Kind.FILE and seen.changes:
        change = seen.changes[0]
        return f"`{seen.name}` moves on: {change.first} after the first run, {change.again} after the second"
    verb = "trains on" if seen.kind is Kind.MODEL else "moves on"
    only_method = len(seen.methods) == 1 and not (seen.stored or seen.bound or seen.passed)
    by = f"`{seen.methods[0]}` moved " if only_method and seen.changes else ""
    moved = ", ".join(describe(change) for change in seen.changes[:_NAMED]) or "its value changed"
    more = f" and {len(seen.changes) - _NAMED} more" if len(seen.changes) > _NAMED else ""
    noisy = "; it is not the same on every first run either" if Mark.NONDETERMINISTIC in judged.marks else ""
    return f"`{seen.name}` {verb}: {by}{moved}{more}{noisy}"


def _reset(seen: Evidence, judged: Judged) -> str:
    how = _OTHER_HOW.get(seen.kind) or _HOW[judged.how or How.RECREATED]
    text = f"`{seen.name}` is {how}"
    if Mark.UNSEEDED in judged.marks:
        text += ", with another random draw each time"
    elif seen.moved and not judged.marks:
        parts = "; ".join(seen.opaque)
        text += f", with another value each time; whether all of that is by chance cannot be read ({parts})"
    if Mark.NONDETERMINISTIC in judged.marks:
        text += ", but no two runs give the same value"
    return text


def drift(seen: Evidence, judged: Judged) -> Drift | None:
    """What the cell does after the whole notebook, where that matters."""
    if Mark.DRIFTS not in judged.marks:
        return None
    return Drift(seen.later_raised.ename if seen.later_raised else None)


def describe(change: Change) -> str:
    """What happened to one part: by how much, or from what to what."""
    size = change.max_abs_change
    if size is not None and "[" in change.first:  # an array, a tensor, a list
        return f"`{change.path}` by up to {size:.3g}"
    if change.first == ABSENT:
        return f"`{change.path}` is new"
    if change.again == ABSENT:
        return f"`{change.path}` is gone"
    return f"`{change.path}` from {change.first} to {change.again}"


def cell_reason(verdict: Verdict, variables: Sequence[VariableReport], error: Raised | None = None) -> str:
    """The sentence that a report shows for a cell."""
    if error is not None:
        text = " ".join(error.evalue.split())
        return f"can be run only once: the second run raises {error.ename}: {text}".rstrip(": ")
    if verdict is Verdict.STATELESS:
        return "leaves nothing behind"
    shown = leading(variables, verdict)
    if verdict is Verdict.RESET and len(shown) > 1:
        return _several(shown)
    reasons = [variable.sentence for variable in shown[:_NAMED]]
    more = f"; and {len(shown) - _NAMED} more variables" if len(shown) > _NAMED else ""
    return "; ".join(reasons) + more


def _several(shown: Sequence[VariableReport]) -> str:
    """Reset variables with nothing special to say of them share one sentence; what *later* did is said once."""
    plain = [variable for variable in shown if not set(variable.marks) - {Mark.DRIFTS} and not variable.changes]
    texts = [variable.reason for variable in shown if variable not in plain][:_NAMED]
    for how, words in _HOW.items():
        names = [variable.name for variable in plain if (variable.how or How.RECREATED) is how]
        texts += [_together(names, words)] if names else []
    drifts = [after_all(variable.drift) for variable in shown if variable.drift]
    return "; ".join(texts + drifts[:1])


def _together(names: Sequence[str], how: str) -> str:
    named = ", ".join(f"`{name}`" for name in names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return f"{named} {'is' if len(names) == 1 else 'are'} {how}"
