"""Write a file anew in place of adding to it, or write it under another name than it is read from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

import libcst as cst

from nbrerun.fix.edit import Edit, Renamed, Situation
from nbrerun.fix.source import Source, Statement
from nbrerun.state.diff import differing
from nbrerun.state.names import Name, Space, files

_APPENDING = re.compile(r"a([bt]?\+?[bt]?)")


def written(situation: Situation) -> Iterator[Edit]:
    """Yield edits for the files that the cell adds to or changes."""
    source = situation.source
    if source is None or not situation.files:
        return
    changed = source.transformed(_Modes())
    if changed.text != source.text:
        what = f'write the whole file in cell {situation.index}: mode "w" in place of "a"'
        yield Edit("write mode", what, {situation.index: changed.text})
    for path in situation.files:
        yield from _begun_here(situation, source, path)
        yield from _renamed_files(situation, source, path)


def _begun_here(situation: Situation, source: Source, path: str) -> Iterator[Edit]:
    """The edit that repeats what wrote the file in a cell above, so that the whole file is written in this one."""
    name = Name(Space.FILE, path)
    steps = ((index, situation.steps.get(index)) for index in situation.above)
    wrote = (index for index, step in steps if step and name in differing(step.before, step.first))
    above = next((situation.sources[index] for index in wrote), None)
    nodes = [each.node for each in above.statements if _mentions(each, path)] if above else []
    if nodes:
        text = source.begun_with(nodes).text
        what = f"write `{path}` from its beginning in cell {situation.index}"
        yield Edit("create in the cell", what, {situation.index: text})


def _mentions(statement: Statement, path: str) -> bool:
    finder = _Paths(path, path, 0)
    statement.node.visit(finder)
    return bool(finder.found)


def _renamed_files(situation: Situation, source: Source, path: str) -> Iterator[Edit]:
    """Edits in which the cell writes to another file than it reads; cells below mean the new one."""
    new = _fresh(situation, path)
    count = len(_occurrences(source, path))
    for start in range(count - 1, -1, -1):
        texts = {situation.index: _with_file(source, path, new, start)}
        for index in situation.below:
            cell = situation.sources[index]
            if cell is None and path in situation.texts[index]:
                return
            if cell is not None and _occurrences(cell, path):
                texts[index] = _with_file(cell, path, new, 0)
        (one,), (other,) = files([path]), files([new])
        what = f"write to a file of its own in cell {situation.index}, `{new}`"
        yield Edit("new file", what, texts, (Renamed(one, other, situation.index),))
        if start == 0:
            return


def _fresh(situation: Situation, path: str) -> str:
    pure = PurePath(path)
    count = 2
    while any(f"{pure.stem}_{count}" in text for text in situation.texts.values()):
        count += 1
    return str(pure.with_name(f"{pure.stem}_{count}{pure.suffix}"))


def _occurrences(source: Source, path: str) -> Sequence[str]:
    finder = _Paths(path, path, 0)
    source.module.visit(finder)
    return finder.found


def _with_file(source: Source, path: str, new: str, start: int) -> str:
    return source.transformed(_Paths(path, new, start)).text


class _Paths(cst.CSTTransformer):
    """Replaces a path in string constants, from the `start`-th of them on."""

    def __init__(self, old: str, new: str, start: int) -> None:
        super().__init__()
        self._old, self._new, self._start = old, new, start
        self.found: list[str] = []

    def leave_SimpleString(self, original_node: cst.SimpleString, updated_node: cst.SimpleString) -> cst.SimpleString:
        value = original_node.evaluated_value
        if not isinstance(value, str) or value.removeprefix("./") != self._old:
            return updated_node
        self.found.append(value)
        if len(self.found) <= self._start or self._new == self._old:
            return updated_node
        return updated_node.with_changes(value=updated_node.value.replace(self._old, self._new))


class _Modes(cst.CSTTransformer):
    """Replaces the mode "a": in `open(path, "a")`, `path.open("a")` and `to_csv(path, mode="a")`."""

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        function = updated_node.func
        is_method = isinstance(function, cst.Attribute) and function.attr.value == "open"
        places = (0, 1) if is_method else (1,)
        args = [
            _writing(arg) if (arg.keyword.value == "mode" if arg.keyword else place in places) else arg
            for place, arg in enumerate(updated_node.args)
        ]
        return updated_node.with_changes(args=args)


def _writing(arg: cst.Arg) -> cst.Arg:
    value = arg.value
    if not isinstance(value, cst.SimpleString) or not _APPENDING.fullmatch(str(value.evaluated_value)):
        return arg
    return arg.with_changes(value=value.with_changes(value=value.value.replace("a", "w", 1)))
