"""`nbrerun init`: a configuration, a baseline and a file for the CI service, after asking."""

from __future__ import annotations

import functools
from pathlib import Path

import click

from nbrerun import __version__
from nbrerun.cli.baseline import record
from nbrerun.cli.ending import end, say
from nbrerun.cli.options import CONTEXT
from nbrerun.cli.usage import Words

_SERVICES = ("github", "gitlab", "none")
_CONFIGURATION, _GITHUB, _GITLAB = "nbrerun.toml", ".github/workflows/nbrerun.yml", ".gitlab-ci.yml"

_WORKFLOW = f"""\
name: nbrerun
on: [pull_request]
permissions:
  contents: read
jobs:
  nbrerun:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      # Install here what the notebooks import.
      - uses: nbrerun/nbrerun@v{__version__}
        with:
          paths: |
            {{paths}}
"""
_PIPELINE = f"""\
include:
  - remote: https://raw.githubusercontent.com/nbrerun/nbrerun/v{__version__}/templates/gitlab.yml

nbrerun:
  extends: .nbrerun
  variables:
    # Name here as well what the notebooks import, or `-r requirements.txt`.
    NBRERUN_INSTALL: "git+https://github.com/nbrerun/nbrerun@v{__version__}"
    NBRERUN_PATHS: "{{paths}}"
"""


@click.command(context_settings=CONTEXT)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--ci", type=Words(_SERVICES), help="The CI service to write a file for; otherwise it is asked for.")
@click.option("--baseline/--no-baseline", default=None, help="Whether to record today's findings; otherwise asked for.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing, and take the default answers.")
def init(paths: tuple[str, ...], ci: str | None, baseline: bool | None, yes: bool) -> None:
    """Set up nbrerun for a project: a configuration, a baseline and a CI file.

    PATHS are notebooks and folders. Works in the current folder, asks first, and replaces no file.
    """
    end(functools.partial(_init, paths, ci, baseline, yes))


def _init(given: tuple[str, ...], ci: str | None, baseline: bool | None, yes: bool) -> int:
    from nbrerun.baseline import NAME

    guess = "notebooks" if Path("notebooks").is_dir() else "."
    if not given:
        given = (
            (guess,) if yes else tuple(click.prompt("Notebooks and folders to check", default=guess, err=True).split())
        )
    if ci is None:
        ci = _service() if yes else click.prompt("CI service", type=Words(_SERVICES), default=_service(), err=True)
    if baseline is None:
        question = "Run the notebooks now, and record today's findings, so that only new ones fail?"
        baseline = yes or click.confirm(question, default=True, err=True)
    if baseline and Path(NAME).exists():
        say(f"{NAME} is there already, and stays as it is")
    elif baseline and (code := record(given)) not in (0, 3):  # 3: a notebook raised, which is no obstacle
        return code
    lines = ["# Settings of nbrerun; `nbrerun config` shows all that are in force.", 'fail-on = "error"']
    if baseline:
        lines.append(f'baseline = "{NAME}"')
    _write(_CONFIGURATION, "\n".join([*lines, ""]), Path("pyproject.toml"))
    if ci == "github":
        _write(_GITHUB, _WORKFLOW.replace("{paths}", "\n            ".join(given)))
    elif ci == "gitlab":
        _write(_GITLAB, _PIPELINE.replace("{paths}", " ".join(given)))
    say(f"commit these files; `nbrerun check {' '.join(given)}` does here what the CI service will do")
    return 0


def _service() -> str:
    """Guess the CI service from what is there."""
    if Path(_GITLAB).exists():
        return "gitlab"
    return "github" if Path(".github").is_dir() else "none"


def _write(file: str, text: str, *others: Path) -> None:
    """Write a file, unless it is there, or one of the others that may hold the same settings."""
    from nbrerun.reporters import write
    from nbrerun.settings.toml import load_table

    path = Path(file)
    taken = (
        path if path.exists() else next((one for one in others if one.exists() and load_table(one) is not None), None)
    )
    if taken is not None:
        say(f"{taken} is there already, and stays as it is; {file} would have had:")
        click.echo(text, err=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write.check_target(file)
    write.write_file(file, lambda out: print(text, end="", file=out))
    say(f"written: {file}")
