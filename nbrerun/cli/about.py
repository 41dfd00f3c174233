"""`nbrerun explain`, `config`, `help` and `version`: what words mean, which settings are in force, how to use it."""

from __future__ import annotations

import functools

import click

from nbrerun import __version__
from nbrerun.cli.check import without_options
from nbrerun.cli.ending import end
from nbrerun.cli.options import CONTEXT


@click.command(context_settings=CONTEXT)
@click.argument("words", nargs=-1, metavar="[WORD]...")
def explain(words: tuple[str, ...]) -> None:
    """Explain rules, verdicts and marks.

    WORD is the code of a rule such as NBR002, a verdict such as in-place, or a mark such as unseeded. Of a rule, prints
    why it matters, an example and a fix. Without a word, lists all of them.
    """
    from nbrerun import explain
    from nbrerun.reporters import write

    def show() -> None:
        asked = [explain.find(word) for word in words]
        text = functools.partial(explain.show, asked) if asked else explain.overview
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


@click.command("help", context_settings=CONTEXT)
@click.argument("command", required=False)
@click.pass_context
def help_(context: click.Context, command: str | None) -> None:
    """Show this list of commands, or the options of a command."""
    above = context.parent
    assert above is not None
    if command is None:
        click.echo(above.get_help())
        return
    group = above.command
    assert isinstance(group, click.Group)
    _, found, _ = group.resolve_command(above, [command])
    if found is not None:
        click.echo(found.get_help(click.Context(found, parent=above, info_name=command)))


@click.command("version", context_settings=CONTEXT)
def version_() -> None:
    """Show the version."""
    click.echo(f"nbrerun {__version__}")
