"""What cells show, as a digest that is equal for equal outputs."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any, Dict, List, Mapping

_OF_THE_PROCESS = re.compile(r"0x[0-9a-fA-F]{6,}|(?<=/ipykernel_)\d+")
"""What another process shows otherwise: an object's address, and the folder of the files that stand for cells."""
_PLAIN, _HTML = "text/plain", "text/html"
_UNTOLD = re.compile(r"<[\w.]+ object>")
"""The plain text of something that is only shown as HTML."""
_DISPLAYS = ("display_data", "execute_result", "update_display_data")
"""Types of Jupyter's messages that show something ("Messages on the IOPub channel")."""


def digest_of(streams: Mapping[str, str], displays: List[Mapping[str, Any]]) -> bytes:
    """The digest of what was written to each stream, and of what was displayed; empty if that is nothing.

    Args:
        displays: the data of each display, by MIME type.
    """
    texts = {name: _told_alike(text).replace("\r\n", "\n") for name, text in streams.items() if text}
    shown = [{kind: _told_alike(data[kind]) for kind in _told(data)} for data in displays]
    if not texts and not shown:
        return b""
    try:
        told = json.dumps([texts, shown], sort_keys=True, default=_as_sent)
    except (TypeError, ValueError):  # keys of several types, or a cycle
        told = _told_alike(repr([texts, shown]))
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _as_sent(value: Any) -> Any:
    """What a message has for what JSON does not know: pictures and the like in base64 (jupyter_client, jsonutil)."""
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else _told_alike(repr(value))


def _told(data: Mapping[str, Any]) -> List[str]:
    """The types to compare: HTML numbers its parts on the page, so that it counts only where no text says the same."""
    plain = data.get(_PLAIN)
    says_all = isinstance(plain, str) and not _UNTOLD.fullmatch(plain)
    return [kind for kind in data if not (kind == _HTML and says_all)]


def _told_alike(value: Any) -> Any:
    return _OF_THE_PROCESS.sub("", value) if isinstance(value, str) else value


class Shown:
    """Collects what a silenced process would have shown."""

    def __init__(self) -> None:
        self._streams: Dict[str, List[str]] = {}
        self._displays: List[Mapping[str, Any]] = []

    def begin(self) -> None:
        """Forget what was shown so far."""
        self._streams.clear()
        self._displays.clear()

    def write(self, stream: str, text: str) -> None:
        """Something was written to a stream."""
        self._streams.setdefault(stream, []).append(text)

    def send(self, _socket: Any, message: Any, content: Any = None, *_args: Any, **_more: Any) -> None:
        """A message was sent, in the way of jupyter_client's `Session.send`."""
        kind = message.get("msg_type") if isinstance(message, Mapping) else message
        said = message.get("content") if isinstance(message, Mapping) else content
        if kind == "clear_output":
            self.begin()
        elif kind in _DISPLAYS and isinstance(said, Mapping) and said.get("data"):
            self._displays.append(said["data"])

    def digest(self) -> bytes:
        """The digest of all that was shown since `begin`."""
        return digest_of({name: "".join(texts) for name, texts in self._streams.items()}, self._displays)


shown = Shown()
"""Of this process; it stays empty in a kernel that is not silenced."""
