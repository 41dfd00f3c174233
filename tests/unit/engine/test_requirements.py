"""The sentence on what a notebook declares to need, and what of that its kernel lacks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from nbrerun.engine.requirements import declared
from nbrerun.notebooks.inline_metadata import InlineMetadata
from nbrerun.probe.protocol.package_requests import Distributions

INSTALLED = {"numpy": "2.1.0", "pandas": "3.0.0rc1", "mine": "of today", "secret": "1"}


def kernel(names: Sequence[str]) -> Distributions:
    """Answer as one that runs Python 3.11 does."""
    return {"python": "3.11.7", "versions": {name: INSTALLED[name] for name in names if name in INSTALLED}}


ALL = "and the kernel has all of that"
SENTENCES = {
    "nothing": (("", ()), "the notebook declares that it needs no package (PEP 723)"),
    "all there": (
        (">=3.9", ("numpy", "pandas>=2", "mine==1")),
        f"the notebook declares that it needs Python >=3.9, numpy, pandas>=2 and mine==1 (PEP 723), {ALL}",
    ),
    "one missing": (
        ("", ("numpy", "polars")),
        "the notebook declares that it needs numpy and polars (PEP 723), but the kernel has no polars",
    ),
    "other versions": (
        (">=3.12", ("numpy<2",)),
        "the notebook declares that it needs Python >=3.12 and numpy<2 (PEP 723), "
        "but the kernel runs Python 3.11.7; the kernel has numpy 2.1.0",
    ),
    "markers": (
        (
            "",
            ("old; python_version < '3.11'", "new; python_full_version >= '3.11.7'", "numpy; python_version >= '3.9'"),
        ),
        "the notebook declares that it needs new and numpy (PEP 723), but the kernel has no new",
    ),
    "an address": (
        ("", ("secret @ https://me:password@example.com/secret.zip", "numpy[extra]")),
        f"the notebook declares that it needs secret and numpy (PEP 723), {ALL}",
    ),
    "not a requirement": (
        ("", ("numpy", "this is none", ">=2")),
        "the notebook declares that it needs numpy (PEP 723), but 2 of the requirements cannot be read",
    ),
    "only that": (
        ("", ("this is none",)),
        "the notebook declares that it needs something (PEP 723), but 1 of the requirements cannot be read",
    ),
    "not a version": (
        ("three", ()),
        "the notebook declares that it needs Python three (PEP 723), but its version of Python cannot be read",
    ),
}


@pytest.mark.parametrize("what", SENTENCES)
def test_the_sentence_says_what_is_declared_and_what_is_missing(what: str) -> None:
    """Names and versions; addresses, which may hold passwords, and texts that cannot be read are not shown."""
    (python, dependencies), sentence = SENTENCES[what]
    assert declared(InlineMetadata(python, dependencies), kernel) == sentence


def test_nothing_is_asked_where_nothing_can_be_said() -> None:
    """No block, no sentence; one that cannot be read is no reason not to run the notebook."""

    def never(names: Sequence[str]) -> Distributions:
        raise AssertionError(names)

    assert declared(None, never) == ""
    sentence = "what the notebook declares (PEP 723) cannot be read: it is not TOML"
    assert declared(InlineMetadata(problem="it is not TOML"), never) == sentence
