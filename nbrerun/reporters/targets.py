"""Choose which reports to write and where each goes, and deliver them."""

from __future__ import annotations

import functools
import importlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from nbrerun.errors import UsageError
from nbrerun.settings.values import FORMATS
from nbrerun.spelling import suggestion

if TYPE_CHECKING:
    from nbrerun.model import NotebookReport, Report

IN_GITLAB = "gl-code-quality-report.json"
"""The file name that GitLab's documentation uses for the Code Quality report."""

_TOGETHER = {"terminal", "github"}
"""Formats that may share stdout: the runner of GitHub Actions picks its commands out of any other text."""


@dataclass(frozen=True)
class Target:
    """A report to write."""

    form: str
    """Its format."""
    file: str | None = None
    """The file that it goes to; None for stdout."""

    def __str__(self) -> str:
        return f"{self.form}={self.file}" if self.file else self.form


TERMINAL = Target("terminal")
"""The report for users, on stdout."""


def parse(value: str) -> Target:
    """Parse `json` or `json=report.json`.

    Raises:
        UsageError: there is no such format, or no file after the equals sign.
    """
    form, equals, file = value.partition("=")
    if form not in FORMATS:
        raise UsageError(f"there is no format {form!r}; {suggestion(form, FORMATS)}")
    if equals and not file:
        raise UsageError(f"there is no file after the = of {value!r}; write {form}=FILE, or {form} alone for stdout")
    return Target(form, file or None)


def choose(
    asked: Sequence[Target], output: str | None, environment: Mapping[str, str] = os.environ
) -> tuple[Target, ...]:
    """Choose the reports to write; if no format is asked for, the CI service that nbrerun runs in decides.

    Args:
        asked: the values of `--format`.
        output: the value of `--output`.
        environment: environment variables.

    Raises:
        UsageError: two reports would go to the same place.
    """
    if output is not None:
        if len(asked) > 1 or any(target.file for target in asked):
            raise UsageError(
                "--output goes with one --format that has no file of its own; with several, name a file for each, "
                "as in --format json=report.json"
            )
        return (Target(asked[0].form if asked else "terminal", output),)
    if asked:
        _check_places(asked)
        return tuple(asked)
    if _in_github(environment):
        return (Target("terminal"), Target("github"))
    if environment.get("GITLAB_CI") == "true":
        return (Target("terminal"), Target("gitlab", IN_GITLAB))
    return (Target("terminal"),)


def _check_places(asked: Sequence[Target]) -> None:
    forms = [target.form for target in asked if target.file is None]
    if len(forms) > 1 and (len(set(forms)) < len(forms) or not set(forms) <= _TOGETHER):
        raise UsageError(
            f"only one format can go to stdout, and {' and '.join(forms)} would; name a file, "
            f"as in --format {forms[-1]}=FILE"
        )
    if "html" in forms and sys.stdout.isatty():
        raise UsageError(
            "a page for a browser cannot be read in a terminal; name a file, as in --format html=report.html"
        )
    files = [target.file for target in asked if target.file is not None]
    places = [os.path.realpath(file) for file in files]
    for number, place in enumerate(places):
        # A device such as /dev/null takes several reports.
        if place in places[:number] and (os.path.isfile(place) or not os.path.exists(place)):
            raise UsageError(f"two formats would be written to {files[number]}; give each a file of its own")


def _in_github(environment: Mapping[str, str]) -> bool:
    return environment.get("GITHUB_ACTIONS") == "true"


@dataclass(frozen=True)
class Display:
    """What the terminal report shows."""

    verbosity: int = 0
    """-1 for `-q`, 1 for `-v`."""
    restart: bool = False
    """In full what a restart loses."""


@dataclass
class Stream:
    """The terminal report on stdout, each part as soon as its notebook is done."""

    display: Display
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    problem: UsageError | None = None
    """Why nothing more can be written."""

    def notebook(self, report: NotebookReport) -> None:
        """Write the part on one notebook."""
        from nbrerun.reporters.formats import terminal

        self._write(functools.partial(terminal.render_notebook, report, **vars(self.display)))

    def end(self, report: Report) -> None:
        """Write what follows the parts of the notebooks.

        Raises:
            UsageError: this could not be written, or a part before.
        """
        from nbrerun.reporters.formats import terminal

        self._write(functools.partial(terminal.render_end, report, verbosity=self.display.verbosity))
        if self.problem:
            raise self.problem

    def _write(self, render: Callable[[TextIO], None]) -> None:
        """A part that cannot be written must not end the check, which has other reports to write."""
        try:
            if self.problem is None:
                _to_terminal(render, self.environment)
        except UsageError as error:
            self.problem = error


def deliver(
    report: Report,
    targets: Sequence[Target],
    display: Display,
    environment: Mapping[str, str] = os.environ,
    begun: Stream | None = None,
) -> Iterator[str]:
    """Write each report, and yield the sentences that the user should see on stderr.

    A report that cannot be written does not prevent the others from being written.

    Args:
        report: of all notebooks.
        targets: the reports to write.
        display: what the terminal report shows.
        environment: environment variables.
        begun: a report on stdout that lacks only its end.

    Raises:
        UsageError: a report could not be written; raised for the first such report when all have been tried.
    """
    problems: list[UsageError] = []
    for target in targets:
        try:
            if begun is not None and target == TERMINAL:
                begun.end(report)
            else:
                yield from _deliver(report, target, display, environment)
        except UsageError as error:
            problems.append(error)
    if problems:
        raise problems[0]
    files = [target.file for target in targets if target.file is not None]
    if display.verbosity >= 0 and files:
        from nbrerun.reporters.summary import summary_line

        where = f"written to {', '.join(files)}"
        yield where if len(files) < len(targets) else f"{summary_line(report)}; {where}"


def _deliver(report: Report, target: Target, display: Display, environment: Mapping[str, str]) -> Iterator[str]:
    from nbrerun.reporters import write

    # Imported by name, so that only the formats that are asked for are loaded.
    render: Callable[..., None] = importlib.import_module(f"nbrerun.reporters.formats.{target.form}").render
    options: dict[str, Any] = vars(display) if target.form == "terminal" else {}
    render = functools.partial(render, report, **options)
    if target.file is not None:
        write.write_file(target.file, render)
    elif target.form == "terminal":
        _to_terminal(render, environment)
    else:
        write.write_stdout(render)
    if target.form == "github" and (summary := environment.get("GITHUB_STEP_SUMMARY")):
        try:
            _append_summary(report, summary)
        except OSError as error:
            yield f"the job summary cannot be written to {summary} ({error.strerror})"


def _to_terminal(render: Callable[[TextIO], None], environment: Mapping[str, str]) -> None:
    from nbrerun.reporters import write

    write.write_stdout(functools.partial(_without_commands, render) if _in_github(environment) else render)


def _without_commands(render: Callable[[TextIO], None], out: TextIO) -> None:
    """Prevent the runner from executing text of a notebook that looks like a command: a line that begins with `::`."""
    # GitHub's documentation, "Stopping and starting workflow commands": the token must be unpredictable.
    token = os.urandom(16).hex()
    out.write(f"::stop-commands::{token}\n")
    render(out)
    out.write(f"\n::{token}::\n")


def _append_summary(report: Report, path: str) -> None:
    from nbrerun.reporters import write
    from nbrerun.reporters.formats import github, markdown

    out = io.StringIO()
    # The limit is that of the step, which may have written to its summary before.
    markdown.render(report, out, github.SUMMARY_BYTES - write.size(path))
    write.append(path, out.getvalue())
