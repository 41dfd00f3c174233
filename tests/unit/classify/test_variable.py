"""Facts in, the verdict on a variable out."""

from __future__ import annotations

import pytest

from nbrerun.classify.variable import judge
from nbrerun.model import Kind, Raised
from nbrerun.state.observation import Place
from tests.unit.classify.tables import (
    BOUND,
    CLEAR,
    DRIFTS,
    ELSEWHERE,
    ENV,
    FILE,
    FOLLOWS,
    GENERATOR,
    KEPT,
    LAST_DIGIT,
    LOADED,
    MADE,
    MODEL,
    MOVED,
    NOISY,
    NONDETERMINISTIC,
    RECREATED,
    REFITTED,
    RESTORED,
    ROUNDING,
    SAVED,
    SETTLED,
    STAYS,
    UNDETERMINED,
    UNSEEDED,
    UNTOUCHED,
    WRITTEN,
    facts,
    in_place,
    reset,
)

VARIABLES = {
    # untouched
    "nobody did anything to it": (facts(mentioned=False), UNTOUCHED),
    "it was only looked at": (facts(looked_at=True), UNTOUCHED),
    "it was handed to a function that left it alone": (facts(passed=True), UNTOUCHED),
    "a method was called that left it alone": (facts(written=True), UNTOUCHED),
    "data given the state that it had": (facts(filled=True, written=True), UNTOUCHED),
    "a definition got an attribute again that it had": (facts(kind=Kind.DEFINITION, stored=True), UNTOUCHED),
    "opaque and only looked at": (facts(opaque=("a lock",)), UNTOUCHED),
    # in-place
    "the object moved on": (facts(changed_first=True, written=True, **MOVED), in_place()),
    "the name moved on to a new object": (facts(**BOUND, looked_at=True, new_object=True, **MOVED), in_place()),
    "a number was counted up": (facts(**BOUND, atom=True, looked_at=True, new_object=True, **MOVED), in_place()),
    "only the rerun moved it": (facts(written=True, **MOVED), in_place()),
    "a setting moved on": (facts(kind=ENV, changed_first=True, acts=True, atom=True, **MOVED), in_place()),
    "opaque in a part, another part moved": (facts(opaque=("a lock",), written=True, **MOVED), in_place()),
    "moved on further than the noise": (facts(looked_at=True, written=True, **NOISY), in_place(NONDETERMINISTIC)),
    "made from the old one, with noise": (
        facts(**BOUND, looked_at=True, new_object=True, **NOISY),
        in_place(NONDETERMINISTIC),
    ),
    # persisted
    "made by the first run, left alone by the rerun": (facts(**MADE), KEPT),
    "fitted by the first run, left alone by the rerun": (facts(changed_first=True, parts_kept=True), KEPT),
    "handed to a call that kept its parts": (facts(**MADE, passed=True, parts_kept=True), KEPT),
    "bound to the very object that the first run made": (facts(**{**BOUND, "made": True}), KEPT),
    "a setting that the rerun did not touch": (facts(kind=ENV, changed_first=True, atom=True), KEPT),
    "loaded from a file": (facts(**BOUND, new_object=True, from_file="m.pkl"), LOADED),
    "a model loaded from a file": (facts(**BOUND, kind=MODEL, new_object=True, from_file="m.pkl"), LOADED),
    "loaded from a file, and left alone": (facts(**MADE, from_file="m.pkl"), LOADED),
    "loaded from a file, and opaque": (facts(**BOUND, new_object=True, opaque=("a lock",), from_file="m.pkl"), LOADED),
    "loaded from a file, and drifts no less": (
        facts(**BOUND, new_object=True, from_file="m.pkl", later=Place.ELSEWHERE),
        LOADED,
    ),
    "a model saved": (facts(**WRITTEN, saves_model=True), SAVED),
    "a model saved again, where one was": (facts(kind=FILE, bound=True, new_object=True, saves_model=True), SAVED),
    # files
    "loaded from a file, and moved on": (facts(**BOUND, new_object=True, from_file="m.pkl", **MOVED), in_place()),
    "loaded from a file, and untouched": (facts(from_file="m.pkl"), UNTOUCHED),
    "a handle of a file": (facts(**BOUND, new_object=True, from_file="m.pkl", incidental=True), reset(RECREATED)),
    "a setting read from a file": (
        facts(kind=ENV, changed_first=True, acts=True, atom=True, from_file="m.pkl"),
        reset(RECREATED),
    ),
    "a model saved, another every time": (facts(**WRITTEN, saves_model=True, **MOVED), in_place()),
    "a model saved, after a new draw": (facts(**WRITTEN, saves_model=True, moved=True), reset(RECREATED, UNSEEDED)),
    "a file that is rewritten": (facts(**WRITTEN), reset(RECREATED)),
    "a file left alone by the rerun": (facts(kind=FILE, changed_first=True, new_object=True), reset(RECREATED)),
    "a file that grows": (facts(**WRITTEN, looked_at=True, **MOVED), in_place()),
    "a file with the time in it": (facts(**WRITTEN, **NOISY), reset(RECREATED, NONDETERMINISTIC)),
    "a file that grows by the time": (facts(**WRITTEN, looked_at=True, **NOISY), in_place(NONDETERMINISTIC)),
    "a file with other contents later": (facts(**WRITTEN, later=Place.ELSEWHERE), reset(RECREATED, DRIFTS)),
    # reset
    "bound to an equal new object": (facts(**BOUND, new_object=True), reset(RECREATED)),
    "bound to an equal number": (facts(**BOUND, atom=True), reset(RECREATED)),
    "bound again to what it held anyway": (facts(bound=True), reset(REFITTED)),
    "bound again to an object of an earlier cell": (facts(bound_first=True, bound=True), reset(REFITTED)),
    "the same object refitted": (facts(changed_first=True, written=True), reset(REFITTED)),
    "an item stored again": (facts(changed_first=True, stored=True, written=True), reset(REFITTED)),
    "an item stored that was there before": (facts(stored=True), reset(REFITTED)),
    "a model given the state that it had": (facts(kind=Kind.MODEL, filled=True, written=True), reset(REFITTED)),
    "a model put into a mode that it was in": (facts(kind=Kind.MODEL, written=True), UNTOUCHED),
    "its parts recreated by a function": (facts(changed_first=True, passed=True, parts_kept=False), reset(REFITTED)),
    "handed to a call, nothing known of parts": (facts(changed_first=True, passed=True), reset(REFITTED)),
    "a setting set again": (facts(kind=ENV, changed_first=True, acts=True, atom=True), reset(RECREATED)),
    "replaced though the code does not say so": (facts(mentioned=False, new_object=True), reset(RECREATED)),
    "changed, and nobody mentions it": (facts(mentioned=False, changed_first=True), reset(REFITTED)),
    # marks
    "a new draw in a new object": (facts(**BOUND, new_object=True, moved=True), reset(RECREATED, UNSEEDED)),
    "a new draw in the same object": (facts(written=True, moved=True), reset(REFITTED, UNSEEDED)),
    "a new draw, also in the control": (facts(**BOUND, moved=True, moved_control=True), reset(REFITTED, UNSEEDED)),
    "a generator that was drawn from": (facts(kind=GENERATOR, moved=True), reset(REFITTED, UNSEEDED)),
    "a generator that cannot be pinned": (facts(kind=GENERATOR, **MOVED), reset(REFITTED, UNSEEDED)),
    "a clock, read anew": (facts(**BOUND, atom=True, new_object=True, **NOISY), reset(RECREATED, NONDETERMINISTIC)),
    "within the noise": (
        facts(**BOUND, looked_at=True, new_object=True, beyond_noise=False, **NOISY),
        reset(RECREATED, NONDETERMINISTIC),
    ),
    "later gives another value": (facts(**BOUND, new_object=True, later=Place.ELSEWHERE), reset(RECREATED, DRIFTS)),
    "later raises": (facts(**BOUND, new_object=True, later_raised=Raised("KeyError", "")), reset(RECREATED, DRIFTS)),
    "later gives the first value": (facts(**BOUND, new_object=True, later=Place.FIRST), reset(RECREATED)),
    "later gives the last value": (facts(**BOUND, new_object=True, later=Place.END), reset(RECREATED)),
    "a new draw, and later another": (
        facts(**BOUND, new_object=True, moved=True, later=Place.ELSEWHERE),
        reset(RECREATED, UNSEEDED, DRIFTS),
    ),
    "a clock never drifts": (
        facts(**BOUND, atom=True, new_object=True, later=Place.ELSEWHERE, **NOISY),
        reset(RECREATED, NONDETERMINISTIC),
    ),
    "in-place never drifts": (facts(written=True, later=Place.ELSEWHERE, **MOVED), in_place()),
    "persisted never drifts": (facts(**MADE, later=Place.ELSEWHERE), KEPT),
    "another module of the same name": (
        facts(kind=Kind.DEFINITION, **BOUND, imported=True, new_object=True, **MOVED),
        reset(RECREATED),
    ),
    "imported, and there already": (facts(changed_first=True, bound=True, imported=True, made=True), reset(REFITTED)),
    # what *perturbed* showed
    "changed, and the rerun computes it anew": (facts(**MADE, outcome=RESTORED), reset(REFITTED)),
    "changed, and the rerun leaves it so": (facts(**MADE, outcome=STAYS), KEPT),
    "changed, left so though methods were called": (facts(**MADE, written=True, outcome=STAYS), KEPT),
    "changed in place by the first run, and left so": (facts(changed_first=True, outcome=STAYS), KEPT),
    "another's object, written to, and left so": (
        facts(changed_first=True, written=True, outcome=STAYS),
        KEPT,
    ),
    "another's object, written to, whose parts stay": (
        facts(changed_first=True, written=True, parts_kept=True, outcome=STAYS),
        KEPT,
    ),
    "changed, and the rerun goes on from there": (facts(**MADE, users=True, outcome=ELSEWHERE), in_place(SETTLED)),
    "a model that has converged": (
        facts(kind=MODEL, changed_first=True, written=True, outcome=ELSEWHERE),
        in_place(SETTLED),
    ),
    "an object of the user's class that has come to rest": (
        facts(**MADE, type="nets.Net", users=True, outcome=ELSEWHERE),
        in_place(SETTLED),
    ),
    "data of a library, changed once": (
        facts(changed_first=True, written=True, type="numpy.ndarray", outcome=ELSEWHERE),
        reset(REFITTED),
    ),
    "a list, changed once": (facts(changed_first=True, written=True, type="list", outcome=ELSEWHERE), reset(REFITTED)),
    "a number that is created once": (facts(**BOUND, atom=True, created=True, outcome=STAYS), KEPT),
    "a number that is set once": (facts(changed_first=True, atom=True, outcome=STAYS), KEPT),
    "a number, set unseen": (facts(changed_first=True, atom=True, outcome=RESTORED), reset(RECREATED)),
    "a number, handed to a call": (facts(changed_first=True, atom=True, passed=True, written=True), KEPT),
    "a number that is kept within bounds": (facts(**BOUND, atom=True, outcome=STAYS), reset(RECREATED)),
    "created once, and bound to itself": (facts(**BOUND, made=True, created=True, looked_at=True, outcome=STAYS), KEPT),
    "bound to what was made from another": (
        facts(**BOUND, made=True, looked_at=True, outcome=STAYS),
        reset(REFITTED),
    ),
    "bound to what an earlier cell made": (facts(**BOUND, created=True, outcome=STAYS), reset(REFITTED)),
    "loaded from a file, whatever else was tried": (
        facts(**BOUND, new_object=True, from_file="m.pkl", outcome=ELSEWHERE),
        LOADED,
    ),
    "not touched, whatever was tried": (facts(outcome=ELSEWHERE), UNTOUCHED),
    "settled never drifts": (facts(**MADE, users=True, outcome=ELSEWHERE, later=Place.ELSEWHERE), in_place(SETTLED)),
    "restored, and drifts": (facts(**MADE, outcome=RESTORED, later=Place.ELSEWHERE), reset(REFITTED, DRIFTS)),
    # follows, rounding
    "what follows another never drifts": (
        facts(**BOUND, new_object=True, follows=("X",), later=Place.ELSEWHERE, **MOVED),
        reset(RECREATED, FOLLOWS),
    ),
    "follows another": (facts(**BOUND, new_object=True, follows=("X",), **MOVED), reset(RECREATED, FOLLOWS)),
    "refitted to what moves": (
        facts(changed_first=True, written=True, follows=("X",), **MOVED),
        reset(REFITTED, FOLLOWS),
    ),
    "follows a draw": (facts(**BOUND, new_object=True, moved=True, follows=("X",)), reset(RECREATED, UNSEEDED)),
    "the same after all, and follows nothing": (facts(**BOUND, new_object=True, follows=("X",)), reset(RECREATED)),
    "only the last digits": (facts(written=True, changes=(LAST_DIGIT,), **MOVED), in_place(ROUNDING)),
    "the last digits, and more": (facts(written=True, changes=(LAST_DIGIT, CLEAR), **MOVED), in_place()),
    "the last digits are within the noise": (
        facts(written=True, changes=(LAST_DIGIT,), **NOISY),
        in_place(NONDETERMINISTIC),
    ),
    # undetermined
    "noise in what can be read": (facts(written=True, beyond_noise=False, opaque=("a lock",), **NOISY), UNDETERMINED),
    "noise in what can be read of a new object": (
        facts(**BOUND, new_object=True, opaque=("a lock",), **NOISY),
        reset(RECREATED, NONDETERMINISTIC),
    ),
    "within the noise of cells above": (
        facts(**BOUND, looked_at=True, beyond_noise=False, astray=frozenset("t"), **NOISY),
        UNDETERMINED,
    ),
    "made of what moves anyway, and of noise": (facts(**BOUND, astray=frozenset("t"), **NOISY), UNDETERMINED),
    "beyond the noise of cells above": (
        facts(written=True, looked_at=True, astray=frozenset("t"), **NOISY),
        in_place(NONDETERMINISTIC),
    ),
    "the same twice, whatever is above": (facts(written=True, astray=frozenset("t"), **MOVED), in_place()),
    "opaque, and the same with the same random numbers, as far as can be seen": (
        facts(looked_at=True, written=True, opaque=("a lock",), moved=True),
        UNDETERMINED,
    ),
    "opaque, made from the old one, and the same with the same random numbers": (
        facts(**BOUND, looked_at=True, opaque=("a lock",), moved=True),
        UNDETERMINED,
    ),
    "opaque, made from nothing, and the same with the same random numbers": (
        facts(**BOUND, new_object=True, opaque=("a lock",), moved=True),
        reset(RECREATED),
    ),
    "opaque, and a method was called": (facts(opaque=("a lock",), written=True), UNDETERMINED),
    "opaque, and made from what was there": (
        facts(opaque=("a C object",), bound=True, looked_at=True, changed_first=True),
        UNDETERMINED,
    ),
    "opaque, and handed to a call": (facts(opaque=("a lock",), passed=True), UNDETERMINED),
    "opaque, and bound anew": (facts(**BOUND, new_object=True, opaque=("a lock",)), reset(RECREATED)),
}


@pytest.mark.parametrize("case", VARIABLES)
def test_a_variable_gets_the_verdict_of_the_contract(case: str) -> None:
    """Verdict, `how`, `via` and marks follow from the facts alone."""
    seen, expected = VARIABLES[case]
    assert judge(seen) == expected
