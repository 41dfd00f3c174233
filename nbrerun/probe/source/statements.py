"""What one statement of a cell does to names, read from its syntax."""

from __future__ import annotations

import ast
import re
from typing import Iterator, List, NamedTuple, Set, Tuple

_ONLY_LOOKS = frozenset(
    """
    print len sum min max sorted list tuple set dict str repr type isinstance id display enumerate
    zip any all range abs round float int bool hash format hasattr getattr callable vars dir iter
    issubclass
    """.split()
)
_ONLY_TELLS = frozenset(
    """
    count index keys values items get copy head tail describe info predict predict_proba transform
    score get_params mean std sum min max any all astype tolist item shape join split strip lower
    upper format startswith endswith value_counts unique nunique groupby merge isin isna to_numpy
    decision_function
    """.split()
)

_NO_WRITE = _ONLY_TELLS | {"setdefault"}
"""Methods that leave their object alone, or do so where the value is there already."""


_TRAINS = re.compile(r"fit(_\w+)?|train(_\w+)?")
"""Functions and methods that train from the beginning."""

_LOADING = re.compile(r"loads?(_\w+)?|read_pickle")
"""Functions that give back what was there before."""

_LEARNT = re.compile(r"[a-z]\w*_")
"""Attributes that scikit-learn's estimators have once they are fitted."""

STAR = "*"
"""Before a module's name: all that it gives to `from module import *`."""


class Statement(NamedTuple):
    """What one simple statement does to names, if it runs."""

    binds: Set[str]
    writes: Set[str]
    """Names on whose objects it calls methods or stores items or attributes."""
    stores: Set[str]
    """Names into whose objects it stores items or attributes."""
    passes: Set[str]
    """Names whose objects it passes to a call."""
    calls: Set[str]
    """Names of functions that it calls, and of decorators."""
    methods: Set[str]
    """The methods that it calls on what names hold, as they are written: `clf.partial_fit`; `net()` for the object
    itself."""
    asks: Set[str]
    """Names on whose objects it calls methods that leave an object alone, unless a person wrote them."""
    aliases: Set[Tuple[str, str]]
    """Names that it binds to something of what another name holds, perhaps a view of it, with that name."""
    trains: Set[str]
    """Names that it binds, or whose methods it calls, if it calls something that trains."""
    loads: Set[str]
    """Names that it binds to, or whose objects it gives, something that was learnt before: what `pickle.loads(...)`
    returns, or a value for `clf.coef_`."""
    outermost: Set[str]
    """The name whose method it calls, with all else that it does as arguments: `rows.append(read(path))`."""
    literal: bool
    """It binds names to what stands there: `n = 5`."""
    acts: bool
    """It calls or stores something that may change anything."""
    imports: bool
    """It is an import statement."""


def look_at(statement: ast.stmt) -> Statement:
    stores, methods = _stores(statement), _methods(statement)
    return Statement(
        binds=binds(statement),
        writes=stores | {root for method in methods for root in roots(method)},
        stores=stores,
        passes=_passes(statement),
        calls=_called(statement),
        methods={ast.unparse(method) for method in methods} | {f"{name}()" for name in _called_itself(statement)},
        asks={root for method in _called_methods(statement) if method.attr in _NO_WRITE for root in roots(method)},
        aliases=_aliases(statement),
        trains=_trains(statement),
        loads=_loads(statement),
        outermost=_outermost(statement),
        literal=_is_literal(statement),
        acts=bool(stores) or _acts(statement),
        imports=isinstance(statement, (ast.Import, ast.ImportFrom)),
    )


def header(names: Set[str], aliases: Set[Tuple[str, str]]) -> Statement:
    return nothing()._replace(binds=names, aliases=aliases)


def nothing() -> Statement:
    return look_at(ast.Pass())


def is_compound(statement: ast.stmt) -> bool:
    definition = isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    return not definition and isinstance(getattr(statement, "body", getattr(statement, "cases", None)), list)


def header_names(statement: ast.stmt) -> Set[str]:
    targets: List[ast.AST] = []
    if isinstance(statement, (ast.For, ast.AsyncFor)):
        targets.append(statement.target)
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        targets += [item.optional_vars for item in statement.items if item.optional_vars]
    return {name for target in targets for name in _stored(target)}


def _stored(node: ast.AST) -> Iterator[str]:
    for part in _own_scope(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, (ast.Store, ast.Del)):
            yield part.id


def _own_scope(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below, without the bodies of functions, classes and comprehensions."""
    stack = [node]
    while stack:
        part = stack.pop()
        yield part
        if not isinstance(part, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            stack.extend(ast.iter_child_nodes(part))


def binds(statement: ast.stmt) -> Set[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        module = getattr(statement, "module", None)
        return {
            STAR + str(module) if alias.name == "*" else alias.asname or alias.name.split(".")[0]
            for alias in statement.names
        }
    return set(_stored(statement)) | named(statement) | _by_string(statement)


def _executed(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes below that run when the statement does: not those of a function that it only defines."""
    stack: List[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            stack += [*node.decorator_list, node.args]
        else:
            stack.extend(ast.iter_child_nodes(node))


def named(node: ast.AST) -> Set[str]:
    """Names that expressions bind with `:=`."""
    return {part.target.id for part in ast.walk(node) if isinstance(part, ast.NamedExpr)}


def _by_string(statement: ast.stmt) -> Set[str]:
    """Names given as strings to what can bind them: `globals()["x"] = 1`, `exec("x = 1")`."""
    calls = {
        node.func.id for node in _executed(statement) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    if not calls & {"globals", "vars", "locals", "exec"}:
        return set()
    words: Set[str] = set()
    for node in _executed(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.update(word for word in node.value.replace("=", " ").split() if word.isidentifier())
    guarded = any(isinstance(node, ast.Attribute) and node.attr == "setdefault" for node in _executed(statement))
    return set() if guarded else words


def _called_methods(statement: ast.stmt) -> List[ast.Attribute]:
    calls = [node.func for node in _executed(statement) if isinstance(node, ast.Call)]
    return [function for function in calls if isinstance(function, ast.Attribute)]


def _methods(statement: ast.stmt) -> List[ast.Attribute]:
    return [method for method in _called_methods(statement) if method.attr not in _NO_WRITE and roots(method)]


def _called_itself(statement: ast.stmt) -> Iterator[str]:
    for node in _executed(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in _ONLY_LOOKS:
            yield node.func.id


def _stores(statement: ast.stmt) -> Set[str]:
    stored: Set[str] = set()
    for node in _executed(statement):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
            stored |= roots(node)
    return stored


def _called(statement: ast.stmt) -> Set[str]:
    nodes = [node.func for node in _executed(statement) if isinstance(node, ast.Call)]
    nodes += getattr(statement, "decorator_list", [])
    return {name for node in nodes for name in roots(node)}


def _aliases(statement: ast.stmt) -> Set[Tuple[str, str]]:
    found = {pair for node in _executed(statement) for pair in loop_aliases(node)}
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.value is None:
        return found
    return found | {(name, root) for name in binds(statement) for root in roots(statement.value) if name != root}


def loop_aliases(node: ast.AST) -> Set[Tuple[str, str]]:
    """What a loop, or a comprehension, takes one by one out of what names hold."""
    if not isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        return set()
    sources = {part.id for part in ast.walk(node.iter) if isinstance(part, ast.Name)} - _ONLY_LOOKS
    return {(name, source) for name in _stored(node.target) for source in sources if name != source}


def _trains(statement: ast.stmt) -> Set[str]:
    functions = [node.func for node in _executed(statement) if isinstance(node, ast.Call)]
    trains = [function for function in functions if _TRAINS.fullmatch(_last_word(function))]
    return {name for function in trains for name in roots(function) | binds(statement)}


def _loads(statement: ast.stmt) -> Set[str]:
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.value is None:
        return set()
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    parts = [part for target in targets for part in ast.walk(target) if isinstance(part, (ast.Attribute, ast.Name))]
    stored = [part for part in parts if isinstance(part.ctx, ast.Store)]
    if _is_loaded(statement.value):
        return {name for part in stored for name in roots(part)}
    learnt = [part for part in stored if isinstance(part, ast.Attribute) and _LEARNT.fullmatch(part.attr)]
    return {name for part in learnt for name in roots(part)}


def _outermost(statement: ast.stmt) -> Set[str]:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return roots(call.func) if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else set()


def _is_literal(statement: ast.stmt) -> bool:
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.value is None:
        return False
    return not any(isinstance(node, (ast.Name, ast.Call)) for node in ast.walk(statement.value))


def _is_loaded(node: ast.expr) -> bool:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return isinstance(node, ast.Call) and bool(_LOADING.fullmatch(_last_word(node.func)))


def _last_word(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _acts(statement: ast.stmt) -> bool:
    for node in _executed(statement):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute) and function.attr not in _NO_WRITE:
                return True
            if isinstance(function, ast.Name) and function.id not in _ONLY_LOOKS:
                return True
    return bool(getattr(statement, "decorator_list", []))


def _passes(statement: ast.stmt) -> Set[str]:
    passed: Set[str] = set()
    for node in _executed(statement):
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in _ONLY_LOOKS):
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                passed |= roots(argument)
    return passed


def roots(node: ast.AST) -> Set[str]:
    """The name at the bottom of `a.b[c].d`."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def updated(node: ast.AST) -> Set[str]:
    return roots(node.target) if isinstance(node, ast.AugAssign) else set()


def magic_words(node: ast.AST) -> Iterator[str]:
    """Words of the text that a magic is called with: it is code, more often than not."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("run_"):
        for argument in node.args:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield from "".join(c if c.isidentifier() or c.isdigit() else " " for c in argument.value).split()
