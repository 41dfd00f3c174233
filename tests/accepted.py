"""Whether a run of the tests counts: `python -m tests.accepted junit.xml`. None may be skipped or expected to fail."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def objections(junit: Path) -> list[str]:
    """Everything in a JUnit file of pytest's that a run may not have; empty if there is nothing.

    pytest reports an expected failure as `skipped`, too.
    """
    cases = list(ElementTree.parse(junit).getroot().iter("testcase"))
    found = [] if cases else ["no test ran"]
    for case in cases:
        name = f"{case.get('classname')}::{case.get('name')}"
        if case.find("skipped") is not None:
            found.append(f"skipped: {name}")
        if case.find("failure") is not None or case.find("error") is not None:
            found.append(f"failed: {name}")
    return found


def main(arguments: list[str]) -> int:
    """Print the objections to a run; the exit code of the process."""
    (junit,) = arguments
    found = objections(Path(junit))
    print("\n".join(found), file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
