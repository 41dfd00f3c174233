"""Render what became of the findings of notebooks: diffs with the proofs, or JSON."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from nbrerun import __version__
from nbrerun.fix.fixing import Attempt, Fixes
from nbrerun.model import Finding
from nbrerun.reporters.text import clean, one_line
from nbrerun.secrets import shown

_LONGEST = 500
"""Characters of a sentence."""


def render_text(path: str, fixes: Fixes, out: TextIO, *, applied: bool) -> None:
    """Render one notebook for users.

    Args:
        applied: the edits were written to the file.
    """
    failure = fixes.failure
    if failure is not None:
        print(one_line(f"{path}: cell {failure.index} raises {failure.ename}: nothing can be proven"), file=out)
        return
    if not fixes.attempts:
        report = fixes.original.examined.report
        print(f"{path}: {report.reason or 'nothing to fix'}", file=out)
        return
    print(path, file=out)
    for attempt in fixes.attempts:
        for line in _attempt(attempt):
            print(clean(line), file=out)
    for line in _diff(path, fixes):
        print(clean(line), file=out)
    total = fixes.fixed + len(fixes.left)
    print(f"{path}: {fixes.fixed} of {total} fixed, {_done(fixes, applied)}", file=out)


def _done(fixes: Fixes, applied: bool) -> str:
    if not fixes.sources:
        return "nothing to write"
    return "written" if applied else "not written (--apply writes them)"


def _attempt(attempt: Attempt) -> Iterator[str]:
    begin = _about(attempt.finding)
    if attempt.proven is not None:
        yield f"{begin}: fixed: {_said(attempt.proven.edit.what)}"
        for other in attempt.also:
            yield f"{_about(other)}: fixed as well"
        yield f"    proof: {_said(attempt.proven.sentence)}"
        return
    yield f"{begin}: not fixed" + (f": {attempt.reason}" if attempt.reason else "")
    for failed in attempt.tried:
        yield f"    tried: {_said(failed.edit.what)}: {_said(failed.reason)}"


def _said(text: str) -> str:
    """A sentence on one line, which may quote an exception, without what looks like a secret."""
    line = one_line(shown(text))
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _about(finding: Finding) -> str:
    return f"  cell {finding.index}  {finding.rule}" + (f" `{finding.name}`" if finding.name else "")


def _diff(path: str, fixes: Fixes) -> Iterator[str]:
    """The cells that change, as a unified diff each."""
    old = fixes.original.texts
    for index, source in fixes.sources.items():
        name = f"{path}, cell {index}"
        lines = difflib.unified_diff(old[index].splitlines(), source.splitlines(), name, name, lineterm="", n=2)
        yield ""
        yield from lines
    if fixes.sources:
        yield ""


def render_json(found: Sequence[tuple[str, Fixes]], out: TextIO, *, applied: bool) -> None:
    """Render all notebooks as one JSON document."""
    notebooks = [
        {
            "path": path,
            "failed": fixes.failure is not None,
            "findings": [_as_json(attempt) for attempt in fixes.attempts],
            "cells": [
                {"index": index, "before": fixes.original.texts[index], "after": source}
                for index, source in fixes.sources.items()
            ],
        }
        for path, fixes in found
    ]
    document = {"schema_version": 1, "nbrerun_version": __version__, "applied": applied, "notebooks": notebooks}
    print(json.dumps(document, indent=2, ensure_ascii=False), file=out)


def _as_json(attempt: Attempt) -> dict[str, Any]:
    finding, proven = attempt.finding, attempt.proven
    return {
        "rule": finding.rule,
        "index": finding.index,
        "name": finding.name,
        "fixed": proven is not None,
        "kind": proven.edit.kind if proven else None,
        "edit": proven.edit.what if proven else None,
        "proof": _said(proven.sentence) if proven else None,
        "also": [{"rule": one.rule, "index": one.index, "name": one.name} for one in attempt.also],
        "reason": attempt.reason,
        "tried": [
            {"kind": each.edit.kind, "edit": each.edit.what, "reason": _said(each.reason)} for each in attempt.tried
        ],
    }
