"""What nbrerun may ask to change in the namespace and the process, as somebody else could have done: see `requests`."""

from __future__ import annotations

from typing import Dict, List, Optional, TypedDict

from .messages import Leaf
from .requests import Empty, Operation


class Perturb(TypedDict):
    """Change the values of variables, for the *perturbed* experiment."""

    earlier: Dict[str, Dict[str, Optional[Leaf]]]
    """By name and path: the parts to change, with what was there before the cell's first run; None if nothing was."""


class Perturbed(TypedDict):
    """What was changed."""

    paths: Dict[str, List[str]]
    """By name; names of which nothing could be changed are left out."""


class PerturbSettings(TypedDict):
    """Change process settings, for the *perturbed* experiment."""

    names: List[str]


class PerturbedSettings(TypedDict):
    """Their values now; settings that cannot be changed are left out."""

    settings: Dict[str, str]


class DeleteNames(TypedDict):
    """Delete names of the namespace."""

    names: List[str]


class PutValues(TypedDict):
    """Give names the values that they had in another process, for the experiment *inputs put back*."""

    data: bytes
    """What `HAND_BACK` has made there."""


PERTURB = Operation("perturb", Perturb, Perturbed)
PERTURB_SETTINGS = Operation("perturb settings", PerturbSettings, PerturbedSettings)
DELETE_NAMES = Operation("delete names", DeleteNames, Empty)
PUT_VALUES = Operation("put values", PutValues, Empty)
START_OVER = Operation("start over", Empty, Empty)
