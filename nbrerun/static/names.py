"""Names that a cell certainly looks up, and that no cell before it can have defined."""

from __future__ import annotations

import ast
import builtins
import functools
from collections.abc import Iterable, Iterator, Sequence

from nbrerun.probe.source import ipython_names
from nbrerun.probe.source.statements import binds, called_word, header_names
from nbrerun.probe.source.vocabulary import DESCRIBING_FUNCTIONS
from nbrerun.static.source import Source, evaluated, sure, sure_statements

_GIVEN = ipython_names.GIVEN | frozenset(
    """
    ExceptionGroup BaseExceptionGroup EncodingWarning PythonFinalizationError aiter anext
    spark sc sqlContext sqlCtx dbutils displayHTML mssparkutils notebookutils
    """.split()
)
"""Names that IPython, a newer Python or a platform (Databricks, Synapse) provides."""

_OPENS = frozenset("exec eval globals locals vars setattr execfile init_session interactive_session".split())
"""Functions that may define any name, even where another name is given to them."""

_OPENS_AS_ATTRIBUTE = (
    _OPENS
    | ipython_names.RUNS_TEXT
    | ipython_names.BINDS_NAMES
    | frozenset("f_globals __globals__ __dict__ inject_variables".split())
)
"""Attributes through which any name may be defined."""


def undefined(sources: Sequence[Source]) -> Iterator[tuple[int, str, int | None]]:
    """Find names that are used before they are defined, up to the first cell that may define any name.

    Yields:
        The number of the first cell that uses a name, the name, and the number of the cell that defines it later;
        None if no cell does.
    """
    may_bind = [_bound_in(source.nodes) | source.words for source in sources]
    definers = functools.cache(lambda: _definers(sources))  # most notebooks never need it
    there = {*_GIVEN, *dir(builtins)}
    for number, source in enumerate(sources):
        if _may_bind_anything(source):
            return
        for name in _looked_up(source, there):
            yield number, name, next((at for at in definers().get(name, ()) if at > number), None)
            there.add(name)
        there |= may_bind[number]


def may_be_bound(sources: Sequence[Source]) -> set[str] | None:
    """Collect all names that some cell may bind, those of functions included; None if a cell may bind any name."""
    if any(_may_bind_anything(source) for source in sources):
        return None
    return {name for source in sources for name in _bound_in(source.nodes) | source.words}


def _looked_up(source: Source, there: set[str]) -> list[str]:
    """Names that are looked up and not `there`, each once, in the order of their use."""
    bound = there | source.words
    found: dict[str, None] = {}
    for statement in sure_statements(source.body):
        own = _bound_in(ast.walk(statement))
        for name in sorted(_loaded(statement, own) - bound):
            if not ipython_names.is_automatic(name):
                found[name] = None
        bound |= own
    return list(found)


def _loaded(statement: ast.stmt, own: set[str]) -> set[str]:
    """Names that a statement certainly looks up before it binds them itself.

    Args:
        own: all names that it may bind.
    """
    found = _loads(sure(statement)) - own
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and statement.value is not None:
        # The value is evaluated before its target is bound: `x = x + 1` looks `x` up.
        found |= _loads(evaluated(statement.value)) - _bound_in(ast.walk(statement.value))
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        found.add(statement.target.id)
    return found


def _loads(nodes: Iterator[ast.AST]) -> set[str]:
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _definers(sources: Sequence[Source]) -> dict[str, list[int]]:
    """The numbers of the cells that define each name; what is bound inside their functions does not count."""
    found: dict[str, list[int]] = {}
    for number, source in enumerate(sources):
        statements = (*source.body, *source.wrapped)
        for name in {name for statement in statements for name in binds(statement) | header_names(statement)}:
            found.setdefault(name, []).append(number)
    return found


def _bound_in(nodes: Iterable[ast.AST]) -> set[str]:
    """Every name that any part may bind, those of functions included: they may be `global`."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.split(".")[0])
        else:
            words = (getattr(node, "name", None), getattr(node, "rest", None))
            found.update(word for word in words if isinstance(word, str))
        if isinstance(node, ast.Global):
            found.update(node.names)
    return found


def _may_bind_anything(source: Source) -> bool:
    described = {
        id(part)
        for node in source.nodes
        if isinstance(node, ast.Call) and called_word(node) in DESCRIBING_FUNCTIONS
        for part in ast.iter_child_nodes(node)
    }
    return source.is_open or any(_opens(node) and id(node) not in described for node in source.nodes)


def _opens(node: ast.AST) -> bool:
    """Whether any name may be bound through this node."""
    if isinstance(node, ast.alias):
        return node.name in ("*", "__main__", "builtins")
    if isinstance(node, ast.Name):
        return node.id in _OPENS or node.id == "__builtins__"
    if isinstance(node, ast.Attribute):
        return node.attr in _OPENS_AS_ATTRIBUTE
    if isinstance(node, ast.Subscript):  # of `sys.modules`
        return ast.unparse(node.slice) in ("'__main__'", "__name__")
    if not isinstance(node, ast.Call):
        return False
    names_main = any(isinstance(argument, ast.Constant) and argument.value == "__main__" for argument in node.args)
    return names_main or called_word(node) == "get_ipython" or _makes_symbols(node)


def _makes_symbols(call: ast.Call) -> bool:
    """Whether it may be sympy's `var("x y")`, which binds `x` and `y` in its caller's namespace."""
    if not call.args or called_word(call) != "var":
        return False
    return getattr(getattr(call.func, "value", None), "id", "") not in ("np", "numpy", "torch", "jnp")
