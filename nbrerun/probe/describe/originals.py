"""Functions that are wrapped while a cell runs, and read as what they wrap."""

from __future__ import annotations

import types
import weakref
from typing import Any, MutableMapping

# No attribute of the wrapper: `functools.wraps` would copy it to functions of the user's.
_originals: MutableMapping[Any, Any] = weakref.WeakKeyDictionary()


def stands_for(wrapper: Any, original: Any) -> None:
    """Have a wrapper be read as the function inside."""
    _originals[wrapper] = original


def original_of(value: Any) -> Any:
    """The function inside a wrapper; any other value as it is."""
    return _originals.get(value, value) if type(value) is types.FunctionType else value
