"""What is varied: each factor is another environment or folder for a clean run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Variables = Mapping[str, str]
"""The environment of a process, in the order in which it lists them."""

FOLDER = "folder"

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""What limits the threads of libraries that compute, and so decides in which order they add."""
_ZONE = "NBR-12:45"
"""A time zone in POSIX notation, which needs no database: 12 hours and 45 minutes east of Greenwich (tzset(3))."""
_PLAIN_LOCALES = ("C", "POSIX")
_OWN_LIMIT = "PYTHONHASHSEED"


@dataclass(frozen=True)
class Factor:
    """One thing that should not matter."""

    name: str
    what: str
    """What it is set to: `TZ=NBR-12:45`."""
    change: Callable[[Variables], dict[str, str]]
    """From the environment of the first run to that of the other one."""


def factors() -> tuple[Factor, ...]:
    """Return what is varied on this machine, in the order of reports."""
    language = _other_locale()
    return (
        _set("hash seed", {_OWN_LIMIT: "1" if os.environ.get(_OWN_LIMIT) != "1" else "2"}),
        _set("threads", dict.fromkeys(_THREADS, "1" if os.environ.get(_THREADS[0]) != "1" else "2")),
        _set("time zone", {"TZ": _ZONE}),
        _set("locale", {"LC_ALL": language, "LANG": language}),
        Factor(FOLDER, "a copy of the folder, in another place", dict),
        Factor("order of the environment", "the variables in the opposite order", _reversed),
    )


NAMES = ("hash seed", "threads", "time zone", "locale", FOLDER, "order of the environment")


def _set(name: str, values: Mapping[str, str]) -> Factor:
    first, value = next(iter(values.items()))
    more = f" and {len(values) - 1} more" if len(values) > 1 else ""
    return Factor(name, f"{first}={value}{more}", lambda variables: {**variables, **values})


def _reversed(variables: Variables) -> dict[str, str]:
    return dict(reversed(list(variables.items())))


def _other_locale() -> str:
    """Choose an installed locale that differs as much as possible from the present one."""
    present = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or "C"
    try:
        listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        listed = list(_PLAIN_LOCALES)
    others = [name for name in listed if name.lower().replace("-", "") != present.lower().replace("-", "")]
    foreign = [name for name in others if name.partition(".")[0] not in (*_PLAIN_LOCALES, present.partition(".")[0])]
    return next(iter([*foreign, *others]), "C")
