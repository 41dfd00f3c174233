"""What a cell reached, divided by what must not be repeated."""

from __future__ import annotations

from nbrerun.probe.protocol.messages import Contact
from nbrerun.state.outside import files_outside, sent
from tests.unit.making import state

POSTED: Contact = {"kind": "network", "what": "a.example:443", "how": "posts to", "reads": False}
ASKED: Contact = {"kind": "network", "what": "b.example:443", "how": "reads from", "reads": True}
WROTE: Contact = {"kind": "file", "what": "/data/x", "how": "writes to", "reads": False}
LEFT: Contact = {"kind": "process", "what": "a process", "how": "leaves running", "reads": False}


def test_only_what_was_sent_over_the_network_must_not_be_repeated() -> None:
    """Files and processes are listed, and the cell is run again."""
    assert sent([ASKED, WROTE, POSTED, LEFT]) == [POSTED]
    assert files_outside({**state(), "outside": [ASKED, WROTE, POSTED, LEFT]}) == ["/data/x"]
