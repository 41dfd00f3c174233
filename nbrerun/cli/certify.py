"""`nbrerun certify`: which values depend on what should not matter."""

from __future__ import annotations

import functools
from typing import Any

import click

from nbrerun.cli import validate
from nbrerun.cli.ending import end, signals_interrupt
from nbrerun.cli.options import CONTEXT, FORM, OUTPUT
from nbrerun.cli.plan import deliver, only_notebook
from nbrerun.errors import UsageError
from nbrerun.spelling import suggestion

_DEPENDS, _UNKNOWN, _RAISED = 1, 2, 3

_EPILOG = """\
\b
Examples:
  nbrerun certify lesson.ipynb
  nbrerun certify lesson.ipynb --factor "hash seed,time zone"
  nbrerun certify lesson.ipynb --format json --badge reproducible.svg

\b
Exit codes:
  0    nothing depends on any of it
  1    at least one value does
  2    wrong usage, or a factor could not be varied
  3    the notebook raises
"""


@click.command(context_settings=CONTEXT | {"ignore_unknown_options": True}, epilog=_EPILOG)
@click.argument("arguments", nargs=-1, metavar="NOTEBOOK", type=click.UNPROCESSED)
@click.option(
    "--factor",
    multiple=True,
    callback=validate.comma_separated,
    metavar="FACTORS",
    help="Vary only these, comma separated: hash seed, threads, time zone, locale, folder, order of the environment.",
)
@click.option("--badge", metavar="FILE", help="Draw the result as a badge (SVG).")
@FORM
@OUTPUT
def certify(arguments: tuple[str, ...], **options: Any) -> None:
    """Say which values depend on what should not matter.

    Runs NOTEBOOK twice as it is, and once each with another hash seed, number of threads, time zone, locale, folder
    and order of the environment, each time in a fresh kernel and a sandbox. Options of `check` on how to run work
    here as well.
    """
    end(functools.partial(_certify, arguments, options))


def _certify(arguments: tuple[str, ...], options: dict[str, Any]) -> int:
    from nbrerun import progress
    from nbrerun.certify import factors, render
    from nbrerun.certify.make import certify as certified
    from nbrerun.reporters import write

    for name in options["factor"]:
        if name not in factors.NAMES:
            raise UsageError(f"--factor: there is no {name!r}; {suggestion(name, factors.NAMES)}")
    job, output = only_notebook("certify", arguments), options["output"]
    for file in filter(None, (output, options["badge"])):
        write.check_target(file, [job.path])
    with signals_interrupt(), progress.listener([job.size], quiet=False) as listener:
        listener.notebook_started(str(job.path), job.size)
        found = certified(job.notebook, job.settings, options["factor"], listener.cell_started)
    shown = functools.partial(render.as_json if options["form"] == "json" else render.as_text, found)
    deliver(shown, output)
    if options["badge"]:
        write.write_file(options["badge"], functools.partial(render.badge, found))
    if found.failure:
        return _RAISED
    return _DEPENDS if found.depends else 0 if found.is_complete else _UNKNOWN
