"""`nbrerun init`: what is asked, what is written, and what is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing
import pytest
import yaml

from nbrerun.cli import main
from nbrerun.model import Severity
from tests.unit.cli.test_options import Fake, fake, finding

__all__ = ["fake"]  # a fixture of the tests of the command line


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_notebook: Callable[..., Path]) -> Path:
    """A folder with one notebook in `notebooks`."""
    write_notebook("x", name="notebooks/nb.ipynb")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*args: str, answers: str = "") -> click.testing.Result:
    """Run `nbrerun init ARGS` and answer its questions."""
    return click.testing.CliRunner().invoke(main, ["init", *args], input=answers, prog_name="nbrerun")


def test_after_three_answers_the_gate_is_green(fake: Fake) -> None:
    """A configuration, a baseline with today's findings, and a workflow; then a check finds nothing new."""
    fake.answers["nb.ipynb"] = finding(Severity.ERROR)
    assert click.testing.CliRunner().invoke(main, ["check", "notebooks"]).exit_code == 1
    result = init(answers="\ngithub\ny\n")
    assert (result.exit_code, result.stdout) == (0, "")
    workflow = yaml.safe_load(Path(".github/workflows/nbrerun.yml").read_text())
    assert workflow["jobs"]["nbrerun"]["steps"][-1]["with"] == {"paths": "notebooks\n"}
    assert json.loads(Path("nbrerun-baseline.json").read_text())["findings"][0]["rule"] == "NBR002"
    assert click.testing.CliRunner().invoke(main, ["check", "notebooks"]).exit_code == 0


def test_nothing_is_asked_with_yes(fake: Fake, project: Path) -> None:
    """The defaults: the folder `notebooks`, the CI service that is in use, a baseline."""
    (project / ".gitlab-ci.yml").write_text("# mine\n")
    result = init("--yes")
    assert result.exit_code == 0
    assert "[" not in result.stderr.replace("[tool", "").split("would have had")[0]
    assert sorted(path.name for path in project.iterdir() if path.name[0] == "." or path.is_file()) == [
        ".gitlab-ci.yml",
        "nbrerun-baseline.json",
        "nbrerun.toml",
    ]
    assert (project / ".gitlab-ci.yml").read_text() == "# mine\n"
    assert "extends: .nbrerun" in result.stderr


@pytest.mark.parametrize(
    ("there", "content"),
    [
        ("nbrerun.toml", "fail-on = 'never'\n"),
        ("pyproject.toml", "[tool.nbrerun]\n"),
        ("nbrerun-baseline.json", '{"nbrerun_baseline": 1, "findings": []}'),
        (".github/workflows/nbrerun.yml", "# mine\n"),
    ],
)
def test_no_file_is_replaced(fake: Fake, project: Path, there: str, content: str) -> None:
    """What is there stays, and a sentence says so; the others are written."""
    path = project / there
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    result = init("--yes", "--ci", "github")
    assert result.exit_code == 0
    assert path.read_text() == content
    assert f"nbrerun: {there} is there already, and stays as it is" in result.stderr
    assert result.stderr.count("written") == 2


@pytest.mark.parametrize(
    ("args", "written"),
    [
        (["--no-baseline", "--ci", "none", "notebooks"], ["nbrerun.toml"]),
        (["--no-baseline", "--ci", "gitlab", "a", "b"], [".gitlab-ci.yml", "nbrerun.toml"]),
    ],
)
def test_what_is_given_is_not_asked_for(fake: Fake, project: Path, args: list[str], written: list[str]) -> None:
    """Without a baseline nothing is run, and the configuration names none."""
    assert init(*args).exit_code == 0
    assert sorted(path.name for path in project.iterdir() if path.is_file()) == written
    assert fake.calls == []
    assert "baseline" not in Path("nbrerun.toml").read_text()
    if ".gitlab-ci.yml" in written:
        (_, job) = yaml.safe_load(Path(".gitlab-ci.yml").read_text()).items()
        assert job[1]["variables"]["NBRERUN_PATHS"] == "a b"


def test_without_answers_nothing_is_written(fake: Fake, project: Path) -> None:
    """Whoever leaves finds the folder as it was."""
    before = sorted(project.rglob("*"))
    result = init(answers="\n")
    assert (result.exit_code, sorted(project.rglob("*"))) == (2, before)
    assert result.stderr.endswith("nbrerun: stopped; nothing was written\n")


def test_an_error_ends_it_before_anything_is_written(fake: Fake, project: Path) -> None:
    """A path that does not exist is one sentence."""
    result: Any = init("--yes", "--ci", "github", "nowhere")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert not (project / "nbrerun.toml").exists()
