"""Give the result a new name: `X_2 = (X - mean) / std` in place of `X = (X - mean) / std`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

import libcst as cst

from nbrerun.fix.edit import Edit, Situation
from nbrerun.fix.renaming import renamed_below
from nbrerun.fix.source import Source, Statement, position


def new_name(situation: Situation) -> Iterator[Edit]:
    """Yield an edit for each variable that the cell computes from its own value."""
    source = situation.source
    if source is None:
        return
    for name in _names(situation, source):
        statement = next(each for each in source.statements if name in each.bound)
        if not _computes_from_itself(statement, name):
            continue
        new = situation.fresh(name)
        changed = _first_renamed(source, statement, name, new)
        below = renamed_below(situation, {name: new})
        if changed is not None and below is not None:
            texts, renamings = below
            what = f"give the result in cell {situation.index} a name of its own, `{new}`"
            sources = {situation.index: changed.text, **texts}
            yield Edit("new name", what, sources, tuple(renamings), added=frozenset({new}))


def _names(situation: Situation, source: Source) -> list[str]:
    bound = {name for statement in source.statements for name in statement.bound}
    return [name for name in situation.starting_over if name in bound]


def _computes_from_itself(statement: Statement, name: str) -> bool:
    tree = statement.tree[0]
    if len(statement.tree) != 1:
        return False
    if isinstance(tree, ast.AugAssign):
        return isinstance(tree.target, ast.Name)
    return isinstance(tree, ast.Assign) and any(
        isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree.value)
    )


def _first_renamed(source: Source, statement: Statement, old: str, new: str) -> Source | None:
    """Rename the target of a statement, and everything in the statements after it."""
    at = position(source, statement)
    renamed = source.renamed(old, new, at + 1)
    if renamed is None:
        return None
    return renamed.replaced({at: [_with_new_target(statement.node, old, new)]})


def _with_new_target(node: cst.CSTNode, old: str, new: str) -> cst.SimpleStatementLine:
    assert isinstance(node, cst.SimpleStatementLine)
    small = node.body[0]
    if isinstance(small, cst.AugAssign):
        value = cst.BinaryOperation(cst.Name(old), _OPERATORS[type(small.operator)](), _in_parentheses(small.value))
        return node.with_changes(body=[cst.Assign([cst.AssignTarget(cst.Name(new))], value, small.semicolon)])
    assert isinstance(small, cst.Assign)
    targets = [target.with_changes(target=target.target.visit(_Target(old, new))) for target in small.targets]
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


class _Target(cst.CSTTransformer):
    """Renames a plain name among the targets; attributes and items belong to the object, which keeps its name."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__()
        self._old, self._new = old, new

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        return False

    def visit_Subscript(self, node: cst.Subscript) -> bool:
        return False

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        return updated_node.with_changes(value=self._new) if updated_node.value == self._old else updated_node
