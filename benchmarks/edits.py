"""Measure `nbrerun plan` on pairs of notebooks: before and after an edit.

`python -m benchmarks.edits FOLDER` goes through every folder below FOLDER that has `NAME.ipynb` and `m_NAME.ipynb`, as
the Rex micro-benchmark for reactive notebooks has them (Zheng et al., github.com/YUUU23/notebook-benchmark). For each
pair it asks for a plan with `--outputs`, runs the old notebook and then the plan in a kernel of its own, without
nbrerun, and compares what every cell shows with a clean run of the new notebook. It prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

_OF_THE_PROCESS = re.compile(r"0x[0-9a-f]+|(?<=/ipykernel_)\d+")


@dataclass(frozen=True)
class Row:
    """One edit."""

    name: str
    total: int
    """Code cells that a clean run executes."""
    kernel: int
    """Cells of the plan for what the kernel holds."""
    shown: int
    """Cells of the plan for what is shown as well."""
    restart: bool
    right: bool
    """Every cell shows what it shows in a clean run."""
    verified: bool
    raises: str = ""
    """What a clean run of the new notebook raises."""


def pairs(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Find the notebooks before and after each edit."""
    for new in sorted(folder.rglob("m_*.ipynb")):
        old = new.with_name(new.name.removeprefix("m_"))
        if old.exists():
            yield old, new


def measured(old: Path, new: Path, temporary: Path) -> Row:
    """Plan, run the plan, and compare."""
    plain, shown = (_plan(old, new, options) for options in ([], ["--outputs"]))
    wanted, raises = _clean(new, temporary)
    after = wanted if shown["restart"] else _after(old, new, shown, temporary)
    return Row(
        old.stem,
        shown["total"],
        plain["total"] if plain["restart"] else len(plain["cells"]),
        shown["total"] if shown["restart"] else len(shown["cells"]),
        shown["restart"],
        after == wanted,
        shown["verified"],
        raises,
    )


def _plan(old: Path, new: Path, options: Sequence[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "nbrerun", "plan", str(new), "--against", str(old), "--kernel", "python3"]
    done = subprocess.run([*command, *options, "--format", "json"], capture_output=True, text=True, check=False)
    if not done.stdout:
        raise SystemExit(f"{new}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _clean(notebook: Path, temporary: Path) -> tuple[list[Any], str]:
    """What each cell shows in a clean run, and what it raises."""
    place = _copied(notebook, temporary)
    node = _without_outputs(place)
    raises = _run(node, place, range(len(node.cells)))
    return [_shown(cell) for cell in node.cells], raises


def _after(old: Path, new: Path, plan: dict[str, Any], temporary: Path) -> list[Any]:
    """What each cell shows when the old notebook was run, and then the cells of the plan."""
    place = _copied(old, temporary)
    node, edited = _without_outputs(place), _without_outputs(new)
    client = NotebookClient(node, kernel_name="python3", resources={"metadata": {"path": str(place.parent)}})
    with client.setup_kernel():
        _execute(client, node, range(len(node.cells)))
        outputs = {cell.get("id"): cell.get("outputs", []) for cell in node.cells}
        for at, cell in enumerate(edited.cells):
            kept = outputs.get(cell.get("id")) if _share_ids(node, edited) else node.cells[at].get("outputs", [])
            if cell.cell_type == "code":
                cell.outputs = kept or []
        client.nb = edited
        _execute(client, edited, [each["index"] for each in plan["cells"]])
    return [_shown(cell) for cell in edited.cells]


def _without_outputs(notebook: Path) -> Any:
    node = nbformat.read(notebook, as_version=4)
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    return node


def _share_ids(one: Any, other: Any) -> bool:
    return {cell.get("id") for cell in one.cells} == {cell.get("id") for cell in other.cells}


def _run(node: Any, place: Path, cells: Sequence[int]) -> str:
    client = NotebookClient(node, kernel_name="python3", resources={"metadata": {"path": str(place.parent)}})
    with client.setup_kernel():
        return _execute(client, node, cells)


def _execute(client: NotebookClient, node: Any, cells: Sequence[int]) -> str:
    """Run cells up to one that raises; what that is."""
    for at in cells:
        try:
            client.execute_cell(node.cells[at], at)
        except CellExecutionError as error:
            return str(error.ename)
    return ""


def _copied(notebook: Path, temporary: Path) -> Path:
    """Copy the folder of a notebook, and `data` beside it, to where files may be written."""
    room = Path(tempfile.mkdtemp(dir=temporary))
    shutil.copytree(notebook.parent, room / notebook.parent.name)
    data = notebook.parent.parent / "data"
    if data.is_dir():
        shutil.copytree(data, room / "data")
    return room / notebook.parent.name / notebook.name


def _shown(cell: Any) -> list[Any]:
    """What a cell shows; not how often cells were run, or where objects lie."""
    streams: dict[str, str] = {}
    rest: list[Any] = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            streams[output.name] = streams.get(output.name, "") + output.text
        elif output.output_type == "error":
            rest.append(output.ename)
        else:
            data = {kind: text for kind, text in output.data.items() if kind != "text/html"}
            rest.append(_OF_THE_PROCESS.sub("", json.dumps(data, sort_keys=True)))
    return [{name: _OF_THE_PROCESS.sub("", text) for name, text in streams.items()}, rest]


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Render the rows, and what they come to."""
    yield "| edit | cells | for the kernel | and what is shown | right |"
    yield "| --- | ---: | ---: | ---: | --- |"
    for row in rows:
        said = ("yes" if row.right else "**no**") + (", by a restart" if row.restart else "")
        said += f" (raises {row.raises})" if row.raises else ""
        yield f"| {row.name} | {row.total} | {row.kernel} | {row.shown} | {said} |"
    right, less = sum(row.right for row in rows), [row for row in rows if not row.restart]
    cells, kernel, shown = (sum(getattr(row, field) for row in rows) for field in ("total", "kernel", "shown"))
    yield ""
    yield f"{right} of {len(rows)} right; {len(rows) - len(less)} by a restart."
    yield f"Cells run: {kernel} for the kernel, {shown} for what is shown as well, of {cells}."


def main() -> None:
    """Measure every pair below a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for old, new in pairs(asked.folder):
            rows.append(measured(old, new, Path(temporary)))
            print(rows[-1], file=sys.stderr, flush=True)
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
