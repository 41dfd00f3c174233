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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbrerun import __version__, targets
from nbrerun.config import ENGINES, EXPERIMENTS, FAIL_ON, FORMATS, NEVER, SANDBOXES, WHOLE, Settings
from nbrerun.errors import NbrerunError, UsageError, suggestion

if TYPE_CHECKING:
    from nbrerun.baseline import Baseline, Found
    from nbrerun.config import Gate
    from nbrerun.configuration import Asked
    from nbrerun.model import NotebookReport, Report
    from nbrerun.notebook import Notebook
    from nbrerun.progress import Silent

_SHIFTS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
"""A binary unit is two to this power."""
_MOST_BYTES = 2**63 - 1
"""What a file can hold (`off_t`)."""

NOTHING, FINDINGS, WRONG_USAGE, FAILED, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes."""

_AGAIN, _HOW, _FILES, _FAIL = "What to run again", "How to run", "Files", "Which findings count"
_SHOW, _OTHER = "What to show", "Other"

_GROUPS = (_AGAIN, _HOW, _FILES, _FAIL, _SHOW, _OTHER)

_EPILOG = """\
\b
Examples:
  nbrerun check lesson.ipynb
  nbrerun check notebooks/ --only models -q
  nbrerun check lesson.ipynb --cells 4,7-9,tag:train -v
  nbrerun check lesson.ipynb --restart
  nbrerun check notebooks/ --format json --output report.json
  nbrerun check notebooks/ --format terminal --format sarif=nbrerun.sarif

\b
Exit codes:
  0    no finding that is as grave as --fail-on says
  1    at least one
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


def _rules(context: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    from nbrerun.rules import RULES, matching

    codes = tuple(code.upper() for code in _comma_separated(context, param, values))
    for code in codes:
        if not matching(code):
            raise click.BadParameter(f"there is no rule {code!r}; {suggestion(code, RULES)}", context, param)
    return codes


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


def _targets(context: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[targets.Target, ...]:
    try:
        return tuple(targets.parse(value) for value in values)
    except UsageError as error:
        raise click.BadParameter(str(error), context, param) from error


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
    "--static",
    group=_HOW,
    is_flag=True,
    help="Run nothing: report what the source proves by itself. No cell has a verdict then.",
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
    "--select",
    group=_FAIL,
    multiple=True,
    callback=_rules,
    metavar="RULES",
    help="Report the findings of these rules only: codes or beginnings of codes, comma separated, repeatable.",
)
@_option(
    "--ignore",
    group=_FAIL,
    multiple=True,
    callback=_rules,
    metavar="RULES",
    help="Do not report the findings of these rules; of a selected and an ignored prefix the longer one decides.",
)
@_option(
    "--fail-on",
    group=_FAIL,
    type=click.Choice(FAIL_ON),
    default="error",
    show_default=True,
    help="Exit with 1 where a finding is of this severity or a graver one.",
)
@_option(
    "--baseline",
    group=_FAIL,
    metavar="FILE",
    help="Fail only on findings that are not in FILE, which `nbrerun baseline` wrote, and say which are gone.",
)
@_option(
    "--format",
    "form",
    group=_SHOW,
    multiple=True,
    callback=_targets,
    metavar="FORMAT[=FILE]",
    help=f"What the report looks like, and the file it goes to (else stdout); repeatable: {', '.join(FORMATS)}.  "
    "[default: terminal; in GitHub Actions github as well]",
)
@_option(
    "--output",
    group=_SHOW,
    metavar="FILE",
    help="Write the one report to FILE; stdout stays empty, stderr gets one line.",
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
    try:
        asked = _asked()
        options |= asked.of_run(paths).parameters()
        verbosity = options["verbose"] - options["quiet"]
        show = _Show(targets.choose(options["form"], options["output"]), options["svg"], verbosity, options["fail_on"])
        code = _check(paths, asked, show, options["baseline"])
    except NbrerunError as error:
        _say(str(error))
        code = WRONG_USAGE
    except KeyboardInterrupt:
        _say("interrupted before anything was run")
        code = INTERRUPTED
    raise SystemExit(code)


def _asked() -> Asked:
    from nbrerun.configuration import Asked

    return Asked(click.get_current_context())


def _settings(options: dict[str, Any]) -> Settings:
    asked = options["experiment"] | ({"restart"} if options["restart"] else set())
    return Settings(
        cells=options["cells"],
        only=options["only"],
        watch=frozenset(options["watch"]),
        experiments=asked or frozenset(EXPERIMENTS),
        all_plans="restart" in asked,
        engine=options["engine"],
        static=options["static"],
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
    """Where the report goes, and in which forms."""

    targets: tuple[targets.Target, ...]
    svg: str | None
    verbosity: int
    fail_on: str

    @property
    def quiet(self) -> bool:
        return self.verbosity < 0


@dataclass(frozen=True)
class _Job:
    """A notebook, and how to check it."""

    notebook: Notebook
    settings: Settings
    gate: Gate


@dataclass
class _Outcome:
    """What came of the notebooks, as far as they were checked."""

    reports: list[NotebookReport] = field(default_factory=list)
    problem: NbrerunError | None = None
    interrupted: bool = False
    fails: bool = False
    """Whether some finding is grave enough."""
    baseline: Baseline | None = None
    looked_for: list[Callable[[str], bool]] = field(default_factory=list)
    """For each report the rules that the check looks for."""

    @property
    def exit_code(self) -> int:
        if self.problem:
            return WRONG_USAGE
        if self.interrupted:
            return INTERRUPTED
        if any(report.failure for report in self.reports):
            return FAILED
        return FINDINGS if self.fails else NOTHING

    def add(self, report: NotebookReport, job: _Job) -> None:
        """Take a report in, with those of its findings that count."""
        ids = {index: cell["id"] for index, cell in enumerate(job.notebook.node["cells"])}
        counting = (finding for finding in report.findings if job.gate.reports(finding.rule))
        findings = tuple(replace(finding, cell=ids.get(finding.index, "")) for finding in counting)
        if self.baseline is not None:
            findings = self.baseline.marked(report.path, findings)
        report = replace(report, findings=findings)
        self.reports.append(report)
        self.looked_for.append(functools.partial(_looks_for, job, report))
        self.fails |= job.gate.fails(finding for finding in findings if not finding.known)

    def report(self) -> Report:
        """All that is known, compared with the baseline."""
        from nbrerun.model import Compared, Report

        compared = None
        if self.baseline is not None:
            gone = self.baseline.gone(zip(self.reports, self.looked_for, strict=True))
            compared = Compared(self.baseline.path, gone)
        return Report(__version__, tuple(self.reports), compared)


def _looks_for(job: _Job, report: NotebookReport, rule: str) -> bool:
    """Whether a check would have found this rule anywhere in the notebook, were it to be found."""
    asked, static = job.settings, rule.startswith("NBR3")
    whole = not (asked.cells or report.lacks or report.interrupted or report.failure)
    if asked.static or static or not whole:
        return whole and static and asked.static and job.gate.reports(rule)
    by = {"NBR101": {"restart"}, "NBR103": {"fresh-clone"}}.get(rule, set(EXPERIMENTS))
    everything = asked.only == "all" and not asked.watch
    return everything and by <= asked.experiments and job.gate.reports(rule)


def _check(paths: tuple[str, ...], asked: Asked, show: _Show, known: str | None = None) -> int:
    """Check, report, and return the exit code; whatever can be wrong is looked at before anything runs."""
    from nbrerun import baseline, delivery, progress

    before = baseline.read(known) if known is not None else None
    jobs = _read(paths, asked)
    for file in filter(None, (*(target.file for target in show.targets), show.svg)):
        delivery.check_target(file, [job.notebook.path for job in jobs])
    with _sigterm_interrupts():
        outcome = _analyze(jobs, progress.listener(len(jobs), quiet=show.quiet), before)
    if outcome.reports:
        _deliver(outcome.report(), show)
    if outcome.interrupted:
        left = len(jobs) - len(outcome.reports)
        _say("interrupted" + (f"; {left} of {len(jobs)} notebooks not checked" if left else ""))
    if outcome.problem:
        _say(str(outcome.problem))
    return outcome.exit_code


def _read(paths: tuple[str, ...], asked: Asked) -> list[_Job]:
    if not paths:
        raise UsageError("give at least one notebook or folder to check, as in `nbrerun check lesson.ipynb`")
    from nbrerun import notebook

    jobs = [_job(notebook.read(path), asked) for path in notebook.find_notebooks(paths, asked.excludes)]
    for job in jobs:
        notebook.select(job.notebook, job.settings.cells)
    return jobs


def _job(notebook: Notebook, asked: Asked) -> _Job:
    said = asked.of_notebook(notebook)
    return _Job(notebook, _settings(said.parameters()), said.gate())


def _analyze(jobs: Sequence[_Job], listener: Silent, known: Baseline | None = None) -> _Outcome:
    outcome = _Outcome(baseline=known)
    try:
        with listener:
            for job in jobs:
                outcome.add(_report_on(job, listener), job)
                if outcome.reports[-1].interrupted:
                    outcome.interrupted = True
                    break
    except NbrerunError as error:
        outcome.problem = error
    except KeyboardInterrupt:
        outcome.interrupted = True
    return outcome


def _report_on(job: _Job, listener: Silent) -> NotebookReport:
    if job.settings.static:
        from nbrerun import static

        return static.analyze(job.notebook, job.settings)
    from nbrerun import analysis

    return analysis.analyze(job.notebook, job.settings, listener)


def _deliver(report: Report, show: _Show) -> None:
    from nbrerun import delivery
    from nbrerun.model import Severity
    from nbrerun.reporters import terminal

    fails = None if show.fail_on == NEVER else Severity(show.fail_on)
    for sentence in targets.deliver(report, show.targets, targets.Look(show.verbosity, fails)):
        _say(sentence)
    if show.svg:
        title = " ".join(["nbrerun check", *(notebook.path for notebook in report.notebooks)])
        picture = terminal.render_svg(report, title, verbosity=show.verbosity)
        delivery.write_file(show.svg, lambda out: print(picture, end="", file=out))


@main.command(context_settings=_context)
@click.argument("rule", required=False)
def explain(rule: str | None) -> None:
    """Say what a rule means, and how to mend it.

    Why it matters, an example, what to do: the text of the page on findings. Without RULE all rules are listed.
    """
    from nbrerun import delivery, explain

    with _exit_on_error():
        show = explain.overview if rule is None else functools.partial(explain.show, explain.rule(rule))
        delivery.write_stdout(show)


@main.command(context_settings=_context)
@click.argument("path", default=".")
def config(path: str) -> None:
    """Print what is in force, and where it was set.

    PATH is a notebook or a folder, the current one unless given. Nothing is run.
    """
    from nbrerun import delivery
    from nbrerun.configuration import Asked

    with _exit_on_error():
        lines = list(Asked(check.make_context("check", [])).lines(path))
        delivery.write_stdout(lambda out: print(*lines, sep="\n", file=out))


@main.command(context_settings=_context | {"ignore_unknown_options": True})
@click.argument("paths", nargs=-1, metavar="PATHS...", type=click.UNPROCESSED)
@click.option("--output", metavar="FILE", help="Where to write it.  [default: nbrerun-baseline.json]")
@click.option("--from", "source", metavar="FILE", help="Take the findings of this JSON report, and run nothing.")
def baseline(paths: tuple[str, ...], output: str | None, source: str | None) -> None:
    """Write today's findings to a file, for check --baseline.

    PATHS are notebooks and folders; every option of `check` that says what to run, and which findings count,
    can be given as well. A baseline that is there already is replaced as a whole.
    """
    from nbrerun.baseline import of_json

    code = NOTHING
    try:
        if source is not None:
            if paths:
                raise UsageError("give either PATHS or --from, not both")
            _write_baseline(of_json(source), _baseline_file(output, None))
        else:
            code = _baseline(check.make_context("baseline", list(paths)), output)
    except NbrerunError as error:
        _say(str(error))
        code = WRONG_USAGE
    except KeyboardInterrupt:
        _say("interrupted before anything was run")
        code = INTERRUPTED
    raise SystemExit(code)


def _baseline(context: click.Context, output: str | None) -> int:
    from nbrerun import progress
    from nbrerun.baseline import of_reports
    from nbrerun.configuration import Asked

    asked = Asked(context)
    paths = context.params["paths"]
    options = asked.of_run(paths).parameters()
    jobs = _read(paths, asked)
    file = _baseline_file(output, options["baseline"], [job.notebook.path for job in jobs])
    with _sigterm_interrupts():
        outcome = _analyze(jobs, progress.listener(len(jobs), quiet=options["quiet"]))
    if outcome.problem:
        raise outcome.problem
    if outcome.interrupted:
        _say("interrupted; no baseline was written")
        return INTERRUPTED
    for report in outcome.reports:
        if report.failure:
            _say(f"the main run of {report.path} raised; its findings are those up to there")
    _write_baseline(list(of_reports(outcome.reports)), file)
    return FAILED if outcome.exit_code == FAILED else NOTHING


def _baseline_file(output: str | None, configured: str | None, inputs: Sequence[Path] = ()) -> str:
    from nbrerun import delivery
    from nbrerun.baseline import NAME

    file = output or configured or NAME
    delivery.check_target(file, inputs)
    return file


def _write_baseline(found: Sequence[Found], file: str) -> None:
    from nbrerun import delivery
    from nbrerun.baseline import render

    delivery.write_file(file, functools.partial(render, found, file))
    notebooks = len({one.path for one in found})
    _say(f"{_count(len(found), 'finding')} in {_count(notebooks, 'notebook')}; written to {file}")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


@contextlib.contextmanager
def _exit_on_error() -> Iterator[None]:
    try:
        yield
    except NbrerunError as error:
        _say(str(error))
        raise SystemExit(WRONG_USAGE) from error


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
