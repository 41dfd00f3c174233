"""Create a variable in the cell that changes it, instead of in a cell above."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from nbrerun.fix.edit import Edit, Situation, changed
from nbrerun.fix.source import Source, Statement
from nbrerun.state.diff import moved_generators
from nbrerun.state.timeline import Step


def created(situation: Situation) -> Iterator[Edit]:
    """Yield edits that bring along the statements which create what the cell changes, from one cell above."""
    source, names = situation.source, situation.starting_over
    found = _creating_cell(situation, names)
    if source is None or found is None:
        return
    index, above = found
    for statements in _selections(situation.steps[index], above, names):
        yield _edit(situation, source, index, above, statements, names)


def _creating_cell(situation: Situation, names: Sequence[str]) -> tuple[int, Source] | None:
    """The nearest cell above that binds any of the names, if none in between changes them."""
    for index in situation.above:
        step, source = situation.steps.get(index), situation.sources[index]
        if step is None or source is None:
            return None
        if any(name in statement.bound for statement in source.statements for name in names):
            return index, source
        if changed(step).intersection(names):
            return None
    return None


def _selections(step: Step, source: Source, names: Sequence[str]) -> Iterator[list[Statement]]:
    """Statements of the creating cell to bring along, the fewest first.

    Those that bind the names; also those that use them, which may change them; also those that may seed a generator;
    all. Where the cell drew random numbers, a seed comes along at first.
    """
    wanted = set(names)
    binding = [each for each in source.statements if wanted & each.bound]
    about = [each for each in source.statements if each in binding or (wanted & each.mentioned and not each.is_import)]
    seeding = [each for each in source.statements if each in about or _acts_on_module(each)]
    everything = [each for each in source.statements if not each.is_import]
    few = [binding, about]
    selections = [seeding, *few] if moved_generators(step.before, step.first) else [*few, seeding]
    done: list[list[Statement]] = []
    for selection in (*selections, everything):
        if selection not in done:
            done.append(selection)
            yield selection


def _acts_on_module(statement: Statement) -> bool:
    """Whether it is a call such as `torch.manual_seed(0)`, made for what it does elsewhere."""
    tree = statement.tree[0]
    call = tree.value if len(statement.tree) == 1 and isinstance(tree, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)


def _edit(
    situation: Situation,
    source: Source,
    index: int,
    above: Source,
    statements: Sequence[Statement],
    names: Sequence[str],
) -> Edit:
    bound = {name for statement in statements for name in statement.bound}
    between = [each for each in situation.above if each > index]
    others = above.masked_words.union(*(each.mentioned for each in above.statements if each not in statements))
    is_moved = not (others & bound or any(situation.mentions(name, between) for name in bound))
    nodes = [statement.node for statement in statements]
    sources = {situation.index: source.begun_with(nodes).text}
    if is_moved:
        rest = above.without(nodes)
        sources[index] = "" if rest.is_blank else rest.text.rstrip("\n")
    named = ", ".join(f"`{name}`" for name in names)
    verb = "create" if is_moved else "create again"
    what = f"{verb} {named} in cell {situation.index}, which changes {'it' if len(names) == 1 else 'them'}"
    if is_moved and not sources[index]:
        what += f", by joining it with cell {index}"
    later = dict.fromkeys(bound, (index, situation.index)) if is_moved else {}
    return Edit("create in the cell", what, sources, later=later)
