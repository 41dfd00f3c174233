"""The report for programs; `report.schema.json` in the folder above describes it.

Version history:

- 1: the first.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict
from typing import Any, TextIO

from nbrerun import rules
from nbrerun.model import (
    CellReport,
    Failure,
    Finding,
    NotebookReport,
    Numbers,
    Raised,
    Recovery,
    Report,
    Restart,
    VariableReport,
    WholeRun,
)
from nbrerun.reporters.text import whole

SCHEMA_VERSION = 1
_NOT_ASCII = re.compile("[^\x00-\x7f]+")


def render(report: Report, out: TextIO) -> None:
    """Write the report as JSON in ASCII, which streams of every encoding accept."""
    text = whole(json.dumps(_report(report), indent=2, allow_nan=False, ensure_ascii=False))
    out.write(_NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text) + "\n")


def _report(report: Report) -> dict[str, Any]:
    compared = report.compared
    return {
        "schema_version": SCHEMA_VERSION,
        "nbrerun_version": report.nbrerun_version,
        "seconds": _number(report.seconds),
        "notebooks": [_notebook(notebook) for notebook in report.notebooks],
        "summary": report.summary(),
        "baseline": compared and {"path": compared.baseline, "gone": [asdict(gone) for gone in compared.gone]},
    }


def _notebook(notebook: NotebookReport) -> dict[str, Any]:
    return {
        "path": notebook.path,
        "engine": notebook.engine,
        "engine_reason": notebook.engine_reason,
        "kernel": notebook.kernel,
        "kernel_reason": notebook.kernel_reason,
        "declared": notebook.declared,
        "sandbox": notebook.sandbox,
        "sandbox_reason": notebook.sandbox_reason,
        "status": notebook.status,
        "reason": notebook.reason,
        "problem": notebook.problem or None,
        "traceback": list(notebook.traceback),
        "failure": _failure(notebook.failure),
        "interrupted": notebook.interrupted,
        "over_budget": notebook.over_budget,
        "static": notebook.static,
        "values": notebook.values,
        "cached": notebook.cached,
        "seconds": _number(notebook.seconds),
        "profile": [asdict(spent) | {"part": str(spent.part)} for spent in notebook.profile],
        "cells": [_cell(cell) for cell in notebook.cells],
        "recover": [_recovery(recovery) for recovery in notebook.recover],
        "whole": [_whole(run) for run in notebook.whole],
        "findings": [_finding(finding) for finding in notebook.findings],
    }


def _cell(cell: CellReport) -> dict[str, Any]:
    return {
        "index": cell.index,
        "id": cell.id,
        "execution_count": cell.execution_count,
        "first_line": cell.first_line,
        "verdict": str(cell.verdict),
        "reason": cell.reason,
        "engine": cell.engine,
        "seconds": {"first": _number(cell.seconds.first), "again": _number(cell.seconds.again)},
        "variables": [_variable(variable) for variable in cell.variables],
        "outside": [asdict(item) for item in cell.outside],
        "error": _raised(cell.error),
        "restart": _restart(cell.restart),
    }


def _variable(variable: VariableReport) -> dict[str, Any]:
    return {
        "name": variable.name,
        "kind": str(variable.kind),
        "type": variable.type,
        "verdict": str(variable.verdict),
        "how": _word(variable.how),
        "via": _word(variable.via),
        "direction": variable.direction,
        "file": variable.file,
        "marks": [str(mark) for mark in variable.marks],
        "follows": list(variable.follows),
        "reason": variable.sentence,
        "changes": [
            {
                "path": change.path,
                "first": change.first,
                "again": change.again,
                "max_abs_change": _number(change.max_abs_change),
                "numbers": _numbers(change.numbers),
                "pictures": list(change.pictures),
            }
            for change in variable.changes
        ],
        "more_changes": variable.more_changes,
        "opaque": list(variable.opaque),
    }


def _numbers(numbers: Numbers | None) -> dict[str, Any] | None:
    """Write hundreds of numbers on one line, so that the report can still be read."""
    if numbers is None:
        return None
    first, again = (
        " ".join("nan" if value is None else f"{value:g}" for value in values)
        for values in (numbers.first, numbers.again)
    )
    return {"shape": list(numbers.shape), "columns": numbers.columns, "first": first, "again": again}


def _restart(restart: Restart | None) -> dict[str, Any] | None:
    if restart is None:
        return None
    return {
        "runs_alone": restart.runs_alone,
        "missing": [
            {
                "name": missing.name,
                "defined_in": missing.defined_in,
                "kind": str(missing.kind),
                "imported": missing.imported,
                "through": missing.through,
            }
            for missing in restart.missing
        ],
        "raised": _raised(restart.raised),
        "reason": restart.reason,
    }


def _recovery(recovery: Recovery) -> dict[str, Any]:
    return {
        "name": recovery.name,
        "cells": list(recovery.cells),
        "skipped": list(recovery.skipped),
        "via": None if recovery.file is None else f"file:{recovery.file}",
        "verified": recovery.verified,
        "reason": recovery.reason,
    }


def _whole(run: WholeRun) -> dict[str, Any]:
    return {
        "experiment": run.experiment,
        "parted": [
            {"name": parting.name, "index": parting.index, "marks": [str(mark) for mark in parting.marks]}
            for parting in run.parted
        ],
        "raised": _failure(run.raised),
        "reason": run.reason,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "index": finding.index,
        "name": finding.name,
        "message": finding.message,
        "cell": finding.cell,
        "known": finding.known,
        "fails": finding.fails,
        "listed": finding.listed,
        "fix": rules.fix(finding),
        "spot": finding.spot and asdict(finding.spot),
    }


def _raised(raised: Raised | None) -> dict[str, Any] | None:
    if raised is None:
        return None
    return {"ename": raised.ename, "evalue": raised.evalue, "traceback": list(raised.traceback)}


def _failure(failure: Failure | None) -> dict[str, Any] | None:
    return {"index": failure.index} | (_raised(failure) or {}) if failure else None


def _word(word: object | None) -> str | None:
    return None if word is None else str(word)


def _number(number: float | None) -> float | None:
    """Write infinity and NaN as null, since JSON has no numbers for them (RFC 8259, section 6)."""
    return number if number is not None and math.isfinite(number) else None
