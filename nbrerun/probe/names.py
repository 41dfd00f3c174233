"""Which names of the kernel's namespace are the person's."""

from __future__ import annotations

import re
from typing import Any, Dict

AUTOMATIC = re.compile(r"_+|_i+|_i\d+|_\d+|_[iod]h|_exit_code|__\w+__|In|Out")


def user_names(shell: Any) -> Dict[str, Any]:
    """All names that a person's cells have bound, with their values, sorted."""
    hidden = shell.user_ns_hidden
    missing = object()
    namespace = dict(shell.user_ns)
    return {
        name: namespace[name]
        for name in sorted(name for name in namespace if isinstance(name, str))
        if not AUTOMATIC.fullmatch(name) and hidden.get(name, missing) is not namespace[name]
    }
