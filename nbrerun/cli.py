"""The command line. Nothing heavy is imported before a check begins: `--help` answers at once."""

from __future__ import annotations

import contextlib
import functools
import math
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from nbrerun import __version__
from nbrerun.config import ENGINES, EXPERIMENTS, SANDBOXES, WHOLE, Settings
from nbrerun.errors import NbrerunError, UsageError

if TYPE_CHECKING:
    from nbrerun.model import NotebookReport, Report
    from nbrerun.notebook import Notebook
    from nbrerun.progress import Silent

_SHIFTS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
"""A binary unit is two to this power."""
_MOST_BYTES = 2**63 - 1
"""What a file can hold (`off_t`)."""

NOTHING, FINDINGS, WRONG_USAGE, FAILED, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes."""

_AGAIN, _HOW, _FILES, _SHOW, _OTHER = "What to run again", "How to run", "Files", "What to show", "Other"

_GROUPS = (_AGAIN, _HOW, _FILES, _SHOW, _OTHER)

_EPILOG = """\
\b
Examples:
  nbrerun check lesson.ipynb
  nbrerun check notebooks/ --only models -q
  nbrerun check lesson.ipynb --cells 4,7-9,tag:train -v
  nbrerun check lesson.ipynb --restart
  nbrerun check notebooks/ --format json --output report.json

\b
Exit codes:
  0    no finding of severity error
  1    at least one finding of severity error
  2    wrong usage, unreadable notebook, or no such kernel
  3    the main run of a notebook raised
  130  interrupted; what was known by then is reported
"""


class GroupedOption(click.Option):
    """An option that `--help` lists under a heading of its own."""

    def __init__(self, *args: Any, group: str = _OTHER, **more: Any) -> None:
        super().__init__(*args, **more)
        self.group = group


class GroupedCommand(click.Command):
    """A command whose `--help` groups the options."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section per group, all with the same columns."""
        groups: dict[str, list[tuple[str, str]]] = {group: [] for group in _GROUPS}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx) if isinstance(option, click.Option) else None
            if record:
                groups[getattr(option, "group", _OTHER)].append(record)
        width = max(len(names) for records in groups.values() for names, _ in records)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl([(names.ljust(width), text) for names, text in records])


_option = functools.partial(click.option, cls=GroupedOption)
_context = {"help_option_names": ["-h", "--help"]}
_version = click.version_option(__version__, prog_name="nbrerun", message="%(prog)s %(version)s")


def _comma_separated(context: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """Split `4,7-9`, and refuse what names nothing."""
    words = [word.strip() for value in values for word in value.split(",")]
    if not all(words):
        raise click.BadParameter("there is an empty name in it", context, param)
    return tuple(words)


def _experiments(context: click.Context, param: click.Parameter, values: Sequence[str]) -> frozenset[str]:
    names = _comma_separated(context, param, values)
    known = (*EXPERIMENTS, *WHOLE)
    for name in names:
        if name not in known:
            raise click.BadParameter(f"there is no {name!r}; there is {', '.join(known)}", context, param)
    return frozenset(names)


def _bytes(context: click.Context, param: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    size = re.fullmatch(r"([0-9]{1,18})([KMGT]?)", value, re.IGNORECASE)
    number = int(size[1]) << _SHIFTS[size[2].upper()] if size else 0
    if not 0 < number <= _MOST_BYTES:
        raise click.BadParameter(f"{value!r} is no size; give 500M, 2G or a number of bytes", context, param)
    return number


def _seconds(context: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (value > 0 and math.isfinite(value)):
        raise click.BadParameter("give a number of seconds greater than 0", context, param)
    return value


@click.group(context_settings=_context)
@_version
def main() -> None:
    """Tell what running a notebook cell again does.

    For every cell: does it start over, carry on from where it was, or come back from somewhere else? Found
    out by running the cell again and looking.
    """


@main.command(cls=GroupedCommand, context_settings=_context, epilog=_EPILOG)
@click.argument("paths", nargs=-1, metavar="PATHS...")
@_option(
    "--cells",
    group=_AGAIN,
    multiple=True,
    callback=_comma_separated,
    metavar="CELLS",
    help="Run only these cells again: 3, 5-7, a cell id, tag:NAME; comma separated, repeatable. The main run "
    "is always whole.",
)
@_option(
    "--experiment",
    group=_AGAIN,
    multiple=True,
    callback=_experiments,
    metavar="NAMES",
    help=f"Do only these experiments, comma separated: {', '.join(EXPERIMENTS)}; or with the whole notebook: "
    f"{', '.join(WHOLE)}.  [default: {','.join(EXPERIMENTS)}]",
)
@_option(
    "--restart",
    group=_AGAIN,
    is_flag=True,
    help="Find out what a restart of the kernel loses, and verify every way back, however long it takes; "
    "short for --experiment restart.",
)
@_option(
    "--engine",
    group=_HOW,
    type=click.Choice(ENGINES),
    default="auto",
    show_default=True,
    help="fork: branch off from the running kernel; replay: run fresh kernels up to the cell.",
)
@_option(
    "--kernel",
    group=_HOW,
    metavar="NAME",
    help="Kernel to run in.  [default: the notebook's own, else python3]",
)
@_option(
    "--timeout",
    group=_HOW,
    type=float,
    callback=_seconds,
    metavar="SECONDS",
    help="Time limit for each run of each cell, first runs and reruns.",
)
@_option(
    "--sandbox",
    group=_FILES,
    type=click.Choice(SANDBOXES),
    default="auto",
    show_default=True,
    help="overlay: cells write to a layer in memory; copy: files are copied before a cell writes, and put back.",
)
@_option(
    "--sandbox-dir",
    group=_FILES,
    multiple=True,
    metavar="DIR",
    help="Keep the files of this folder safe, too, besides the notebook's own; repeatable.",
)
@_option(
    "--sandbox-limit",
    group=_FILES,
    callback=_bytes,
    metavar="SIZE",
    help="Most that a run may write: 500M, 2G or a number of bytes.  [default: a quarter of the memory]",
)
@_option("--write-files", group=_FILES, is_flag=True, help="Keep the files that the main run wrote.")
@_option(
    "--only",
    group=_SHOW,
    type=click.Choice(["models", "all"]),
    default="all",
    show_default=True,
    help="models: judge only the cells that touch a model.",
)
@_option("--watch", group=_SHOW, multiple=True, metavar="NAME", help="Report only this variable; repeatable.")
@_option(
    "--format",
    "form",
    group=_SHOW,
    type=click.Choice(["terminal", "json"]),
    default="terminal",
    show_default=True,
    help="What the report looks like.",
)
@_option(
    "--output",
    group=_SHOW,
    metavar="FILE",
    help="Write the report to FILE; stdout stays empty, stderr gets one line.",
)
@_option("-q", "--quiet", group=_SHOW, is_flag=True, help="Show findings and the summary only, and no progress.")
@_option("-v", "--verbose", group=_SHOW, is_flag=True, help="Show each variable with its changes, and seconds.")
@_option("--svg", metavar="FILE", hidden=True, help="Draw the terminal report as a picture, too.")
@_version
def check(paths: tuple[str, ...], **options: Any) -> None:
    """Run notebooks, run their cells again, and report what that does.

    PATHS are notebooks and folders; folders are searched recursively, except for hidden ones. No notebook
    is changed.
    """
    verbosity = options["verbose"] - options["quiet"]
    show = _Show(options["form"], options["output"], options["svg"], verbosity)
    try:
        code = _check(paths, _settings(options), show)
    except NbrerunError as error:
        _say(str(error))
        code = WRONG_USAGE
    except KeyboardInterrupt:
        _say("interrupted before anything was run")
        code = INTERRUPTED
    raise SystemExit(code)


def _settings(options: dict[str, Any]) -> Settings:
    asked = options["experiment"] | ({"restart"} if options["restart"] else set())
    return Settings(
        cells=options["cells"],
        only=options["only"],
        watch=frozenset(options["watch"]),
        experiments=asked or frozenset(EXPERIMENTS),
        all_plans="restart" in asked,
        engine=options["engine"],
        kernel=options["kernel"],
        sandbox=options["sandbox"],
        sandbox_dirs=_folders(options["sandbox_dir"]),
        sandbox_limit=options["sandbox_limit"],
        write_files=options["write_files"],
        timeout=options["timeout"],
    )


def _folders(names: Sequence[str]) -> tuple[Path, ...]:
    for name in names:
        if not os.path.isdir(name):
            raise UsageError(f"--sandbox-dir {name!r}: there is no such folder")
    return tuple(dict.fromkeys(Path(name).resolve() for name in names))


@dataclass(frozen=True)
class _Show:
    """Where the report goes, and in which form."""

    form: str
    output: str | None
    svg: str | None
    verbosity: int

    @property
    def quiet(self) -> bool:
        return self.verbosity < 0


@dataclass
class _Outcome:
    """What came of the notebooks, as far as they were checked."""

    reports: list[NotebookReport] = field(default_factory=list)
    problem: NbrerunError | None = None
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        if self.problem:
            return WRONG_USAGE
        if self.interrupted:
            return INTERRUPTED
        if any(report.failure for report in self.reports):
            return FAILED
        severities = {finding.severity for report in self.reports for finding in report.findings}
        return FINDINGS if "error" in severities else NOTHING


def _check(paths: tuple[str, ...], settings: Settings, show: _Show) -> int:
    """Check, report, and return the exit code; whatever can be wrong is looked at before anything runs."""
    from nbrerun import delivery, progress

    notebooks = _read(paths, settings)
    for target in filter(None, (show.output, show.svg)):
        delivery.check_target(target, [notebook.path for notebook in notebooks])
    with _sigterm_interrupts():
        outcome = _analyze(notebooks, settings, progress.listener(len(notebooks), quiet=show.quiet))
    if outcome.reports:
        _deliver(outcome.reports, show)
    if outcome.interrupted:
        left = len(notebooks) - len(outcome.reports)
        _say("interrupted" + (f"; {left} of {len(notebooks)} notebooks not checked" if left else ""))
    if outcome.problem:
        _say(str(outcome.problem))
    return outcome.exit_code


def _read(paths: tuple[str, ...], settings: Settings) -> list[Notebook]:
    if not paths:
        raise UsageError("give at least one notebook or folder to check, as in `nbrerun check lesson.ipynb`")
    from nbrerun import notebook

    notebooks = [notebook.read(path) for path in notebook.find_notebooks(paths)]
    for one in notebooks:
        notebook.select(one, settings.cells)
    return notebooks


def _analyze(notebooks: Sequence[Notebook], settings: Settings, listener: Silent) -> _Outcome:
    from nbrerun import analysis

    outcome = _Outcome()
    try:
        with listener:
            for notebook in notebooks:
                outcome.reports.append(analysis.analyze(notebook, settings, listener))
                if outcome.reports[-1].interrupted:
                    outcome.interrupted = True
                    break
    except NbrerunError as error:
        outcome.problem = error
    except KeyboardInterrupt:
        outcome.interrupted = True
    return outcome


def _deliver(reports: Sequence[NotebookReport], show: _Show) -> None:
    from nbrerun import delivery
    from nbrerun.model import Report
    from nbrerun.reporters import terminal

    report = Report(__version__, tuple(reports))
    render = _renderer(report, show)
    if show.output:
        delivery.write_file(show.output, render)
        if not show.quiet:
            _say(f"{terminal.summary_line(report)}; written to {show.output}")
    else:
        delivery.write_stdout(render)
    if show.svg:
        title = " ".join(["nbrerun check", *(notebook.path for notebook in reports)])
        picture = terminal.render_svg(report, title, verbosity=show.verbosity)
        delivery.write_file(show.svg, lambda out: print(picture, end="", file=out))


def _renderer(report: Report, show: _Show) -> Callable[[TextIO], None]:
    if show.form == "json":
        from nbrerun.reporters import json

        return functools.partial(json.render, report)
    from nbrerun.reporters import terminal

    return functools.partial(terminal.render, report, verbosity=show.verbosity)


@contextlib.contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does; only the main thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(sentence: str) -> None:
    click.echo(f"nbrerun: {sentence}", err=True)
