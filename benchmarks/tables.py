"""The tables of docs/performance.md, written between markers: a run replaces those that it has measured."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.measuring import Refused, Results, Row
from benchmarks.notebooks import CASES, GROWTH_GOAL, PEAK_GOAL, PUBLISHED_GOALS, SIZES, Goal

CHECK = "nbrerun"
PLAIN = "plain"


def goals(results: Results) -> str:
    """What a check costs, beside what it may cost; bold where that is more."""
    rows = []
    for name, case in CASES.items():
        check, plain = results.of(name, CHECK), results.of(name, PLAIN)
        if check is None or plain is None or case.goal is None:
            continue
        costs = [*_beside(check, plain, case.goal, "cpu"), *_beside(check, plain, case.goal, "wall")]
        peak = check.usage.memory / plain.usage.memory
        rows.append([case.what, f"{plain.usage.cpu:.1f}", *costs, f"{peak:.2f}", check.note])
    heads = ["notebook", "plain, CPU s", "CPU", "goal", "wall", "goal", "peak memory", "note"]
    return _table(heads, rows, ":" + ">" * 6 + ":")


def _beside(check: Row, plain: Row, goal: Goal, what: str) -> tuple[str, str]:
    """A cost and its goal."""
    used, base, most = (getattr(each, what) for each in (check.usage, plain.usage, goal))
    if goal.per_cell:
        return _bold(1000 * (used - base) / check.cells, most, "{:.0f} ms a cell"), f"{most} ms"
    return _bold(used / base, most), f"{most}"


def peers(results: Results) -> str:
    """What each way costs on each notebook, as ratios to the plain run: CPU and wall time, then peak memory."""
    ways = [way for way in results.ways() if way != PLAIN]
    both = any(not math.isnan(row.usage.wall) for row in results.rows)
    time = _by_way("CPU / wall" if both else "CPU", _cpu_and_wall, ways, results)
    memory = _by_way("peak memory", lambda row, plain: _ratio(row, plain, "memory"), ways, results)
    return f"{time}\n\n{memory}"


def _cpu_and_wall(row: Row, plain: Row) -> str:
    return " / ".join(filter(None, (_ratio(row, plain, quantity) for quantity in ("cpu", "wall"))))


def _by_way(title: str, figure: Callable[[Row, Row], str], ways: Sequence[str], results: Results) -> str:
    rows = []
    for name in dict.fromkeys(row.notebook for row in results.rows):
        plain = results.of(name, PLAIN)
        found = [results.of(name, way) for way in ways]
        if plain is not None:
            rows.append([name, *(figure(row, plain) if row else "" for row in found)])
    return _table([title, *ways], rows, ":" + ">" * len(ways))


def growth(results: Results) -> str:
    """What a check costs as a notebook grows."""
    rows = []
    for what, size, check, plain in grown(results):
        on_top = 1000 * (check.usage.cpu - plain.usage.cpu) / check.cells
        ratios = [_ratio(check, plain, quantity) for quantity in ("cpu", "wall", "memory")]
        rows.append([f"{size:,} {what}", f"{plain.usage.cpu:.1f}", f"{check.usage.cpu:.1f}", *ratios, f"{on_top:.0f}"])
    heads = ["notebook", "plain, CPU s", "check, CPU s", "CPU", "wall", "peak memory", "CPU ms per cell on top"]
    table = _table(heads, rows, ":" + ">" * 6)
    per_cell = {size: check.usage.cpu / check.cells for what, size, check, _ in grown(results) if what == "cells"}
    if not {100, 1000} <= per_cell.keys():
        return table
    ratio = _bold(per_cell[1000] / per_cell[100], GROWTH_GOAL)
    return f"{table}\n\nCPU time per cell, 1,000 cells against 100: {ratio} (goal {GROWTH_GOAL})."


def grown(results: Results, way: str = CHECK) -> Iterator[tuple[str, int, Row, Row]]:
    """Yield what grew, its size, and the rows of a way and of the plain run."""
    for what, sizes in SIZES.items():
        for size in sizes:
            row, plain = results.of(f"{size} {what}", way), results.of(f"{size} {what}", PLAIN)
            if row is not None and plain is not None:
                yield what, size, row, plain


def published(results: Results) -> str:
    """What each way costs on published notebooks: the median and the 90th percentile of the ratios."""
    rows = []
    for way in results.ways():
        pairs = [(row, results.of(row.notebook, PLAIN)) for row in results.rows if row.way == way and way != PLAIN]
        if not pairs:
            continue
        figures = [way, str(len(pairs))]
        for quantity in ("cpu", "wall", "memory"):
            ratios = [getattr(row.usage, quantity) / getattr(plain.usage, quantity) for row, plain in pairs if plain]
            for which, at in (("median", 0.5), ("90th percentile", 0.9)):
                most = getattr(PUBLISHED_GOALS[which], quantity, PEAK_GOAL if at == 0.5 else math.inf)
                figures.append(_bold(quantile(ratios, at), most if way == CHECK else math.inf))
        rows.append(figures)
    heads = ["way", "notebooks", *(f"{what}, {at}" for what in ("CPU", "wall", "peak") for at in ("median", "90 %"))]
    low, high = PUBLISHED_GOALS.values()
    goal = ["goal", "", f"{low.cpu}", f"{high.cpu}", f"{low.wall}", f"{high.wall}", f"{PEAK_GOAL}", ""]
    return _table(heads, [*rows, goal], ":" + ">" * 7)


def quantile(values: Iterable[float], at: float) -> float:
    """Return the value below which a part of the values lies; between two of them, in proportion."""
    ordered = sorted(values)
    if len(ordered) == 1:
        return ordered[0]
    return statistics.quantiles(ordered, n=100, method="inclusive")[round(at * 100) - 1]


def refused(found: Iterable[Refused]) -> str:
    """List what could not be run, with the reason."""
    lines = [f"- {each.way}{f', {each.notebook}' if each.notebook else ''}: {each.reason}" for each in found]
    return "\n".join(["Not run:", "", *lines]) if lines else ""


def _ratio(row: Row, plain: Row, quantity: str) -> str:
    return _bold(getattr(row.usage, quantity) / getattr(plain.usage, quantity))


def _bold(value: float, most: float = math.inf, form: str = "{:.2f}") -> str:
    """Render a figure, in bold if it is more than it may be; empty if it was not measured."""
    shown = "" if math.isnan(value) else form.format(value)
    return f"**{shown}**" if value > most else shown


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], sides: str) -> str:
    """Render a table in Markdown; `sides` has `>` for each column that is aligned to the right."""
    lines = [list(heads), ["---:" if side == ">" else "---" for side in sides], *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("  |", " |")


def written(page: str, name: str, text: str) -> str:
    """Return the page with the text between the markers of this name.

    Raises:
        ValueError: the page has no such markers.
    """
    begin, end = f"<!-- measured: {name} -->", f"<!-- end of {name} -->"
    found = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
    if not found.search(page):
        raise ValueError(f"the page has no place for the table {name!r}")
    return found.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", page)


def write(page: Path, texts: dict[str, str]) -> None:
    """Write texts between the markers of their names."""
    content = page.read_text(encoding="utf-8")
    for name, text in texts.items():
        content = written(content, name, text)
    page.write_text(content, encoding="utf-8")
