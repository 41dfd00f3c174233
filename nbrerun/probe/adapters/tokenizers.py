"""tokenizers: what cuts texts, written in Rust.

Its parts tell their state for pickling, which `generic` reads; a whole tokenizer is read by parts, so that a change
is told by the part it is in.
"""

from __future__ import annotations

import json
from typing import Any, Dict

from ..describe.node import Node, attribute_label, reads, type_name
from .generic import attributes_node

_PARTS = ("model", "normalizer", "pre_tokenizer", "post_processor", "decoder")
_SET_FOR_A_CALL = ("truncation", "padding")


@reads("tokenizers.Tokenizer")
def tokenizer(value: Any) -> Node:
    """Its parts, the words added, and how it cuts and fills texts."""
    return _by_parts(value, (*_PARTS, *_SET_FOR_A_CALL, "encode_special_tokens"))


class Within:
    """A tokenizer that transformers holds, and tells in every call how to cut and fill."""

    __slots__ = ("tokenizer",)

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer


@reads(f"{__name__}.Within")
def within(value: Within) -> Node:
    """What is not told in every call."""
    return _by_parts(value.tokenizer, _PARTS)


def _by_parts(value: Any, names: Any) -> Node:
    """Some of its parts; `get_added_tokens_decoder` makes a dict of words by number."""
    found: Dict[str, Any] = {name: getattr(value, name) for name in names if hasattr(type(value), name)}
    added = {number: repr(word) for number, word in value.get_added_tokens_decoder().items()}
    size = str(value.get_vocab_size())
    return Node(
        type_name(type(value)),
        (size.encode(),),
        [*found.values(), added],
        lambda: [*map(attribute_label, found), ".get_added_tokens_decoder()"],
        text=lambda: f"<Tokenizer of {size} words>",
        size=("len({}.get_vocab())", size),
    )


@reads("tokenizers.trainers.Trainer")
def trainer(value: Any) -> Node:
    """Its settings."""
    ((_, found),) = json.loads(type(value).__getstate__(value), object_hook=_in_order).items()
    return attributes_node(value, found)


def _in_order(settings: Dict[str, Any]) -> Dict[str, Any]:
    """Letters to start from are a set, which is told in any order."""
    letters = settings.get("initial_alphabet")
    return {**settings, "initial_alphabet": sorted(letters)} if isinstance(letters, list) else settings
