"""Values that one process hands to another one that has the same names."""

from __future__ import annotations

import math
from typing import Any

from nbrerun.probe.execute.hand_back import pack, unpack


def namespace(source: str) -> dict[str, Any]:
    """The names of a notebook that has run some source."""
    found: dict[str, Any] = {"__name__": "__main__"}
    exec(source, found)
    return found


def handed(source: str, changed: list[str], unchanged: list[str], now: dict[str, Any]) -> dict[str, Any]:
    """Have `now` get what a notebook held."""
    then = namespace(source)
    data, lost = pack(then, changed, unchanged)
    assert lost == {}
    return unpack(data, now)


def test_what_values_share_stays_shared() -> None:
    """They are pickled together."""
    found = handed("one = [1]\nboth = {'one': one}", ["one", "both"], [], {})
    assert found == {"one": [1], "both": {"one": [1]}}
    assert found["both"]["one"] is found["one"]


def test_what_the_other_process_still_has_is_not_copied() -> None:
    """The value that it holds under the same name takes its place."""
    kept = [1, 2]
    found = handed("kept = [1, 2]\nholder = [kept]", ["holder"], ["kept"], {"kept": kept})
    assert found["holder"][0] is kept


def test_a_module_is_named() -> None:
    """Modules cannot be pickled, and are the same in both."""
    assert handed("import math\nuses = [math]", ["uses"], [], {})["uses"] == [math]


def test_a_function_is_the_one_from_then() -> None:
    """By its name pickle would find the function that has taken its place; it works with the names of now."""
    now = namespace("factor = 10\ndef f(x, by=1):\n    return None")
    found = handed("def f(x, by=2, *, more=3):\n    return x * by * factor + more\nf.note = 'n'", ["f"], [], now)
    assert found["f"](1) == 23
    assert found["f"].note == "n"


def test_what_cannot_be_pickled_is_named_and_the_rest_is_handed_over() -> None:
    """With the reason."""
    then = namespace("numbers = (n for n in [1])\nx = 1\nimport threading\nlock = [threading.Lock()]")
    data, lost = pack(then, ["numbers", "x", "lock", "absent"], [])
    assert unpack(data, {}) == {"x": 1}
    assert lost.keys() == {"numbers", "lock"}
    assert "generator" in lost["numbers"]


def test_an_instance_of_a_class_that_is_another_one_now_is_refused() -> None:
    """It would become an instance of the new class."""
    then = namespace("class C:\n    pass\nc = C()")
    _, lost = pack(then, ["C", "c"], [])
    assert lost.keys() == {"C", "c"}


def test_code_of_the_users_that_fails_is_a_reason() -> None:
    """Whatever `__reduce__` raises."""
    then = namespace("class C:\n    def __reduce__(self):\n        raise KeyError('no')\nc = C()")
    _, lost = pack(then, ["c"], ["C"])
    assert "KeyError" in lost["c"]
