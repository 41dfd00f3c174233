"""The reports on docs/questions.md, each made by the command that stands above it.

`python -m tests.functional.questions_page` prints the current ones; with `--write` it puts them into the page.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "questions.md"

_BLOCK = re.compile(r"^```console\n\$ (?P<command>nbrerun [^\n]+)\n(?P<report>.*?)^```$", re.DOTALL | re.MULTILINE)
_HOW = re.compile(r"^ kernel .*?(?=\n\n)", re.DOTALL | re.MULTILINE)
_SECONDS = re.compile(r"\d+\.\d s$", re.MULTILINE)
_FRACTION = re.compile(r"\d+\.\d+(e[+-]\d+)?")
_ROW = re.compile(r" (?=[^\s\w] cell \d+ |\S+\.ipynb:cell |fix: |cell \d+ needs )")
"""Where a row begins: that of a cell with its symbol, a finding, how to fix it, what a cell needs."""


def shown(page: str) -> dict[str, str]:
    """The reports on a page, by command."""
    return {block["command"]: block["report"] for block in _BLOCK.finditer(page)}


def run(command: str) -> str:
    """What a command prints at the root of the repository, on 80 columns."""
    arguments = [sys.executable, "-m", *shlex.split(command), "--no-cache"]
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    if done.returncode not in (0, 1):  # 1: there are findings, and there ought to be
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def lasting(report: str) -> list[str]:
    """What a report says on every machine, row by row.

    Left out is what may differ from one to another: which engine and sandbox answered, durations, the digits of what
    was computed, and with them where lines are broken.
    """
    text = _FRACTION.sub("#", _SECONDS.sub("… s", _HOW.sub("", report)))
    return [row.strip() for row in _ROW.split(" ".join(text.split()))]


def with_reports(page: str) -> str:
    """A page with what its commands print now, but for the seconds, which say more about a machine."""
    return _BLOCK.sub(lambda block: _block(block["command"], _SECONDS.sub("… s", run(block["command"]))), page)


def _block(command: str, report: str) -> str:
    return f"```console\n$ {command}\n{report}```"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(with_reports(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        for command in shown(PAGE.read_text(encoding="utf-8")):
            print(_block(command, run(command)))
