"""A kernel that somebody works in, for tests of `%load_ext nbrerun`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
from jupyter_client.manager import start_new_kernel

_SECONDS = 120


class Live:
    """A kernel that somebody works in."""

    def __init__(self, folder: Path) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3", cwd=str(folder))
        self.stray: list[dict[str, Any]] = []
        """Messages about earlier cells."""

    def run(self, source: str) -> list[dict[str, Any]]:
        """Run a cell; what it displays and prints, as messages."""
        message = self.client.execute(source)
        found = []
        while True:
            heard = self.client.get_iopub_msg(timeout=_SECONDS)
            if heard["parent_header"].get("msg_id") != message:
                self.stray.append(heard)
            elif heard["msg_type"] == "status" and heard["content"]["execution_state"] == "idle":
                self.client.get_shell_msg(timeout=_SECONDS)
                return found
            elif heard["msg_type"] not in ("status", "execute_input"):
                found.append(heard)

    def answer(self, source: str) -> dict[str, Any]:
        """Run a cell, and return the content of what nbrerun displays below it."""
        (found,) = [each for each in self.run(source) if is_answer(each)]
        return dict(found["content"])

    def facts(self, source: str) -> dict[str, Any]:
        """The same, as facts."""
        return dict(self.answer(source)["metadata"]["nbrerun"])

    def value(self, expression: str) -> str:
        """The value of an expression, as text."""
        (found,) = [each for each in self.run(expression) if each["msg_type"] == "execute_result"]
        return str(found["content"]["data"]["text/plain"])

    def replaced(self) -> dict[str, Any]:
        """The next answer of the background."""
        while not any(each["msg_type"] == "update_display_data" for each in self.stray):
            self.stray.append(self.client.get_iopub_msg(timeout=_SECONDS))
        found = next(each for each in self.stray if each["msg_type"] == "update_display_data")
        self.stray.remove(found)
        return found

    @property
    def process(self) -> psutil.Process:
        """Of the kernel."""
        return psutil.Process(self.manager.provisioner.pid)

    def close(self) -> None:
        """End it."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def is_answer(message: dict[str, Any]) -> bool:
    """Whether nbrerun has displayed this."""
    return "nbrerun" in message["content"].get("metadata", {})
