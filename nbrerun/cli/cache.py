"""`nbrerun cache`: show where the verdicts of earlier checks are stored, and remove them."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import click

from nbrerun.cli.check import without_options
from nbrerun.cli.ending import count, end
from nbrerun.cli.options import CACHE_DIR, CONTEXT
from nbrerun.errors import UsageError


@click.group(context_settings=CONTEXT)
def cache() -> None:
    """Show where the verdicts of earlier checks are stored, or remove them."""


@cache.command(context_settings=CONTEXT)
@CACHE_DIR
def info(cache_dir: str | None) -> None:
    """Show where the cache is, and what it contains."""
    end(functools.partial(_info, cache_dir))


@cache.command(context_settings=CONTEXT)
@CACHE_DIR
def clear(cache_dir: str | None) -> None:
    """Remove the cache, but no other files in its folder."""
    end(functools.partial(_clear, cache_dir))


def _info(given: str | None) -> None:
    from nbrerun.batch.cache.store import Store, Unusable

    folder = _folder(given)
    print(folder.absolute())
    if not os.path.exists(folder):
        print("there is no cache")
        return
    try:
        store = Store(folder, create=False)
        notebooks, texts = store.count()
        store.close()
        size = store.path.stat().st_size
    except (OSError, Unusable) as error:
        raise UsageError(f"the cache in {folder} cannot be used: {error}") from error
    print(f"{count(notebooks, 'notebook')}, {count(texts, 'report')}, {size} bytes")


def _clear(given: str | None) -> None:
    from nbrerun.batch.cache.store import Unusable, clear

    folder = _folder(given)
    try:
        was_there = clear(folder)
    except Unusable as error:
        raise UsageError(f"the cache in {folder} is left as it is: {error}") from error
    print(f"{folder.absolute()}: {'removed' if was_there else 'there is no cache'}")


def _folder(given: str | None) -> Path:
    """Return the folder that `check` would use in the current folder."""
    from nbrerun.batch.cache import folder_of

    options = without_options().of_run(["."]).parameters()
    return folder_of(options if given is None else {"cache_dir": given})
