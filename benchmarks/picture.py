"""A picture of what looking at the state costs as a notebook grows: the ratio to the plain run, against the size."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

from benchmarks.measuring import Results
from benchmarks.notebooks import SIZES
from benchmarks.tables import grown

mpl.use("Agg")
mpl.rcParams["svg.hashsalt"] = "nbrerun"  # the same figures give the same file
_DATE = {"Date": None}


def draw(results: Results, path: Path) -> None:
    """Draw one panel for each thing that grows, and one line for each way."""
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(SIZES), figsize=(9, 3.6), sharey=True, layout="constrained")
    for panel, (what, sizes) in zip(panels, SIZES.items(), strict=True):
        for way in results.ways():
            points = [(size, row, plain) for kind, size, row, plain in grown(results, way) if kind == what]
            if points and way != "plain":
                ratios = [row.usage.cpu / plain.usage.cpu for _, row, plain in points]
                panel.plot([size for size, _, _ in points], ratios, marker="o", label=way)
        panel.axhline(1, color="gray", linewidth=0.8, linestyle=":")
        panel.set(xscale="log", yscale="log", xlabel=what)
        panel.set_xticks(sizes, [f"{size:,}" for size in sizes])
        panel.set_xticks([], minor=True)
        panel.yaxis.set_major_formatter("{x:g}")
        panel.yaxis.set_minor_formatter("{x:g}")
    panels[0].set_ylabel("CPU time / plain run")
    panels[0].legend(frameon=False)
    figure.savefig(path, metadata=_DATE)
    pyplot.close(figure)
