"""The kernel's own objects, widgets, progress bars, compiled functions and addresses."""

from __future__ import annotations

import asyncio
import ctypes
import io
import logging
from typing import Any

import ipywidgets
import pytest
import tqdm
import zmq
from ipykernel import iostream
from jupyter_client import session as jupyter_session

from nbrerun.probe.read.walk import Reader


def digest(value: Any) -> bytes:
    """The value of an object, as a state holds it."""
    return Reader().read("x", value).digest


def opaque(value: Any) -> tuple[str, ...]:
    """What of it could not be read."""
    return Reader().read("x", value).opaque


class Stream(iostream.OutStream):  # type: ignore[misc]  # the base class is Any, since its package may be missing
    """The kernel's stream, without the thread that it sends with."""

    def __init__(self, written: int) -> None:
        """What has been written to it is all that differs."""
        self.written = written


def handler(written: int) -> Any:
    """A logging handler that writes to the kernel's stream."""
    return {"handler": logging.Formatter("%(message)s"), "stream": Stream(written), "level": 10}


def test_the_kernels_stream_has_no_value_of_its_own() -> None:
    """Neither has a default argument, a list or a handler one through it."""
    assert digest(Stream(1)) == digest(Stream(2))
    assert digest([Stream(1), 5]) == digest([Stream(2), 5]) != digest([Stream(1), 6])
    assert digest(handler(1)) == digest(handler(2))
    assert opaque(handler(1)) == ()


def test_sockets_sessions_and_loops_have_none_either() -> None:
    """Two of a kind are the same, and nothing of them could not be read."""
    with zmq.Context() as context, context.socket(zmq.PUSH) as one, context.socket(zmq.PULL) as other:
        assert digest(one) == digest(other)
        assert opaque([one, context]) == ()
    assert digest(jupyter_session.Session(key=b"1")) == digest(jupyter_session.Session(key=b"2"))
    loops = [asyncio.new_event_loop() for _ in range(2)]
    assert digest(loops[0]) == digest(loops[1])
    assert opaque(loops) == ()
    for loop in loops:
        loop.close()


def test_a_widget_is_what_the_front_end_shows() -> None:
    """Two with equal traits are equal, however their ids were drawn; reading one changes nothing."""
    make = ipywidgets.IntSlider
    slider = make(value=3, max=9)
    assert digest(slider) == digest(make(value=3, max=9))
    assert digest(slider) != digest(make(value=4, max=9))
    assert digest(slider) != digest(make(value=3, max=8))
    assert digest(slider) != digest(ipywidgets.FloatSlider(value=3, max=9))
    before = digest(slider)
    slider.value = 5
    assert digest(slider) != before
    assert opaque(slider) == ()


def test_a_box_is_the_widgets_in_it() -> None:
    """And their order."""
    box, text, number = ipywidgets.HBox, ipywidgets.Text, ipywidgets.IntText
    assert digest(box([text(value="a"), number(value=1)])) == digest(box([text(value="a"), number(value=1)]))
    assert digest(box([text(value="a")])) != digest(box([text(value="b")]))
    assert digest(box([text(value="a"), number(value=1)])) != digest(box([number(value=1), text(value="a")]))


def test_looks_are_no_value() -> None:
    """The layout of a widget is a widget of its own."""
    one, other = ipywidgets.Text(value="a"), ipywidgets.Text(value="a")
    one.layout.width = "50%"
    assert digest(one) == digest(other)


def test_a_widget_has_attributes_of_its_own() -> None:
    """Those that a class of the notebook's own counts in, and those that somebody has put there."""

    class Clicks(ipywidgets.Button):  # type: ignore[misc]  # ipywidgets has no types
        def __init__(self) -> None:
            super().__init__()
            self.count = 0

    before = digest(Clicks)
    one, other = Clicks(), Clicks()
    assert digest(one) == digest(other)
    assert digest(Clicks) == before  # traitlets looks up classes that it knows by name
    one.count += 1
    assert digest(one) != digest(other)


def test_an_interaction_is_also_what_it_last_returned() -> None:
    """What a cell takes from there, an earlier one has made."""
    one = ipywidgets.interactive(lambda n: [n], n=(0, 5))
    before = digest(one)
    one.result = [3]
    assert digest(one) != before


def test_an_interaction_is_its_function_and_its_widgets() -> None:
    """Another function, or another default, makes another one."""

    def show(n: int = 1) -> None:
        """Nothing."""

    def hide(n: int = 1) -> int:
        """Nothing, otherwise."""
        return n

    make = ipywidgets.interactive
    assert digest(make(show, n=(0, 5))) == digest(make(show, n=(0, 5)))
    assert digest(make(show, n=(0, 5))) != digest(make(hide, n=(0, 5)))
    assert digest(make(show, n=(0, 5))) != digest(make(show, n=(0, 7)))


def bar(**more: Any) -> Any:
    """A progress bar that writes nowhere."""
    return tqdm.tqdm(**{"total": 5, "file": io.StringIO(), **more})


def test_a_progress_bar_is_how_far_it_is() -> None:
    """Without its clock and its place on the screen."""
    one, other = bar(), bar(position=3)
    assert digest(one) == digest(other)
    one.update(2)
    assert digest(one) != digest(other)
    other.update(2)
    assert digest(one) == digest(other)
    assert digest(bar()) != digest(bar(total=6))
    assert digest(bar()) != digest(bar(desc="epoch"))
    assert opaque(one) == ()


def test_a_compiled_function_is_the_function_that_was_written() -> None:
    """What numba has compiled of it is a cache; reading it draws no id."""
    import numba

    plain = lambda x: x + 1  # noqa: E731
    one, other = numba.njit(plain), numba.njit(plain)
    before = dict(vars(one))
    assert digest(one) == digest(other)
    assert vars(one).keys() == before.keys()
    one(1)
    assert digest(one) == digest(other)
    assert digest(one) != digest(numba.njit(lambda x: x + 2))


class Handle(ctypes.c_void_p):
    """A handle of a C library, as its bindings declare it."""


@pytest.mark.parametrize("kind", [ctypes.c_void_p, Handle])
def test_an_address_is_no_value(kind: Any) -> None:
    """But whether there is one is; and a handle is none of another type."""
    assert digest(kind(4096)) == digest(kind(8192))
    assert digest(kind(4096)) != digest(kind(None))
    assert digest(ctypes.c_void_p(4096)) != digest(Handle(4096))


@pytest.mark.parametrize("value", [ctypes.py_object([1]), ctypes.c_char_p(b"a")])
def test_what_lies_behind_other_references_cannot_be_read(value: Any) -> None:
    """An object or a text may change there, so that nothing is claimed of it."""
    assert opaque(value)


def test_a_widget_is_also_what_the_notebook_wants_to_be_called() -> None:
    """A function that is registered once more is called twice; what the widget itself has registered is not counted."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec("def changed(change): pass\ndef clicked(button): pass", namespace)
    slider, button = ipywidgets.IntSlider(), ipywidgets.Button()
    plain = digest(slider), digest(button)
    slider.observe(namespace["changed"], names="value")
    button.on_click(namespace["clicked"])
    once = digest(slider), digest(button)
    assert plain[0] != once[0]
    assert plain[1] != once[1]
    button.on_click(namespace["clicked"])  # the very same function: ipywidgets leaves it out
    assert digest(button) == once[1]
    button.on_click(lambda button: None)  # no function of the notebook's
    assert digest(button) == once[1]


def test_what_a_front_end_writes_into_a_widget_is_no_value() -> None:
    """It does so in the main run only: no rerun has one. Code that adds to it prints."""
    one, other = ipywidgets.Output(), ipywidgets.Output()
    one.outputs = ({"output_type": "stream", "name": "stdout", "text": "a"},)
    one.msg_id = "5"
    one.append_stdout("text")
    assert digest(one) == digest(other)
    assert digest(one) != digest(ipywidgets.HTML())
