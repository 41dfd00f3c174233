"""`nbrerun mcp`: answer the questions of agents."""

from __future__ import annotations

import click

from nbrerun.cli.ending import end
from nbrerun.cli.options import CONTEXT
from nbrerun.errors import UsageError


@click.command("mcp", context_settings=CONTEXT)
@click.argument("folder", default=".", metavar="[FOLDER]")
@click.option("--skill", is_flag=True, help="Print SKILL.md, which tells agents when to ask, and stop.")
def mcp(folder: str, skill: bool) -> None:
    """Serve agents over the Model Context Protocol.

    Answers on stdin and stdout whether a cell may be run again and what a restart loses. Runs only notebooks below
    FOLDER (default: the current one), never with --rerun-outside. Needs `pip install 'nbrerun[mcp]'`.
    """
    end(_print_skill if skill else lambda: _serve(folder))


def _print_skill() -> None:
    from nbrerun.mcp import skill
    from nbrerun.reporters import write

    write.write_stdout(lambda out: print(skill.text(), end="", file=out))


def _serve(folder: str) -> None:
    try:
        from nbrerun.mcp.server import serve
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types"):
            raise
        raise UsageError("`nbrerun mcp` needs the package mcp, 2.3 or newer: pip install 'nbrerun[mcp]'") from error
    serve(folder)
