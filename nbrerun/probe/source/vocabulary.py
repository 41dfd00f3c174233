"""Words in a cell's source that suggest what a call does: it trains, loads, saves, seeds, or only looks.

Every list of such words is here, and each names its user. They are guesses: no new verdict may rest on them, and each
list is removed when what it stands for is measured instead (docs/decisions.md, "Words in the source").
"""

from __future__ import annotations

import re

# Only looks

DESCRIBING_FUNCTIONS = frozenset("str repr type print display hasattr bool".split())
"""Functions whose result gives no access to their argument (`static.names`)."""

LOOKING_FUNCTIONS = DESCRIBING_FUNCTIONS | frozenset(
    """
    len sum min max sorted list tuple set dict isinstance id enumerate zip any all range abs round float int hash
    format getattr callable vars dir iter issubclass
    """.split()
)
"""Functions that leave their arguments alone (`source.statements`)."""

# Is a model: a class has one of the first and one of the last

LEARNING_METHODS = frozenset({"fit", "partial_fit", "train"})
"""Methods by which a model learns (`adapters.generic`)."""

PREDICTING_METHODS = frozenset({"predict", "transform", "forward"})
"""Methods that mark a class in the notebook as a model's, wherever it learns (`files.session`)."""

ANSWERING_METHODS = PREDICTING_METHODS | {"predict_proba", "score", "__call__"}
"""Methods by which a model is used (`adapters.generic`)."""

PICKLING = re.compile(r"pickle|shelve|(?:^|_)(?:load|dump|save)", re.IGNORECASE)
"""Parts of names of what may look up classes by name, as reading and writing a pickle does (`source.dependencies`)."""

# Other

SWALLOWING = re.compile(r"suppress|raises|ignor", re.IGNORECASE)
"""Parts of names of context managers that may swallow an error of their body (`source.inputs`)."""
