"""What is there to be copied into a CI: the pre-commit hooks, the action, the GitLab template, the page on them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from nbrerun.settings.values import CACHE_FOLDER
from tests.functional.test_bad_input import write

ROOT = Path(__file__).parents[2]
HOOKS, ACTION, GITLAB = ROOT / ".pre-commit-hooks.yaml", ROOT / "action.yml", ROOT / "templates" / "gitlab.yml"
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")

IN_PLACE = ("xs = []", "xs.append(1)")
QUICK = 'experiment = "again"'


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This Python is the first on the path, and git knows somebody and nothing of this machine."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    # As an environment has them; the installed script may be that of another checkout.
    script(bin_folder / "nbrerun", f'exec "{sys.executable}" -m nbrerun "$@"')
    script(bin_folder / "python", f'exec "{sys.executable}" "$@"')
    known = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PRE_COMMIT_HOME": str(tmp_path / "cache")}
    path = os.pathsep.join([str(bin_folder), os.environ["PATH"]])
    for name, value in {**known, **quiet, "PATH": path}.items():
        monkeypatch.setenv(name, value)


def script(path: Path, text: str) -> None:
    """A program of one line."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def folder(parent: Path, name: str, *sources: str) -> Path:
    """A folder with one notebook and a configuration that makes checks short."""
    made = parent / name
    made.mkdir()
    (made / "nbrerun.toml").write_text(QUICK)
    write(made, *sources)
    return made


def done(
    command: Sequence[str], where: Path, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it in a folder."""
    environment = {**os.environ, **(more or {})}
    return subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, check=False)


def repository(where: Path) -> str:
    """Commit all that is in a folder, and name the commit."""
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        assert done(["git", *command], where).returncode == 0
    return done(["git", "rev-parse", "HEAD"], where).stdout.strip()


def scratch(tmp_path: Path, hook: Mapping[str, Any]) -> Path:
    """A repository with a good and a bad notebook, which has a hook of ours."""
    ours = tmp_path / "ours"
    ours.mkdir()
    shutil.copy(HOOKS, ours)
    revision = repository(ours)
    made = folder(tmp_path, "scratch", *IN_PLACE)
    write(made, "x = 1", name="good one.ipynb")
    (made / "not_a_notebook.py").write_text("raise SystemError")
    wanted = {"repos": [{"repo": str(ours), "rev": revision, "hooks": [dict(hook)]}]}
    (made / ".pre-commit-config.yaml").write_text(yaml.safe_dump(wanted))
    repository(made)
    return made


@pytest.mark.usefixtures("environment")
def test_pre_commit_runs_the_hook_on_notebooks_only(tmp_path: Path) -> None:
    """The whole way through pre-commit: one run for all notebooks, and its exit code decides."""
    where = scratch(tmp_path, {"id": "nbrerun-installed", "args": ["-q"]})
    result = done([sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never"], where)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "nbrerun (as installed)" in result.stdout
    assert "- exit code: 1" in result.stdout
    assert result.stdout.count("error NBR003") == 1
    assert "2 notebooks" in result.stdout
    good = done([sys.executable, "-m", "pre_commit", "run", "--files", "good one.ipynb", "not_a_notebook.py"], where)
    assert (good.returncode, "Passed" in good.stdout) == (0, True)
    none = done([sys.executable, "-m", "pre_commit", "run", "--files", "not_a_notebook.py"], where)
    assert (none.returncode, "Skipped" in none.stdout) == (0, True)


def test_the_hooks_differ_in_where_they_run_only() -> None:
    """pre-commit itself takes the file; one hook is installed by it and the other is there already."""
    checked = done([sys.executable, "-m", "pre_commit", "validate-manifest", str(HOOKS)], ROOT)
    assert checked.returncode == 0, checked.stdout
    hooks = {hook["id"]: hook for hook in yaml.safe_load(HOOKS.read_text())}
    assert {name: hook["language"] for name, hook in hooks.items()} == {
        "nbrerun": "python",
        "nbrerun-installed": "system",
    }
    for hook in hooks.values():
        assert (hook["entry"], hook["types"], hook["require_serial"]) == ("nbrerun check", ["jupyter"], True)


def action_steps(inputs: Mapping[str, str]) -> list[tuple[str, dict[str, str]]]:
    """The scripts of the action, with what the runner puts into their environment."""
    action = yaml.safe_load(ACTION.read_text())
    assert action["runs"]["using"] == "composite"
    known = {f"inputs.{name}": inputs.get(name, given["default"]) for name, given in action["inputs"].items()}
    known |= {"github.action_path": str(ROOT), "runner.temp": "."}
    steps = [step for step in action["runs"]["steps"] if "run" in step]
    assert all(step["shell"] == "bash" and "${{" not in step["run"] for step in steps)
    return [
        (step["run"], {name: filled(value, known) for name, value in step.get("env", {}).items()}) for step in steps
    ]


def filled(text: str, known: Mapping[str, str]) -> str:
    """What the runner makes of `${{ inputs.paths }}`."""
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda match: known[match[1]], text)


def bash(text: str, where: Path, more: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """As the runner of GitHub calls it."""
    file = where / "step.sh"
    file.write_text(text)
    return done(["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)], where, more)


@pytest.mark.usefixtures("environment")
def test_the_action_checks_its_paths_with_its_args(tmp_path: Path) -> None:
    """Paths one a line and with blanks, options in words; the report goes to annotations and to the summary."""
    folder(tmp_path, "two words", *IN_PLACE)
    folder(tmp_path, "other", "x = 1")
    inputs = {"paths": "two words\n\nother/nb.ipynb\n", "args": "--fail-on  never\n--only all"}
    *_, (text, variables) = action_steps(inputs)
    summary, outputs = tmp_path / "summary.md", tmp_path / "outputs"
    runner = {
        **variables,
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(outputs),
    }
    result = bash(text, tmp_path, runner)
    assert (result.returncode, result.stderr) == (0, "nbrerun: written to ./nbrerun.json, ./nbrerun.sarif\n")
    assert "2 notebooks" in result.stdout
    assert "::error file=two words/nb.ipynb,line=" in result.stdout
    assert "NBR003" in summary.read_text()
    assert outputs.read_text().splitlines() == ["report=./nbrerun.json", "sarif=./nbrerun.sarif", "exit-code=0"]
    assert json.loads((tmp_path / "nbrerun.sarif").read_text())["runs"][0]["results"]
    failing = bash(text, tmp_path, {**runner, "NBRERUN_ARGS": ""})
    assert failing.returncode == 1
    assert outputs.read_text().splitlines()[-1] == "exit-code=1"
    lenient = bash(text, tmp_path, {**runner, "NBRERUN_ARGS": "--format json", "NBRERUN_FAIL_ON": "never"})
    assert (lenient.returncode, json.loads(lenient.stdout)["schema_version"]) == (0, 1)
    assert outputs.read_text().splitlines()[-2:] == ["exit-code=1", "exit-code=0"]


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("name", ["paths", "args", "fail-on"])
def test_an_input_of_the_action_is_never_a_command(name: str, tmp_path: Path) -> None:
    """What a workflow passes on from a pull request reaches nbrerun as text, and nothing else."""
    *_, (text, variables) = action_steps({"paths": ".", name: "$(touch made) `touch made`; touch made *"})
    result = bash(text, tmp_path, {**variables, "GITHUB_OUTPUT": str(tmp_path / "outputs")})
    assert result.returncode == 2
    assert not (tmp_path / "made").exists()


@pytest.mark.usefixtures("environment")
def test_the_action_installs_what_it_came_with(tmp_path: Path) -> None:
    """pip gets the folder of the action, and no other name."""
    script(tmp_path / "bin" / "python", 'printf "%s\\n" "$@"')
    (text, variables), *_ = action_steps({})
    result = bash(text, tmp_path, variables)
    assert result.stdout.split("\n")[:-1] == ["-m", "pip", "install", "--quiet", str(ROOT)]


@pytest.mark.usefixtures("environment")
def test_the_gitlab_job_writes_the_reports_that_it_hands_in(tmp_path: Path) -> None:
    """Its script exits as nbrerun does, and both reports are where its artifacts say."""
    (job,) = yaml.safe_load(GITLAB.read_text()).values()
    folder(tmp_path, "notebooks", *IN_PLACE)
    given = {**job["variables"], "NBRERUN_PATHS": "notebooks", "GITLAB_CI": "true"}
    result = bash("\n".join(job["script"]), tmp_path, given)
    assert result.returncode == 1
    reports = job["artifacts"]["reports"]
    assert "NBR003" in [issue["check_name"] for issue in json.loads((tmp_path / reports["codequality"]).read_text())]
    assert (tmp_path / reports["junit"]).read_text().startswith("<?xml")
    assert job["artifacts"]["when"] == "always"
    assert [json.loads((tmp_path / name).read_text())["schema_version"] for name in job["artifacts"]["paths"]] == [1]
    assert job["cache"]["paths"] == [f"{CACHE_FOLDER}/"]
    lenient = bash("\n".join(job["script"]), tmp_path, {**given, "NBRERUN_FAIL_ON": "never"})
    assert lenient.returncode == 0


@pytest.mark.usefixtures("environment")
def test_the_gitlab_job_has_to_be_told_what_to_install(tmp_path: Path) -> None:
    """Nothing is installed that nobody named; several words are several arguments."""
    (job,) = yaml.safe_load(GITLAB.read_text()).values()
    script(tmp_path / "bin" / "python", 'printf "%s\\n" "$@"')
    text = "\n".join(job["before_script"])
    nothing = bash(text, tmp_path, job["variables"])
    assert (nothing.returncode != 0, nothing.stdout) == (True, "")
    assert "must say what pip is to install" in nothing.stderr
    said = bash(text, tmp_path, {"NBRERUN_INSTALL": "a -r b"})
    assert said.stdout.split() == ["-m", "pip", "install", "--quiet", "a", "-r", "b"]


SNIPPETS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
"""What the page shows to be copied."""


def values(tree: Any, key: str) -> list[Any]:
    """All values of a key, however deep."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [found for name, value in pairs for found in [*([value] if name == key else []), *values(value, key)]]


def test_the_page_names_what_there_is() -> None:
    """Every snippet is YAML; hooks, inputs, variables and the template have the names that the files have."""
    shown: list[Any] = [yaml.safe_load(text) for text in SNIPPETS]
    assert len(shown) == 7
    hooks = {hook["id"] for hook in yaml.safe_load(HOOKS.read_text())}
    assert set(values(shown, "id")) == {"nbrerun-installed"} <= hooks
    assert all(f"`{hook}`" in PAGE for hook in hooks)
    ours = [step for step in shown[1]["jobs"]["nbrerun"]["steps"] if "OWNER/nbrerun" in step.get("uses", "")]
    inputs = yaml.safe_load(ACTION.read_text())["inputs"]
    assert [set(step["with"]) <= set(inputs) for step in ours] == [True]
    assert all(f"`{name}`" in PAGE for name in inputs)
    ((hidden, job),) = yaml.safe_load(GITLAB.read_text()).items()
    assert shown[3]["include"][0]["remote"].endswith(GITLAB.relative_to(ROOT).as_posix())
    assert shown[3]["nbrerun"]["extends"] == hidden
    assert set(shown[3]["nbrerun"]["variables"]) == set(job["variables"])


def schema_says(schema: str, path: Path) -> str:
    """What is wrong with a file, by the schema that its reader publishes; nothing if all is well."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return "" if run.returncode == 0 else run.stdout + run.stderr


@pytest.mark.parametrize(("schema", "path"), [("github-actions", ACTION), ("gitlab-ci", GITLAB)])
def test_the_files_follow_the_published_schemas(schema: str, path: Path, tmp_path: Path) -> None:
    """Those of GitHub's actions and GitLab's pipelines, which refuse what is spelled wrongly."""
    text = path.read_text().replace(".nbrerun:", "nbrerun:")  # a hidden job may be anything
    (tmp_path / "whole.yml").write_text(text)
    assert schema_says(schema, tmp_path / "whole.yml") == ""
    (tmp_path / "broken.yml").write_text(text.replace("steps:", "stops:").replace("when: always", "when: now"))
    assert schema_says(schema, tmp_path / "broken.yml") != ""


@pytest.mark.parametrize(("schema", "key", "number"), [("github-workflows", "jobs", 1), ("gitlab-ci", "nbrerun", 3)])
def test_the_snippets_follow_the_published_schemas(schema: str, key: str, number: int, tmp_path: Path) -> None:
    """What the page shows is taken by GitHub and GitLab as it stands."""
    whole = [text for text in SNIPPETS if key in yaml.safe_load(text)]
    assert len(whole) == number
    for place, text in enumerate(whole):
        path = tmp_path / f"{place}.yml"
        path.write_text(text)
        assert schema_says(schema, path) == ""
