"""Which runs of the tests may count."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.accepted import objections

TEST = '<testcase classname="tests.a" name="test_b[c]">{}</testcase>'


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("", []),
        ('<skipped type="pytest.xfail" message="known"/>', ["skipped: tests.a::test_b[c]"]),
        ('<skipped type="pytest.skip" message="not here"/>', ["skipped: tests.a::test_b[c]"]),
        ("<failure/>", ["failed: tests.a::test_b[c]"]),
        ("<error/>", ["failed: tests.a::test_b[c]"]),
    ],
)
def test_no_failure_is_accepted(inside: str, expected: list[str], tmp_path: Path) -> None:
    """A skipped test is a test that nobody ran."""
    junit = tmp_path / "junit.xml"
    junit.write_text(f"<testsuites><testsuite>{TEST.format(inside)}</testsuite></testsuites>")
    assert objections(junit) == expected


def test_a_run_without_tests_is_none(tmp_path: Path) -> None:
    """A wrong path, or a wrong option, collects nothing."""
    junit = tmp_path / "junit.xml"
    junit.write_text("<testsuites/>")
    assert objections(junit) == ["no test ran"]
