"""`nbrerun show` and `nbrerun diff`: reports that were saved as JSON."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from nbrerun.cli.ending import end, say
from nbrerun.cli.options import CONTEXT, OUTPUT, SHOW
from nbrerun.cli.usage import Words
from nbrerun.reporters import targets


def _show_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(SHOW):
        command = option(command)
    return command


@click.command(context_settings=CONTEXT)
@click.argument("report", metavar="REPORT")
@_show_options
def show(report: str, **options: Any) -> None:
    """Render a saved report in any format.

    REPORT is a file that `nbrerun check --format json=REPORT` wrote. Nothing is run.
    """
    end(functools.partial(_show, report, options))


def _show(path: str, options: dict[str, Any]) -> None:
    from nbrerun.batch import saved
    from nbrerun.reporters import write

    display = targets.Display(options["verbose"] - options["quiet"], options["restart"])
    chosen = targets.choose(options["form"], options["output"], {})
    report = saved.read(path)
    for target in chosen:
        if target.file:
            write.check_target(target.file)
    for sentence in targets.deliver(report, chosen, display):
        say(sentence)


@click.command(context_settings=CONTEXT)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--format",
    "form",
    type=Words(["text", "markdown"]),
    default="text",
    show_default=True,
    help="markdown: for a comment on a pull request.",
)
@OUTPUT
def diff(old: str, new: str, form: str, output: str | None) -> None:
    """Say which verdicts and findings have changed between two saved reports.

    OLD and NEW are files that `nbrerun check --format json=FILE` wrote. The exit code is 0 whatever has changed.
    """
    end(functools.partial(_diff, old, new, form, output))


def _diff(old: str, new: str, form: str, output: str | None) -> None:
    from nbrerun.batch import saved
    from nbrerun.reporters import difference, write

    found = difference.compare(saved.read(old), saved.read(new))
    render = functools.partial(difference.render if form == "text" else difference.render_markdown, found)
    if output is None:
        write.write_stdout(render)
        return
    write.check_target(output)
    write.write_file(output, render)
    say(f"{difference.summary(found)}; written to {output}")
