"""Answers below their cells, in the kernel."""

from __future__ import annotations

import json
import uuid
from typing import Any

from nbrerun.live.messages import Shown
from nbrerun.live.sentence import told as told_as


def told(said: str) -> Shown:
    """An answer that is a sentence."""
    return told_as(0, said)


def show(answer: Shown) -> None:
    """Show an answer below the cell that is running."""
    from IPython.display import publish_display_data

    publish_display_data(*_content(answer))  # type: ignore[no-untyped-call]  # IPython leaves it without types


def _content(answer: Shown) -> tuple[dict[str, str], dict[str, Any]]:
    return {"text/html": answer["html"], "text/plain": answer["text"]}, {"nbrerun": json.loads(answer["facts"])}


class Place:
    """A place below the cell that is running, whose content can be replaced once another cell is running."""

    def __init__(self, shell: Any) -> None:
        self._kernel = shell.kernel
        self._id = f"nbrerun-{uuid.uuid4()}"
        self._parent = self._kernel.get_parent()
        self._topic = shell.display_pub.topic

    def show(self, answer: Shown) -> None:
        """Show an answer there."""
        self._send("display_data", answer)

    def replace(self, answer: Shown) -> None:
        """Show another answer in its place."""
        self._send("update_display_data", answer)

    def _send(self, kind: str, answer: Shown) -> None:
        data, metadata = _content(answer)
        self._kernel.session.send(
            self._kernel.iopub_socket,
            kind,
            {"data": data, "metadata": metadata, "transient": {"display_id": self._id}},
            parent=self._parent,
            ident=self._topic,
        )
