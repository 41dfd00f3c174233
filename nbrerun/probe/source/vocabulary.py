"""Words by which source text and classes are understood without being run.

Every list of such words is here, and each names its user: builtin functions of the language, the methods that make a
class a model's, and words that only decide what is tried, and then measured (docs/decisions.md, "Words in the source").
"""

from __future__ import annotations

import re

# Builtin functions of the language

DESCRIBING_FUNCTIONS = frozenset("str repr type print display hasattr bool".split())
"""Functions whose result gives no access to their argument (`static.names`)."""

LOOKING_FUNCTIONS = DESCRIBING_FUNCTIONS | frozenset(
    """
    len sum min max sorted list tuple set dict isinstance id enumerate zip any all range abs round float int hash
    format getattr callable vars dir iter issubclass
    """.split()
)
"""Functions that leave their arguments alone (`source.statements`)."""

# The API of estimators and networks: a class is a model's if it has one of the first and one of the last
# https://scikit-learn.org/stable/developers/develop.html

LEARNING_METHODS = frozenset({"fit", "partial_fit", "train"})
"""Methods by which a model learns (`adapters.generic`)."""

PREDICTING_METHODS = frozenset({"predict", "transform", "forward"})
"""Methods that mark a class in the notebook as a model's, wherever it learns (`files.session`)."""

ANSWERING_METHODS = PREDICTING_METHODS | {"score", "__call__"}
"""Methods by which a model is used (`adapters.generic`) ..."""

ANSWERS = "predict_"
"""... and how others begin: `predict_proba`, `predict_survival_function`."""

# Decide what is tried, and then measured

PICKLING = re.compile(r"pickle|shelve|(?:^|_)(?:load|dump)s?$", re.IGNORECASE)
"""Parts of names of what may look up classes by name, as reading and writing a pickle does (`source.dependencies`)."""

SAVING = re.compile(r"(?:^|_)(?:load|dump|save)", re.IGNORECASE)
"""The same, where an object was seen to go in or out of a file."""

SWALLOWING = re.compile(r"suppress|raises|ignor", re.IGNORECASE)
"""Parts of names of context managers that may swallow an error of their body (`source.inputs`)."""
