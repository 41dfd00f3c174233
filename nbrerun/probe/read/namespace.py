"""Which names of the kernel's namespace belong to the user."""

from __future__ import annotations

import re
import sys
from typing import Any, Dict

from ..describe.originals import original_of
from ..source.ipython_names import is_automatic

_COMPILED = re.compile(
    r"__(?:builtins_dict_|compiled_fn|resume_at|import|comprehension|gen_rand_values|warnings_warn_wrapper"
    r"|nested_resume_fns|optimizer|subclass|dict_key)_\w+|___(?:context_manager|module|unnamed_scope)_\w+"
    r"|\w*_\d{6,}_c\d+(?:_\d+)*"
)
"""Names that `torch.compile` adds to the namespace of a function's module (`OutputGraph.install_global`)."""


def user_names(shell: Any) -> Dict[str, Any]:
    """Return all names that the user's cells have bound, with their values, sorted."""
    # `user_ns_hidden` holds what IPython bound at its start, and what `%pylab` does, which may be what stands for a
    # function while a cell is observed; a name with another value is the user's after all.
    hidden = {name: original_of(value) for name, value in dict(shell.user_ns_hidden).items()}
    missing = object()
    compiles = "torch._dynamo" in sys.modules
    # At once, since a thread of the notebook's may bind names meanwhile. A name can be of a subclass of str, numpy's
    # for one; keys of other types cannot be looked up by code.
    namespace = {str.__str__(name): value for name, value in dict(shell.user_ns).items() if isinstance(name, str)}
    return {
        name: namespace[name]
        for name in sorted(namespace)
        if not is_automatic(name)
        and hidden.get(name, missing) is not original_of(namespace[name])
        and not (compiles and _COMPILED.fullmatch(name))
    }
