"""tokenizers: tokenizers written in Rust, and their parts.

Parts return their state for pickling, which `generic` reads. A whole tokenizer is read part by part, so that the
report can say which one has changed.
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
    """A tokenizer, by its parts, added tokens, truncation and padding."""
    return _by_parts(value, (*_PARTS, *_SET_FOR_A_CALL, "encode_special_tokens"))


class Within:
    """A tokenizer in an object of transformers, which sets truncation and padding in every call."""

    __slots__ = ("tokenizer",)

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer


@reads(f"{__name__}.Within")
def within(value: Within) -> Node:
    """A tokenizer, without what is set in every call."""
    return _by_parts(value.tokenizer, _PARTS)


def _by_parts(value: Any, names: Any) -> Node:
    """Describe a tokenizer by some of its parts; `get_added_tokens_decoder` returns tokens by number."""
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
    """A trainer of tokenizers, by its settings."""
    ((_, found),) = json.loads(type(value).__getstate__(value), object_hook=_in_order).items()
    return attributes_node(value, found)


def _in_order(settings: Dict[str, Any]) -> Dict[str, Any]:
    """Sort the initial alphabet, which is a set, and is written in any order."""
    letters = settings.get("initial_alphabet")
    return {**settings, "initial_alphabet": sorted(letters)} if isinstance(letters, list) else settings
