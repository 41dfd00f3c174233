"""The command line. Nothing large is imported before a check begins, so that `--help` is quick."""

from __future__ import annotations

import sys

import click

from nbrerun.cli.about import config, explain, help_, version_
from nbrerun.cli.baseline import baseline
from nbrerun.cli.cache import cache
from nbrerun.cli.certify import certify
from nbrerun.cli.check import check
from nbrerun.cli.fix import fix
from nbrerun.cli.init import init
from nbrerun.cli.mcp import mcp
from nbrerun.cli.options import CONTEXT, version
from nbrerun.cli.plan import plan
from nbrerun.cli.reports import diff, show
from nbrerun.cli.usage import Commands

__all__ = ["check", "main"]


@click.group(cls=Commands, context_settings=CONTEXT)
@version
def main() -> None:
    """Measure what running a notebook cell again does.

    For every cell: does it start over, continue from where it was, or reuse what an earlier run left? nbrerun
    runs the cell again and compares.
    """
    # JupyterLab brings a grammar of addresses that jsonschema, and so nbformat, would compile for a second.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # an import of it raises ImportError


for _command in (check, fix, plan, certify, init, explain, config, baseline, show, diff, cache, mcp, help_, version_):
    main.add_command(_command)
