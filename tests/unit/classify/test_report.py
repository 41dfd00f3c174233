"""An observation in, the report on the cell out."""

from __future__ import annotations

from nbrerun.classify.report import killed, not_judged, report_cell
from nbrerun.model import Change, How, Kind, Mark, Verdict
from nbrerun.secrets import HIDDEN
from nbrerun.state.observation import Observation
from tests.unit.making import cell, error, file, generator, name, observation, rerun, state, variable

GREW = Change("len(x)", "1", "2")


def _grows(**more: object) -> Observation:
    """`x` holds other values after the first run and after the second; `y` is untouched."""
    states = [
        state({"x": variable(value), "y": variable(b"same")}, **kept)  # type: ignore[arg-type]
        for value, kept in ((b"", {}), (b"1", more), (b"2", more))
    ]
    return observation(
        states[0],
        states[1],
        rerun(states[2], mentions=["x"], reads=["x"], seconds=0.5),
        moved={name("x"): (GREW,)},
        still_moved=frozenset({name("x")}),
    )


def test_a_cell_is_judged_by_its_variables() -> None:
    """With the evidence for each, the durations of both runs, and the engine."""
    report = report_cell(_grows(), 2.0, "fork")
    assert (report.verdict, report.engine) == (Verdict.IN_PLACE, "fork")
    assert (report.seconds.first, report.seconds.again) == (2.0, 0.5)
    (found,) = report.variables
    assert (found.name, found.kind, found.verdict, found.changes) == ("x", Kind.DATA, Verdict.IN_PLACE, (GREW,))
    assert report.reason == found.reason == "`x` keeps changing: it grows from 1 to 2 items"


def test_values_are_left_out_where_nobody_may_see_them() -> None:
    """What changed is still named."""
    (found,) = report_cell(_grows(), 2.0, "fork", values=False).variables
    assert found.changes == (Change("len(x)", HIDDEN, HIDDEN),)


def test_a_rerun_that_raises_is_all_there_is_to_say() -> None:
    """No variable is judged."""
    seen = observation(state(), state({"x": variable(b"1")}), rerun(state(), error=error("KeyError", "'a'")))
    report = report_cell(seen, 1.0, "replay")
    assert (report.verdict, report.variables) == (Verdict.ERROR, ())
    assert report.error is not None
    assert report.error.ename == "KeyError"
    assert report.reason == "can be run only once: the second run raises KeyError: 'a'"


def test_a_cell_that_may_raise_is_judged_all_the_same() -> None:
    """Its tag allows it."""
    seen = observation(state(), state(), rerun(state(), error=error("KeyError")), raises=True)
    assert report_cell(seen, 1.0, "fork").verdict is Verdict.STATELESS


def test_what_is_not_judged_is_named() -> None:
    """Files beside come before those outside; the verdict is the same."""
    first = state(beside={"/home/me/.cache/x": file(b"1")})
    first["outside"] = [{"kind": "file", "what": "/data/y", "how": "writes to", "reads": False}]
    report = report_cell(observation(state(), first, rerun(state())), 1.0, "fork")
    assert report.verdict is Verdict.STATELESS
    assert report.reason == "leaves only `/home/me/.cache/x` and 1 more, which are not judged"


def test_a_definition_with_a_state_of_its_own_is_data() -> None:
    """Such as a function whose default argument grows."""
    before, first, after = (state({"f": variable(value, kind="definition")}) for value in (b"0", b"1", b"2"))
    moved = {name("f"): (Change("f.__defaults__[0]", "[1]", "[1, 2]"),)}
    run = rerun(after, mentions=["f"], reads=["f"])
    seen = observation(before, first, run, moved=moved, still_moved=frozenset(moved))
    (found,) = report_cell(seen, 1.0, "fork").variables
    assert (found.verdict, found.kind) == (Verdict.IN_PLACE, Kind.DATA)


def test_only_the_first_changes_are_shown() -> None:
    """The others are counted."""
    seen = _grows()
    seen.moved = {name("x"): tuple(Change(f"x[{number}]", "1", "2") for number in range(8))}
    (found,) = report_cell(seen, 1.0, "fork").variables
    assert (len(found.changes), found.more_changes) == (5, 3)


def test_a_variable_that_starts_over_says_how() -> None:
    """And its marks."""
    before, first, after = state(), state({"x": variable(b"1", 1)}), state({"x": variable(b"2", 2)})
    run = rerun(after, bound=["x"], bound_first=["x"], replaced=["x"], mentions=["x"])
    seen = observation(before, first, run, moved={name("x"): (Change("x", "1", "2"),)})
    (found,) = report_cell(seen, 1.0, "fork").variables
    assert (found.verdict, found.how, found.marks) == (Verdict.RESET, How.RECREATED, (Mark.UNSEEDED,))


def test_cells_without_a_rerun() -> None:
    """Skipped, undetermined, or gone with the kernel."""
    skipped = not_judged(cell(3, "x = 1"), Verdict.SKIPPED, "tagged", None)
    assert (skipped.index, skipped.first_line, skipped.seconds.first) == (3, "x = 1", None)
    gone = killed(cell(4), 1.0, "fork")
    assert (gone.verdict, gone.error and gone.error.ename) == (Verdict.ERROR, "DeadKernelError")


def test_evidence_on_settings_new_names_and_generators() -> None:
    """A setting is no variable; what was bound and deleted again is not there; a generator that was set counts."""
    before = state(settings={"cwd": "/a"}, generators=[generator("random", b"0", library=True)])
    drawn = [generator("random", b"7", library=True)]
    first = state({"n": variable(b"1")}, settings={"cwd": "/b"}, generators=drawn, by_hand=["cwd"])
    run = rerun(first, bound=["n", "gone"], bound_first=["n", "gone"], mentions=["n", "gone"])
    report = report_cell(observation(before, first, run), 1.0, "fork")
    assert [(one.name, one.kind) for one in report.variables] == [
        ("env:cwd", Kind.ENV),
        ("n", Kind.DATA),
        ("random", Kind.GENERATOR),
    ]


def test_what_is_imported_is_a_definition_and_an_iterator_is_data() -> None:
    """Whatever the probe calls it."""
    first = state({"f": variable(b"1", kind="model"), "it": variable(b"1", kind="iterator")})
    run = rerun(first, bound=["f", "it"], bound_first=["f", "it"], imports=["f"], mentions=["f", "it"])
    report = report_cell(observation(state(), first, run), 1.0, "fork")
    assert {one.name: one.kind for one in report.variables} == {"f": Kind.DEFINITION, "it": Kind.DATA}


def test_a_name_that_the_rerun_does_not_bind_keeps_its_object() -> None:
    """Left alone is persisted, bound again is reset: the same values, another answer."""
    first = state({"x": variable(b"1", 5)})
    kept = observation(state(), first, rerun(first, mentions=["x"]), made=frozenset({"x"}))
    again = observation(state(), first, rerun(first, bound=["x"], bound_first=["x"], mentions=["x"]))
    assert [report_cell(seen, 1.0, "fork").variables[0].verdict for seen in (kept, again)] == [
        Verdict.PERSISTED,
        Verdict.RESET,
    ]


def test_what_only_the_rerun_makes_is_judged() -> None:
    """It was not there after the first run."""
    after = state({"late": variable(b"1")})
    moved = {name("late"): (Change("late", "(not there)", "1"),)}
    run = rerun(after, bound=["late"], mentions=["late"])
    seen = observation(state(), state(), run, moved=moved, still_moved=frozenset(moved))
    assert [one.name for one in report_cell(seen, 1.0, "fork").variables] == ["late"]


def test_a_variable_whose_parts_the_rerun_made_again_was_written() -> None:
    """The object itself may be another cell's."""
    held = state({"x": variable(b"1"), "y": variable(b"1")})
    run = rerun(held, mentions=["x", "y"])
    seen = observation(held, held, run, parts_kept={"x": False, "y": True})
    found = report_cell(seen, 1.0, "fork").variables
    assert [(one.name, one.verdict) for one in found] == [("x", Verdict.RESET)]


def test_a_definition_that_the_rerun_binds_is_one_although_it_changed() -> None:
    """Only one that changes without being bound has a state of its own."""
    before, first = (state({"f": variable(value, 5, kind="definition")}) for value in (b"0", b"1"))
    bound = rerun(first, bound=["f"], bound_first=["f"], mentions=["f"])
    kinds = [
        [one.kind for one in report_cell(observation(before, first, run), 1.0, "fork").variables]
        for run in (bound, rerun(first, mentions=["f"], written=["f"]))
    ]
    assert kinds == [[Kind.DEFINITION], [Kind.DATA]]
