"""`nbrerun cache`: where earlier verdicts are kept, and away with them."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import click

from nbrerun.cli.check import asked_for_nothing
from nbrerun.cli.ending import count, end
from nbrerun.cli.options import CACHE_DIR, CONTEXT
from nbrerun.errors import UsageError


@click.group(context_settings=CONTEXT)
def cache() -> None:
    """Say where verdicts of earlier checks are kept, or remove them."""


@cache.command(context_settings=CONTEXT)
@CACHE_DIR
def info(cache_dir: str | None) -> None:
    """Say where the cache is, and what is in it."""
    end(functools.partial(_info, cache_dir))


@cache.command(context_settings=CONTEXT)
@CACHE_DIR
def clear(cache_dir: str | None) -> None:
    """Remove the cache; other files in its folder stay."""
    end(functools.partial(_clear, cache_dir))


def _info(given: str | None) -> None:
    from nbrerun.batch.cache.store import Store, Unusable

    folder = _folder(given)
    print(folder.absolute())
    if not os.path.exists(folder):
        print("nothing is there")
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
    print(f"{folder.absolute()}: {'removed' if was_there else 'nothing is there'}")


def _folder(given: str | None) -> Path:
    """What `check` would use in the current folder."""
    from nbrerun.batch.cache import folder_of

    options = asked_for_nothing().of_run(["."]).parameters()
    return folder_of(options if given is None else {"cache_dir": given})
