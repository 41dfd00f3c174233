"""Every command of nbrerun's that the README, the docs and the rules name is run, in a folder with what it needs."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from nbrerun.baseline import NAME
from nbrerun.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("nbrerun/rules/*.md"))]
FENCED = re.compile(r"^```(?:bash|console|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(nbrerun [^`]*)`")
CELLS = ["rows = net = []", "rows.append(1)", "print(rows)"]
LEFT_OUT = {
    "certify": "lesson.ipynb",
    "fix": "lesson.ipynb",
    "plan": "lesson.ipynb --edited 1",
    "check": "notebooks",
    "baseline": "notebooks",
    "show": "report.json",
    "diff": "old.json new.json",
    "cache": "info",
}
"""What the commands need at least, where a sentence mentions them without it: `nbrerun check --profile`."""


def _commands() -> list[str]:
    """All of them, once each."""
    found: dict[str, None] = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        lines = [line.strip().removeprefix("$ ") for block in FENCED.findall(text) for line in block.splitlines()]
        lines += [" ".join(command.split()) for command in INLINE.findall(FENCED.sub("", text))]
        for line in lines:
            command = re.sub(r"^\.venv/bin/", "", line).partition(" #")[0].partition(" | ")[0].strip()
            # A scheduler's address is an example: tests/functional/test_many.py starts one.
            if command.startswith("nbrerun ") and "://host" not in command:
                found[_completed(command)] = None
    return list(found)


def _completed(command: str) -> str:
    _, name, *others = command.split()
    is_complete = bool(others) and not others[0].startswith("-")
    return command if is_complete or name not in LEFT_OUT else f"{command} {LEFT_OUT[name]}"


COMMANDS = _commands()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small notebook under every name that a command gives one, and with the reports that are read."""
    folder = tmp_path_factory.mktemp("project")
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    names = {word for command in COMMANDS for word in shlex.split(command) if word.endswith(".ipynb")}
    for name in {"notebooks/lesson.ipynb", *names}:
        (folder / name).parent.mkdir(exist_ok=True)
        nbformat.write(node, folder / name)
    (folder / "lesson.py").write_text("# %%\n" + "\n# %%\n".join(CELLS), encoding="utf-8")
    (folder / "lesson.md").write_text("```{code-cell}\nx = 1\n```\n", encoding="utf-8")
    run(folder, "nbrerun check notebooks --format json=report.json")
    run(folder, f"nbrerun baseline notebooks --output {NAME}")
    for name in ("old.json", "new.json"):
        shutil.copy(folder / "report.json", folder / name)
    return folder


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run it as a user's shell would; whoever is asked something presses Enter.

    In this process, which has imported everything, except for what has workers or talks over its own descriptors.
    """
    words, answers = shlex.split(command), "\n" * 20
    if "mcp" in words or "--jobs" in words:
        program = [sys.executable, "-m", *words]
        return subprocess.run(
            program, cwd=folder, input=answers, capture_output=True, text=True, timeout=200, check=False
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        ran = CliRunner().invoke(main, words[1:], input=answers)
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return subprocess.CompletedProcess(words, ran.exit_code, ran.stdout, ran.stderr)


def test_there_are_commands() -> None:
    """The README's and those of several pages."""
    assert len(COMMANDS) > 25
    assert "nbrerun check notebooks/" in COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_a_documented_command_does_what_it_says(project: Path, tmp_path: Path, command: str) -> None:
    """It is understood, and ends as a command on a notebook with a finding ends."""
    own = shutil.copytree(project, tmp_path / "own")  # some commands write
    ran = run(own, command)
    assert ran.returncode in (0, 1), ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stdout or ran.stderr or "mcp" in command
