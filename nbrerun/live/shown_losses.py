"""The answer to `%nbrerun restart`, as it is displayed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from nbrerun.live.messages import Shown
from nbrerun.live.restart import Losses, WayBack
from nbrerun.live.sentence import GREY, box, listed, prose

_BLUE = "#3b82d6"


def shown_losses(number: int, found: Losses) -> Shown:
    """Render what a restart would lose.

    Args:
        number: of the answer.
    """
    total = len(found.models) + len(found.data) + len(found.definitions)
    head = f"A restart would lose {total} name{'' if total == 1 else 's'}."
    lines = [*map(_of_model, found.models), *_of_others("imports and definitions", found.definitions)]
    lines += _of_others("data", found.data)
    if found.data or found.definitions:
        lines.append("Only the lists for models have been run; the others follow from what the cells look at.")
    facts = {
        way.name: {"cells": way.cells, "verified": way.verified, "file": way.file, "why_not": way.why_not}
        for way in (*found.models, *found.data, *found.definitions)
    }
    html = Markup("<b>{}</b>").format(head) + Markup("").join(
        Markup("<div>{}</div>").format(prose(line)) for line in lines
    )
    return {
        "number": number,
        "html": box(_BLUE if total else GREY, html),
        "text": "\n  ".join([head, *(line.replace("`", "") for line in lines)]),
        "facts": json.dumps({"restart": facts}),
    }


def _of_model(way: WayBack) -> str:
    if not way.cells:
        return f"`{way.name}`: nothing brings it back: {way.why_not}."
    source = f", loaded from `{way.file}`" if way.file else ""
    cells = _cells(way.cells)
    if way.verified:
        return f"`{way.name}`: running {cells} brings it back as it is now{source} (run and compared)."
    return f"`{way.name}`: not verified: running {cells}; {way.why_not}."


def _of_others(what: str, ways: Sequence[WayBack]) -> Iterator[str]:
    by_cells: dict[tuple[int, ...], list[str]] = {}
    for way in ways:
        by_cells.setdefault(way.cells, []).append(way.name)
    for cells, names in by_cells.items():
        yield f"{what}: {listed(names)} from {_cells(cells) if cells else 'before `%load_ext nbrerun`'}."


def _cells(numbers: Sequence[int]) -> str:
    return ", ".join(f"In [{number}]" for number in numbers)
