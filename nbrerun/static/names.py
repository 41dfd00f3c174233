"""Names that a cell looks up for sure, and that no cell before it can have defined."""

from __future__ import annotations

import ast
import builtins
import functools
import re
from collections.abc import Iterable, Iterator, Sequence

from nbrerun.probe.source.statements import binds, header_names
from nbrerun.static.source import Source, evaluated, sure, sure_statements

_GIVEN = frozenset(
    """
    get_ipython In Out exit quit display ExceptionGroup BaseExceptionGroup EncodingWarning PythonFinalizationError
    aiter anext spark sc sqlContext sqlCtx dbutils displayHTML mssparkutils notebookutils
    """.split()
)
"""Names that IPython, a newer Python or a platform brings along."""

_OF_IPYTHON = re.compile(r"_+|_i+|_\d+|_i\d+|_[dio]h|_exit_code|__\w+__")

_OPENS = frozenset("exec eval globals locals vars setattr execfile init_session interactive_session".split())
"""Functions that may define any name; by another name, too."""

_OPENS_OF = _OPENS | frozenset(
    """
    run_line_magic run_cell_magic run_cell magic push ex safe_execfile safe_execfile_ipy user_ns user_global_ns
    f_globals __globals__ __dict__ inject_variables
    """.split()
)
"""The same for what is written behind a dot."""

_ONLY_LOOKS = frozenset("str repr type print display hasattr bool".split())
"""Functions that may be given IPython's shell without a name coming of it."""


def undefined(sources: Sequence[Source]) -> Iterator[tuple[int, str, int | None]]:
    """The number of the first cell that uses a name, the name, and the number of the cell that defines it later."""
    may_bind = [_may_bind(source) for source in sources]
    definers = functools.cache(lambda: _definers(sources))  # most notebooks need it not at all
    there = {*_GIVEN, *dir(builtins)}
    for number, source in enumerate(sources):
        if _may_bind_anything(source):
            return
        for name in _looked_up(source, there):
            yield number, name, next((at for at in definers().get(name, ()) if at > number), None)
            there.add(name)
        there |= may_bind[number]


def _looked_up(source: Source, there: set[str]) -> list[str]:
    """Names in the order of their use, each once."""
    bound = there | source.words
    found: dict[str, None] = {}
    for statement in sure_statements(source.body):
        own = _bound_in(ast.walk(statement))
        for name in sorted(_loaded(statement, own) - bound):
            if not _OF_IPYTHON.fullmatch(name):
                found[name] = None
        bound |= own
    return list(found)


def _loaded(statement: ast.stmt, own: set[str]) -> set[str]:
    """Names that it looks up for sure, and does not bind itself before; `own` are all that it may bind."""
    found = _loads(sure(statement)) - own
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and statement.value is not None:
        # The value comes before the names: `x = x + 1` looks `x` up.
        found |= _loads(evaluated(statement.value)) - _bound_in(ast.walk(statement.value))
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        found.add(statement.target.id)
    return found


def _loads(nodes: Iterator[ast.AST]) -> set[str]:
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _may_bind(source: Source) -> set[str]:
    return _bound_in(source.nodes) | source.words


def _definers(sources: Sequence[Source]) -> dict[str, list[int]]:
    """For each name the numbers of the cells that define it."""
    found: dict[str, list[int]] = {}
    for number, source in enumerate(sources):
        for name in _defines(source):
            found.setdefault(name, []).append(number)
    return found


def _defines(source: Source) -> set[str]:
    """Names that it binds for itself, those within functions left out."""
    statements = (*source.body, *source.wrapped)
    return {name for statement in statements for name in binds(statement) | header_names(statement)}


def _bound_in(nodes: Iterable[ast.AST]) -> set[str]:
    """Every name that some part may bind, in functions as well: they may say `global`."""
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
    looks = {id(part) for node in source.nodes if _word(node) in _ONLY_LOOKS for part in ast.iter_child_nodes(node)}
    return source.is_open or any(_opens(node) and id(node) not in looks for node in source.nodes)


def _opens(node: ast.AST) -> bool:
    if isinstance(node, ast.alias):
        return node.name in ("*", "__main__", "builtins")
    if isinstance(node, ast.Name):
        return node.id in _OPENS or node.id == "__builtins__"
    if isinstance(node, ast.Attribute):
        return node.attr in _OPENS_OF
    return _reaches_namespace(node) or _makes_symbols(node)


def _reaches_namespace(node: ast.AST) -> bool:
    """Whether it gets hold of IPython, or of the module that a notebook is."""
    if isinstance(node, ast.Subscript):
        return ast.unparse(node.slice) in ("'__main__'", "__name__")
    named = isinstance(node, ast.Call) and any(_is_main(argument) for argument in node.args)
    return named or _word(node) == "get_ipython"


def _is_main(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == "__main__"


def _makes_symbols(node: ast.AST) -> bool:
    """Whether it may be sympy's `var("x y")`, which defines `x` and `y` where it is called."""
    if not isinstance(node, ast.Call) or not node.args or _word(node) != "var":
        return False
    return getattr(getattr(node.func, "value", None), "id", "") not in ("np", "numpy", "torch", "jnp")


def _word(node: ast.AST) -> str:
    """The name of what is called, empty where nothing is."""
    function = node.func if isinstance(node, ast.Call) else None
    return str(getattr(function, "attr", getattr(function, "id", "")))
