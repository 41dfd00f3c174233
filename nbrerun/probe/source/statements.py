"""What one statement of a cell does to names, read from its syntax."""

from __future__ import annotations

import ast
import builtins
from typing import Any, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from .vocabulary import LOOKING_FUNCTIONS

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
_OWN_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_NAMESPACES = frozenset({"globals", "vars", "locals"})
"""Functions that return a namespace, in which names can be bound."""
_LEAVES_ITEMS = frozenset({"get", "setdefault", "keys", "values", "items", "copy"})
"""Methods of a dict that give no other value to what is in it."""

STAR = "*"
"""Stands before a module's name for all names that `from module import *` binds."""


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
    aliases: Set[Tuple[str, str]]
    """Names that it binds to a part of another object, perhaps a view of it, each with the name of that object."""
    call: str
    """The call that it is, or whose value it binds, as written: `opt.step`; `train()` for a function. Else empty."""
    outermost: Set[str]
    """The name whose method it calls, if everything else in it is an argument of that call:
    `rows.append(read(path))`."""
    literal: bool
    """It binds names to values that are written out: `n = 5`."""
    acts: bool
    """It calls or stores something that may change anything."""
    imports: bool
    """It is an import statement."""
    needs: Tuple[str, ...]
    """Names that it looks up each time that it runs to its end, in that order; not those that its functions look up."""
    mentions: Set[str]
    """Names that anything in it looks up, or may."""


def look_at(statement: ast.stmt) -> Statement:
    """Describe a simple statement, or a definition: the body of a function that it defines does not run yet."""
    nodes = list(_executed(statement))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    decorators = getattr(statement, "decorator_list", [])
    called = [*(call.func for call in calls), *decorators]
    methods = [function for function in called if isinstance(function, ast.Attribute)]
    functions = {call.func.id for call in calls if isinstance(call.func, ast.Name)} - LOOKING_FUNCTIONS
    bound = binds(statement)
    stored = [node for node in nodes if isinstance(node, (ast.Attribute, ast.Subscript))]
    stores = {name for node in stored if isinstance(node.ctx, (ast.Store, ast.Del)) for name in roots(node)}
    value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
    aliases = {pair for node in nodes for pair in loop_aliases(node)}
    if value is not None:
        aliases |= {(name, root) for name in bound for root in roots(value) if name != root}
    return Statement(
        binds=bound,
        writes=stores | {root for method in methods for root in roots(method)},
        stores=stores,
        passes={name for call in calls for name in _passed(call)},
        calls={name for function in called for name in roots(function)},
        aliases=aliases,
        call=name_of_call(own_call(statement)),
        outermost=_outermost(statement),
        literal=value is not None and not any(isinstance(node, (ast.Name, ast.Call)) for node in ast.walk(value)),
        acts=bool(stores or methods or functions or decorators),
        imports=isinstance(statement, (ast.Import, ast.ImportFrom)),
        needs=tuple(needs([statement])),
        mentions=_mentioned(statement),
    )


def header(names: Set[str], aliases: Set[Tuple[str, str]]) -> Statement:
    """Describe the head of a loop or a `with`, which binds names and takes them out of other objects."""
    return nothing()._replace(binds=names, aliases=aliases)


def nothing() -> Statement:
    """A statement that does nothing."""
    return look_at(ast.Pass())


def beginning(statement: ast.stmt) -> Statement:
    """Describe what a statement looks up before any statement inside it runs."""
    if is_compound(statement):
        heads = [getattr(statement, field, None) for field in ("test", "iter", "subject")]
        heads += [item.context_expr for item in getattr(statement, "items", ())]
    else:
        heads = [statement]
    there = [head for head in heads if head is not None]
    mentions = {name for head in there for name in _mentioned(head)}
    return nothing()._replace(needs=tuple(needs(there)), mentions=mentions)


def _mentioned(node: ast.AST) -> Set[str]:
    found = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Store)}
    return found | {name for part in ast.walk(node) if isinstance(part, ast.AugAssign) for name in roots(part.target)}


def is_compound(statement: ast.stmt) -> bool:
    """Whether other statements run inside this one when it does: not so for a definition."""
    body = getattr(statement, "body", getattr(statement, "cases", None))
    return not isinstance(statement, _DEFINITIONS) and isinstance(body, list)


def binds(statement: ast.stmt) -> Set[str]:
    """Names that a statement itself binds, and not the statements inside it.

    Names bound by a star import are given as `STAR` and the name of the module.
    """
    if isinstance(statement, _DEFINITIONS):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        module = getattr(statement, "module", None)
        return {
            STAR + str(module) if alias.name == "*" else alias.asname or alias.name.split(".")[0]
            for alias in statement.names
        }
    return set(_stored(statement)) | named(statement) | _bound_by_string(statement)


def header_names(statement: ast.stmt) -> Set[str]:
    """Names that the head of a loop or a `with` binds."""
    targets: List[ast.AST] = []
    if isinstance(statement, (ast.For, ast.AsyncFor)):
        targets.append(statement.target)
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        targets += [item.optional_vars for item in statement.items if item.optional_vars]
    return {name for target in targets for name in _stored(target)}


def named(node: ast.AST) -> Set[str]:
    """Names that expressions bind with `:=`."""
    return {part.target.id for part in ast.walk(node) if isinstance(part, ast.NamedExpr)}


def loop_aliases(node: ast.AST) -> Set[Tuple[str, str]]:
    """Loop variables of a loop or a comprehension, each with the name of an object that it iterates over."""
    if not isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        return set()
    sources = {part.id for part in ast.walk(node.iter) if isinstance(part, ast.Name)} - LOOKING_FUNCTIONS
    return {(name, source) for name in _stored(node.target) for source in sources if name != source}


def roots(node: ast.AST) -> Set[str]:
    """The name at the bottom of `a.b[c].d`, if there is one."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def only_defines(statements: Iterable[ast.stmt]) -> bool:
    """Whether statements import modules, and bind constants, functions and classes, without a look at other names."""
    return all(_only_defines(statement) for statement in statements)


def _only_defines(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.Pass)):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Assign):
        return _is_written_out(statement.value) and all(isinstance(to, ast.Name) for to in statement.targets)
    if isinstance(statement, _FUNCTIONS):
        arguments = [node for node in ast.walk(statement.args) if isinstance(node, ast.arg)]
        annotations = [statement.returns, *(argument.annotation for argument in arguments)]
        return (
            not (statement.decorator_list or _is_generic(statement))
            and all(map(_is_written_out, _defaults(statement.args)))
            and all(each is None or _is_plain_annotation(each) for each in annotations)
        )
    if isinstance(statement, ast.ClassDef):
        has_code = statement.decorator_list or statement.bases or statement.keywords
        return not (has_code or _is_generic(statement)) and only_defines(statement.body)
    return False


def _is_written_out(value: ast.AST) -> bool:
    """Whether a value stands in the source: a constant, or a display of such values."""
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, (ast.USub, ast.UAdd)):
        return isinstance(value.operand, ast.Constant) and type(value.operand.value) in (int, float, complex)
    if isinstance(value, (ast.Tuple, ast.List)):
        return all(map(_is_written_out, value.elts))
    if isinstance(value, ast.Dict):
        return all(isinstance(key, ast.Constant) for key in value.keys) and all(map(_is_written_out, value.values))
    return isinstance(value, ast.Constant)


def _is_generic(statement: Any) -> bool:
    """Whether it has type parameters (PEP 695), whose bounds are code; older Pythons have none."""
    return bool(getattr(statement, "type_params", ()))


def _is_plain_annotation(annotation: ast.AST) -> bool:
    is_builtin = isinstance(annotation, ast.Name) and hasattr(builtins, annotation.id)
    return is_builtin or isinstance(annotation, ast.Constant)


def needs(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Names that code looks up each time that it runs to its end, in the order of the language."""
    for node in nodes:
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Store):
                yield node.id
        elif isinstance(node, ast.AugAssign):
            yield from roots(node.target)
            yield from needs([node.value])
        else:
            yield from needs(_evaluated_first(node))


def _evaluated_first(node: Any) -> Iterable[ast.AST]:
    """The parts of a node that are evaluated whatever the values of the others."""
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [node.value, *targets] if node.value is not None else []
    if isinstance(node, ast.BoolOp):
        return node.values[:1]
    if isinstance(node, ast.Compare):
        return [node.left, node.comparators[0]]
    if isinstance(node, (ast.IfExp, ast.Assert)):
        return [node.test]
    if isinstance(node, ast.Lambda):
        return _defaults(node.args)
    if isinstance(node, _FUNCTIONS):
        return [*node.decorator_list, *_defaults(node.args)]
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *node.keywords]
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return [node.generators[0].iter]
    return ast.iter_child_nodes(node)


def _defaults(args: ast.arguments) -> List[ast.AST]:
    return [*args.defaults, *(default for default in args.kw_defaults if default is not None)]


def called_word(call: ast.Call) -> str:
    """The last word of what is called: `fit` for `model.fit(x)`; empty for `f(x)(y)`."""
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def _stored(node: ast.AST) -> Iterator[str]:
    """Names that are assigned or deleted below a node; a comprehension's variables are its own."""
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, ast.Name) and isinstance(part.ctx, (ast.Store, ast.Del)):
            yield part.id
        if not isinstance(part, _OWN_SCOPES):
            stack.extend(ast.iter_child_nodes(part))


def _executed(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes that run when the statement does: of a function that it defines, decorators and defaults only."""
    stack: List[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, _FUNCTIONS):
            stack += [*node.decorator_list, node.args]
        else:
            stack.extend(ast.iter_child_nodes(node))


def _bound_by_string(statement: ast.stmt) -> Set[str]:
    """Names given as strings to what can bind them: `globals()["x"] = 1`, `exec("x = 1")`."""
    given: List[Any] = []
    for node in _executed(statement):
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load) and _is_namespace(node.value):
            given.append(node.slice)
        elif isinstance(node, ast.Call):
            values = [*node.args, *(keyword.value for keyword in node.keywords)]
            called = node.func.value if isinstance(node.func, ast.Attribute) else None
            if _is_namespace(called) and called_word(node) not in _LEAVES_ITEMS:
                given += [*values, *(ast.Constant(keyword.arg) for keyword in node.keywords)]
            elif called_word(node) == "exec" or any(map(_is_namespace, values)):
                given += values
    texts = [part.value for value in given for part in ast.walk(value) if isinstance(part, ast.Constant)]
    words = (word for text in texts if isinstance(text, str) for word in text.replace("=", " ").split())
    return {word for word in words if word.isidentifier()}


def _is_namespace(value: Any) -> bool:
    return isinstance(value, ast.Call) and getattr(value.func, "id", "") in _NAMESPACES


def _passed(call: ast.Call) -> Set[str]:
    if isinstance(call.func, ast.Name) and call.func.id in LOOKING_FUNCTIONS:
        return set()
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    return {name for value in values for name in roots(value)}


def own_call(statement: ast.AST) -> Optional[ast.expr]:
    """The call that a statement consists of, or whose value it binds to names: what it does is what the call does."""
    targets: List[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    elif not isinstance(statement, ast.Expr):
        return None
    is_plain = all(map(_is_bound, targets))
    return statement.value if is_plain and isinstance(statement.value, (ast.Call, ast.Await)) else None


def _is_bound(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(_is_bound, target.elts))
    return isinstance(target, ast.Name)


def name_of_call(call: Any) -> str:
    """What a call calls, as written; empty if it is no call, or what it calls has no name."""
    call = call.value if isinstance(call, ast.Await) else call
    if not isinstance(call, ast.Call) or not isinstance(call.func, (ast.Name, ast.Attribute, ast.Subscript)):
        return ""
    return ast.unparse(call.func) + ("" if isinstance(call.func, ast.Attribute) else "()")


def _outermost(statement: ast.stmt) -> Set[str]:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return roots(call.func) if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else set()
