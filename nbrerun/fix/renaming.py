"""A new name for a variable, in the cell that gives it its new value and in all cells below that mean this value."""

from __future__ import annotations

from nbrerun.fix.edit import Renamed, Situation
from nbrerun.fix.source import Source
from nbrerun.state.names import variables


def renamed_below(situation: Situation, names: dict[str, str]) -> tuple[dict[int, str], list[Renamed]] | None:
    """Rename variables in the cells below, each up to the cell that binds it anew.

    Args:
        names: the new names by the old ones.

    Returns:
        The sources that change, and the renamings; None if a cell that mentions one of the names cannot be edited.
    """
    sources: dict[int, Source] = {}
    renamings = []
    for old, new in names.items():
        until = None
        for index in situation.below:
            source = sources.get(index) or situation.sources[index]
            if source is None:
                if old in situation.texts[index]:
                    return None
                continue
            if source.binds_anew(old):
                until = index
                break
            if old in source.mentioned:
                changed = source.renamed(old, new)
                if changed is None:
                    return None
                sources[index] = changed
        (one,), (other,) = variables([old]), variables([new])
        renamings.append(Renamed(one, other, situation.index, until))
    return {index: source.text for index, source in sources.items()}, renamings
