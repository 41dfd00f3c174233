"""Names that a cell looks up for sure, and that no cell before it can have defined."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence

from nbrerun.probe.flow import static_binds
from nbrerun.probe.statements import binds, header_names
from nbrerun.sources import Source, sure, sure_statements

_GIVEN = frozenset(
    """
    get_ipython In Out exit quit display ExceptionGroup BaseExceptionGroup EncodingWarning PythonFinalizationError
    aiter anext spark sc sqlContext sqlCtx dbutils displayHTML
    """.split()
)
"""Names that IPython, a newer Python or a platform brings along."""

_OF_IPYTHON = re.compile(r"_+|_i+|_\d+|_i\d+|_[dio]h|_exit_code|__\w+__")

_AUTOMAGIC = frozenset(
    """
    ls ll lf lx pwd cd who whos who_ls hist history lsmagic magic quickref dhist env alias cat cp mv rm mkdir rmdir less
    more man clear pip conda dirs pushd popd tb time pdb debug pylab
    """.split()
)
"""A line of one such word is a magic to IPython."""

_OPENS = frozenset("exec eval globals locals vars setattr run_line_magic run_cell_magic run_cell magic push ex".split())
"""Calls that may define any name."""


def undefined(sources: Sequence[Source]) -> Iterator[tuple[int, str, int | None]]:
    """The number of the first cell that uses a name, the name, and the number of the cell that defines it later."""
    may_bind = [_may_bind(source) for source in sources]
    defines = [_defines(source) for source in sources]
    there = {*_GIVEN, *dir(builtins)}
    for number, source in enumerate(sources):
        if _may_bind_anything(source):
            return
        for name in _looked_up(source, there):
            yield number, name, next((at for at in range(number + 1, len(defines)) if name in defines[at]), None)
            there.add(name)
        there |= may_bind[number]


def _looked_up(source: Source, there: set[str]) -> list[str]:
    """Names in the order of their use, each once."""
    bound = there | source.words
    found: dict[str, None] = {}
    for statement in sure_statements(source.body):
        own = _bound_in(ast.walk(statement))
        for name in sorted(_loaded(statement) - bound - own):
            if not _OF_IPYTHON.fullmatch(name) and not _is_automagic(statement):
                found[name] = None
        bound |= own
    return list(found)


def _loaded(statement: ast.stmt) -> set[str]:
    return {node.id for node in sure(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _is_automagic(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Name) and statement.value.id in _AUTOMAGIC
    )


def _may_bind(source: Source) -> set[str]:
    # What a magic is called with stays out of the first: it reads Python only.
    return static_binds(source.text) | _bound_in(source.nodes) | source.words


def _defines(source: Source) -> set[str]:
    """Names that it binds for itself, those within functions left out."""
    return {name for statement in source.body for name in binds(statement) | header_names(statement)}


def _bound_in(nodes: Iterator[ast.AST]) -> set[str]:
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
    return source.is_open or any(_opens(node) for node in source.nodes)


def _opens(node: ast.AST) -> bool:
    if isinstance(node, ast.alias):
        return node.name in ("*", "__main__", "builtins")
    if isinstance(node, ast.Call):
        return getattr(node.func, "id", getattr(node.func, "attr", "")) in _OPENS
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Name) and node.value.id == "pylab"
