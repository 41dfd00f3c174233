"""`nbrerun check`: run notebooks, run their cells again, and report."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from nbrerun.cli.ending import end, say, signals_interrupt
from nbrerun.cli.options import CONTEXT, GroupedCommand, check_options, version
from nbrerun.errors import UsageError
from nbrerun.reporters import targets
from nbrerun.reporters.targets import Display, Stream
from nbrerun.settings.values import CLUSTERS

if TYPE_CHECKING:
    from nbrerun.batch.outcome import Outcome
    from nbrerun.batch.run import Course
    from nbrerun.model import NotebookReport, Report
    from nbrerun.settings.resolve import Asked

_EPILOG = """\
\b
Examples:
  nbrerun check lesson.ipynb
  nbrerun check notebooks/ --only models -q
  nbrerun check lesson.ipynb --cells 4,7-9,tag:train -v
  nbrerun check lesson.ipynb --restart
  nbrerun check notebooks/ --format json --output report.json
  nbrerun check notebooks/ --format terminal --format sarif=nbrerun.sarif
  nbrerun check notebooks/ --jobs auto --budget 10m

Every option can be set in a configuration file as well (`nbrerun config` shows what is in force); a flag that
a file sets is unset with `no`, as in `--no-static`.

\b
Exit codes:
  0    no finding of the severity set by --fail-on, or a graver one
  1    at least one such finding; with --strict, or something was not judged
  2    wrong usage, or a notebook could not be checked (the others were)
  3    the main run of a notebook raised
  4    the budget is spent, and nothing was found by then
  130  interrupted; what was found by then is reported
"""


@click.command(cls=GroupedCommand, context_settings=CONTEXT, epilog=_EPILOG)
@click.argument("paths", nargs=-1, metavar="PATHS...")
@check_options
@version
def check(paths: tuple[str, ...], **options: Any) -> None:
    """Run notebooks, run their cells again, and report what that does.

    PATHS are notebooks and folders; folders are searched recursively, except for hidden ones. No notebook
    is changed.
    """
    from nbrerun.settings.resolve import Asked

    end(functools.partial(_check, paths, Asked(click.get_current_context())))


def without_options() -> Asked:
    """Return the options of a `check` without any, for commands that read only configuration files."""
    return asked_for({})


def asked_for(settings: Mapping[str, Any]) -> Asked:
    """Take the options from a call from Python, by name, instead of a command line.

    Raises:
        UsageError: there is no such option, or its value is invalid.
    """
    from nbrerun.settings.resolve import Asked

    return Asked(check.make_context("check", []), settings)


@dataclass(frozen=True)
class _Show:
    """Where the report goes, and in which formats."""

    targets: tuple[targets.Target, ...]
    svg: str | None
    display: Display

    @classmethod
    def of(cls, options: dict[str, Any]) -> _Show:
        if options["quiet"] and options["verbose"]:
            raise UsageError("-q shows less and -v shows more: give one of them")
        display = Display(options["verbose"] - options["quiet"], options["restart"])
        chosen = targets.choose(options["form"], options["output"])
        return cls(chosen, options["svg"], display)

    @property
    def stream(self) -> Stream | None:
        return Stream(self.display) if targets.TERMINAL in self.targets else None

    @property
    def files(self) -> list[str]:
        return [file for file in (*(target.file for target in self.targets), self.svg) if file]


def _check(paths: tuple[str, ...], asked: Asked) -> int:
    """Check, report, and return the exit code; options, notebooks and targets are validated before anything runs."""
    from nbrerun import baseline, progress
    from nbrerun.batch import cache as caches
    from nbrerun.batch import jobs as batch
    from nbrerun.batch.run import run
    from nbrerun.reporters import write

    # `--svg` is hidden, so it cannot be configured and is not among the resolved settings.
    options = {"svg": click.get_current_context().params["svg"]} | asked.of_run(paths).parameters()
    show = _Show.of(options)
    known = baseline.read(options["baseline"]) if options["baseline"] is not None else None
    course = course_of(options)
    jobs = batch.read(paths, asked, options["shard"])
    for file in show.files:
        write.check_target(file, [job.path for job in jobs])
    stream = show.stream
    shown = progress.listener([job.size for job in jobs], quiet=show.display.verbosity < 0)

    def done(report: NotebookReport) -> None:
        if stream is not None:
            with shown.aside():
                stream.notebook(report)

    with signals_interrupt(), caches.opened(options, say) as cache, shown as listener:
        outcome = run(jobs, listener, known, cache, course, done)
    # A run that ended before its first report has nothing to show; an empty shard still writes its files.
    if outcome.reports or not jobs:
        _deliver(outcome.report(), show, stream)
    _say_why_it_ended(outcome, len(jobs), is_read_here=stream is not None and sys.stdout.isatty())
    return outcome.exit_code


def course_of(options: dict[str, Any]) -> Course:
    """Return how the run proceeds, from the options by parameter name.

    Raises:
        UsageError: the options contradict each other.
    """
    from nbrerun.batch.run import Course
    from nbrerun.batch.workers import Crew

    backend, scheduler = options["backend"], options["scheduler"]
    if (backend in CLUSTERS) != (scheduler is not None):
        names = " or ".join(CLUSTERS)
        raise UsageError(f"--scheduler ADDRESS says where a cluster is, and --backend {names} which kind: give both")
    jobs = None if options["jobs"] == "auto" else options["jobs"]
    return Course(Crew(jobs, backend, scheduler), options["budget"], options["fail_fast"], options["strict"])


def _say_why_it_ended(outcome: Outcome, total: int, is_read_here: bool) -> None:
    """Write sentences to stderr.

    Args:
        is_read_here: the report was written to this terminal, and said of each notebook why it was not checked.
    """
    left = total - len(outcome.reports)
    if outcome.interrupted:
        say("interrupted" + (f"; {left} of {total} notebooks not checked" if left else ""))
    elif left and not outcome.problem:
        say(f"stopped at the first notebook that fails; {left} of {total} not checked")
    if outcome.strict and outcome.not_judged:
        say(f"--strict: {outcome.not_judged}")
    if not total:
        say("there is no notebook in this shard")
    for error in () if is_read_here else outcome.unchecked:
        say(str(error))
    if outcome.problem:
        say(str(outcome.problem))


def _deliver(report: Report, show: _Show, begun: Stream | None) -> None:
    from nbrerun.reporters import write
    from nbrerun.reporters.formats import terminal

    for sentence in targets.deliver(report, show.targets, show.display, begun=begun):
        say(sentence)
    if show.svg:
        title = " ".join(["nbrerun check", *(notebook.path for notebook in report.notebooks)])
        picture = terminal.render_svg(report, title, **vars(show.display))
        write.write_file(show.svg, lambda out: print(picture, end="", file=out))
