"""Give the result a new name: `X_2 = (X - mean) / std` in place of `X = (X - mean) / std`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping

import libcst as cst

from nbrerun.fix.edit import Edit, Situation
from nbrerun.fix.renaming import renamed_below
from nbrerun.fix.source import Source, Statement, position


def new_name(situation: Situation) -> Iterator[Edit]:
    """Yield an edit for each statement that computes variables from their own values."""
    source = situation.source
    if source is None:
        return
    for statement, names in _targets(situation, source):
        new = {name: situation.fresh(name) for name in names}
        changed = _first_renamed(source, statement, new)
        below = renamed_below(situation, new)
        if changed is not None and below is not None:
            texts, renamings = below
            named = ", ".join(f"`{name}`" for name in new.values())
            what = f"give the result in cell {situation.index} a name of its own, {named}"
            sources = {situation.index: changed.text, **texts}
            yield Edit("new name", what, sources, tuple(renamings), added=frozenset(new.values()))


def _targets(situation: Situation, source: Source) -> list[tuple[Statement, list[str]]]:
    """The statements, each with the variables that it is the first one to bind; `a, b = b, a` has two."""
    found: list[tuple[Statement, list[str]]] = []
    for statement in source.statements:
        earlier = {name for _, names in found for name in names}
        names = [name for name in situation.starting_over if name in statement.bound and name not in earlier]
        if names:
            found.append((statement, names))
    return [(statement, names) for statement, names in found if _computes_from_itself(statement, names)]


def _computes_from_itself(statement: Statement, names: Collection[str]) -> bool:
    tree = statement.tree[0]
    if len(statement.tree) != 1:
        return False
    if isinstance(tree, ast.AugAssign):
        return isinstance(tree.target, ast.Name)
    return isinstance(tree, ast.Assign) and any(
        isinstance(node, ast.Name) and node.id in names for node in ast.walk(tree.value)
    )


def _first_renamed(source: Source, statement: Statement, new: Mapping[str, str]) -> Source | None:
    """Rename the targets of a statement, and everything in the statements after it."""
    at = position(source, statement)
    renamed: Source | None = source
    for old in new:
        renamed = renamed and renamed.renamed(old, new[old], at + 1)
    return renamed and renamed.replaced({at: [_with_new_targets(statement.node, new)]})


def _with_new_targets(node: cst.CSTNode, new: Mapping[str, str]) -> cst.SimpleStatementLine:
    assert isinstance(node, cst.SimpleStatementLine)
    small = node.body[0]
    if isinstance(small, cst.AugAssign):
        (old,) = new
        value = cst.BinaryOperation(cst.Name(old), _OPERATORS[type(small.operator)](), _in_parentheses(small.value))
        return node.with_changes(body=[cst.Assign([cst.AssignTarget(cst.Name(new[old]))], value, small.semicolon)])
    assert isinstance(small, cst.Assign)
    targets = [target.with_changes(target=target.target.visit(_Targets(new))) for target in small.targets]
    return node.with_changes(body=[small.with_changes(targets=targets)])


_OPERATORS: dict[type[cst.BaseAugOp], Callable[[], cst.BaseBinaryOp]] = {
    cst.AddAssign: cst.Add,
    cst.SubtractAssign: cst.Subtract,
    cst.MultiplyAssign: cst.Multiply,
    cst.MatrixMultiplyAssign: cst.MatrixMultiply,
    cst.DivideAssign: cst.Divide,
    cst.FloorDivideAssign: cst.FloorDivide,
    cst.ModuloAssign: cst.Modulo,
    cst.PowerAssign: cst.Power,
    cst.LeftShiftAssign: cst.LeftShift,
    cst.RightShiftAssign: cst.RightShift,
    cst.BitAndAssign: cst.BitAnd,
    cst.BitOrAssign: cst.BitOr,
    cst.BitXorAssign: cst.BitXor,
}


def _in_parentheses(value: cst.BaseExpression) -> cst.BaseExpression:
    """The right side of `x -= a + b` as an operand."""
    if isinstance(value, (cst.Name, cst.BaseNumber, cst.BaseString, cst.Call, cst.Attribute, cst.Subscript)):
        return value
    return value if value.lpar else value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


class _Targets(cst.CSTTransformer):
    """Renames plain names among the targets; attributes and items belong to the object, which keeps its name."""

    def __init__(self, new: Mapping[str, str]) -> None:
        super().__init__()
        self._new = new

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        return False

    def visit_Subscript(self, node: cst.Subscript) -> bool:
        return False

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        return updated_node.with_changes(value=self._new.get(updated_node.value, updated_node.value))
