"""Create a variable in the cell that changes it, instead of in a cell above."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from nbrerun.fix.edit import Edit, Situation, changed
from nbrerun.fix.source import Source, Statement
from nbrerun.state.diff import moved_generators
from nbrerun.state.timeline import Step


def created(situation: Situation) -> Iterator[Edit]:
    """Yield edits that bring along what creates the variables: statements that move, or that only bind and seed."""
    return (edit for edit, is_simple in _edits(situation) if is_simple)


def joined(situation: Situation) -> Iterator[Edit]:
    """Yield edits that bring along more: a training loop that is repeated, or a value that is not shown any more."""
    return (edit for edit, is_simple in _edits(situation) if not is_simple)


def _edits(situation: Situation) -> Iterator[tuple[Edit, bool]]:
    """Edits that bring along statements of one cell above, with whether they are simple."""
    source, names = situation.source, situation.starting_over
    found = _creating_cell(situation, names)
    if source is None or found is None:
        return
    index, above = found
    modules = _modules(situation)
    for statements in _selections(situation.steps[index], above, names, modules):
        edit = _edit(situation, source, index, above, statements, names)
        only_binds = all(set(names) & each.bound or _acts_on(each, modules) for each in statements)
        hides = above.statements[-1] in statements and above.statements[-1].is_shown
        yield edit, not hides if edit.later else only_binds


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


def _selections(
    step: Step, source: Source, names: Sequence[str], modules: Collection[str]
) -> Iterator[list[Statement]]:
    """Statements of the creating cell to bring along, the fewest first.

    Those that bind the names; those that use them as well, which may change what they hold; all. Where the cell drew
    random numbers, those that may seed a generator come along each time.
    """
    wanted = set(names)
    others = [each for each in source.statements if not each.is_import]
    binding = [each for each in others if wanted & each.bound]
    about = [each for each in others if wanted & each.mentioned]
    seeding = []
    if moved_generators(step.before, step.first):
        seeding = [each for each in others if _acts_on(each, modules)]
    done: list[list[Statement]] = []
    for chosen in (binding, about, others):
        selection = [each for each in others if each in chosen or each in seeding]
        if selection not in done:
            done.append(selection)
            yield selection


def _modules(situation: Situation) -> frozenset[str]:
    """Names that imports have bound above."""
    sources = [source for index in situation.above if (source := situation.sources[index])]
    return frozenset().union(*(each.bound for source in sources for each in source.statements if each.is_import))


def _acts_on(statement: Statement, modules: Collection[str]) -> bool:
    """Whether it is a call such as `torch.manual_seed(0)`, made for what it does in a module."""
    tree = statement.tree[0]
    call = tree.value if len(statement.tree) == 1 and isinstance(tree, ast.Expr) else None
    root: ast.AST | None = call.func if isinstance(call, ast.Call) else None
    while isinstance(root, ast.Attribute):
        root = root.value
    return isinstance(root, ast.Name) and root.id in modules


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
    sources = {}
    if is_moved:
        rest = above.without(nodes)
        if rest.is_blank:  # the comment at its top is about what leaves
            nodes[0] = nodes[0].with_changes(leading_lines=[*above.module.header, *nodes[0].leading_lines])
            rest = rest.without_header()
        sources[index] = rest.text.strip("\n")
    sources[situation.index] = source.begun_with(nodes).text
    named = ", ".join(f"`{name}`" for name in names)
    verb = "create" if is_moved else "create again"
    what = f"{verb} {named} in cell {situation.index}, which changes {'it' if len(names) == 1 else 'them'}"
    if is_moved and not sources[index]:
        what += f", by joining it with cell {index}"
    later = dict.fromkeys(bound, (index, situation.index)) if is_moved else {}
    return Edit("create in the cell", what, sources, later=later)
