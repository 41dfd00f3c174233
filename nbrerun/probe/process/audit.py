"""One audit hook for all that listen to what Python announces (PEP 578).

Python calls each hook at each event, and some events come in millions: each call of `id` is one. So there is one hook,
which drops at once what nobody listens to.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, Iterable, Tuple

Listener = Callable[[str, Tuple[Any, ...]], None]

_listeners: Dict[str, Tuple[Listener, ...]] = {}


def listen(events: Iterable[str], listener: Listener) -> None:
    """Have a function called at these events from now on, after those that listen to them already.

    For good, since an audit hook cannot be removed. What a listener raises is raised by what is announced, which then
    does not happen.
    """
    if not _listeners:
        sys.addaudithook(_hear)
    for event in events:
        _listeners[event] = (*_listeners.get(event, ()), listener)


def _hear(event: str, arguments: Tuple[Any, ...]) -> None:
    if event in _listeners:
        for listener in _listeners[event]:
            listener(event, arguments)
