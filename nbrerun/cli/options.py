"""The options of `check` with their validation; configuration files have the same options as keys."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from nbrerun import __version__
from nbrerun.cli import validate
from nbrerun.cli.usage import Number, Words
from nbrerun.settings.values import BACKENDS, CACHE_FOLDER, ENGINES, EXPERIMENTS, FAIL_ON, FORMATS, SANDBOXES, WHOLE

_AGAIN, _HOW, _FILES, _FAIL = "What to run again", "How to run", "Files", "Which findings count"
_MANY = "Many notebooks, limited time"
_SHOW, _OTHER = "What to show", "Other"

_GROUPS = (_AGAIN, _HOW, _MANY, _FILES, _FAIL, _SHOW, _OTHER)


class GroupedOption(click.Option):
    """An option that `--help` lists under the heading of its group."""

    def __init__(self, *args: Any, group: str = _OTHER, **more: Any) -> None:
        super().__init__(*args, **more)
        self.group = group

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the names and the help text; of `--this/--no-this` only the name that changes the default."""
        # The other name is only needed to override a configuration file.
        record = super().get_help_record(ctx)
        return record and (record[0].split(" / ")[-1 if self.default is True else 0], record[1])


class GroupedCommand(click.Command):
    """A command whose `--help` lists the options by group."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section per group, all with the same column widths."""
        groups: dict[str, list[tuple[str, str]]] = {group: [] for group in _GROUPS}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx) if isinstance(option, click.Option) else None
            if record:
                groups[getattr(option, "group", _OTHER)].append(record)
        width = max(len(names) for records in groups.values() for names, _ in records)
        for title, records in groups.items():
            with formatter.section(title):
                # click aligns the columns of each section by itself (HelpFormatter.write_dl).
                formatter.write_dl([(names.ljust(width), text) for names, text in records])


_option = functools.partial(click.option, cls=GroupedOption)
CONTEXT = {"help_option_names": ["-h", "--help"]}
version = click.version_option(__version__, prog_name="nbrerun", message="%(prog)s %(version)s")

# Options that `plan`, `certify` and `diff` have in common.
FORM = click.option("--format", "form", type=Words(["text", "json"]), default="text", show_default=True)
OUTPUT = click.option("--output", metavar="FILE", help="Write it to FILE instead of stdout.")

CACHE_DIR = _option(
    "--cache-dir",
    group=_HOW,
    metavar="DIR",
    envvar="NBRERUN_CACHE_DIR",
    show_envvar=True,
    help=f"Store verdicts in this folder.  [default: {CACHE_FOLDER}]",
)

SHOW = (
    _option(
        "--format",
        "form",
        group=_SHOW,
        multiple=True,
        callback=validate.targets,
        metavar="FORMAT[=FILE]",
        help=f"Format of the report, and the file it goes to (else stdout); repeatable: {', '.join(FORMATS)}.  "
        "[default: terminal; in GitHub Actions github as well, in GitLab gitlab=gl-code-quality-report.json]",
    ),
    _option(
        "--output",
        group=_SHOW,
        metavar="FILE",
        help="Write the report to FILE; stdout stays empty, and stderr gets one line.",
    ),
    _option(
        "--restart/--no-restart",
        group=_SHOW,
        is_flag=True,
        help="Show for each cell what it needs after a restart of the kernel, and which cells restore each model. "
        "`--experiment restart` does nothing else, and verifies every such list however long it takes.",
    ),
    _option("-q", "--quiet", group=_SHOW, is_flag=True, help="Show only findings and the summary, and no progress."),
    _option("-v", "--verbose", group=_SHOW, is_flag=True, help="Show each variable with its changes, and durations."),
)
"""Those that choose formats and files, then those about the terminal report."""

CHECK = (
    _option(
        "--cells",
        group=_AGAIN,
        multiple=True,
        callback=validate.comma_separated,
        metavar="CELLS",
        help="Run only these cells again: 3, 5-7, a cell id, tag:NAME; comma separated, repeatable. The main run "
        "always executes the whole notebook.",
    ),
    _option(
        "--experiment",
        group=_AGAIN,
        multiple=True,
        callback=validate.experiments,
        metavar="NAMES",
        help=f"Do only these experiments, comma separated: {', '.join(EXPERIMENTS)}; or on the whole notebook: "
        f"{', '.join(WHOLE)}.  [default: {','.join(EXPERIMENTS)}]",
    ),
    _option(
        "--static/--no-static",
        group=_HOW,
        is_flag=True,
        help="Run nothing: report what the source alone proves. No cell gets a verdict.",
    ),
    _option(
        "--engine",
        group=_HOW,
        type=Words(ENGINES),
        default="auto",
        show_default=True,
        help="fork: fork the running kernel at each cell; replay: run fresh kernels up to the cell.",
    ),
    _option(
        "--kernel",
        group=_HOW,
        metavar="NAME",
        help="Kernel to run in.  [default: the notebook's own, else that of its environment]",
    ),
    _option(
        "--python",
        group=_HOW,
        metavar="PATH",
        help="Run in this Python instead of a named kernel: an interpreter, or the folder of an environment that has "
        "ipykernel.  [default: the active environment, else .venv or venv in a folder above the notebook]",
    ),
    _option(
        "--timeout",
        group=_HOW,
        type=Number(),
        callback=validate.seconds,
        metavar="SECONDS",
        help="Time limit for each run of each cell, first runs and reruns.",
    ),
    _option(
        "--cache/--no-cache",
        group=_HOW,
        is_flag=True,
        default=True,
        help="Check every notebook, even if nothing has changed since the last check, and store nothing.",
    ),
    CACHE_DIR,
    _option(
        "--budget",
        group=_MANY,
        callback=validate.budget,
        metavar="TIME",
        help="Time limit for the whole run: 90s, 10m, 1h30m. Cells that changed in git and models come first; cells "
        "that there is no time for are undetermined, and the exit code is 4.",
    ),
    _option("--fail-fast/--no-fail-fast", group=_MANY, is_flag=True, help="Stop after the first notebook that fails."),
    _option(
        "--jobs",
        group=_MANY,
        default="1",
        show_default=True,
        callback=validate.jobs,
        metavar="N",
        help="Check this many notebooks at once; auto: one for each core.",
    ),
    _option(
        "--backend",
        group=_MANY,
        type=Words(BACKENDS),
        help="Where to check: loky is this machine; dask and ray are running clusters (see --scheduler).  "
        "[default: loky]",
    ),
    _option("--scheduler", group=_MANY, metavar="ADDRESS", help="Address of the cluster, such as tcp://host:8786."),
    _option(
        "--shard",
        group=_MANY,
        callback=validate.shard,
        metavar="K/N",
        help="Check only the K-th of N parts of the notebooks, for a CI matrix that shares them.",
    ),
    _option(
        "--sandbox",
        group=_FILES,
        type=Words(SANDBOXES),
        default="auto",
        show_default=True,
        help="overlay: cells write to a layer in memory; copy: files are copied before a cell writes, and restored.",
    ),
    _option(
        "--sandbox-dir",
        group=_FILES,
        multiple=True,
        metavar="DIR",
        help="Protect the files of this folder as well as those of the notebook's own; repeatable.",
    ),
    _option(
        "--sandbox-limit",
        group=_FILES,
        callback=validate.byte_count,
        metavar="SIZE",
        help="Limit on what a run may write: 500M, 2G or a number of bytes.  [default: a quarter of the memory]",
    ),
    _option(
        "--rerun-outside/--no-rerun-outside",
        group=_HOW,
        is_flag=True,
        help="Run cells again that send something over the network, and let them.",
    ),
    _option(
        "--paranoid/--no-paranoid",
        group=_HOW,
        is_flag=True,
        help="Also run cells again of which it is proven what that does: those that only define and import.",
    ),
    _option(
        "--write-files/--no-write-files", group=_FILES, is_flag=True, help="Keep the files that the main run wrote."
    ),
    _option(
        "--only",
        group=_SHOW,
        type=Words(["models", "all"]),
        default="all",
        show_default=True,
        help="models: judge only cells that touch a model.",
    ),
    _option(
        "--watch",
        group=_SHOW,
        multiple=True,
        metavar="NAME",
        help="Report only this variable, in all sections; repeatable.",
    ),
    _option(
        "--select",
        group=_FAIL,
        multiple=True,
        callback=validate.rules,
        metavar="RULES",
        help="Report only the findings of these rules: codes or prefixes of codes, comma separated, repeatable.",
    ),
    _option(
        "--ignore",
        group=_FAIL,
        multiple=True,
        callback=validate.rules,
        metavar="RULES",
        help="Do not report the findings of these rules; of a selected and an ignored prefix the longer one wins.",
    ),
    _option(
        "--fail-on",
        group=_FAIL,
        type=Words(FAIL_ON),
        default="error",
        show_default=True,
        metavar="SEVERITY",
        help=f"Exit with 1 if a finding has this severity or a graver one: {', '.join(FAIL_ON)}.",
    ),
    _option(
        "--strict/--no-strict",
        group=_FAIL,
        is_flag=True,
        help="Exit with 1 as well if a cell is skipped or undetermined, or a notebook is skipped.",
    ),
    _option(
        "--baseline",
        group=_FAIL,
        metavar="FILE",
        help="Fail only on findings that are not in FILE, which `nbrerun baseline` wrote, and list what is gone.",
    ),
    *SHOW[:2],
    _option(
        "--values/--no-values",
        group=_SHOW,
        is_flag=True,
        default=True,
        help="Show no value of a variable, a key or a setting, only names, kinds and sizes of changes.",
    ),
    _option(
        "--profile/--no-profile",
        group=_SHOW,
        is_flag=True,
        help="Report where the time went: main run, reruns, forking, reading, waiting, restart, ways back.",
    ),
    *SHOW[2:],
    _option("--svg", metavar="FILE", hidden=True, help="Also draw the terminal report as a picture."),
)
"""In the order of `--help`."""


def check_options(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command with all options of `check`."""
    for option in reversed(CHECK):  # decorators are applied from the last to the first
        command = option(command)
    return command
