"""Seed what is drawn: `random_state=0`, `default_rng(0)`, or the generator that the cell was seen to draw from."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

import libcst as cst

from nbrerun.fix.edit import Edit, Situation
from nbrerun.fix.source import Source, parsed
from nbrerun.model import Mark
from nbrerun.state.diff import moved_generators
from nbrerun.state.names import Space, keys

_STATEMENTS = {
    "random": ("random", "seed(0)"),
    "numpy.random": ("numpy", "random.seed(0)"),
    "torch": ("torch", "manual_seed(0)"),
    "tensorflow": ("tensorflow", "random.set_seed(0)"),
    "keras": ("keras", "utils.set_random_seed(0)"),
}
"""How a library's generator is seeded, by the name that the probe gives it: the module, and what to call in it."""
_MAKERS = ("default_rng", "RandomState", "Random", "SeedSequence")
"""Functions and classes that take a seed as their first argument, and one of the system's if there is none."""


def seeded(situation: Situation) -> Iterator[Edit]:
    """Yield edits that seed the call which makes the variable, then those that seed a whole generator."""
    name = situation.finding.name
    if name is None:
        return
    variable = situation.step.first["variables"].get(name)
    made = variable["type"].rpartition(".")[2] if variable else ""
    keyword = cst.Arg(cst.Integer("0"), cst.Name("random_state"), equal=_TIGHT)
    changes: list[tuple[str, Callable[[str, cst.Call], cst.Call]]] = [
        (f"pass random_state=0 to {made}", lambda called, call: _with(call, keyword) if called == made else call),
        ("give the generator a seed", lambda called, call: _with_seed(call) if called in _MAKERS else call),
        ("pass random_state=0 to what draws", lambda called, call: _with(call, keyword)),
    ]
    cells = [situation.index, *(index for index in situation.above if _binds(situation.sources[index], name))][:2]
    for what, change in changes:
        is_about_draws = change is changes[-1][1]
        for index in cells:
            source = situation.sources[index]
            if source is None:
                continue
            changed = source.transformed(_Calls(change, name if is_about_draws else None))
            if changed.text != source.text:
                what = f"{what} in cell {index}"
                yield Edit("seed", what, {index: changed.text}, seeds=_drawn(situation))
    yield from _seeding_generators(situation)


def _drawn(situation: Situation) -> frozenset[str]:
    """Variables that the cell makes of random numbers."""
    assert situation.finding.name is not None
    drawn = {each.name for each in situation.report.variables if Mark.UNSEEDED in each.marks}
    return frozenset(drawn | {situation.finding.name})


def _seeding_generators(situation: Situation) -> Iterator[Edit]:
    source = situation.source
    moved = keys(moved_generators(situation.step.before, situation.step.first), Space.GENERATOR)
    known = [_STATEMENTS[name] for name in _STATEMENTS if name in moved]
    if source is None or not known:
        return
    for chosen in [[one] for one in known] + ([known] if len(known) > 1 else []):
        lines, added = [], set()
        for module, call in chosen:
            bound = _bound_as(situation, module)
            lines += [] if bound else [f"import {module}"]
            added |= set() if bound else {module}
            lines.append(f"{bound or module}.{call}")
        text = source.begun_with(parsed("\n".join(lines))).text
        seeding = ", ".join(f"{module}.{call}" for module, call in chosen)
        what = f"begin cell {situation.index} with {seeding}"
        yield Edit("seed", what, {situation.index: text}, added=frozenset(added), seeds=_drawn(situation))


def _bound_as(situation: Situation, module: str) -> str:
    """The name under which the cell, or one above, has imported a module; empty if none has."""
    for index in (situation.index, *situation.above):
        source = situation.sources[index]
        for statement in source.statements if source else ():
            for tree in statement.tree:
                for alias in tree.names if isinstance(tree, ast.Import) else ():
                    if alias.name == module:
                        return alias.asname or module
                if isinstance(tree, ast.ImportFrom) and any(
                    f"{tree.module}.{alias.name}".rpartition(".")[2] == module for alias in tree.names
                ):
                    return module
    return ""


def _binds(source: Source | None, name: str) -> bool:
    return source is not None and any(name in statement.bound for statement in source.statements)


_TIGHT = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


def _with(call: cst.Call, added: cst.Arg) -> cst.Call:
    keywords = [arg.keyword.value for arg in call.args if arg.keyword]
    if "random_state" in keywords or any(arg.star == "**" for arg in call.args):
        return call
    args = list(call.args)
    if args:
        comma = args[-1].comma
        args[-1] = args[-1].with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
        if isinstance(comma, cst.Comma):  # the call was written with a comma after the last argument
            added = added.with_changes(comma=comma)
            if len(call.args) > 1 and isinstance(call.args[-2].comma, cst.Comma):
                args[-1] = args[-1].with_changes(comma=call.args[-2].comma)
    return call.with_changes(args=[*args, added])


def _with_seed(call: cst.Call) -> cst.Call:
    return call if call.args else call.with_changes(args=[cst.Arg(cst.Integer("0"))])


class _Calls(cst.CSTTransformer):
    """Changes calls; with a name, only the outermost call in each statement that assigns to this name."""

    def __init__(self, change: Callable[[str, cst.Call], cst.Call], target: str | None) -> None:
        super().__init__()
        self._change, self._target = change, target

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return self._target is None

    def visit_Call(self, node: cst.Call) -> bool:
        return True

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        if self._target is not None:
            return updated_node
        return self._change(_called(updated_node), updated_node)

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:
        if self._target is None or not isinstance(updated_node.value, cst.Call):
            return updated_node
        finder = _HasName(self._target)
        for target in original_node.targets:
            target.visit(finder)
        if not finder.found:
            return updated_node
        return updated_node.with_changes(value=self._change("", updated_node.value))


class _HasName(cst.CSTVisitor):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name, self.found = name, False

    def visit_Name(self, node: cst.Name) -> None:
        self.found |= node.value == self._name


def _called(call: cst.Call) -> str:
    """The last part of what is called: `default_rng` of `np.random.default_rng()`."""
    function = call.func
    if isinstance(function, cst.Attribute):
        function = function.attr
    return function.value if isinstance(function, cst.Name) else ""
