"""The table of operations: each is answered, by a method of the types that it promises."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from nbrerun.probe.protocol import change_requests, file_requests, package_requests, requests
from nbrerun.probe.protocol.requests import Operation
from nbrerun.probe.service import METHODS

OPERATIONS: list[Operation[Any, Any]] = [
    each
    for module in (requests, file_requests, change_requests, package_requests)
    for each in vars(module).values()
    if isinstance(each, Operation)
]


def test_each_operation_has_one_row() -> None:
    """By its name, which no other has; and there is no row besides."""
    names = [operation.name for operation in OPERATIONS]
    assert sorted(names) == sorted(METHODS)
    assert len(names) == len(set(names)) == len(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_row_takes_the_request_and_gives_the_answer(operation: Operation[Any, Any]) -> None:
    """Whether the method is asynchronous or not."""
    hints = get_type_hints(METHODS[operation.name])
    answer = hints.pop("return")
    if get_origin(answer) is Awaitable:
        (answer,) = get_args(answer)
    assert (list(hints.values()), answer) == ([operation.request], operation.answer)
