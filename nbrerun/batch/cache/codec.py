"""Encode frozen dataclasses as plain JSON values, and decode them strictly: any other shape is rejected.

Unlike a pickle, what is read here cannot run code.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Decode = Callable[[Any], Any]


class Malformed(ValueError):
    """The value is not an encoding of the expected type."""


def encode(value: Any) -> Any:
    """Convert dataclasses, enumerations and tuples to values that JSON knows."""
    if is_dataclass(value):
        return {item.name: encode(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    return value


def decode(kind: Callable[..., T], value: Any) -> T:
    """Convert an encoded value back to an instance of `kind`.

    Raises:
        Malformed: anything is missing, superfluous, or of another type.
    """
    return cast(T, _decoder(kind)(value))


# Cached, since resolving the annotations of a dataclass (get_type_hints) is slow compared with decoding.
@functools.cache
def _decoder(kind: Any) -> Decode:
    if get_origin(kind) in (Union, types.UnionType):
        (one,) = (each for each in get_args(kind) if each is not type(None))
        inner = _decoder(one)
        return lambda value: None if value is None else inner(value)
    if get_origin(kind) is tuple:
        one, rest = get_args(kind)
        assert rest is ..., kind
        item_decoder = _decoder(one)
        return lambda value: tuple([item_decoder(item) for item in _plain(list, value)])
    if is_dataclass(kind):
        return _dataclass(kind)
    if issubclass(kind, Enum):
        return functools.partial(_word, kind)
    return functools.partial(_plain, kind)


def _plain(kind: type, value: Any) -> Any:
    if type(value) is not kind and not (kind is float and type(value) is int):  # PEP 484: an int will do
        raise Malformed(f"{value!r:.40} is not of type {kind.__name__}")
    return value


def _word(kind: type[Enum], value: Any) -> Enum:
    try:
        return kind(_plain(str, value))
    except ValueError as error:
        raise Malformed(str(error)) from error


def _dataclass(kind: Any) -> Decode:
    hints = get_type_hints(kind)
    inner = {item.name: _decoder(hints[item.name]) for item in fields(kind)}

    def decode_one(value: Any) -> Any:
        if _plain(dict, value).keys() != inner.keys():
            raise Malformed(f"these are not the fields of a {kind.__name__}")
        return kind(**{name: decode_part(value[name]) for name, decode_part in inner.items()})

    return decode_one
