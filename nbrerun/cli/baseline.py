"""`nbrerun baseline`: record today's findings."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbrerun.cli.check import check, course_of
from nbrerun.cli.ending import count, end, say, signals_interrupt
from nbrerun.cli.options import CONTEXT
from nbrerun.errors import UsageError

if TYPE_CHECKING:
    from nbrerun.baseline import Found


@click.command(context_settings=CONTEXT | {"ignore_unknown_options": True})
@click.argument("paths", nargs=-1, metavar="PATHS...", type=click.UNPROCESSED)
@click.option("--output", metavar="FILE", help="Where to write it.  [default: nbrerun-baseline.json]")
@click.option("--from", "source", metavar="FILE", help="Take the findings from this JSON report, and run nothing.")
def baseline(paths: tuple[str, ...], output: str | None, source: str | None) -> None:
    """Write today's findings to a file, for check --baseline.

    PATHS are notebooks and folders. The options of `check` that select what to run and which findings count
    work here as well. An existing baseline is replaced as a whole.
    """
    if source is None:
        end(functools.partial(record, paths, output))

    def of_report() -> None:
        from nbrerun.baseline import of_reports
        from nbrerun.batch import saved

        if paths:
            raise UsageError("give either PATHS or --from, not both")
        _write(list(of_reports(saved.read(source).notebooks)), _target(output, None))

    end(of_report)


def record(args: tuple[str, ...], output: str | None = None) -> int:
    """Check notebooks, write a baseline of what was found, and return the exit code.

    Args:
        args: paths and options of `check`.
        output: the file; None for the configured one.
    """
    from nbrerun import progress
    from nbrerun.baseline import of_reports
    from nbrerun.batch import cache as caches
    from nbrerun.batch import jobs as batch
    from nbrerun.batch.outcome import Exit
    from nbrerun.batch.run import run
    from nbrerun.settings.resolve import Asked

    # Parsed by `check` itself, so that its options work here as well.
    context = check.make_context("baseline", list(args))
    asked, paths = Asked(context), context.params["paths"]
    options = asked.of_run(paths).parameters()
    # Stopping early would leave out the findings of the other notebooks, which would be new ever after.
    course = dataclasses.replace(course_of(options), fail_fast=False, strict=False)
    jobs = batch.read(paths, asked, options["shard"])
    file = _target(output, options["baseline"], [job.path for job in jobs])
    shown = progress.listener([job.size for job in jobs], quiet=options["quiet"])
    with signals_interrupt(), caches.opened(options, say) as cache, shown as listener:
        outcome = run(jobs, listener, cache=cache, course=course)
    if error := outcome.problem or next(iter(outcome.unchecked), None):
        raise error
    if outcome.interrupted:
        say("interrupted; no baseline was written")
        return Exit.INTERRUPTED
    if any(report.over_budget for report in outcome.reports):
        say("the budget is spent; no baseline was written")
        return Exit.OVER_BUDGET
    for report in outcome.reports:
        if report.failure:
            say(f"the main run of {report.path} raised; the baseline has its findings up to that cell")
    _write(list(of_reports(outcome.reports)), file)
    # Findings do not fail this command: recording them is its purpose.
    return Exit.FAILED if outcome.exit_code == Exit.FAILED else Exit.NOTHING


def _target(output: str | None, configured: str | None, inputs: Sequence[Path] = ()) -> str:
    from nbrerun.baseline import NAME
    from nbrerun.reporters import write

    file = output or configured or NAME
    write.check_target(file, inputs)
    return file


def _write(found: Sequence[Found], file: str) -> None:
    from nbrerun.baseline import render
    from nbrerun.reporters import write

    write.write_file(file, functools.partial(render, found, file))
    notebooks = len({one.path for one in found})
    say(f"{count(len(found), 'finding')} in {count(notebooks, 'notebook')}; written to {file}")
