"""Notebooks composed of effects: random blocks, names, order, nesting and unrelated lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import tests.truth.effects  # noqa: F401 - registers the effects
from tests.truth.grammar import ANYTHING, EFFECTS, FUNCTIONS, Block, Pick, TruthCell, bound_names, reset

WEIGHTED = [name for name, (_, weight) in EFFECTS.items() for _ in range(weight)]


@dataclass(frozen=True)
class Placed:
    """A cell with the number of the block that it belongs to."""

    cell: TruthCell
    block: int


Notebook = tuple[Placed, ...]


@st.composite
def notebooks(draw: st.DrawFn, size: int = 24, only: Sequence[str] = ()) -> Notebook:
    """Compose notebooks of at least `size` code cells."""
    pick = Pick(lambda options: draw(st.sampled_from(options)))
    blocks: list[list[TruthCell]] = []
    while sum(map(len, blocks)) < size:
        build, _ = EFFECTS[pick.one_of(only or WEIGHTED)]
        blocks.append(decorated(pick, build(pick)))
    return merged(pick, blocks)


def generated(number: int, count: int, size: int, only: Sequence[str]) -> list[Notebook]:
    """Generate so many notebooks; the same number gives the same ones, with the same version of Hypothesis."""
    made: list[Notebook] = []
    count += 1  # the first that Hypothesis makes is always the simplest, and left out

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(notebooks(size, only))
    def collect(notebook: Notebook) -> None:
        made.append(notebook)

    collect()
    return made[1:]


def merged(pick: Pick, blocks: Sequence[Sequence[TruthCell]]) -> Notebook:
    """Shuffle the blocks into each other; every block keeps its own order."""
    left = {number: list(block) for number, block in enumerate(blocks)}
    cells = []
    while left:
        number = pick.one_of(sorted(left))
        cells.append(Placed(left[number].pop(0), number))
        if not left[number]:
            del left[number]
    return tuple(cells)


def decorated(pick: Pick, block: Block) -> list[TruthCell]:
    """Put some cells into a function or another frame, and unrelated lines around some."""
    cells: list[TruthCell] = []
    for each in block:
        wrapped = [each]
        if can_wrap(each) and pick.number(0, 2) == 0:
            wrapped = pick.one_of(WRAPPERS)(pick, each)
        if pick.number(0, 3) == 0:
            wrapped[-1] = _with_unrelated_lines(pick, wrapped[-1])
        cells += wrapped
    return cells


def can_wrap(each: TruthCell) -> bool:
    """Whether the statements mean the same in a frame; definitions are left where they are."""
    return each.may_wrap and not any(word in each.core for word in ("def ", "class ", "lambda"))


def _with_unrelated_lines(pick: Pick, each: TruthCell) -> TruthCell:
    note = pick.name(("note", "title", "i", "today"))
    line = pick.one_of(
        (
            "# unrelated",
            "print('unrelated')",
            "import math",
            f"{note} = 'unrelated'",
            f"{note} = len([1, 2])",
            "'a string'",
        )
    )
    if line.startswith(f"{note} ="):
        verdicts = frozenset("reset" if verdict == "stateless" else verdict for verdict in each.verdicts)
        each = replace(each, variables={**each.variables, note: reset("recreated")}, verdicts=verdicts)
    features = each.features | {f"unrelated={line.replace(note, 'note')}"}
    return replace(each, above=line, features=features) if pick.flag() else replace(each, below=line, features=features)


def _indented(source: str, levels: int = 1) -> str:
    return "\n".join("    " * levels + line for line in source.splitlines())


def _body(source: str, levels: int = 1) -> str:
    names = bound_names(source)
    lines = f"global {', '.join(names)}\n{source}" if names else source
    return _indented(lines, levels)


def _in_function(pick: Pick, each: TruthCell) -> list[TruthCell]:
    name = pick.name(FUNCTIONS)
    return [_framed(each, "function", f"def {name}():\n{_body(each.core)}\n{name}()")]


def _in_method(pick: Pick, each: TruthCell) -> list[TruthCell]:
    cls, method = pick.type_name(), pick.one_of(FUNCTIONS)
    source = f"class {cls}:\n    def {method}(self):\n{_body(each.core, 2)}\n{cls}().{method}()"
    return [_framed(each, "method", source)]


def _in_earlier_function(pick: Pick, each: TruthCell) -> list[TruthCell]:
    name = pick.name(FUNCTIONS)
    definition = TruthCell(
        "define a function",
        f"def {name}():\n{_body(each.core)}",
        {name: ANYTHING},
        frozenset({"stateless"}),
        may_wrap=False,
    )
    return [definition, _framed(each, "function of an earlier cell", f"{name}()")]


def _in_branch(pick: Pick, each: TruthCell) -> list[TruthCell]:
    return [_framed(each, "if", f"if True:\n{_indented(each.core)}")]


def _in_finally(pick: Pick, each: TruthCell) -> list[TruthCell]:
    return [_framed(each, "finally", f"try:\n    pass\nfinally:\n{_indented(each.core)}")]


def _in_context(pick: Pick, each: TruthCell) -> list[TruthCell]:
    return [_framed(each, "with", f"import contextlib\nwith contextlib.nullcontext():\n{_indented(each.core)}")]


def _before_a_caught_raise(pick: Pick, each: TruthCell) -> list[TruthCell]:
    source = f"try:\n{_indented(each.core)}\n    raise RuntimeError('caught')\nexcept RuntimeError:\n    pass"
    return [_framed(each, "raise and catch", source)]


def _framed(each: TruthCell, frame: str, source: str) -> TruthCell:
    return replace(each, core=source, features=each.features | {f"frame={frame}"})


WRAPPERS: tuple[Callable[[Pick, TruthCell], list[TruthCell]], ...] = (
    _in_function,
    _in_function,
    _in_method,
    _in_earlier_function,
    _in_branch,
    _in_finally,
    _in_context,
    _before_a_caught_raise,
)
