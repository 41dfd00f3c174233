"""Whether a run of the tests may count: `python -m tests.accepted junit.xml`.

No test is skipped, and none fails as expected but those in the table of known failures.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from xml.etree import ElementTree

from tests.functional.metamorphic.known import ACCEPTED


def objections(junit: Path, accepted: Collection[str] = ACCEPTED) -> list[str]:
    """Everything in a JUnit file of pytest's that a run may not have; empty if there is nothing.

    pytest reports an expected failure as `skipped`, too, with the type `pytest.xfail`.
    """
    cases = list(ElementTree.parse(junit).getroot().iter("testcase"))
    found = [] if cases else ["no test ran"]
    for case in cases:
        name = f"{case.get('classname')}::{case.get('name')}"
        for left_out in case.iter("skipped"):
            if left_out.get("type") != "pytest.xfail":
                found.append(f"skipped: {name}")
            elif case.get("name") not in accepted:
                found.append(f"not in the table of known failures: {name}")
        if case.find("failure") is not None or case.find("error") is not None:
            found.append(f"failed: {name}")
    return found


def main(arguments: list[str]) -> int:
    """Print the objections to a run, and what there was of expected failures; the exit code of the process."""
    (junit,) = arguments
    found = objections(Path(junit))
    cases = list(ElementTree.parse(junit).getroot().iter("testcase"))
    expected = sum(case.find("skipped") is not None for case in cases)
    print(f"{len(cases)} tests, {expected} of them expected to fail (tests/functional/metamorphic/known.py)")
    print("\n".join(found), file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
