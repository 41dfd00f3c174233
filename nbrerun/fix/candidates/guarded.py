"""Do only what is still to be done: `exist_ok=True`, `missing_ok=True`, or a condition before it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import libcst as cst

from nbrerun.fix.edit import Edit, Situation
from nbrerun.fix.source import Source, Statement, parsed, position

_KEYWORDS = {"mkdir": "exist_ok", "makedirs": "exist_ok", "unlink": "missing_ok", "copytree": "dirs_exist_ok"}
"""Keywords that make a second call do nothing where it would raise, by the function."""


def guarded(situation: Situation) -> Iterator[Edit]:
    """Yield edits for cells whose second run raises since the first one has created or removed something."""
    source = situation.source
    if source is None:
        return
    changed = source.transformed(_Keywords())
    if changed.text != source.text:
        what = f"allow in cell {situation.index} for what the first run has done"
        yield Edit("guard", what, {situation.index: changed.text})
    for statement in source.statements:
        condition = _condition(statement)
        if condition:
            text = _under(source, statement, condition)
            yield Edit("guard", f"do it in cell {situation.index} only `if {condition}`", {situation.index: text})


def path_once(situation: Situation) -> Iterator[Edit]:
    """Yield the edit that adds a folder to `sys.path` only if it is not there."""
    source = situation.source
    if source is None or situation.finding.name != "env:sys.path":
        return
    for statement in source.statements:
        tree = statement.tree[0]
        call = tree.value if len(statement.tree) == 1 and isinstance(tree, ast.Expr) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("sys.path.append", "sys.path.insert"):
            condition = f"{ast.unparse(call.args[-1])} not in sys.path"
            text = _under(source, statement, condition)
            yield Edit("guard", f"do it in cell {situation.index} only `if {condition}`", {situation.index: text})


def bound_once(situation: Situation) -> Iterator[Edit]:
    """Yield the edit that keeps what the first run found, where the cell itself changes what it looks at.

    `before = pd.options.display.max_rows` in a cell that sets the option is an example.
    """
    source = situation.source
    for name in situation.changing if source else ():
        assert source is not None
        statement = next((each for each in source.statements if name in each.bound), None)
        if statement is not None and source.binds_anew(name) and isinstance(statement.tree[0], ast.Assign):
            condition = f'"{name}" not in globals()'
            text = _under(source, statement, condition)
            yield Edit("guard", f"do it in cell {situation.index} only `if {condition}`", {situation.index: text})


def _condition(statement: Statement) -> str:
    """What has to hold for a statement that deletes something; empty for others."""
    tree = statement.tree[0]
    if len(statement.tree) != 1:
        return ""
    if isinstance(tree, ast.Delete) and all(isinstance(target, ast.Name) for target in tree.targets):
        return " and ".join(f'"{ast.unparse(target)}" in globals()' for target in tree.targets)
    if isinstance(tree, ast.Delete) and len(tree.targets) == 1 and isinstance(tree.targets[0], ast.Subscript):
        return f"{ast.unparse(tree.targets[0].slice)} in {ast.unparse(tree.targets[0].value)}"
    call = tree.value if isinstance(tree, ast.Expr) else None
    if isinstance(call, ast.Call) and len(call.args) == 1 and ast.unparse(call.func) in ("os.remove", "os.unlink"):
        return f"os.path.exists({ast.unparse(call.args[0])})"
    return ""


def _under(source: Source, statement: Statement, condition: str) -> str:
    node = statement.node
    assert isinstance(node, cst.SimpleStatementLine)
    (guard,) = parsed(f"if {condition}:\n    pass")
    assert isinstance(guard, cst.If)
    body = guard.body.with_changes(body=[node.with_changes(leading_lines=[])])
    guard = guard.with_changes(body=body, leading_lines=node.leading_lines)
    return source.replaced({position(source, statement): [guard]}).text.removesuffix("\n")


class _Keywords(cst.CSTTransformer):
    """Adds the keyword to calls that know it; `os.mkdir` does not, and becomes `os.makedirs`."""

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        function = updated_node.func
        if not isinstance(function, cst.Attribute) or function.attr.value not in _KEYWORDS:
            return updated_node
        keyword = _KEYWORDS[function.attr.value]
        if any(arg.keyword and arg.keyword.value == keyword for arg in updated_node.args):
            return updated_node
        if isinstance(function.value, cst.Name) and function.value.value == "os":
            if function.attr.value == "unlink":
                return updated_node
            function = function.with_changes(attr=cst.Name("makedirs"))
        tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        added = cst.Arg(cst.Name("True"), cst.Name(keyword), equal=tight)
        args = [*updated_node.args]
        if args:
            args[-1] = args[-1].with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
        return updated_node.with_changes(func=function, args=[*args, added])
