"""Which method answers which operation."""

from __future__ import annotations

from typing import Any, Awaitable, Callable, Dict, Union

from .protocol.requests import Answer, Operation, Request

METHODS: Dict[str, Callable[[Any, Any], Any]] = {}
"""Which method answers which operation."""


def answers(
    operation: Operation[Request, Answer],
) -> Callable[[Callable[[Any, Request], Union[Answer, Awaitable[Answer]]]], Any]:
    """Mark the method that answers an operation; mypy checks that it takes this request and gives this answer."""

    def mark(method: Callable[[Any, Request], Union[Answer, Awaitable[Answer]]]) -> Any:
        METHODS[operation.name] = method
        return method

    return mark
