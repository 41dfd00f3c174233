"""Observe what Python code looks up without an audit event: environment variables, and whether files are there.

Variables are looked up in `os.environ`, `os.environb` or by `os.getenv`.

All three end in the class `os._Environ` (Lib/os.py). Programs and C libraries, which have the environment itself, are
not observed.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
from typing import Any, Callable, Dict, Iterator, List, Optional, Set

from ..describe.originals import original_of, stands_for

_BY_NAME = ("__getitem__", "__delitem__")
"""`get`, `in`, `pop` and `setdefault` look names up through `__getitem__` (collections.abc.MutableMapping)."""
_ALL = ("__iter__", "__len__", "__repr__")

_HOLDERS = [os, *filter(None, [getattr(pathlib, "_normal_accessor", None)])]
"""Where functions that look at files are called from; `pathlib` has its own table of them before Python 3.11."""
_ABLE: List[Set[Any]] = [os.supports_dir_fd, os.supports_effective_ids, os.supports_fd, os.supports_follow_symlinks]
"""Which functions of `os` support an argument (library reference, `os.supports_follow_symlinks`)."""

Hear = Callable[[Optional[bytes]], None]


def observe(hear: Hear) -> None:
    """Call `hear` with the name of each variable that is looked up, and with None whenever all of them are."""
    kind: Any = type(os.environ)
    for method in _BY_NAME:
        setattr(kind, method, _by_name(getattr(kind, method), hear))
    for method in _ALL:
        setattr(kind, method, _all(getattr(kind, method), hear))


@contextlib.contextmanager
def files_in_vain(hear: Hear, namespace: Dict[str, Any]) -> Iterator[None]:
    """Call `hear` meanwhile with each path that code asks about, and where there is no file.

    `os.path.exists`, `pathlib` and their like end in these functions; the import system has its own. An earlier cell
    may have imported them by any name.

    Args:
        hear: is given an absolute path.
        namespace: the notebook's.
    """
    undo: List[Callable[[], None]] = []
    for name in ("stat", "lstat", "access"):
        original = getattr(os, name)
        wrapper = _in_vain(original, hear)
        undo += [_replace(holder, name, wrapper) for holder in _HOLDERS if hasattr(holder, name)]
        namespace.update({key: wrapper for key, value in list(namespace.items()) if value is original})
        for able in _ABLE:
            if original in able:  # `shutil` asks before it calls the function
                able.add(wrapper)
                undo.append(functools.partial(able.discard, wrapper))
    try:
        yield
    finally:
        for each in undo:
            each()
        for key, value in list(namespace.items()):  # the cell may have bound another name to a wrapper
            if original_of(value) is not value:
                namespace[key] = original_of(value)


def _replace(holder: Any, name: str, wrapper: Any) -> Callable[[], None]:
    """Put a wrapper into the place of a function; the result takes it out again, unless the notebook has."""
    original = getattr(holder, name)
    setattr(holder, name, wrapper)
    return lambda: setattr(holder, name, original) if getattr(holder, name, None) is wrapper else None


def _in_vain(original: Any, hear: Hear) -> Any:
    def wrapper(path: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        found = None
        try:
            found = original(path, *args, **kwargs)
        finally:
            if not found and not isinstance(path, int):
                with contextlib.suppress(Exception):  # no path, or the user's `__fspath__`: the caller's error
                    hear(os.path.abspath(os.fsencode(path)))
        return found

    stands_for(wrapper, original)
    return _disguised(wrapper, original)


def unobserved() -> Dict[str, str]:
    """Return the environment, without having looked anything up: the probe reads it, not the notebook."""
    environment: Any = os.environ
    try:
        items = list(environment._data.items())
        return {environment.decodekey(name): environment.decodevalue(value) for name, value in items}
    except AttributeError:  # the notebook has put another mapping in its place
        return dict(environment)


def _by_name(original: Any, hear: Hear) -> Any:
    def wrapper(self: Any, key: Any) -> Any:
        __tracebackhide__ = True  # IPython leaves the frame out of the traceback of a KeyError
        if isinstance(key, (str, bytes)):
            with contextlib.suppress(UnicodeError):  # no variable has this name
                hear(os.fsencode(key))
        return original(self, key)

    return _disguised(wrapper, original)


def _all(original: Any, hear: Hear) -> Any:
    def wrapper(self: Any) -> Any:
        hear(None)
        return original(self)

    return _disguised(wrapper, original)


def _disguised(wrapper: Any, original: Any) -> Any:
    """Name the wrapper like the method; `functools.wraps` would also make it a reference to the method."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(wrapper, name, getattr(original, name))
    return wrapper
