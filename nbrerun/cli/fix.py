"""`nbrerun fix`: edits that fix findings, each of them proven by running the edited notebook."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from nbrerun.cli.check import check
from nbrerun.cli.ending import count, end, say, signals_interrupt
from nbrerun.cli.options import CONTEXT
from nbrerun.cli.usage import Words
from nbrerun.errors import NbrerunError, UsageError

if TYPE_CHECKING:
    from nbrerun.batch.jobs import Job, Refused
    from nbrerun.fix.fixing import Fixes
    from nbrerun.model import Finding

_HOW_TO_RUN = ("engine", "kernel", "python", "timeout", "sandbox", "sandbox_dir", "sandbox_limit", "rerun_outside")
_WHICH = ("paths", "shard", "cells", "watch", "select", "ignore", "values", "cache")
_OF_CHECK = frozenset(_HOW_TO_RUN + _WHICH)
"""Options of `check`, by the names of their parameters, that work here as well."""

_EPILOG = """\
\b
Examples:
  nbrerun fix lesson.ipynb
  nbrerun fix lesson.ipynb --select NBR002 --apply

\b
Exit codes:
  0    every finding is fixed, or there was none
  1    a finding is left
  2    wrong usage, or a notebook could not be read or written (the others were)
  3    the main run of a notebook raised
  130  interrupted; nothing was written for the notebook at hand
"""


@click.command(context_settings=CONTEXT | {"ignore_unknown_options": True}, epilog=_EPILOG)
@click.argument("paths", nargs=-1, metavar="PATHS...", type=click.UNPROCESSED)
@click.option("--diff/--apply", "shows", default=True, help="Show the edits, or write them.  [default: --diff]")
@click.option(
    "--format", "form", type=Words(["text", "json"]), default="text", show_default=True, help="Of the output."
)
def fix(paths: tuple[str, ...], shows: bool, form: str) -> None:
    """Find edits that fix findings, and prove each.

    Of NBR001, NBR002, NBR003, NBR004 and NBR006. PATHS are notebooks and folders. An edit is proven by a run of the
    edited notebook: its cell starts over then, no cell has a new finding, and every value that later cells see is the
    same bit for bit. Only --apply writes, and nothing but the sources of cells. The options of `check` that say how to
    run (--kernel, --timeout ...) and which findings count (--select, --cells ...) work here as well.
    """
    end(functools.partial(_fix, paths, form, applies=not shows))


def _fix(args: Sequence[str], form: str, *, applies: bool) -> int:
    """Fix notebooks one after the other, and return the exit code."""
    from nbrerun.batch import jobs as batch
    from nbrerun.batch.outcome import Exit
    from nbrerun.fix import render
    from nbrerun.reporters import write
    from nbrerun.settings.resolve import Asked

    # Parsed by `check` itself, so that its options work here as well.
    context = check.make_context("fix", list(args))
    _refuse_others(context)
    asked, paths = Asked(context), context.params["paths"]
    jobs = batch.read(paths, asked, asked.of_run(paths).parameters()["shard"])
    found: list[tuple[str, Fixes]] = []
    codes = [Exit.NOTHING]
    try:
        with signals_interrupt():
            for job in jobs:
                fixes = _fixed(job, applies=applies)
                if isinstance(fixes, NbrerunError):
                    say(str(fixes))
                    codes.append(Exit.WRONG_USAGE)
                    continue
                found.append((str(job.path), fixes))
                codes.append(Exit.FAILED if fixes.failure else Exit.FINDINGS if fixes.left else Exit.NOTHING)
                if form == "text":
                    write.write_stdout(lambda out: render.render_text(*found[-1], out, applied=applies))
    except KeyboardInterrupt:
        say(f"interrupted; {count(len(jobs) - len(found), 'notebook')} not fixed")
        codes.append(Exit.INTERRUPTED)
    if form == "json":
        write.write_stdout(lambda out: render.render_json(found, out, applied=applies))
    # The gravest decides, as in `check`.
    return max(codes, key=[Exit.NOTHING, Exit.FINDINGS, Exit.FAILED, Exit.INTERRUPTED, Exit.WRONG_USAGE].index)


def _refuse_others(context: click.Context) -> None:
    """Refuse options of `check` that would have no effect here.

    Raises:
        UsageError: there is one.
    """
    for param in context.command.params:
        source = context.get_parameter_source(param.name or "")
        if source is ParameterSource.COMMANDLINE and param.name not in _OF_CHECK:
            raise UsageError(f"`nbrerun fix` has no use for {max(param.opts, key=len)}")


def _fixed(job: Job | Refused, *, applies: bool) -> Fixes | NbrerunError:
    """Fix one notebook, and write it if it is to be written; return why not if that is not possible."""
    from nbrerun.batch.jobs import Refused
    from nbrerun.batch.workers import mistakes_reported
    from nbrerun.fix.apply import apply
    from nbrerun.fix.fixing import fix
    from nbrerun.progress import Silent

    if isinstance(job, Refused):
        return job.error
    try:
        with mistakes_reported(job.path):
            fixes = fix(job.notebook, job.settings, functools.partial(_counts, job), Silent(), _tell)
            if applies:
                apply(job.path, fixes.original.texts, fixes.sources)
    except NbrerunError as error:
        return error
    return fixes


def _counts(job: Job, finding: Finding) -> bool:
    """Tell whether the options of `check` leave a finding in."""
    from nbrerun.analysis import watched
    from nbrerun.notebooks.select import select

    is_chosen = finding.index in select(job.notebook, job.settings.cells)
    return is_chosen and job.gate.reports(finding.rule) and watched.shows(finding.name, job.settings.watch)


def _tell(sentence: str) -> None:
    """Show what is tried next, to somebody who waits at a terminal."""
    if sys.stderr.isatty():
        say(sentence)
