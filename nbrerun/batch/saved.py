"""Read reports that `--format json` wrote, as far as they go: what a JSON report leaves out has its default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbrerun.baseline import load_json
from nbrerun.batch.cache.codec import decode, encode
from nbrerun.errors import UsageError
from nbrerun.model import (
    CellReport,
    Change,
    Compared,
    Failure,
    Finding,
    Gone,
    How,
    Kind,
    Mark,
    Missing,
    NotebookReport,
    Numbers,
    Outside,
    Parting,
    Raised,
    Recovery,
    Report,
    Restart,
    Seconds,
    Severity,
    Spot,
    VariableReport,
    Verdict,
    Via,
    WholeRun,
)

_VERSION = 1
_FILE = "file:"
_SKIPPED = "skipped: needs "


def read(path: str) -> Report:
    """Read a report.

    Raises:
        UsageError: the file cannot be read, or is not a JSON report of this version.
    """
    whole = load_json(path, "report")
    version = whole.get("schema_version") if isinstance(whole, dict) else None
    if version is None or not isinstance(whole.get("notebooks"), list):
        raise UsageError(f"{path} is not a JSON report of nbrerun: `nbrerun check --format json={path}` writes one")
    if version != _VERSION:
        raise UsageError(f"{path}: schema_version is {version}; this nbrerun reads version {_VERSION} only")
    try:
        # Nothing that is not what it should be gets any further: values of any type may have been taken from the file.
        return decode(Report, encode(_report(whole)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} is a damaged JSON report of nbrerun ({type(error).__name__}: {error})") from error


# Keys that were added to version 1 later than the others may be missing: they are read by `get`.


def _report(said: Mapping[str, Any]) -> Report:
    compared = said.get("baseline")
    return Report(
        said.get("nbrerun_version", ""),
        tuple(map(_notebook, said["notebooks"])),
        Compared(compared["path"], tuple(Gone(**gone) for gone in compared["gone"])) if compared else None,
        said.get("seconds"),
    )


def _notebook(said: Mapping[str, Any]) -> NotebookReport:
    ids = {cell["index"]: str(cell["id"]) for cell in said["cells"]}
    lacks = str(said.get("reason") or "").removeprefix(_SKIPPED).replace(" and ", ", ")
    return NotebookReport(
        path=said["path"],
        engine=said["engine"],
        engine_reason=said["engine_reason"],
        kernel=said["kernel"],
        kernel_reason=said.get("kernel_reason", ""),
        declared=said.get("declared", ""),
        sandbox=said["sandbox"],
        sandbox_reason=said["sandbox_reason"],
        cells=tuple(map(_cell, said["cells"])),
        recover=tuple(map(_recovery, said["recover"])),
        whole=tuple(map(_whole, said["whole"])),
        findings=tuple(_finding(finding, ids) for finding in said["findings"]),
        failure=_failure(said["failure"]),
        lacks=tuple(lacks.split(", ")) if said["status"] == "skipped" else (),
        problem=said.get("problem") or "",
        traceback=tuple(said.get("traceback", ())),
        interrupted=said.get("interrupted", False),
        over_budget=said.get("over_budget", False),
        static=said.get("static", False),
        values=said.get("values", True),
        seconds=said.get("seconds") or 0.0,
        cached=said.get("cached", False),
    )


def _cell(said: Mapping[str, Any]) -> CellReport:
    return CellReport(
        index=said["index"],
        id=said["id"],
        verdict=Verdict(said["verdict"]),
        reason=said["reason"],
        first_line=said.get("first_line", ""),
        seconds=Seconds(said["seconds"]["first"], said["seconds"]["again"]),
        variables=tuple(map(_variable, said["variables"])),
        error=_raised(said["error"]),
        engine=said.get("engine", ""),
        restart=_restart(said["restart"]),
        outside=tuple(Outside(**item) for item in said["outside"]),
        execution_count=said.get("execution_count"),
    )


def _variable(said: Mapping[str, Any]) -> VariableReport:
    return VariableReport(
        name=said["name"],
        kind=Kind(said["kind"]),
        type=said["type"],
        verdict=Verdict(said["verdict"]),
        how=How(said["how"]) if said["how"] else None,
        via=Via(said["via"]) if said["via"] else None,
        direction=said["direction"],
        file=said.get("file"),
        marks=tuple(map(Mark, said["marks"])),
        follows=tuple(said.get("follows", ())),
        changes=tuple(
            Change(
                change["path"],
                change["first"],
                change["again"],
                change["max_abs_change"],
                pictures=tuple(change.get("pictures", ())),
                numbers=_numbers(change.get("numbers")),
            )
            for change in said["changes"]
        ),
        more_changes=said.get("more_changes", 0),
        opaque=tuple(said.get("opaque", ())),
        reason=said.get("reason", ""),  # with the drift
    )


def _numbers(said: Mapping[str, Any] | None) -> Numbers | None:
    if said is None:
        return None
    first, again = (
        tuple(None if number == "nan" else float(number) for number in said[run].split()) for run in ("first", "again")
    )
    return Numbers(tuple(said["shape"]), said["columns"], first, again)


def _restart(said: Mapping[str, Any] | None) -> Restart | None:
    if said is None:
        return None
    missing = (
        Missing(one["name"], one["defined_in"], Kind(one["kind"]), one["imported"], one["through"])
        for one in said["missing"]
    )
    return Restart(said["runs_alone"], tuple(missing), _raised(said["raised"]), said["reason"])


def _recovery(said: Mapping[str, Any]) -> Recovery:
    file = said["via"].removeprefix(_FILE) if said["via"] else None
    return Recovery(said["name"], tuple(said["cells"]), tuple(said["skipped"]), file, said["verified"], said["reason"])


def _whole(said: Mapping[str, Any]) -> WholeRun:
    parted = (Parting(one["name"], one["index"], tuple(map(Mark, one["marks"]))) for one in said["parted"])
    return WholeRun(said["experiment"], tuple(parted), _failure(said["raised"]), said["reason"])


def _finding(said: Mapping[str, Any], ids: Mapping[int, str]) -> Finding:
    severity, spot = Severity(said["severity"]), said.get("spot")
    if not str(said["rule"]).startswith("NBR"):
        raise TypeError(f"there is no rule {said['rule']!r}")
    return Finding(
        rule=said["rule"],
        severity=severity,
        index=said["index"],
        name=said["name"],
        message=said["message"],
        cell=str(said.get("cell") or ids.get(said["index"], said["index"])),
        known=said.get("known", False),
        fails=said.get("fails", severity is Severity.ERROR),
        listed=said.get("listed", severity is not Severity.INFO),
        spot=Spot(**spot) if spot else None,
    )


def _raised(said: Mapping[str, Any] | None) -> Raised | None:
    return Raised(said["ename"], said["evalue"], tuple(said["traceback"])) if said else None


def _failure(said: Mapping[str, Any] | None) -> Failure | None:
    return Failure(said["ename"], said["evalue"], tuple(said["traceback"]), said["index"]) if said else None
