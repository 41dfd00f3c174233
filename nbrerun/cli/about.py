"""`nbrerun explain` and `nbrerun config`: what a rule means, and which settings are in force."""

from __future__ import annotations

import functools

import click

from nbrerun.cli.check import without_options
from nbrerun.cli.ending import end
from nbrerun.cli.options import CONTEXT


@click.command(context_settings=CONTEXT)
@click.argument("rule", required=False)
def explain(rule: str | None) -> None:
    """Explain what a rule means, and how to fix what it finds.

    Prints why the rule matters, an example and a fix. Without RULE, lists all rules.
    """
    from nbrerun import explain
    from nbrerun.reporters import write

    def show() -> None:
        text = explain.overview if rule is None else functools.partial(explain.show, explain.rule(rule))
        write.write_stdout(text)

    end(show)


@click.command(context_settings=CONTEXT)
@click.argument("path", default=".")
def config(path: str) -> None:
    """Print the settings in force, and where each was set.

    PATH is a notebook or a folder; the default is the current folder. Nothing is run.
    """
    from nbrerun.reporters import write
    from nbrerun.settings import show as settings

    def show() -> None:
        # All lines first: an error further down must not follow half of the settings.
        lines = list(settings.lines(without_options(), path))
        write.write_stdout(lambda out: print(*lines, sep="\n", file=out))

    end(show)
