"""Measure checks against plain execution, against the naive way, and against what else people use to run notebooks.

`python -m benchmarks.run` measures all generated notebooks in all ways and prints Markdown tables; `--published FOLDER`
measures the notebooks in a folder as well, and `--write` puts tables and picture into docs/performance.md. Environments
for the other programs are made with pip, in `build/benchmarks`.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil

from benchmarks import tables
from benchmarks.measuring import Bench, Results, Write
from benchmarks.notebooks import CASES, SIZES, grown, write_cells
from benchmarks.usage import LIMIT
from benchmarks.ways import BY_DEFAULT, ROOT, TRACKING, WAYS, interpreter, version

PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "growth.svg"

Todo = tuple[str, Write]
"""A notebook to measure: its name, and what writes it into a folder."""


def machine() -> str:
    """Describe the machine: cores, memory, system and Python."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()} {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def generated(names: Iterable[str]) -> Iterator[Todo]:
    """Yield generated notebooks, if what they need is installed."""
    for name in names:
        if lacks := CASES[name].lacks():
            print(f"{name}: {', '.join(lacks)} is not installed", file=sys.stderr)
        else:
            yield name, functools.partial(_write, name, CASES[name].sources())


def growing(families: Iterable[str]) -> Iterator[Todo]:
    """Yield notebooks that grow."""
    for what in families:
        for size in SIZES[what]:
            name = f"{size} {what}"
            yield name, functools.partial(_write, name, grown(what, size))


def published(folder: Path) -> Iterator[Todo]:
    """Yield the notebooks in a folder; each is run in a copy of the whole folder."""
    for path in sorted(folder.rglob("*.ipynb")):
        inside = path.relative_to(folder)
        if ".ipynb_checkpoints" not in inside.parts:
            yield str(inside), functools.partial(_copied, folder, inside)


def _write(name: str, sources: list[str], folder: Path) -> Path:
    path = folder / f"{name.replace(' ', '_')}.ipynb"
    write_cells(sources, path)
    return path


def _copied(source: Path, inside: Path, folder: Path) -> Path:
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return folder / inside


def measured_on(results: Results, bench: Bench) -> str:
    """Say when and where the figures were measured, how often, and with which versions."""
    versions = []
    for name in results.ways():
        way = WAYS[name]
        if way.packages or name == "plain":
            with_version = version(way, interpreter(way, bench.environments))
            versions.append(f"{(way.packages or ('nbclient',))[0]} {with_version}")
    times = f"medians of {bench.repeat}" if bench.repeat > 1 else "each measured once"
    busy = ", while other processes ran: wall times are left out" if bench.busy else ""
    return f"{datetime.date.today()}, {machine()}; {times}{busy}. {', '.join(versions)}."


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--notebook", action="append", choices=[*CASES, "none"], help="generated ones; default: all")
    parser.add_argument("--grow", action="append", choices=[*SIZES, "none"], help="what grows; default: all")
    parser.add_argument("--published", type=Path, metavar="FOLDER", help="a folder with notebooks, and their files")
    parser.add_argument("--way", action="append", choices=list(WAYS), help=f"default: {', '.join(BY_DEFAULT)}")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each; medians are printed")
    parser.add_argument("--limit", type=float, default=LIMIT, metavar="SECONDS", help="ends a single run")
    parser.add_argument("--environments", type=Path, default=ROOT / "build" / "benchmarks", metavar="FOLDER")
    parser.add_argument(
        "--results", type=Path, metavar="FILE", help="keeps what was measured; what is there is not measured again"
    )
    parser.add_argument("--busy", action="store_true", help="leave out wall times: the machine does other things, too")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} and the picture")
    return parser.parse_args()


def main() -> None:
    """Measure, print, and write."""
    asked = parse()
    ways = ["plain", *(way for way in asked.way or BY_DEFAULT if way != "plain")]
    results = Results.load(asked.results) if asked.results and asked.results.exists() else Results()
    with tempfile.TemporaryDirectory(prefix="nbrerun-bench-") as place:
        bench = Bench(ways, asked.repeat, Path(place), asked.environments.resolve(), asked.limit, asked.busy)
        tracking = replace(bench, ways=[way for way in ways if way in ("plain", *TRACKING)])
        todo = [(bench, each) for each in generated(_chosen(asked.notebook, CASES))]
        todo += [(tracking, each) for each in growing(_chosen(asked.grow, SIZES))]
        todo += [(bench, each) for each in (published(asked.published.resolve()) if asked.published else ())]
        for how, (name, write) in todo:
            how.measure(name, write, results)
            if asked.results:
                results.save(asked.results)
    texts = rendered(results, bench)
    for name, text in texts.items():
        print(f"## {name}\n\n{text}\n")
    if asked.write:
        write_page(texts, results)


def rendered(results: Results, bench: Bench) -> dict[str, str]:
    """Render the tables for which something was measured, by the names of their markers."""
    of_cases, grew = results.only(CASES.__contains__), results.only(_grows)
    whole = results.only(lambda name: name.endswith(".ipynb"))
    tables_of = {"goals": tables.goals, "peers": tables.peers, "growth": tables.growth, "published": tables.published}
    texts = {}
    for (name, render), part in zip(tables_of.items(), (of_cases, of_cases, grew, whole), strict=True):
        if part.rows:
            said = [measured_on(part, bench), render(part), tables.refused(part.refused) if name != "goals" else ""]
            texts[name] = "\n\n".join(filter(None, said))
    return texts


def write_page(texts: dict[str, str], results: Results) -> None:
    """Write the tables, and the picture if anything grew."""
    tables.write(PAGE, texts)
    if "growth" in texts:
        from benchmarks.picture import draw  # matplotlib takes a while

        draw(results, PICTURE)


def _grows(name: str) -> bool:
    return name.partition(" ")[2] in SIZES


def _chosen(asked: list[str] | None, all_of_them: Iterable[str]) -> list[str]:
    return [name for name in asked or all_of_them if name != "none"]


if __name__ == "__main__":
    main()
