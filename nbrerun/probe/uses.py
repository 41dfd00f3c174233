"""What a cell can reach, and what a run of it bound: from its syntax tree and marks left while it runs."""

from __future__ import annotations

import ast
import builtins
import dis
import re
import types
from typing import Any, Dict, Iterator, List, NamedTuple, Set

_MARK = "__nbrerun_mark__"

_ONLY_LOOKS = frozenset(
    [
        "print",
        "len",
        "sum",
        "min",
        "max",
        "sorted",
        "list",
        "tuple",
        "set",
        "dict",
        "str",
        "repr",
        "type",
        "isinstance",
        "id",
        "display",
        "enumerate",
        "zip",
        "any",
        "all",
        "range",
        "abs",
        "round",
        "float",
        "int",
        "bool",
        "hash",
        "format",
        "hasattr",
        "getattr",
        "callable",
        "vars",
        "dir",
        "iter",
        "issubclass",
    ]
)
_ONLY_TELLS = frozenset(
    [
        "count",
        "index",
        "keys",
        "values",
        "items",
        "get",
        "copy",
        "head",
        "tail",
        "describe",
        "info",
        "predict",
        "predict_proba",
        "transform",
        "score",
        "get_params",
        "mean",
        "std",
        "sum",
        "min",
        "max",
        "any",
        "all",
        "astype",
        "tolist",
        "item",
        "shape",
        "join",
        "split",
        "strip",
        "lower",
        "upper",
        "format",
        "startswith",
        "endswith",
        "value_counts",
        "unique",
        "nunique",
        "groupby",
        "merge",
        "isin",
        "isna",
        "to_numpy",
        "decision_function",
    ]
)

_NO_WRITE = _ONLY_TELLS | {"setdefault"}
"""Methods that leave their object alone, or do so where the value is there already."""


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
    """The methods that it calls on what names hold, as they are written: `clf.partial_fit`."""
    acts: bool
    """It calls or stores something that may change anything."""
    imports: bool
    """It is an import statement."""


class Marks(ast.NodeTransformer):
    """Rewrites a cell so that every simple statement tells when it has run.

    Used as one of IPython's syntax tree transformers, and only in a branch.
    """

    def __init__(self) -> None:
        self.statements: List[Statement] = []
        self.ran: Set[int] = set()

    def install(self, shell: Any) -> None:
        """Begin to record; the mark is a builtin, so that the namespace stays as it is."""
        setattr(builtins, _MARK, self.ran.add)
        shell.ast_transformers.append(self)

    def remove(self, shell: Any) -> None:
        """Stop recording."""
        shell.ast_transformers.remove(self)
        delattr(builtins, _MARK)

    def names(self, field: str) -> Set[str]:
        """Names in one field of the statements that ran."""
        return {name for i in self.ran for name in getattr(self.statements[i], field)}

    def acted(self) -> bool:
        """Whether a statement ran that may have changed anything."""
        return any(self.statements[i].acts for i in self.ran)

    def imported(self) -> Set[str]:
        """Names that import statements bound, and no other statements that ran."""
        ran = [self.statements[i] for i in self.ran]
        return {n for s in ran if s.imports for n in s.binds} - {n for s in ran if not s.imports for n in s.binds}

    def visit_Module(self, node: ast.Module) -> ast.Module:
        node.body = self._block(node.body)
        return node

    def _block(self, body: List[ast.stmt]) -> List[ast.stmt]:
        marked: List[ast.stmt] = []
        for statement in body:
            statement_marks = self._mark(statement)
            after = isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Import, ast.ImportFrom))
            after = after or isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            marked += [statement, *statement_marks] if after else [*statement_marks, statement]
            self._inside(statement)
        return marked

    def _inside(self, statement: ast.stmt) -> None:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return
        header = _header_names(statement)
        for field in ("body", "orelse", "finalbody"):
            inner = getattr(statement, field, None)
            if isinstance(inner, list) and inner and isinstance(inner[0], ast.stmt):
                marks = self._emit(_header(header), inner[0]) if field == "body" and header else []
                setattr(statement, field, [*marks, *self._block(inner)])
        for part in [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]:
            part.body = self._block(part.body)

    def _mark(self, statement: ast.stmt) -> List[ast.stmt]:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            return []
        if _is_compound(statement):
            named = _named(getattr(statement, "test", ast.Pass()))
            return self._emit(_header(named), statement) if named else []
        return self._emit(_look_at(statement), statement)

    def _emit(self, what: Statement, where: ast.stmt) -> List[ast.stmt]:
        self.statements.append(what)
        call = ast.Call(ast.Name(_MARK, ast.Load()), [ast.Constant(len(self.statements) - 1)], [])
        mark = ast.copy_location(ast.Expr(call), where)
        return [ast.fix_missing_locations(mark)]


def _look_at(statement: ast.stmt) -> Statement:
    stores, methods = _stores(statement), _methods(statement)
    return Statement(
        binds=_binds(statement),
        writes=stores | {root for method in methods for root in _roots(method)},
        stores=stores,
        passes=_passes(statement),
        calls=_called(statement),
        methods={ast.unparse(method) for method in methods},
        acts=bool(stores) or _acts(statement),
        imports=isinstance(statement, (ast.Import, ast.ImportFrom)),
    )


def _header(names: Set[str]) -> Statement:
    return Statement(names, set(), set(), set(), set(), set(), acts=False, imports=False)


def _is_compound(statement: ast.stmt) -> bool:
    definition = isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    return not definition and isinstance(getattr(statement, "body", getattr(statement, "cases", None)), list)


def _header_names(statement: ast.stmt) -> Set[str]:
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


def _binds(statement: ast.stmt) -> Set[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name.split(".")[0] for alias in statement.names}
    return set(_stored(statement)) | _named(statement) | _by_string(statement)


def _named(node: ast.AST) -> Set[str]:
    """Names that expressions bind with `:=`."""
    return {part.target.id for part in ast.walk(node) if isinstance(part, ast.NamedExpr)}


def _by_string(statement: ast.stmt) -> Set[str]:
    """Names given as strings to what can bind them: `globals()["x"] = 1`, `exec("x = 1")`."""
    calls = {
        node.func.id for node in ast.walk(statement) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    if not calls & {"globals", "vars", "locals", "exec"}:
        return set()
    words: Set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.update(word for word in node.value.replace("=", " ").split() if word.isidentifier())
    guarded = any(isinstance(node, ast.Attribute) and node.attr == "setdefault" for node in ast.walk(statement))
    return set() if guarded else words


def _methods(statement: ast.stmt) -> List[ast.Attribute]:
    calls = [node.func for node in ast.walk(statement) if isinstance(node, ast.Call)]
    called = [function for function in calls if isinstance(function, ast.Attribute)]
    return [method for method in called if method.attr not in _NO_WRITE and _roots(method)]


def _stores(statement: ast.stmt) -> Set[str]:
    stored: Set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
            stored |= _roots(node)
    return stored


def _called(statement: ast.stmt) -> Set[str]:
    nodes = [node.func for node in ast.walk(statement) if isinstance(node, ast.Call)]
    nodes += getattr(statement, "decorator_list", [])
    return {name for node in nodes for name in _roots(node)}


def _acts(statement: ast.stmt) -> bool:
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute) and function.attr not in _NO_WRITE:
                return True
            if isinstance(function, ast.Name) and function.id not in _ONLY_LOOKS:
                return True
    return bool(getattr(statement, "decorator_list", []))


def _passes(statement: ast.stmt) -> Set[str]:
    passed: Set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in _ONLY_LOOKS):
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                passed |= _roots(argument)
    return passed


def _roots(node: ast.AST) -> Set[str]:
    """The name at the bottom of `a.b[c].d`."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def reachable(source: str, namespace: Dict[str, Any]) -> Set[str]:
    """Names of the namespace whose values code depends on, functions and classes it mentions followed.

    A name that the code binds before it looks at it does not count.
    """
    try:
        pending = list(_inputs(ast.parse(source)))
    except (SyntaxError, ValueError):
        return set(namespace)
    return _closure(pending, namespace)


def _closure(pending: List[str], namespace: Dict[str, Any]) -> Set[str]:
    """Names, and those that functions and classes among them mention."""
    found: Set[str] = set()
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(_mentioned(namespace[name]) if name in namespace else ())
    return found


def through_calls(called: Set[str], namespace: Dict[str, Any]) -> Set[str]:
    """Names that functions of the notebook can reach when these are called."""
    inner = [word for name in called if name in namespace for word in _mentioned(namespace[name])]
    return _closure(inner, namespace)


def _inputs(module: ast.Module) -> Set[str]:
    inputs: Set[str] = set()
    bound: Set[str] = set()
    for statement in module.body:
        nodes = list(ast.walk(statement))
        looked_at = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)}
        looked_at |= {word for node in nodes for word in (*_magic_words(node), *_updated(node))}
        inputs |= looked_at - bound
        if not _is_compound(statement):
            bound |= _binds(statement) - looked_at
    return inputs


def _updated(node: ast.AST) -> Set[str]:
    return _roots(node.target) if isinstance(node, ast.AugAssign) else set()


def _magic_words(node: ast.AST) -> Iterator[str]:
    """Words of the text that a magic is called with: it is code, more often than not."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("run_"):
        for argument in node.args:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield from "".join(c if c.isidentifier() or c.isdigit() else " " for c in argument.value).split()


_SEEDING = re.compile(r"seed|set_?state", re.IGNORECASE)


def seeds(source: str, names: Set[str], namespace: Dict[str, Any]) -> bool:
    """Whether code, or functions among `names` that it calls, sets a generator of random numbers."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return False
    words = [node.func.attr for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    words += [node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    words += [word for name in names if name in namespace for word in _mentioned(namespace[name])]
    return any(_SEEDING.search(word) for word in words)


def incidental(source: str) -> Set[str]:
    """Names that code binds as loop variables or as handles of `with`, and nowhere else."""
    try:
        statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    except (SyntaxError, ValueError):
        return set()
    headers = {name for statement in statements for name in _header_names(statement)}
    simple = [statement for statement in statements if not _is_compound(statement)]
    return headers - {name for statement in simple for name in _binds(statement)}


def static_binds(source: str) -> Set[str]:
    """Names that code may bind."""
    try:
        statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    except (SyntaxError, ValueError):
        return set()
    return {name for statement in statements for name in _binds(statement) | _header_names(statement)}


def global_stores(names: Set[str], namespace: Dict[str, Any]) -> Set[str]:
    """Names that functions among `names` bind with a `global` statement."""
    stored: Set[str] = set()
    for name in names:
        for code in _codes(namespace.get(name)):
            stored |= {
                str(i.argval) for i in dis.get_instructions(code) if i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")
            }
    return stored


def _mentioned(value: Any) -> Iterator[str]:
    for code in _codes(value):
        yield from code.co_names


def _codes(value: Any) -> Iterator[types.CodeType]:
    """The code of a function or of all methods of a class or of an instance's class, inner ones included."""
    value = getattr(value, "__wrapped__", value) if isinstance(value, types.FunctionType) else value
    if isinstance(value, types.FunctionType):
        yield from _nested(value.__code__)
    elif isinstance(value, types.MethodType):
        yield from _codes(value.__func__)
    else:
        cls = value if isinstance(value, type) else type(value)
        for base in cls.__mro__:
            if base.__module__ == "__main__":
                for member in vars(base).values():
                    if isinstance(member, types.FunctionType):
                        yield from _nested(member.__code__)


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)
