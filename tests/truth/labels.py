"""Compare the labels with the oracle's facts: each label says something about values that can be measured plainly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.truth.grammar import Expected, TruthCell
from tests.truth.oracle import FILE, Facts


def mistakes(cells: Sequence[TruthCell], facts: Sequence[Facts]) -> list[str]:
    """Say of every label that contradicts the values where it does."""
    return [
        f"{each.effect}: {text}\n{each.source}"
        for each, seen in zip(cells, facts, strict=True)
        for text in _of(each, seen)
    ]


def _of(cell: TruthCell, seen: Facts) -> Iterator[str]:
    if cell.verdicts == {"error"}:
        if not seen.raised:
            yield "the rerun does not raise"
        return
    if seen.raised:
        yield f"the rerun raises {seen.raised}"
        return
    for name, allowed in cell.variables.items():
        problems = [_problem(cell, name, each, seen) for each in allowed]
        if problems and all(problems):
            yield f"{name}: {' / '.join(problems)}"


def _problem(cell: TruthCell, name: str, label: Expected, seen: Facts) -> str:
    """Why one label of a variable cannot be right; empty if it can."""
    if name.startswith("env:") and not name.startswith(("env:os.environ", "env:sys.path", "env:logging")):
        return ""
    first, again, pinned = seen.first.get(name), seen.again.get(name), seen.pinned.get(name)
    same, same_pinned, same_control = first == again, first == pinned, first == seen.control.get(name)
    text = ""
    if label.verdict == "untouched":
        text = "" if same and first == seen.before.get(name) else "it changes"
    elif label.follows:
        text = "it does not move" if same else ""
        if not text and not label.follows.startswith(FILE) and seen.forgotten.get(name) != again:
            text = "it depends on its own earlier value"
    elif "settled" in label.marks:
        text = "it moves" if not same else _perturbed(cell, name, seen, "elsewhere")
    elif label.verdict == "in-place" and "settled" not in label.open_marks:
        text = "the rerun leaves it as it is" if same or same_pinned else ""
    elif "unseeded" in label.marks:
        text = "" if not same and same_pinned and same_control else "it is not a draw"
    elif "nondeterministic" in label.marks:
        text = "" if not same_control else "a second first run leaves the same"
    elif label.verdict == "reset":
        text = "" if same and same_control else "the rerun leaves another value"
    elif label.verdict == "persisted":
        text = "the rerun leaves another value" if not same else _persisted(cell, name, label, seen)
    return text


def _persisted(cell: TruthCell, name: str, label: Expected, seen: Facts) -> str:
    if label.via == "kernel":
        return _perturbed(cell, name, seen, "kept")
    lost = [values for values in seen.without.values() if values.get(name) != seen.first.get(name)]
    return "" if not cell.missing or lost else "it comes out the same without the file"


def _perturbed(cell: TruthCell, name: str, seen: Facts, wanted: str) -> str:
    if name not in cell.perturb:
        return ""
    changed, after = seen.perturbed[name]
    found = "kept" if after == changed else "redone" if after == seen.first[name] else "elsewhere"
    return "" if found == wanted else f"the perturbed run ends with the value {found}"
