"""Answers to what changes the namespace and the process, as somebody else could have done."""

from __future__ import annotations

import sys
from typing import Any

from .answering import answers
from .describe.ownership import own_modules
from .execute.hand_back import unpack
from .protocol import change_requests as ask
from .protocol.requests import Empty
from .read.namespace import user_names
from .read.perturb import perturb
from .read.process_settings import perturb_setting, read_settings


class ChangeAnswers:
    """The part of the service that changes values, settings and names."""

    shell: Any

    @answers(ask.PERTURB)
    def perturb(self, request: ask.Perturb) -> ask.Perturbed:
        """Change the values of variables, each in the parts that are given."""
        namespace, paths = user_names(self.shell), {}
        for name, earlier in request["earlier"].items():
            value, changed = perturb(name, namespace[name], earlier) if name in namespace else (None, set())
            if changed:
                self.shell.user_ns[name] = value
                paths[name] = sorted(changed)
        return {"paths": paths}

    @answers(ask.PERTURB_SETTINGS)
    def perturb_settings(self, request: ask.PerturbSettings) -> ask.PerturbedSettings:
        """Change process settings."""
        before = read_settings()
        for name in request["names"]:
            perturb_setting(name)
        after = read_settings()
        changed = [name for name in request["names"] if after.get(name) != before.get(name)]
        return {"settings": {name: after.get(name, "") for name in changed}}

    @answers(ask.DELETE_NAMES)
    def delete_names(self, request: ask.DeleteNames) -> Empty:
        """Delete names of the namespace."""
        for name in request["names"]:
            self.shell.user_ns.pop(name, None)
        return {}

    @answers(ask.PUT_VALUES)
    def put_values(self, request: ask.PutValues) -> Empty:
        """Give names the values of another process."""
        self.shell.user_ns.update(unpack(request["data"], self.shell.user_ns))
        return {}

    @answers(ask.START_OVER)
    def start_over(self, _: Empty) -> Empty:
        """Delete all names of the namespace, and the notebook's own modules, which are to be imported again."""
        for name in user_names(self.shell):
            self.shell.user_ns.pop(name, None)
        for name in own_modules():
            del sys.modules[name]
        return {}
