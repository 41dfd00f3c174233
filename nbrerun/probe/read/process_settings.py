"""Process settings that a cell can change, as texts by name."""

from __future__ import annotations

import locale
import logging
import os
import re
import sys
import warnings
from typing import Any, Dict, Iterator, List, Tuple

from ..describe.change import other_atom
from ..describe.node import without_addresses
from ..process.lookups import unobserved
from .walk import Reader

_MATPLOTLIB_OWN = frozenset({"backend", "interactive", "backend_fallback"})
"""Set by `%matplotlib inline` and by the notebook's front end, not by the user."""

_PRIVATE = re.compile(r"(^|\.)__\w*(?<!__)(\.|$)")
"""Loggers that a library keeps for itself, and configures when it first needs them (`torch.__trace`)."""


def read_settings() -> Dict[str, str]:
    """Return the settings of the process, and those of libraries that differ from their defaults."""
    found: Dict[str, str] = {}
    for reader in (_process, _logging, _numpy, _pandas, _sklearn, _matplotlib, _torch):
        try:
            found.update(reader())
        except Exception:  # noqa: BLE001  libraries' code: another version may keep them elsewhere
            continue
    return found


def _process() -> Iterator[Tuple[str, str]]:
    for name, value in unobserved().items():
        yield f"os.environ[{name}]", value
    yield "sys.path", repr(sys.path)
    try:
        yield "cwd", os.getcwd()
    except OSError:
        yield "cwd", "(removed)"
    yield "warnings.filters", repr([_filter(item) for item in warnings.filters])
    yield "sys.recursionlimit", str(sys.getrecursionlimit())
    yield "locale", repr(locale.setlocale(locale.LC_ALL))
    decimal = sys.modules.get("decimal")  # importing it would create a context
    if decimal is not None:
        context = decimal.getcontext()
        yield "decimal.prec", str(context.prec)
        yield "decimal.rounding", str(context.rounding)


def _text(value: Any) -> str:
    """Return a text that is equal for equal values, functions among them (`lambda x: f"{x:.2f}"`)."""
    text = repr(value)
    plain = without_addresses(text).replace(" at 0x>", ">")
    return text if plain == text else f"{plain} {Reader().read('', value).digest[:4].hex()}"


def _filter(item: Any) -> Tuple[Any, ...]:
    action, message, category, module, line = item
    return (
        action,
        getattr(message, "pattern", message),
        category.__name__,
        getattr(module, "pattern", module),
        line,
    )


def _logging() -> Iterator[Tuple[str, str]]:
    loggers: List[Tuple[str, logging.Logger]] = [("logging.root", logging.root)]
    for name, logger in sorted(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and not _PRIVATE.search(name):
            loggers.append((f"logging[{name}]", logger))
    for name, logger in loggers:
        # Libraries add a NullHandler to their own as a matter of course (logging HOWTO, "configuring logging for a
        # library").
        is_root = logger is logging.root
        handlers = [handler for handler in logger.handlers if is_root or type(handler) is not logging.NullHandler]
        if handlers or is_root:
            yield f"{name}.handlers", repr([type(handler).__name__ for handler in handlers])
        if logger.level:
            yield f"{name}.level", logging.getLevelName(logger.level)


def _numpy() -> Iterator[Tuple[str, str]]:
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(numpy, "get_printoptions"):
        for name, value in numpy.get_printoptions().items():
            yield f"numpy.printoptions[{name}]", _text(value)
        for name, value in numpy.geterr().items():
            yield f"numpy.err[{name}]", value


def _pandas() -> Iterator[Tuple[str, str]]:
    config = sys.modules.get("pandas._config.config")
    if config is not None:
        for name, option in config._registered_options.items():
            value = config._global_config
            for key in name.split("."):
                value = value[key]
            if value != option.defval:
                yield f"pandas.options[{name}]", _text(value)


def _sklearn() -> Iterator[Tuple[str, str]]:
    config = sys.modules.get("sklearn._config")
    if config is not None:
        for name, value in config.get_config().items():
            yield f"sklearn.config[{name}]", repr(value)


def _matplotlib() -> Iterator[Tuple[str, str]]:
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is not None and hasattr(matplotlib, "rcParamsDefault"):
        # `dict.items`: the methods of RcParams resolve the backend, and may import one.
        for name, value in dict.items(matplotlib.rcParams):
            if name not in _MATPLOTLIB_OWN and value != dict.get(matplotlib.rcParamsDefault, name):
                yield f"rcParams[{name}]", _text(value)


def _torch() -> Iterator[Tuple[str, str]]:
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_num_threads"):
        yield "torch.default_dtype", str(torch.get_default_dtype())
        yield "torch.grad_enabled", str(torch.is_grad_enabled())
        yield "torch.num_threads", str(torch.get_num_threads())
        yield "torch.deterministic_algorithms", str(torch.are_deterministic_algorithms_enabled())


def perturb_setting(name: str) -> None:
    """Give a setting another value, as somebody else could have done; most are left as they are."""
    where, _, key = name.rstrip("]").partition("[")
    if where == "os.environ":
        data: Any = os.environ
        data[key] = unobserved().get(key, "") + "*"
    elif name == "sys.path":
        sys.path.append("*")
    elif where == "rcParams":
        known = sys.modules["matplotlib"].rcParams
        dict.__setitem__(known, key, other_atom(dict.get(known, key)))
    elif where == "logging" or name.startswith("logging.root"):
        logger = logging.getLogger(key.rpartition("].")[0] or None)
        if name.endswith(".level"):
            logger.setLevel(logger.level + 1)
        else:
            logger.addHandler(_OtherHandler())


class _OtherHandler(logging.NullHandler):
    """A handler that does nothing, and is none of a library's."""
