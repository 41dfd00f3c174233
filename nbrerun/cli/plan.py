"""`nbrerun plan`: which cells to run after an edit."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

import click

from nbrerun.cli import validate
from nbrerun.cli.check import check
from nbrerun.cli.ending import end, say, signals_interrupt
from nbrerun.cli.options import CONTEXT, FORM, OUTPUT
from nbrerun.errors import UsageError

if TYPE_CHECKING:
    from nbrerun.batch.jobs import Job

_RESTART = 1
"""The exit code where nothing less than a restart is right."""
_RAISED = 3
"""The exit code where the edited notebook raises."""

_EPILOG = """\
\b
Examples:
  nbrerun plan lesson.ipynb --against lesson.before.ipynb
  nbrerun plan lesson.ipynb --edited 3
  nbrerun plan lesson.ipynb --format json

\b
Exit codes:
  0    running these cells is right
  1    nothing less than Restart & Run All is
  2    wrong usage, or a notebook could not be run
  3    the edited notebook raises in a clean run
"""


@click.command(context_settings=CONTEXT | {"ignore_unknown_options": True}, epilog=_EPILOG)
@click.argument("arguments", nargs=-1, metavar="NOTEBOOK", type=click.UNPROCESSED)
@click.option(
    "--edited",
    multiple=True,
    callback=validate.comma_separated,
    metavar="CELLS",
    help="The cells that were edited since they were run: 3, 5-7, a cell id; comma separated. What they were before is "
    "taken from git, if they differ there; else they may have been anything.",
)
@click.option("--against", metavar="OLD", help="The notebook as it was when the kernel ran it.")
@click.option("--outputs", is_flag=True, help="Run as well what would show something else after a clean run.")
@FORM
@OUTPUT
def plan(arguments: tuple[str, ...], **options: Any) -> None:
    """Say which cells to run after an edit.

    Finds the fewest cells after which a kernel that has run the notebook as it was holds what Restart & Run All of
    NOTEBOOK would leave, and verifies that in a sandbox: your kernel is not touched. Without --edited and --against,
    the notebook is compared with git's. Options of `check` on how to run work here as well.
    """
    end(functools.partial(_plan, arguments, options))


def _plan(arguments: tuple[str, ...], options: dict[str, Any]) -> int:
    from nbrerun import progress
    from nbrerun.plan import render
    from nbrerun.plan.ask import ask
    from nbrerun.reporters import write

    job, output = only_notebook("plan", arguments), options["output"]
    if output is not None:
        write.check_target(output, [job.path])
    edited, against, outputs = options["edited"], options["against"], options["outputs"]
    with signals_interrupt(), progress.listener([job.size], quiet=False) as listener:
        listener.notebook_started(str(job.path), job.size)
        found = ask(job.notebook, job.settings, edited, against, outputs, listener.cell_started)
    shown = functools.partial(render.as_json if options["form"] == "json" else render.as_text, found)
    deliver(shown, output)
    return _RAISED if found.failure else _RESTART if found.restart else 0


def deliver(shown: Callable[[TextIO], None], output: str | None) -> None:
    """Write what was found to a file, or to stdout."""
    from nbrerun.reporters import write

    if output is None:
        write.write_stdout(shown)
    else:
        write.write_file(output, shown)
        say(f"written to {output}")


def only_notebook(command: str, arguments: tuple[str, ...]) -> Job:
    """Read the one notebook of a command, with the options of `check` that say how to run.

    Raises:
        UsageError: it is not exactly one notebook.
    """
    from pathlib import Path

    from nbrerun.batch.jobs import job
    from nbrerun.settings.resolve import Asked

    # Parsed by `check` itself, so that its options work here as well.
    context = check.make_context(command, list(arguments))
    paths = context.params["paths"]
    if len(paths) != 1:
        raise UsageError(f"give one notebook, as in `nbrerun {command} lesson.ipynb`")
    return job(Path(paths[0]), Asked(context))
