"""Which runs of the tests may count."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.accepted import objections

TEST = '<testcase classname="tests.a" name="test_b[c]">{}</testcase>'
XFAIL = TEST.format('<skipped type="pytest.xfail"/>')


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("", []),
        ('<skipped type="pytest.xfail" message="known"/>', []),
        ('<skipped type="pytest.skip" message="not here"/>', ["skipped: tests.a::test_b[c]"]),
        ("<failure/>", ["failed: tests.a::test_b[c]"]),
        ("<error/>", ["failed: tests.a::test_b[c]"]),
    ],
)
def test_only_known_failures_are_accepted(inside: str, expected: list[str], tmp_path: Path) -> None:
    """A skipped test is a test that nobody ran."""
    junit = tmp_path / "junit.xml"
    junit.write_text(f"<testsuites><testsuite>{TEST.format(inside)}</testsuite></testsuites>")
    assert objections(junit, {"test_b[c]"}) == expected


def test_an_expected_failure_has_to_be_in_the_table(tmp_path: Path) -> None:
    """An xfail mark alone accepts nothing."""
    junit = tmp_path / "junit.xml"
    junit.write_text(f"<testsuites>{XFAIL}</testsuites>")
    assert objections(junit, set()) == ["not in the table of known failures: tests.a::test_b[c]"]


def test_a_run_without_tests_is_none(tmp_path: Path) -> None:
    """A wrong path, or a wrong option, collects nothing."""
    junit = tmp_path / "junit.xml"
    junit.write_text("<testsuites/>")
    assert objections(junit) == ["no test ran"]
