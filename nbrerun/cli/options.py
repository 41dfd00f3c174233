"""The options of `check`, each with what it accepts; a configuration file knows the same ones."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import click

from nbrerun import __version__
from nbrerun.errors import UsageError
from nbrerun.reporters import targets
from nbrerun.settings.values import BACKENDS, CACHE_FOLDER, ENGINES, EXPERIMENTS, FAIL_ON, FORMATS, SANDBOXES, WHOLE
from nbrerun.spelling import suggestion

_SHIFTS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
"""A binary unit is two to this power."""
_MOST_BYTES = 2**63 - 1
"""What a file can hold (`off_t`)."""

_AGAIN, _HOW, _FILES, _FAIL = "What to run again", "How to run", "Files", "Which findings count"
_MANY = "Many notebooks, limited time"
_SHOW, _OTHER = "What to show", "Other"

_GROUPS = (_AGAIN, _HOW, _MANY, _FILES, _FAIL, _SHOW, _OTHER)


class GroupedOption(click.Option):
    """An option that `--help` lists under a heading of its own."""

    def __init__(self, *args: Any, group: str = _OTHER, **more: Any) -> None:
        super().__init__(*args, **more)
        self.group = group

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Of `--this / --no-this` show what is of use; the other is there only to take back what a file says."""
        record = super().get_help_record(ctx)
        return record and (record[0].split(" / ")[-1 if self.default is True else 0], record[1])


class GroupedCommand(click.Command):
    """A command whose `--help` groups the options."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section per group, all with the same columns."""
        groups: dict[str, list[tuple[str, str]]] = {group: [] for group in _GROUPS}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx) if isinstance(option, click.Option) else None
            if record:
                groups[getattr(option, "group", _OTHER)].append(record)
        width = max(len(names) for records in groups.values() for names, _ in records)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl([(names.ljust(width), text) for names, text in records])


_option = functools.partial(click.option, cls=GroupedOption)
CONTEXT = {"help_option_names": ["-h", "--help"]}
version = click.version_option(__version__, prog_name="nbrerun", message="%(prog)s %(version)s")


def _comma_separated(context: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """Split `4,7-9`, and refuse what names nothing."""
    words = [word.strip() for value in values for word in value.split(",")]
    if not all(words):
        raise click.BadParameter("there is an empty name in it", context, param)
    return tuple(words)


def _experiments(context: click.Context, param: click.Parameter, values: Sequence[str]) -> frozenset[str]:
    names = _comma_separated(context, param, values)
    known = (*EXPERIMENTS, *WHOLE)
    for name in names:
        if name not in known:
            raise click.BadParameter(f"there is no {name!r}; there is {', '.join(known)}", context, param)
    return frozenset(names)


def _rules(context: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    from nbrerun.rules import RULES, matching

    codes = tuple(code.upper() for code in _comma_separated(context, param, values))
    for code in codes:
        if not matching(code):
            raise click.BadParameter(f"there is no rule {code!r}; {suggestion(code, RULES)}", context, param)
    return codes


def _bytes(context: click.Context, param: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    size = re.fullmatch(r"([0-9]{1,18})([KMGT]?)", value, re.IGNORECASE)
    number = int(size[1]) << _SHIFTS[size[2].upper()] if size else 0
    if not 0 < number <= _MOST_BYTES:
        raise click.BadParameter(f"{value!r} is no size; give 500M, 2G or a number of bytes", context, param)
    return number


def _budget(context: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Read `90`, `90s`, `10m` or `1h30m`."""
    if value is None:
        return None
    parts = re.fullmatch(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s?)?", value.strip().lower())
    hours, minutes, seconds = (int(part or 0) for part in parts.groups()) if parts else (0, 0, 0)
    if not hours + minutes + seconds:
        raise click.BadParameter(f"{value!r} is no time; give 90s, 10m or 1h30m", context, param)
    return 3600.0 * hours + 60.0 * minutes + seconds


def _jobs(context: click.Context, param: click.Parameter, value: str) -> int | str:
    if value == "auto":
        return value
    if not re.fullmatch(r"[1-9][0-9]{0,3}", value):
        raise click.BadParameter(f"{value!r} is no number of notebooks; give 1 or more, or auto", context, param)
    return int(value)


def _shard(context: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    parts = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", value)
    number, count = (int(part) for part in parts.groups()) if parts else (0, 0)
    if not 1 <= number <= count:
        raise click.BadParameter(f"{value!r} is no shard; give 2/5 for the second of five", context, param)
    return number, count


def _seconds(context: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (value > 0 and math.isfinite(value)):
        raise click.BadParameter("give a number of seconds greater than 0", context, param)
    return value


def _targets(context: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[targets.Target, ...]:
    try:
        return tuple(targets.parse(value) for value in values)
    except UsageError as error:
        raise click.BadParameter(str(error), context, param) from error


CACHE_DIR = _option(
    "--cache-dir",
    group=_HOW,
    metavar="DIR",
    envvar="NBRERUN_CACHE_DIR",
    show_envvar=True,
    help=f"Keep verdicts in this folder.  [default: {CACHE_FOLDER}]",
)

CHECK = (
    _option(
        "--cells",
        group=_AGAIN,
        multiple=True,
        callback=_comma_separated,
        metavar="CELLS",
        help="Run only these cells again: 3, 5-7, a cell id, tag:NAME; comma separated, repeatable. The main run "
        "is always whole.",
    ),
    _option(
        "--experiment",
        group=_AGAIN,
        multiple=True,
        callback=_experiments,
        metavar="NAMES",
        help=f"Do only these experiments, comma separated: {', '.join(EXPERIMENTS)}; or with the whole notebook: "
        f"{', '.join(WHOLE)}.  [default: {','.join(EXPERIMENTS)}]",
    ),
    _option(
        "--restart/--no-restart",
        group=_AGAIN,
        is_flag=True,
        help="Find out what a restart of the kernel loses, and verify every way back, however long it takes; "
        "short for --experiment restart.",
    ),
    _option(
        "--static/--no-static",
        group=_HOW,
        is_flag=True,
        help="Run nothing: report what the source proves by itself. No cell has a verdict then.",
    ),
    _option(
        "--engine",
        group=_HOW,
        type=click.Choice(ENGINES),
        default="auto",
        show_default=True,
        help="fork: branch off from the running kernel; replay: run fresh kernels up to the cell.",
    ),
    _option(
        "--kernel",
        group=_HOW,
        metavar="NAME",
        help="Kernel to run in.  [default: the notebook's own, else python3]",
    ),
    _option(
        "--timeout",
        group=_HOW,
        type=float,
        callback=_seconds,
        metavar="SECONDS",
        help="Time limit for each run of each cell, first runs and reruns.",
    ),
    _option(
        "--cache/--no-cache",
        group=_HOW,
        is_flag=True,
        default=True,
        help="Check every notebook, also where nothing has changed since the last time, and remember nothing.",
    ),
    CACHE_DIR,
    _option(
        "--budget",
        group=_MANY,
        callback=_budget,
        metavar="TIME",
        help="Time limit for everything: 90s, 10m, 1h30m. Cells that changed in git and models come first; what there "
        "is no time for is undetermined, and the exit code 4.",
    ),
    _option("--fail-fast/--no-fail-fast", group=_MANY, is_flag=True, help="Stop after the first notebook that fails."),
    _option(
        "--jobs",
        group=_MANY,
        default="1",
        show_default=True,
        callback=_jobs,
        metavar="N",
        help="Check that many notebooks at once; auto is one for each core.",
    ),
    _option(
        "--backend",
        group=_MANY,
        type=click.Choice(BACKENDS),
        help="Where: loky is this machine; dask and ray are clusters that run already (see --scheduler).  "
        "[default: loky]",
    ),
    _option("--scheduler", group=_MANY, metavar="ADDRESS", help="Where the cluster is, tcp://host:8786 say."),
    _option(
        "--shard",
        group=_MANY,
        callback=_shard,
        metavar="K/N",
        help="Check only the K-th of N parts of the notebooks; the parts of a CI matrix together are all of them.",
    ),
    _option(
        "--sandbox",
        group=_FILES,
        type=click.Choice(SANDBOXES),
        default="auto",
        show_default=True,
        help="overlay: cells write to a layer in memory; copy: files are copied before a cell writes, and put back.",
    ),
    _option(
        "--sandbox-dir",
        group=_FILES,
        multiple=True,
        metavar="DIR",
        help="Keep the files of this folder safe, too, besides the notebook's own; repeatable.",
    ),
    _option(
        "--sandbox-limit",
        group=_FILES,
        callback=_bytes,
        metavar="SIZE",
        help="Most that a run may write: 500M, 2G or a number of bytes.  [default: a quarter of the memory]",
    ),
    _option(
        "--write-files/--no-write-files", group=_FILES, is_flag=True, help="Keep the files that the main run wrote."
    ),
    _option(
        "--only",
        group=_SHOW,
        type=click.Choice(["models", "all"]),
        default="all",
        show_default=True,
        help="models: judge only the cells that touch a model.",
    ),
    _option("--watch", group=_SHOW, multiple=True, metavar="NAME", help="Report only this variable; repeatable."),
    _option(
        "--select",
        group=_FAIL,
        multiple=True,
        callback=_rules,
        metavar="RULES",
        help="Report the findings of these rules only: codes or beginnings of codes, comma separated, repeatable.",
    ),
    _option(
        "--ignore",
        group=_FAIL,
        multiple=True,
        callback=_rules,
        metavar="RULES",
        help="Do not report the findings of these rules; of a selected and an ignored prefix the longer one decides.",
    ),
    _option(
        "--fail-on",
        group=_FAIL,
        type=click.Choice(FAIL_ON),
        default="error",
        show_default=True,
        metavar="SEVERITY",
        help=f"Exit with 1 where a finding is of this severity or a graver one: {', '.join(FAIL_ON)}.",
    ),
    _option(
        "--baseline",
        group=_FAIL,
        metavar="FILE",
        help="Fail only on findings that are not in FILE, which `nbrerun baseline` wrote, and say which are gone.",
    ),
    _option(
        "--format",
        "form",
        group=_SHOW,
        multiple=True,
        callback=_targets,
        metavar="FORMAT[=FILE]",
        help=f"What the report looks like, and the file it goes to (else stdout); repeatable: {', '.join(FORMATS)}.  "
        "[default: terminal; in GitHub Actions github as well, in GitLab gitlab=gl-code-quality-report.json]",
    ),
    _option(
        "--output",
        group=_SHOW,
        metavar="FILE",
        help="Write the one report to FILE; stdout stays empty, stderr gets one line.",
    ),
    _option("-q", "--quiet", group=_SHOW, is_flag=True, help="Show findings and the summary only, and no progress."),
    _option("-v", "--verbose", group=_SHOW, is_flag=True, help="Show each variable with its changes, and seconds."),
    _option("--svg", metavar="FILE", hidden=True, help="Draw the terminal report as a picture, too."),
)
"""In the order of `--help`."""


def check_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command all of them."""
    for option in reversed(CHECK):
        command = option(command)
    return command
