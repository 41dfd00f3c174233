"""Keep a copy at the end of the cell above, and begin from it: for functions that change a variable by its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nbrerun.fix.candidates.copied import deep_copy, imported
from nbrerun.fix.edit import Edit, Situation, changed
from nbrerun.fix.source import parsed


def kept(situation: Situation) -> Iterator[Edit]:
    """Yield the edit that copies what the cell changes where it was last changed above."""
    names = [name for name in situation.starting_over if situation.before(name) is not None]
    source, index = situation.source, _last_changed(situation, names)
    above = situation.sources[index] if index is not None else None
    if not names or source is None or above is None or index is None or not above.statements:
        return
    if above.statements[-1].is_shown:
        return  # it would not be shown any more
    wanted = [f"{name}_before" for name in names]
    new = [name if name not in situation.words else situation.fresh(name) for name in wanted]
    needed = imported(situation, "copy", "deepcopy")
    keeping = [*needed, f"{', '.join(new)} = {deep_copy(names)}"]
    sources = {
        index: above.ended_with(parsed("\n".join(keeping))).text,
        situation.index: source.begun_with(parsed(f"{', '.join(names)} = {deep_copy(new)}")).text,
    }
    named = ", ".join(f"`{name}`" for name in names)
    what = f"keep a copy of {named} at the end of cell {index}, and begin cell {situation.index} from it"
    added = frozenset(new) | {line.rpartition(" ")[2] for line in needed}
    yield Edit("kept copy", what, sources, added=added)


def _last_changed(situation: Situation, names: Sequence[str]) -> int | None:
    for index in situation.above:
        step = situation.steps.get(index)
        if step is None:
            return None
        if changed(step).intersection(names):
            return index
    return None
