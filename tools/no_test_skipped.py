"""Fail where a test was skipped or none ran: `python tools/no_test_skipped.py junit.xml`, the report of one pytest run.

A test that is expected to fail counts as skipped as well, except for the metamorphic tests: those that fail today are
marked so, strictly, until the verdict is right.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def verdict(report: str) -> tuple[str, bool]:
    """One line on a JUnit report, and whether it is as it should be."""
    cases = list(ElementTree.fromstring(report).iter("testcase"))
    skipped, expected = [], 0
    for case in cases:
        mark = case.find("skipped")
        if mark is None:
            continue
        if mark.get("type") == "pytest.xfail" and "metamorphic" in case.get("classname", ""):
            expected += 1
        else:
            skipped.append(f"{case.get('classname')}::{case.get('name')}")
    if not cases:
        return "no test ran", False
    if skipped:
        return f"{len(cases)} tests, skipped: {', '.join(skipped)}", False
    return f"{len(cases)} tests, none skipped, {expected} expected to fail", True


if __name__ == "__main__":
    line, fine = verdict(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(line)
    sys.exit(0 if fine else 1)
