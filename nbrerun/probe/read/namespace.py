"""Which names of the kernel's namespace belong to the user."""

from __future__ import annotations

import re
import sys
from typing import Any, Dict

from ..source.ipython_names import AUTOMATIC

_COMPILED = re.compile(
    r"__(?:builtins_dict_|compiled_fn|resume_at|import|comprehension|gen_rand_values|warnings_warn_wrapper"
    r"|nested_resume_fns|optimizer|subclass|dict_key)_\w+|___(?:context_manager|module|unnamed_scope)_\w+"
    r"|\w*_\d{6,}_c\d+(?:_\d+)*"
)
"""Names that `torch.compile` adds to the namespace of a function's module (`OutputGraph.install_global`)."""


def user_names(shell: Any) -> Dict[str, Any]:
    """Return all names that the user's cells have bound, with their values, sorted."""
    # `user_ns_hidden` holds what IPython bound at its start; a name with another value is the user's after all.
    hidden = shell.user_ns_hidden
    missing = object()
    compiles = "torch._dynamo" in sys.modules
    namespace = dict(shell.user_ns)  # at once: a thread of the notebook's may bind names meanwhile
    return {
        name: namespace[name]
        for name in sorted(name for name in namespace if isinstance(name, str))
        if not AUTOMATIC.fullmatch(name)
        and hidden.get(name, missing) is not namespace[name]
        and not (compiles and _COMPILED.fullmatch(name))
    }
