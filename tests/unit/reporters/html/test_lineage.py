"""The picture of the models over the cells."""

from __future__ import annotations

from typing import Any

from nbrerun.model import CellReport, How, Kind, Missing, NotebookReport, Restart, VariableReport, Verdict, Via
from nbrerun.reporters.html.lineage import Lineage, lineage
from tests import pages


def _drawn(*cells: CellReport, sources: dict[int, str] | None = None) -> Lineage:
    drawn = lineage(NotebookReport("nb.ipynb", "", "", "", cells=cells), sources or {})
    assert drawn is not None
    return drawn


def _cell(index: int, *variables: VariableReport, **more: Any) -> CellReport:
    return pages.judged(index, Verdict.RESET, variables=variables, **more)


def _file(
    name: str = "file:m.sav", direction: str | None = "saved", verdict: Verdict = Verdict.PERSISTED
) -> VariableReport:
    return VariableReport(name, Kind.FILE, "file", verdict, via=Via.FILE, direction=direction)


CREATED = pages.model(Verdict.RESET, how=How.RECREATED)
TRAINED = pages.model(Verdict.IN_PLACE)
LOADED = pages.model(Verdict.PERSISTED, "loaded", via=Via.FILE, direction="loaded", file="m.sav")


def test_the_life_of_a_model_is_a_row() -> None:
    """Created, trained, fitted again, kept, and needed by a cell that leaves it alone."""
    drawn = _drawn(
        _cell(1, CREATED),
        _cell(4, TRAINED),
        _cell(5, pages.model(Verdict.RESET, how=How.REFITTED)),
        _cell(7, pages.model(Verdict.PERSISTED, via=Via.KERNEL)),
        _cell(9, restart=Restart(False, (Missing("model", 1, Kind.MODEL), Missing("X", 0, Kind.DATA)))),
        _cell(12),
    )
    (row,) = drawn.rows
    found = [(event.what, event.index) for event in row.events]
    assert found == [("created", 1), ("trained", 4), ("refitted", 5), ("kept", 7), ("used", 9)]
    assert [index for index, _ in drawn.columns] == [1, 4, 5, 7, 9]
    assert (row.begin, row.end) == (row.events[0].x, row.events[-1].x)
    assert [what for what, _ in drawn.legend] == ["created", "refitted", "trained", "kept", "used"]


def test_a_model_goes_to_a_file_and_comes_back() -> None:
    """The cell that saves it names it in its source; the one that loads it says from which file."""
    sources = {1: "model = make()", 3: "joblib.dump(model, 'm.sav')", 6: "loaded = joblib.load('m.sav')"}
    drawn = _drawn(_cell(1, CREATED), _cell(3, _file()), _cell(6, LOADED), sources=sources)
    model, loaded, file = drawn.rows
    assert [(row.name, row.is_file) for row in drawn.rows] == [("model", False), ("loaded", False), ("m.sav", True)]
    places = dict(drawn.columns)
    assert {(link.x, link.top, link.bottom) for link in drawn.links} == {
        (places[3], model.y, file.y),
        (places[6], loaded.y, file.y),
    }
    assert (file.begin, file.end) == (places[3], places[6])
    assert loaded.events[0].said == "is loaded from m.sav"


def test_a_file_that_a_model_is_loaded_from_counts_however_it_was_written() -> None:
    """One that is trained further and saved again is in-place, and still the file of a model."""
    drawn = _drawn(
        _cell(3, CREATED, _file(direction=None, verdict=Verdict.IN_PLACE)),
        _cell(4, _file("file:other.log", None, Verdict.IN_PLACE)),
        _cell(6, LOADED),
    )
    assert [row.name for row in drawn.rows] == ["model", "loaded", "m.sav"]


def test_without_models_there_is_no_picture() -> None:
    """A file alone is none either."""
    data = VariableReport("x", Kind.DATA, "int", Verdict.RESET)
    for cells in ((), (_cell(1, data),), (_cell(1, _file()),)):
        assert lineage(NotebookReport("nb.ipynb", "", "", "", cells=cells), {}) is None


def test_a_long_name_is_clipped_in_the_picture_only() -> None:
    """Its links say it in full."""
    name = "a_very_long_name_of_a_model_that_goes_on"
    (row,) = _drawn(_cell(0, pages.model(Verdict.IN_PLACE, name))).rows
    assert (row.name, row.label) == (name, "a_very_long_name_of_a_m…")
