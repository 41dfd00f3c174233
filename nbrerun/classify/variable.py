"""The verdict on one variable in one cell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from nbrerun.classify.evidence import Evidence
from nbrerun.model import How, Kind, Mark, Verdict, Via
from nbrerun.state.observation import Outcome, Place


@dataclass(frozen=True)
class Judged:
    """A verdict with its details."""

    verdict: Verdict
    how: How | None = None
    via: Via | None = None
    direction: str | None = None
    marks: tuple[Mark, ...] = ()


def judge(seen: Evidence) -> Judged:
    """Apply the rules of the contract (`docs/verdicts.md`), the strongest first."""
    if seen.imported and seen.new_object:
        # An import statement takes its value from the module, whatever the name held before.
        return Judged(Verdict.RESET, How.RECREATED)
    if seen.moved:
        return _with_drift(seen, _moved(seen))
    if not _touched(seen):
        return Judged(Verdict.UNTOUCHED)
    # Two states that look equal may differ in what cannot be read; only a value made from nothing is safe.
    if seen.opaque and (not seen.bound or seen.looked_at):
        return Judged(Verdict.UNDETERMINED)
    # An exhausted iterator stays as it is: the first run went through it to its end, and the rerun finds it there.
    if seen.used_up and seen.changed_first and not seen.bound_first and not seen.bound:
        return Judged(Verdict.IN_PLACE)
    if seen.saves_model:
        return Judged(Verdict.PERSISTED, via=Via.FILE, direction="saved")
    if seen.from_file is not None and seen.kind in (Kind.MODEL, Kind.DATA) and not seen.incidental:
        return Judged(Verdict.PERSISTED, via=Via.FILE, direction="loaded")
    if seen.outcome is Outcome.ELSEWHERE and _learns(seen):
        return Judged(Verdict.IN_PLACE, marks=(Mark.SETTLED,))
    if _left_alone(seen):
        return Judged(Verdict.PERSISTED, via=Via.KERNEL)
    return _with_drift(seen, Judged(Verdict.RESET, _how(seen)))


def _learns(seen: Evidence) -> bool:
    """Whether it is an object that can come to rest: a model, or one of the user's own classes.

    Data that ends elsewhere was changed once and for all (`b /= b.max()`), and such a change is a reset.
    """
    return seen.kind is Kind.MODEL or seen.users


def _touched(seen: Evidence) -> bool:
    """Tell whether the first run or the rerun wrote to the variable."""
    opaque_in_use = bool(seen.opaque) and (seen.written or seen.passed)
    written = (seen.stored and seen.kind is not Kind.DEFINITION) or seen.parts_kept is False
    written = written or (seen.written and seen.from_file is not None)
    # What a model has learnt may lie in memory that equal values leave no trace in.
    written = written or (seen.kind is Kind.MODEL and seen.filled)
    return seen.changed_first or seen.bound_first or seen.bound or seen.new_object or written or opaque_in_use


def _moved(seen: Evidence) -> Judged:
    """Judge a variable that the rerun left with a different value than the first run."""
    made_from_nothing = seen.bound and not seen.looked_at
    if not seen.moved_pinned or (seen.kind is Kind.GENERATOR and not seen.moved_control):
        # With the same random numbers the value is the same: it starts over, as far as it can be read.
        if not seen.opaque:
            return Judged(Verdict.RESET, _how(seen), marks=(Mark.UNSEEDED,))
        return Judged(Verdict.RESET, _how(seen)) if made_from_nothing else Judged(Verdict.UNDETERMINED)
    if seen.follows:
        return Judged(Verdict.RESET, _how(seen), marks=(Mark.FOLLOWS,))
    if not seen.moved_control:
        is_rounding = bool(seen.changes) and all(change.rounding for change in seen.changes)
        return Judged(Verdict.IN_PLACE, marks=(Mark.ROUNDING,) if is_rounding else ())
    # Even two first runs differ: only a change beyond that noise, or the lack of a look at the old value, decides.
    if seen.beyond_noise and not made_from_nothing:
        return Judged(Verdict.IN_PLACE, marks=(Mark.NONDETERMINISTIC,))
    if seen.astray or (seen.opaque and not made_from_nothing):
        return Judged(Verdict.UNDETERMINED)
    return Judged(Verdict.RESET, _how(seen), marks=(Mark.NONDETERMINISTIC,))


def _left_alone(seen: Evidence) -> bool:
    """Tell whether the first run created the value, and the rerun neither bound the name nor wrote to the object.

    See docs/decisions.md#recreated-or-left-alone.
    """
    created = seen.changed_first or seen.bound_first
    if not created or seen.new_object or seen.imported or seen.kind in (Kind.GENERATOR, Kind.FILE):
        return False
    if seen.kind is Kind.ENV:
        return not seen.acts if seen.outcome is None else seen.outcome is Outcome.STAYS
    if not seen.mentioned or seen.filled or seen.outcome is Outcome.RESTORED:
        return False
    if seen.outcome is Outcome.STAYS:
        if seen.stored or seen.stored_inside:
            return False
        if seen.bound:  # else it is an idempotent change: `x = max(x, 0)`
            return seen.created if seen.atom else seen.made and (seen.created or not seen.looked_at)
        return seen.parts_kept is not False
    if seen.bound and (seen.atom or not seen.made):
        return False
    if seen.atom:  # nothing that it is passed to can change it
        return True
    if seen.written or seen.stored_inside or seen.parts_kept is False:
        return False
    return seen.parts_kept is True or seen.bound or not seen.passed


def _how(seen: Evidence) -> How:
    return How.RECREATED if seen.new_object or seen.atom else How.REFITTED


def may_drift(verdict: Verdict, marks: Collection[Mark]) -> bool:
    """Whether *later* can add the mark `drifts`: *again* gave reset, and nothing else explains a difference.

    What follows another variable differs after each rerun anyway.
    """
    return verdict is Verdict.RESET and not {Mark.NONDETERMINISTIC, Mark.FOLLOWS} & set(marks)


def _with_drift(seen: Evidence, judged: Judged) -> Judged:
    """Add the mark `drifts` if *again* gives reset, but *later* gives a different result."""
    drifts = seen.later is Place.ELSEWHERE or seen.later_raised is not None
    if drifts and may_drift(judged.verdict, judged.marks):
        return replace(judged, marks=(*judged.marks, Mark.DRIFTS))
    return judged
