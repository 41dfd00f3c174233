"""One audit hook for all listeners."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nbrerun.probe.process import audit


@pytest.fixture(autouse=True)
def hooks(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The hooks that are added; none of them is really."""
    added: list[object] = []
    monkeypatch.setattr(audit, "_listeners", {})
    monkeypatch.setattr(sys, "addaudithook", added.append)
    return added


def test_listeners_share_a_hook_and_hear_in_their_order(hooks: list[object]) -> None:
    """Only of the events that they listen to."""
    heard: list[tuple[str, str]] = []
    audit.listen(["open", "os.rename"], lambda event, _: heard.append(("first", event)))
    audit.listen(["open"], lambda event, _: heard.append(("second", event)))
    (hook,) = hooks
    for event in ("open", "builtins.id", "os.rename"):
        hook(event, ())  # type: ignore[operator]  # a list of whatever was added
    assert heard == [("first", "open"), ("second", "open"), ("first", "os.rename")]


def test_what_a_listener_refuses_no_other_hears_of(hooks: list[object]) -> None:
    """Since it does not happen."""
    heard: list[str] = []

    def refuse(event: str, _: tuple[object, ...]) -> None:
        raise PermissionError(event)

    audit.listen(["open"], refuse)
    audit.listen(["open"], lambda event, _: heard.append(event))
    (hook,) = hooks
    with pytest.raises(PermissionError, match="open"):
        hook("open", ())  # type: ignore[operator]  # a list of whatever was added
    assert heard == []


@pytest.mark.parametrize("value", ["list(range(5_000))", "[(number, 'a') for number in range(5_000)]"])
def test_plain_values_are_read_without_an_event_for_each(value: str) -> None:
    """With a hook in Python, an event takes more time than to read the value."""
    script = f"""
import sys
from nbrerun.probe.read.walk import Reader
value, events = {value}, []
Reader().read("value", [1])
sys.addaudithook(lambda event, _: events.append(event))
Reader().read("value", value)
print(len(events))
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 200
