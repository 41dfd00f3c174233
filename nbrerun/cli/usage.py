"""What click says of wrong usage, as one sentence in nbrerun's own style."""

from __future__ import annotations

from typing import Any

import click

from nbrerun.cli.ending import WRONG_USAGE, say
from nbrerun.spelling import closest, suggestion


class Words(click.Choice[str]):
    """A choice whose error suggests the closest word."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word; fail if there is no such word."""
        if value not in self.choices:
            self.fail(f"there is no {value!r}; {suggestion(str(value), self.choices)}", param, ctx)
        return str(value)


class Number(click.types.FloatParamType):
    """A number."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; fail if it is none."""
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number", param, ctx)


class Commands(click.Group):
    """A group of commands whose errors are one sentence each."""

    def main(self, *args: Any, **more: Any) -> Any:
        """Run the command line, and exit."""
        try:
            more["standalone_mode"] = False
            raise SystemExit(super().main(*args, **more))  # what `--help` and `--version` exit with
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            raise SystemExit(WRONG_USAGE) from None
        except click.ClickException as error:
            say(_sentence(error))
            raise SystemExit(error.exit_code) from None
        except click.Abort:
            say("stopped; nothing was written")
            raise SystemExit(WRONG_USAGE) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; suggest the closest one if there is none with that name."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            close = closest(args[0], self.list_commands(ctx))
            hint = f"did you mean `{close}`?" if close else "`nbrerun help` lists them"
            ctx.fail(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


def _sentence(error: click.ClickException) -> str:
    message = error.message.strip().rstrip(".")
    if isinstance(error, click.NoSuchOption):
        known = [name for param in error.ctx.command.params for name in param.opts] if error.ctx else []
        command = error.ctx.command_path if error.ctx else "nbrerun"
        # Without the dashes, which all of them have in common.
        close = closest(error.option_name.lstrip("-"), [name[2:] for name in known if name.startswith("--")])
        hint = f"did you mean `--{close}`?" if close else f"`{command} --help` lists them"
        return f"there is no option {error.option_name}; {hint}"
    if isinstance(error, click.MissingParameter):
        name = error.param.make_metavar(error.ctx) if error.param and error.ctx else "an argument"
        return f"give {name}, as `{error.ctx.command_path if error.ctx else 'nbrerun'} --help` shows"
    if isinstance(error, click.BadParameter) and error.param is not None and error.param.opts:
        return f"{max(error.param.opts, key=len)}: {message}"
    return message[:1].lower() + message[1:]
