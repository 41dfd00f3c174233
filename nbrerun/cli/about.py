"""`nbrerun explain` and `nbrerun config`: what a rule means, and what is in force."""

from __future__ import annotations

import functools

import click

from nbrerun.cli.check import asked_for_nothing
from nbrerun.cli.ending import end
from nbrerun.cli.options import CONTEXT


@click.command(context_settings=CONTEXT)
@click.argument("rule", required=False)
def explain(rule: str | None) -> None:
    """Say what a rule means, and how to mend it.

    Why it matters, an example, what to do: the text of the page on findings. Without RULE all rules are listed.
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
    """Print what is in force, and where it was set.

    PATH is a notebook or a folder, the current one unless given. Nothing is run.
    """
    from nbrerun.reporters import write

    def show() -> None:
        lines = list(asked_for_nothing().lines(path))
        write.write_stdout(lambda out: print(*lines, sep="\n", file=out))

    end(show)
