"""SARIF 2.1.0, the format that code scanning services and editors read."""

from __future__ import annotations

import json
import re
from typing import Any, TextIO
from urllib.parse import quote

from nbrerun.model import Report, Severity
from nbrerun.reporters.entries import TOOL, TROUBLES, Entry, of_report
from nbrerun.rules import RULES, Rule

_RULES = "https://github.com/nbrerun/nbrerun/blob/main/nbrerun/rules"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")


def render(report: Report, out: TextIO) -> None:
    """Write one log with one run."""
    json.dump({"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report)]}, out, indent=2, allow_nan=False)
    out.write("\n")


def _run(report: Report) -> dict[str, Any]:
    entries = of_report(report)
    found = [entry for entry in entries if entry.rule not in TROUBLES]
    rules = list(dict.fromkeys([*RULES, *(entry.rule for entry in found)]))
    driver = {
        "name": TOOL,
        "version": report.nbrerun_version,
        "informationUri": "https://github.com/nbrerun/nbrerun",
        "rules": [_rule(RULES[code]) if code in RULES else {"id": code} for code in rules],
    }
    return {
        "tool": {"driver": driver},
        # Runs with the same id replace one another; the part before the slash is the category (section 3.17.2).
        "automationDetails": {"id": f"{TOOL}/"},
        "invocations": [_invocation(report, entries)],
        "results": [_result(report, entry, rules.index(entry.rule)) for entry in found],
    }


def _invocation(report: Report, entries: list[Entry]) -> dict[str, Any]:
    """Describe the run; a main run that raised, or did not begin, is no result: not all cells were examined."""
    failed = [entry for entry in entries if entry.rule in TROUBLES]
    complete = not failed and not any(notebook.incomplete for notebook in report.notebooks)
    return {
        "executionSuccessful": complete,
        "toolExecutionNotifications": [
            {
                "descriptor": {"id": entry.rule},
                "level": "error",
                "message": _message(entry),
                "locations": [_location(entry)],
            }
            for entry in failed
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    summary = f"{rule.summary[:1].upper()}{rule.summary[1:]}."
    # The text links to other pages of the docs; these relative links lead nowhere in a code scanning service.
    text = _LINK.sub(r"\1", rule.text.strip())
    plain = _BOLD.sub(r"\1", text)
    return {
        "id": rule.code,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": " ".join(plain.split("\n\n", 1)[0].split())},
        "helpUri": f"{_RULES}/{rule.code}.md",
        "help": {"text": plain, "markdown": text},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(report: Report, entry: Entry, rule_index: int) -> dict[str, Any]:
    fingerprint = entry.fingerprint()
    # With a baseline every result has this property, without one none has it (section 3.27.24).
    state = {} if report.compared is None else {"baselineState": "unchanged" if entry.known else "new"}
    return {
        "ruleId": entry.rule,
        "ruleIndex": rule_index,
        "level": _LEVELS[entry.severity],
        "message": _message(entry),
        "locations": [_location(entry)],
        # GitHub reads the second name only, and computes it from the text of the line if it is missing.
        "partialFingerprints": {"cellAndRule/v1": fingerprint, "primaryLocationLineHash": f"{fingerprint}:1"},
        **state,
    }


def _location(entry: Entry) -> dict[str, Any]:
    physical = {
        "artifactLocation": {"uri": ("file://" if entry.path.startswith("/") else "") + quote(entry.path)},
        "region": {"startLine": entry.place.line, "endLine": entry.place.end_line},
    }
    if entry.index < 0:
        return {"physicalLocation": physical}
    cell = {"name": entry.where, "kind": "object", "properties": {"cellId": entry.cell, "cellIndex": entry.index}}
    return {"physicalLocation": physical, "logicalLocations": [cell]}


def _message(entry: Entry) -> dict[str, str]:
    """Escape plain text for SARIF, where `{0}` is a placeholder and `[text](1)` a link (section 3.11)."""
    text = f"{entry.where}: {entry.message}".replace("](", "] (")
    return {"text": text.replace("{", "{{").replace("}", "}}")}
