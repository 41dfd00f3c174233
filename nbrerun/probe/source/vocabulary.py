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

LOOKING_METHODS = frozenset(
    """
    count index keys values items get copy head tail describe info predict predict_proba transform
    score get_params mean std sum min max any all astype tolist item shape join split strip lower
    upper format startswith endswith value_counts unique nunique groupby merge isin isna to_numpy
    decision_function setdefault
    """.split()
)
"""Methods that leave their object alone; `setdefault` does so where the key exists (`source.statements`)."""

# Trains

FITTING_FROM_SCRATCH = re.compile(r"(?:fit|train)(?:_\w+)?")
"""Whole names of functions and methods that train from the beginning (`source.statements`)."""

TRAINING = re.compile(rf"partial_fit(?:_\w+)?|{FITTING_FROM_SCRATCH.pattern}")
"""The same, with those that continue training (`source.dependencies`)."""

REPLACING_METHODS = frozenset({"fit", "load_state_dict", "set_weights"})
"""Methods that replace everything their object has learnt (`classify.evidence`)."""

FITTED_ATTRIBUTE = re.compile(r"[a-z]\w*_")
"""Attributes of a fitted estimator, by scikit-learn's convention (`source.statements`).

https://scikit-learn.org/stable/developers/develop.html#estimated-attributes
"""

# Is a model: a class has one of the first and one of the last

LEARNING_METHODS = frozenset({"fit", "partial_fit", "train", "train_step", "update_weights"})
"""Methods by which a model learns (`adapters.generic`)."""

PREDICTING_METHODS = frozenset({"predict", "transform", "forward"})
"""Methods that mark a class in the notebook as a model's, wherever it learns (`files.session`)."""

ANSWERING_METHODS = PREDICTING_METHODS | {"predict_proba", "score", "__call__"}
"""Methods by which a model is used (`adapters.generic`)."""

# Loads, saves, seeds

LOADING = re.compile(r"loads?(?:_\w+)?|read_pickle|restore\w*|set_(?:weights|state)\w*")
"""Whole names of functions that return what was saved before (`source.statements`), and beginnings of the names of
methods that take it in (`experiments.without_file`)."""

PICKLING = re.compile(r"pickle|shelve|(?:^|_)(?:load|dump|save)", re.IGNORECASE)
"""Parts of names of what may look up classes by name, as reading and writing a pickle does (`source.dependencies`)."""

SEEDING = re.compile(r"seed|set_?state", re.IGNORECASE)
"""Parts of names of what sets a random number generator (`source.dependencies`)."""

# Other

LOOKING_FOR_FILES = re.compile(r"\b(?:exists|is_?file|is_?dir|listdir|i?glob|rglob|iterdir|scandir|walk|access|stat)\b")
"""Words in source text that may look for files which a later cell makes (`experiments.later`)."""

SWALLOWING = re.compile(r"suppress|raises|ignor", re.IGNORECASE)
"""Parts of names of context managers that may swallow an error of their body (`source.inputs`)."""
