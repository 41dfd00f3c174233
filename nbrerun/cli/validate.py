"""Convert and validate the values of options, as click calls it; configuration files go through the same."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import click

from nbrerun.errors import UsageError
from nbrerun.reporters import targets as reports
from nbrerun.settings.values import EXPERIMENTS, WHOLE
from nbrerun.spelling import suggestion

_SHIFTS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
"""The binary logarithm of each unit."""
_MOST_BYTES = 2**63 - 1
"""The largest size of a file (`off_t`)."""


def comma_separated(context: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """Split `4,7-9`, and reject empty names."""
    words = [word.strip() for value in values for word in value.split(",")]
    if not all(words):
        raise click.BadParameter("the list contains an empty name", context, param)
    return tuple(words)


def experiments(context: click.Context, param: click.Parameter, values: Sequence[str]) -> frozenset[str]:
    """Split the names of experiments."""
    names = comma_separated(context, param, values)
    known = (*EXPERIMENTS, *WHOLE)
    for name in names:
        if name not in known:
            raise click.BadParameter(f"there is no {name!r}; choose from {', '.join(known)}", context, param)
    return frozenset(names)


def rules(context: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """Split codes of rules and prefixes of codes, in upper case."""
    from nbrerun.rules import RULES, matching

    codes = tuple(code.upper() for code in comma_separated(context, param, values))
    for code in codes:
        if not matching(code):
            raise click.BadParameter(f"there is no rule {code!r}; {suggestion(code, RULES)}", context, param)
    return codes


def byte_count(context: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Convert `500M` to bytes."""
    if value is None:
        return None
    # Not \d, which also matches the digits of other scripts.
    size = re.fullmatch(r"([0-9]{1,18})([KMGT]?)", value, re.IGNORECASE)
    number = int(size[1]) << _SHIFTS[size[2].upper()] if size else 0
    if not 0 < number <= _MOST_BYTES:
        raise click.BadParameter(f"{value!r} is not a size; give 500M, 2G or a number of bytes", context, param)
    return number


def budget(context: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Convert `90s`, `10m` or `1h30m` to seconds."""
    if value is None:
        return None
    parts = re.fullmatch(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s?)?", value.strip().lower())
    if value.strip().isdigit():
        raise click.BadParameter(f"{value!r} has no unit; give {value.strip()}s or {value.strip()}m", context, param)
    hours, minutes, seconds = (int(part or 0) for part in parts.groups()) if parts else (0, 0, 0)
    if not hours + minutes + seconds:
        raise click.BadParameter(f"{value!r} is not a time; give 90s, 10m or 1h30m", context, param)
    return 3600.0 * hours + 60.0 * minutes + seconds


def jobs(context: click.Context, param: click.Parameter, value: str) -> int | str:
    """Convert a number of jobs; `auto` stays."""
    if value == "auto":
        return value
    if not re.fullmatch(r"[1-9][0-9]{0,3}", value):
        raise click.BadParameter(f"must be a whole number, 1 or more, or auto; not {value!r}", context, param)
    return int(value)


def shard(context: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Convert `2/5` to two numbers."""
    if value is None:
        return None
    parts = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", value)
    number, count = (int(part) for part in parts.groups()) if parts else (0, 0)
    if not 1 <= number <= count:
        raise click.BadParameter(f"{value!r} is not a shard; give 2/5 for the second of five", context, param)
    return number, count


def seconds(context: click.Context, param: click.Parameter, value: float | None) -> float | None:
    """Reject what is not a time limit."""
    if value is not None and not (value > 0 and math.isfinite(value)):
        raise click.BadParameter("give a number of seconds greater than 0", context, param)
    return value


def targets(context: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[reports.Target, ...]:
    """Parse formats with their files."""
    try:
        return tuple(reports.parse(value) for value in values)
    except UsageError as error:
        raise click.BadParameter(str(error), context, param) from error
