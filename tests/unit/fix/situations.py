"""Findings with the cells and the run that they come from, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nbrerun.fix.edit import Situation
from nbrerun.model import CellReport, Finding, Kind, Mark, Severity, VariableReport, Verdict
from nbrerun.probe.protocol.messages import Generator, State
from nbrerun.state.timeline import Step
from tests.unit.making import file, generator, state, step, variable

Values = Mapping[str, str]
"""Variables with a word for their value; `file:` begins the names of files, `generator:` those of libraries'
generators."""


def states(*moments: Values, types: Mapping[str, str] | None = None) -> list[State]:
    """The states at moments."""
    return [_state(moment, types or {}) for moment in moments]


def _state(values: Values, types: Mapping[str, str]) -> State:
    variables = {
        name: variable(word.encode(), kind="model" if name[0].isupper() else "data", type=types.get(name, "T"))
        for name, word in values.items()
        if ":" not in name
    }
    files = {name[5:]: file(word.encode()) for name, word in values.items() if name.startswith("file:")}
    found: list[Generator] = [
        generator(name[10:], word.encode(), library=True)
        for name, word in values.items()
        if name.startswith("generator:")
    ]
    return state(variables, found, files=files)


def steps(texts: Sequence[str], found: Sequence[State]) -> dict[int, Step]:
    """The steps of a main run: one more state than there are cells."""
    return {
        index: step(before, first, index, source=text)
        for index, (text, before, first) in enumerate(zip(texts, found, found[1:], strict=False))
    }


def situation(
    texts: Sequence[str],
    moments: Sequence[Values],
    rule: str,
    name: str | None = None,
    index: int | None = None,
    changing: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
) -> Situation:
    """A finding on a cell.

    Args:
        texts: of the cells.
        moments: what there is before the first cell and after each.
        name: the variable that the finding is about.
        index: of the cell; the last one if None.
        changing: the variables and files that are in-place there; those of the finding if empty.
        types: of variables, by name.
    """
    at = len(texts) - 1 if index is None else index
    names = changing or ([name] if name and rule != "NBR004" else [])
    variables = [
        VariableReport(each, Kind.FILE if each.startswith("file:") else Kind.DATA, "T", Verdict.IN_PLACE)
        for each in names
    ]
    if rule == "NBR004" and name:
        variables = [VariableReport(name, Kind.MODEL, "T", Verdict.RESET, marks=(Mark.UNSEEDED,))]
    report = CellReport(at, f"id{at}", Verdict.IN_PLACE, "", variables=tuple(variables))
    finding = Finding(rule, Severity.ERROR, at, name, "it does")
    run = steps(texts, states(*moments, types=types))
    return Situation(finding, report, dict(enumerate(texts)), run)
