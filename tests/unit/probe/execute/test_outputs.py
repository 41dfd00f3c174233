"""What cells show, as a digest."""

from __future__ import annotations

from nbrerun.probe.execute.outputs import Shown, digest_of

PLAIN = {"text/plain": "   a\n0  1", "text/html": "<table id='1'>"}


def test_what_is_shown_alike_has_the_same_digest() -> None:
    """Addresses, the folder of the process, and HTML that says what a text says do not count."""
    assert digest_of({}, []) == digest_of({"stdout": ""}, []) == b""
    assert digest_of({"stdout": "<f at 0x7f3a5b2c1d>"}, []) == digest_of({"stdout": "<f at 0x7f00112233>"}, [])
    assert digest_of({"stderr": "/ipykernel_1/2.py: w"}, []) == digest_of({"stderr": "/ipykernel_9/2.py: w"}, [])
    assert digest_of({}, [PLAIN]) == digest_of({}, [{**PLAIN, "text/html": "<table id='2'>"}])


def test_what_is_shown_otherwise_has_another_digest() -> None:
    """Text, the stream, the order of displays, and HTML that no text stands for."""
    html = {"text/plain": "<IPython.core.display.HTML object>", "text/html": "<b>1</b>"}
    shown = [
        digest_of({"stdout": "1"}, []),
        digest_of({"stdout": "2"}, []),
        digest_of({"stderr": "1"}, []),
        digest_of({}, [PLAIN]),
        digest_of({}, [PLAIN, PLAIN]),
        digest_of({}, [html]),
        digest_of({}, [{**html, "text/html": "<b>2</b>"}]),
        digest_of({}, [{"image/png": "AAAA"}]),
    ]
    assert len(set(shown)) == len(shown)


def test_what_json_does_not_know_is_compared_all_the_same() -> None:
    """Pictures are bytes before they are sent, and base64 from then on; keys may be of several types."""
    assert digest_of({}, [{"image/png": b"PNG"}]) == digest_of({}, [{"image/png": "UE5H"}])
    for one, other in [(b"1", b"2"), ({1: 2, "a": b""}, {1: 3, "a": b""}), ({1}, {2})]:
        found = digest_of({}, [{"application/json": one}])
        assert found == digest_of({}, [{"application/json": one}]) != digest_of({}, [{"application/json": other}])


def test_messages_and_streams_are_collected_until_the_output_is_cleared() -> None:
    """As a session sends them: a whole message, or a type with its content."""
    shown = Shown()
    shown.write("stdout", "lost")
    shown.send(None, "clear_output", {"wait": False})
    shown.write("stdout", "1")
    shown.send(None, {"msg_type": "execute_result", "content": {"data": PLAIN}}, ident=b"x")
    shown.send(None, "display_data", {"data": PLAIN})
    shown.send(None, "status", {"execution_state": "idle"})
    assert shown.digest() == digest_of({"stdout": "1"}, [PLAIN, PLAIN])
    shown.begin()
    assert shown.digest() == b""
