"""Every error that nbrerun itself raises: one sentence for the person, one page in the docs.

What a notebook's cell raises is never one of these; it is an observation and part of the report.
"""

from __future__ import annotations


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
