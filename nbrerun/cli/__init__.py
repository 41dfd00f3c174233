"""The command line. Nothing heavy is imported before a check begins: `--help` answers at once."""

from __future__ import annotations

import click

from nbrerun.cli.about import config, explain
from nbrerun.cli.baseline import baseline
from nbrerun.cli.cache import cache
from nbrerun.cli.check import check
from nbrerun.cli.options import CONTEXT, version

__all__ = ["check", "main"]


@click.group(context_settings=CONTEXT)
@version
def main() -> None:
    """Tell what running a notebook cell again does.

    For every cell: does it start over, carry on from where it was, or come back from somewhere else? Found
    out by running the cell again and looking.
    """


for _command in (check, explain, config, baseline, cache):
    main.add_command(_command)
