"""What belongs to the kernel and not to the notebook, and the widgets that talk to the front end.

The kernel's streams, sockets, shell and event loop have no value of their own: a handler, a progress bar or a default
argument that refers to one of them is compared without it.
"""

from __future__ import annotations

import itertools
import sys
import types
from typing import Any, Dict, FrozenSet, Iterator

from ..describe.node import Node, attribute_label, reads, type_name
from .generic import attributes, attributes_node

_OF_THE_KERNEL = (
    *("ipykernel.iostream.OutStream", "ipykernel.iostream.IOPubThread", "ipykernel.iostream.BackgroundSocket"),
    *("ipykernel.kernelbase.Kernel", "ipykernel.kernelapp.IPKernelApp", "jupyter_client.session.Session"),
    *("comm.base_comm.BaseComm", "comm.base_comm.CommManager", "ipykernel.comm.comm.Comm"),
    *("zmq.sugar.socket.Socket", "zmq.sugar.context.Context", "zmq.eventloop.zmqstream.ZMQStream"),
    *("tornado.ioloop.IOLoop", "asyncio.events.AbstractEventLoop"),
    *("IPython.core.interactiveshell.InteractiveShell", "IPython.core.displayhook.DisplayHook"),
    *("IPython.core.displaypub.DisplayPublisher", "IPython.core.display_functions.DisplayHandle"),
    *("IPython.core.history.HistoryAccessor", "IPython.core.magic.Magics", "IPython.core.events.EventManager"),
)


@reads(*_OF_THE_KERNEL)
def of_the_kernel(value: Any) -> Node:
    """One of the kernel's own objects: the same at every moment."""
    name = type_name(type(value))
    return Node(name, kind="definition", text=lambda: f"<the kernel's {name.rpartition('.')[2]}>")


_FRONT_END = frozenset({"layout", "style", "comm", "tooltip", "tabbable", "log"})
"""Traits about looks, which are widgets themselves."""


@reads("ipywidgets.widgets.widget.Widget")
def widget(value: Any) -> Node:
    """Its public traits that the front end sees and attributes, and what the notebook wants to be called on changes.

    Attributes are those of a class of the notebook's own, the last result of an interaction, or what somebody has put
    there. The model's id and the comm are drawn anew for each widget.
    """
    return _widget(value, _FRONT_END)


def _widget(value: Any, left_out: FrozenSet[str]) -> Node:
    own = attributes(value)
    held = {**own, **own.get("_trait_values", {})}
    found = {name: item for name, item in held.items() if not name.startswith("_") and name not in left_out | {"keys"}}
    names, callbacks = sorted(found), list(_callbacks(value))
    return Node(
        type_name(type(value)),
        ("\0".join(names).encode(),),
        children=[*(found[name] for name in names), *callbacks],
        labels=lambda: [*map(attribute_label, names), *(f".callbacks[{i}]" for i in range(len(callbacks)))],
        text=lambda: f"<{type(value).__name__}>",
    )


def _callbacks(value: Any) -> Iterator[types.FunctionType]:
    """The notebook's functions among those that a widget calls; the others are its own."""
    own = attributes(value)
    lists = [handlers for kinds in own.get("_trait_notifiers", {}).values() for handlers in kinds.values()]
    for each in own.values():
        if type_name(type(each)) == "ipywidgets.widgets.widget.CallbackDispatcher":
            lists.append(attributes(each).get("_trait_values", {}).get("callbacks", []))
    for handler in itertools.chain.from_iterable(lists):
        if type(handler) is types.FunctionType and handler.__module__ == "__main__":
            yield handler


@reads("ipywidgets.widgets.widget_output.Output")
def output(value: Any) -> Node:
    """A widget that shows outputs, without these: the front end writes them there, in the main run only."""
    return _widget(value, _FRONT_END | {"outputs", "msg_id"})


@reads("traitlets.traitlets.ClassBasedTraitType")
def trait_of_class(value: Any) -> Node:
    """A trait, with its class by name: `Instance("logging.Logger")` looks the class up when it is first used."""
    own = attributes(value)
    klass = own.get("klass")
    name = klass if isinstance(klass, str) else getattr(klass, "__name__", "")
    return attributes_node(value, {**own, "klass": name.rpartition(".")[2]})


_PROGRESS = ("n", "total", "desc", "postfix", "unit", "initial", "disable", "iterable")


@reads("tqdm.std.tqdm")
def progress_bar(value: Any) -> Node:
    """How far it is, without its clock, its stream and its place on the screen."""
    own = attributes(value)
    found: Dict[str, Any] = {name: own[name] for name in _PROGRESS if name in own}
    return attributes_node(value, found, text=lambda: f"<progress bar at {own.get('n')} of {own.get('total')}>")


@reads("numba.core.dispatcher.Dispatcher")
def compiled_function(value: Any) -> Node:
    """The function as it was written; what has been compiled of it is a cache."""
    inside = attributes(value).get("py_func")
    return Node(
        "numba function",
        children=[inside],
        labels=lambda: [".py_func"],
        kind="definition",
        text=lambda: f"<numba function {getattr(inside, '__name__', '')}>",
    )


@reads("ctypes.c_void_p")
def address(value: Any) -> Node:
    """A handle: where something lies is no value; whether it leads anywhere is."""
    leads = bool(sys.modules["ctypes"].cast(value, sys.modules["ctypes"].c_void_p).value)
    return Node(type_name(type(value)), (b"%d" % leads,), text=lambda: f"<{type(value).__name__}>")
