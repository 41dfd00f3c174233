"""Which reports are wanted, where each goes, and bringing them there."""

from __future__ import annotations

import functools
import importlib
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from nbrerun.errors import UsageError
from nbrerun.settings.values import FORMATS
from nbrerun.spelling import suggestion

if TYPE_CHECKING:
    from nbrerun.model import Report

IN_GITLAB = "gl-code-quality-report.json"
"""Where GitLab's own documentation has a job put its Code Quality report."""

_TOGETHER = {"terminal", "github"}
"""These two may share stdout: the runner of GitHub Actions picks its commands out of the other text."""


@dataclass(frozen=True)
class Target:
    """One report: its format, and the file it goes to; None is stdout."""

    form: str
    file: str | None = None

    def __str__(self) -> str:
        return f"{self.form}={self.file}" if self.file else self.form


def parse(value: str) -> Target:
    """Read `json` or `json=report.json`.

    Raises:
        UsageError: there is no such format, or no file behind the equals sign.
    """
    form, equals, file = value.partition("=")
    if form not in FORMATS:
        raise UsageError(f"there is no format {form!r}; {suggestion(form, FORMATS)}")
    if equals and not file:
        raise UsageError(f"there is no file behind the = of {value!r}; write {form}=FILE, or {form} alone for stdout")
    return Target(form, file or None)


def choose(
    asked: Sequence[Target], output: str | None, environment: Mapping[str, str] = os.environ
) -> tuple[Target, ...]:
    """Say which reports to write; where none is asked for, that is a matter of where this runs.

    Raises:
        UsageError: two reports would go to one place.
    """
    if output is not None:
        return (_to_output(asked, output),)
    if not asked:
        return (Target("terminal"), *_of_place(environment))
    _check_stdout([target.form for target in asked if target.file is None])
    _check_files([target.file for target in asked if target.file is not None])
    return tuple(asked)


def _to_output(asked: Sequence[Target], output: str) -> Target:
    if len(asked) > 1 or any(target.file for target in asked):
        raise UsageError(
            "--output goes with one --format that has no file of its own; with several, name a file for each, "
            "as in --format json=report.json"
        )
    return Target(asked[0].form if asked else "terminal", output)


def _check_stdout(forms: Sequence[str]) -> None:
    if len(forms) > 1 and (len(set(forms)) < len(forms) or not set(forms) <= _TOGETHER):
        raise UsageError(
            f"only one format can go to stdout, and {' and '.join(forms)} would; name a file, "
            f"as in --format {forms[-1]}=FILE"
        )


def _check_files(files: Sequence[str]) -> None:
    places = [os.path.realpath(file) for file in files]
    for number, place in enumerate(places):
        # A device takes whatever comes.
        if place in places[:number] and (os.path.isfile(place) or not os.path.exists(place)):
            raise UsageError(f"two formats would be written to {files[number]}; give each a file of its own")


def _of_place(environment: Mapping[str, str]) -> Iterator[Target]:
    """What the system that this runs in reads besides."""
    if _in_github(environment):
        yield Target("github")
    elif environment.get("GITLAB_CI") == "true":
        yield Target("gitlab", IN_GITLAB)


def _in_github(environment: Mapping[str, str]) -> bool:
    return environment.get("GITHUB_ACTIONS") == "true"


def deliver(
    report: Report, targets: Sequence[Target], verbosity: int, environment: Mapping[str, str] = os.environ
) -> Iterator[str]:
    """Bring each report to where it belongs, and give the sentences to tell the person on stderr.

    A report that cannot be written keeps no other from being written.

    Raises:
        UsageError: one could not be written; the first of them, when all have been tried.
    """
    problems: list[UsageError] = []
    for target in targets:
        try:
            yield from _deliver(report, target, verbosity, environment)
        except UsageError as error:
            problems.append(error)
    if problems:
        raise problems[0]
    if verbosity >= 0 and (written := _written(report, targets)):
        yield written


def _deliver(report: Report, target: Target, verbosity: int, environment: Mapping[str, str]) -> Iterator[str]:
    from nbrerun.reporters import write

    render = _renderer(report, target.form, verbosity)
    if target.file is not None:
        write.write_file(target.file, render)
    elif target.form == "terminal" and _in_github(environment):
        write.write_stdout(functools.partial(_without_commands, render))
    else:
        write.write_stdout(render)
    if target.form == "github" and (summary := environment.get("GITHUB_STEP_SUMMARY")):
        try:
            _append_summary(report, summary)
        except OSError as error:
            yield f"the job summary cannot be written to {summary} ({error.strerror})"


def _renderer(report: Report, form: str, verbosity: int) -> Callable[[TextIO], None]:
    render: Callable[..., None] = importlib.import_module(f"nbrerun.reporters.{form}").render
    return functools.partial(render, report, **({"verbosity": verbosity} if form == "terminal" else {}))


def _without_commands(render: Callable[[TextIO], None], out: TextIO) -> None:
    """Keep the runner from obeying what a notebook says: a line of its text may begin with `::`."""
    token = os.urandom(16).hex()
    out.write(f"::stop-commands::{token}\n")
    render(out)
    out.write(f"\n::{token}::\n")


def _append_summary(report: Report, path: str) -> None:
    from nbrerun.reporters import github, markdown, write

    out = io.StringIO()
    # The limit is that of the step, which may have written something before.
    markdown.render(report, out, github.SUMMARY_BYTES - write.size(path))
    write.append(path, out.getvalue())


def _written(report: Report, targets: Sequence[Target]) -> str:
    files = [target.file for target in targets if target.file is not None]
    if not files:
        return ""
    from nbrerun.reporters.terminal import summary_line

    where = f"written to {', '.join(files)}"
    return where if len(files) < len(targets) else f"{summary_line(report)}; {where}"
