"""Functions of the notebook's, marked while a cell runs: what a statement does is the same inside a function.

A function's code is compiled anew from the source that IPython keeps, with the tracer's marks, and put back afterwards.
Functions that the cell itself defines come out of the marked cell; they get the code that they would have had. All this
happens at once where somebody looks at the code: a compiler (numba), what sends functions elsewhere (cloudpickle).
"""

from __future__ import annotations
import __future__

import ast
import gc
import linecache
import sys
import types
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Set, Tuple

from ..process.audit import listen
from ..source.dependencies import global_names
from .marks import MARK_IN_FUNCTION, Marker

_FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
_Place = Tuple[str, int]
"""A function's name and its first line."""
_READ = "object.__getattr__"
"""What Python announces when the code of a function is read (PEP 578)."""
_LEAVE_AS_IT_IS = (__name__.partition(".")[0], "inspect")
"""Packages that may see marks: the probe, and what asks for signatures and sources, which are the same."""


class MarkedFunctions:
    """Functions whose code has been replaced."""

    def __init__(self, marker: Marker) -> None:
        """Nothing has been marked yet."""
        self._marker = marker
        self._was: List[Tuple[types.FunctionType, types.CodeType]] = []
        self.ids: Set[int] = set()
        """Addresses of the functions that were marked while they ran."""
        self._plain: Dict[str, Mapping[_Place, types.CodeType]] = {}
        """Code without marks, by file."""
        _begin(self)

    def mark(self, functions: Iterable[types.FunctionType]) -> None:
        """Have the statements of functions recorded, where their source is known."""
        known: Dict[str, Mapping[_Place, types.CodeType]] = {}
        for function in functions:
            code = function.__code__
            if code.co_filename not in known:
                known[code.co_filename], marker = _marked(code, self._marker.goes_on)
                self._marker.adopt(marker)
            new = known[code.co_filename].get(_place(code))
            if new is not None and new.co_freevars == code.co_freevars:
                self._was.append((function, code))
                function.__code__ = new

    def restore(self) -> None:
        """Give all functions the code that they would have without this."""
        _begin(None)
        for function, code in reversed(self._was):
            function.__code__ = code
        self.ids.update(id(function) for function, _ in self._was)
        self._was.clear()
        if self._marker.makes_functions:
            for each in gc.get_objects():  # nothing tells where those are that came into being meanwhile
                if type(each) is types.FunctionType:
                    self.restore_one(each)

    def restore_one(self, function: types.FunctionType) -> None:
        """Do so for a single function, if it is marked."""
        code = function.__code__
        if MARK_IN_FUNCTION in code.co_names:
            original = next((was for each, was in self._was if each is function), None)
            if original is None and code.co_filename not in self._plain:
                self._plain[code.co_filename] = _compiled(code, None)
            function.__code__ = original or self._plain[code.co_filename].get(_place(code), code)
            self.ids.add(id(function))


_current: Optional[MarkedFunctions] = None
_hears = False


def _begin(functions: Optional[MarkedFunctions]) -> None:
    """Restore these functions, and no others, when somebody looks at their code."""
    global _current, _hears
    _current = functions
    if not _hears:
        _hears = True
        listen([_READ], _hear)


def _hear(event: str, arguments: Tuple[Any, ...]) -> None:
    if _current is not None and type(arguments[0]) is types.FunctionType:
        reader = str(sys._getframe(2).f_globals.get("__name__"))
        if arguments[1] == "__code__" and reader.partition(".")[0] not in _LEAVE_AS_IT_IS:
            _current.restore_one(arguments[0])


_Marked = Tuple[Mapping[_Place, types.CodeType], Marker]
_known: Dict[Tuple[str, bool], Tuple[str, _Marked]] = {}
"""What came of a file, by its name and whether to go on after errors, with its source; forks know it as well."""


def mark_beforehand(namespace: Mapping[str, Any]) -> None:
    """Find out about the functions and classes of the notebook what each branch would find out again."""
    for value in list(namespace.values()):
        members = vars(value).values() if isinstance(value, type) and value.__module__ == "__main__" else [value]
        for each in list(members):
            if type(each) is types.FunctionType and each.__module__ == "__main__":
                global_names(each.__code__)
                _marked(each.__code__, goes_on=False)


def _marked(code: types.CodeType, goes_on: bool) -> _Marked:
    """The functions with marks in the cell that a code object comes from."""
    source = "".join(linecache.getlines(code.co_filename))
    known, found = _known.get((code.co_filename, goes_on), (None, ({}, Marker())))
    if known != source:
        marker = Marker(goes_on)
        found = _compiled(code, marker), marker
        _known[code.co_filename, goes_on] = source, found
    return found


def _compiled(code: types.CodeType, marker: Optional[Marker]) -> Mapping[_Place, types.CodeType]:
    """The functions in the cell that a code object comes from, with marks if there is a marker."""
    flags = code.co_flags & _FUTURE | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
        if marker is not None:
            marker.mark_functions(tree.body, code.co_filename)
        # One by one, as IPython does: the compiler makes something else of `np.ones` where it sees `import numpy`.
        modules = [
            compile(ast.Module([node], []), code.co_filename, "exec", flags=flags, dont_inherit=True)
            for node in tree.body
        ]
    except (SyntaxError, ValueError):  # the file has changed since, or was never there
        return {}
    codes = [each for module in modules for each in _nested(module)]
    # Lambdas have no marks, and several of them may stand in one line.
    return {_place(each): each for each in codes if marker is None or MARK_IN_FUNCTION in each.co_names}


def _place(code: Any) -> _Place:
    return code.co_name, code.co_firstlineno


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _nested(constant)
