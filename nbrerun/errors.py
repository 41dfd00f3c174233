"""The errors that nbrerun itself raises: the message is one sentence for the user, the slug a heading in the docs.

What a cell of the notebook raises is never one of these; it is an observation and part of the report.
"""

from __future__ import annotations

import errno
import os
import resource


class NbrerunError(Exception):
    """A problem that the user has to fix before a check can run; the command line exits with 2."""

    slug = "errors"
    """Heading in `docs/errors.md` that explains the error."""


class UsageError(NbrerunError):
    """An invalid option, path or configuration."""

    slug = "usage"


class NotebookError(NbrerunError):
    """A file that is not a notebook, or that nbrerun cannot read."""

    slug = "notebook"


class KernelError(NbrerunError):
    """A kernel that does not exist, does not start, or does not run Python."""

    slug = "kernel"


class InternalError(NbrerunError):
    """A mistake in nbrerun itself, which ends the check of one notebook."""

    slug = "internal"

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message, traceback)
        self.traceback = traceback

    def __str__(self) -> str:
        return str(self.args[0])


class WorkerError(NbrerunError):
    """A worker process, or a cluster, that does not respond."""

    slug = "workers"


def with_limit(text: str) -> str:
    """Add how many files may be open to what says that there are too many: an empty kernel has some sixty."""
    if os.strerror(errno.EMFILE) not in text:
        return text
    return f"{text} (a process may have {resource.getrlimit(resource.RLIMIT_NOFILE)[0]} open here: `ulimit -n`)"
