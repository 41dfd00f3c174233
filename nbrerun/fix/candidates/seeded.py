"""Seed what is drawn: `random_state=0`, `default_rng(0)`, or the generator that the cell was seen to draw from."""

from __future__ import annotations

import ast
from collections.abc import Iterator

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
    """Yield edits that seed the call which makes the variable, then what it draws from, then a whole generator."""
    name = situation.finding.name
    if name is None:
        return
    variable = situation.step.first["variables"].get(name)
    made = variable["type"].rpartition(".")[2] if variable else ""
    yield from _calls(situation, f"pass random_state=0 to {made}", _Calls(made))
    yield from _generators_of_variables(situation)
    yield from _calls(situation, f"pass random_state=0 to what gives `{name}`", _Assigned(name))
    yield from _seeding_generators(situation)


def _calls(situation: Situation, what: str, change: cst.CSTTransformer) -> Iterator[Edit]:
    """Edits of calls in the cell, or in the cell above that binds the variable."""
    name = situation.finding.name or ""
    above = (index for index in situation.above if _binds(situation.sources[index], name))
    for index in (situation.index, *above):
        source = situation.sources[index]
        changed = source.transformed(change) if source else None
        if source is not None and changed is not None and changed.text != source.text:
            yield Edit("seed", f"{what} in cell {index}", {index: changed.text}, seeds=_drawn(situation))
            return


def _generators_of_variables(situation: Situation) -> Iterator[Edit]:
    """The edit that creates the generators which the cell draws from in the cell, with a seed."""
    source = situation.source
    moved = keys(moved_generators(situation.step.before, situation.step.first), Space.VARIABLE)
    names = sorted(moved & situation.step.before["variables"].keys())
    nodes = []
    for name in names:
        sources = (situation.sources[index] for index in situation.above)
        above = next((found for found in sources if _binds(found, name)), None)
        nodes += [each.node.visit(_Makers()) for each in above.statements if name in each.bound] if above else []
    if source is None or not nodes:
        return
    text = source.begun_with(nodes).text  # type: ignore[arg-type]  # no statement is removed
    named = ", ".join(f"`{name}`" for name in names)
    seeds = _drawn(situation) | set(names)
    yield Edit("seed", f"create {named} in cell {situation.index}, with a seed", {situation.index: text}, seeds=seeds)


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


def _with(call: cst.Call) -> cst.Call:
    """Pass `random_state=0`, unless the call has a value for it."""
    keywords = [arg.keyword.value for arg in call.args if arg.keyword]
    if "random_state" in keywords or any(arg.star == "**" for arg in call.args):
        return call
    added = cst.Arg(cst.Integer("0"), cst.Name("random_state"), equal=_TIGHT)
    args = list(call.args)
    if args:
        last = args[-1].comma
        between: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace(" ")
        if isinstance(last, cst.Comma):  # one argument a line, with a comma after the last one
            added = added.with_changes(comma=last)
            between = call.whitespace_before_args
        args[-1] = args[-1].with_changes(comma=cst.Comma(whitespace_after=between))
    return call.with_changes(args=[*args, added])


class _Calls(cst.CSTTransformer):
    """Passes a seed to calls of a function or class."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        return _with(updated_node) if _called(updated_node) == self._name else updated_node


class _Makers(cst.CSTTransformer):
    """Gives those who make generators a seed, if they have none."""

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        if _called(updated_node) not in _MAKERS or updated_node.args:
            return updated_node
        return updated_node.with_changes(args=[cst.Arg(cst.Integer("0"))])


class _Assigned(cst.CSTTransformer):
    """Passes a seed to the outermost call in each statement that assigns to a name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:
        finder = _HasName(self._name)
        for target in original_node.targets:
            target.visit(finder)
        if not finder.found or not isinstance(updated_node.value, cst.Call):
            return updated_node
        return updated_node.with_changes(value=_with(updated_node.value))


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
