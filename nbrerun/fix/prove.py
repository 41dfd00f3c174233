"""Prove a candidate: run the edited notebook, and compare findings and values with those before the edit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nbrerun.classify.findings import findings
from nbrerun.fix.compare import Compared, compare
from nbrerun.fix.edit import Edit
from nbrerun.fix.version import Examine, NotFixed, Version
from nbrerun.model import CellReport, Finding, Severity, Verdict
from nbrerun.state.names import Name, files, variables

_SHOWN = 3
"""Names that a sentence lists before it counts the rest."""


@dataclass(frozen=True)
class Proven:
    """An edit that was proven right."""

    edit: Edit
    version: Version
    """The notebook with the edit."""
    sentence: str
    """What was proven."""


@dataclass(frozen=True)
class Failed:
    """A candidate that was not proven, and why."""

    edit: Edit
    reason: str
    """A clause."""


def prove(before: Version, edit: Edit, finding: Finding, examine: Examine) -> Proven | Failed:
    """Run the notebook with an edit, and judge it.

    Args:
        before: the version without the edit.
        finding: what the edit is to fix.
    """
    key = key_of(finding, edit)

    def stays(cell: CellReport) -> str:
        return next((one.message for one in findings(cell) if key_of(one, edit) == key), "")

    try:
        after = examine(edit, stays)
    except NotFixed as found:
        return Failed(edit, f"{finding.rule} stays: {found}")
    problem = _not_run(after) or _not_fixed(before, after, edit, finding) or _looked_at(after, edit)
    if problem:
        return Failed(edit, problem)
    compared = compare(before.steps, after.steps, edit, before.examined.report.cells)
    # Another run of the notebook as it was is made only where there is something for it to explain.
    known = before.noise() if compared.unlike else {}
    unlike = [(index, name) for index, name in compared.unlike if name not in known.get(index, ())]
    if unlike:
        return Failed(edit, _unlike(unlike))
    if edit.seeds and (others := _differ_again(after, edit, finding.index)):
        return Failed(edit, f"another run gives {_listed(others)} other values")
    noise = {str(name) for _, name in compared.unlike}
    return Proven(edit, after, _sentence(after, finding, compared, noise, edit))


def _not_run(after: Version) -> str:
    report = after.examined.report
    if report.failure:
        failure = report.failure
        return f"cell {failure.index} raises {failure.ename}: {failure.evalue}".rstrip(": ").split("\n")[0]
    if report.incomplete:
        return report.incomplete
    unread = after.texts.keys() - after.steps.keys()
    return f"the state after cell {min(unread)} could not be read" if unread else ""


def _not_fixed(before: Version, after: Version, edit: Edit, finding: Finding) -> str:
    """Why the findings are not better than before; empty if they are."""
    old = Counter(key_of(one, edit) for one in _counted(before))
    new = [(key_of(one, edit), one) for one in _counted(after)]
    report = after.report(finding.index)
    key = key_of(finding, edit)
    stays = next((one.message for other, one in new if other == key), "")
    if stays or report.verdict in (Verdict.ERROR, Verdict.UNDETERMINED, Verdict.SKIPPED):
        return f"{finding.rule} stays: {stays or report.reason}"
    added = Counter(other for other, _ in new) - old
    worse = next((one for other, one in new if other in added), None)
    return f"cell {worse.index} would have {worse.rule}: {worse.message}" if worse else ""


def _looked_at(after: Version, edit: Edit) -> str:
    """Where the old name is still looked at, as by a function that a cell calls; empty if nowhere.

    What a cell only shows of it is in no state, so that comparing these would not tell.
    """
    for renamed in edit.renamed:
        for index, step in after.steps.items():
            if index == renamed.first or not renamed.holds_after(index):
                continue
            if step.seen is None:
                return f"cell {index} was not run again, so nobody knows whether it looks at `{renamed.old}`"
            if renamed.old in variables(step.read) | files(step.files_read):
                return f"cell {index} still looks at `{renamed.old}`, in a function that it calls"
    return ""


def _counted(version: Version) -> list[Finding]:
    return [finding for finding in version.examined.report.findings if finding.severity is not Severity.INFO]


def key_of(finding: Finding, edit: Edit) -> tuple[str, int, str | None]:
    """What makes two findings the same: in the words of before the edit, and in the cell that the code is in now."""
    index, name = finding.index, finding.name
    for renamed in edit.renamed:
        if name == str(renamed.new) and renamed.holds_after(index):
            name = str(renamed.old)
    moved = dict(edit.later.values())
    if finding.rule in ("NBR007", "NBR102"):
        index = moved.get(index, index)
    return finding.rule, index, None if finding.rule == "NBR007" else name


def _unlike(unlike: Sequence[tuple[int, Name]]) -> str:
    index, first = unlike[0]
    others = len(unlike) - 1
    more = f", and {others} more names" if others > 1 else ", and one more name" if others else ""
    return f"after cell {index}, `{first}` has another value than before the edit{more}"


def _differ_again(after: Version, edit: Edit, index: int) -> set[str]:
    """What a second run with other random numbers gives another value."""
    state = after.run_again().get(index)
    if state is None:
        return set(edit.seeds)
    one, other = after.steps[index].first["variables"], state["variables"]
    return {name for name in edit.seeds if name not in other or one[name]["digest"] != other[name]["digest"]}


def _sentence(after: Version, finding: Finding, compared: Compared, noise: set[str], edit: Edit) -> str:
    count = len(compared.compared)
    text = f"cell {finding.index} is {after.report(finding.index).verdict} now, no cell has a new finding, and "
    if edit.seeds:
        text += f"two runs give {_listed(edit.seeds)} the same value; "
    who = "the one name has" if count == 1 else f"all {count} names have"
    text += f"after every cell {who} bit for bit the value of before"
    if compared.left_out:
        drawn = _listed(map(str, compared.left_out))
        text += f", apart from what was drawn without a seed or is computed from it ({drawn})"
    if unread := sorted(str(name) for name in compared.compared if _is_opaque(after, name)):
        text += f", as far as {_listed(unread)} can be read"
    if noise:
        text += f", apart from {_listed(noise)}, where two runs of the notebook as it was differ as well"
    return text


def _is_opaque(after: Version, name: Name) -> bool:
    variable = after.examined.steps[-1].first["variables"].get(name.key)
    return variable is not None and variable["kind"] != "definition" and bool(variable["opaque"])


def _listed(names: Iterable[str]) -> str:
    found = sorted(names)
    shown = ", ".join(f"`{name}`" for name in found[:_SHOWN])
    return shown if len(found) <= _SHOWN else f"{shown} and {len(found) - _SHOWN} more"
