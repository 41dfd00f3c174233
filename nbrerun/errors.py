"""Every error that nbrerun itself raises: one sentence for the person, one page in the docs.

What a notebook's cell raises is never one of these; it is an observation and part of the report.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_CLOSE = 0.6
"""How like a word has to be to be what was meant; that of `difflib`."""


class NbrerunError(Exception):
    """Something the person has to mend before a check can run; the command line exits with 2."""

    slug = "errors"
    """Anchor of the page in `docs/errors.md` that explains the error."""


class UsageError(NbrerunError):
    """An option or a path that cannot be meant."""

    slug = "usage"


class NotebookError(NbrerunError):
    """A file that is no notebook nbrerun can read."""

    slug = "notebook"


class KernelError(NbrerunError):
    """No such kernel, a kernel that does not start, or one that is not Python."""

    slug = "kernel"


class WorkerError(NbrerunError):
    """What checks notebooks side by side does not answer any more, or never did."""

    slug = "workers"


def closest(word: str, known: Iterable[str]) -> str | None:
    """What may have been meant; of several that are as close the first."""
    likeness = {one: difflib.SequenceMatcher(None, one, word).ratio() for one in known}
    best = max(likeness, key=likeness.__getitem__, default=None)
    return best if best is not None and likeness[best] >= _CLOSE else None


def suggestion(word: str, known: Iterable[str], prefix: str = "") -> str:
    """Say what may have been meant, else what there is."""
    there = list(known)
    close = closest(word, there)
    if close is not None:
        return f"did you mean `{prefix}{close}`?"
    return f"there is {', '.join(f'`{prefix}{one}`' for one in there)}"
