"""The findings of an earlier day, in a file: what is new since then counts, and what is gone is said."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from nbrerun.errors import UsageError
from nbrerun.model import Finding, Gone, NotebookReport

NAME = "nbrerun-baseline.json"
"""Where a baseline is written unless somebody says otherwise."""

VERSION = 1
_VERSION = "nbrerun_baseline"
"""The key that tells the file from any other JSON."""

_RULE = re.compile("NBR[0-9]{3}")
_KEYS = {"notebook", "cell", "rule", "count"}
_REPORT_VERSION = 1


class Key(NamedTuple):
    """What makes a finding the same finding on another day."""

    notebook: str
    """Its path from the folder of the baseline, with forward slashes."""
    cell: str
    """The id of the cell, so that a cell may move."""
    rule: str


@dataclass(frozen=True)
class Found:
    """A finding as a baseline sees it."""

    path: str
    """Of the notebook, from the current folder."""
    cell: str
    rule: str


@dataclass(frozen=True)
class Baseline:
    """The findings that are known, with their numbers."""

    path: str
    counts: Mapping[Key, int]

    def marked(self, notebook: str, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Say of each finding of a notebook whether it is known; of one more than there were, the last is new."""
        turns: Counter[Key] = Counter()
        marked = []
        for finding in findings:
            key = Key(_relative(notebook, self.path), finding.cell, finding.rule)
            turns[key] += 1
            marked.append(replace(finding, known=turns[key] <= self.counts.get(key, 0)))
        return tuple(marked)

    def gone(self, reports: Iterable[tuple[NotebookReport, Callable[[str], bool]]]) -> tuple[Gone, ...]:
        """What is in the baseline and was not found any more.

        Args:
            reports: each with the rules that were looked for; nothing else of its notebook can be gone.
        """
        looked_for: dict[str, Callable[[str], bool]] = {}
        now: Counter[Key] = Counter()
        for report, looks in reports:
            name = _relative(report.path, self.path)
            looked_for[name] = looks
            now.update(Key(name, finding.cell, finding.rule) for finding in report.findings)
        left = {key: count - now[key] for key, count in sorted(self.counts.items()) if count > now[key]}
        return tuple(Gone(*key, count) for key, count in left.items() if self._can_tell(key, looked_for))

    def _can_tell(self, key: Key, looked_for: Mapping[str, Callable[[str], bool]]) -> bool:
        if key.notebook in looked_for:
            return looked_for[key.notebook](key.rule)
        return not os.path.exists(_folder(self.path) / key.notebook)


def of_reports(reports: Iterable[NotebookReport]) -> Iterator[Found]:
    """What a check found."""
    for report in reports:
        yield from (Found(report.path, finding.cell, finding.rule) for finding in report.findings)


def render(found: Iterable[Found], path: str, out: TextIO) -> None:
    """Write the baseline that will lie at `path`: sorted, one entry a line."""
    counts = Counter(Key(_relative(one.path, path), one.cell, one.rule) for one in found)
    lines = [json.dumps({**key._asdict(), "count": count}) for key, count in sorted(counts.items())]
    entries = ",\n".join(f"    {line}" for line in lines)
    listed = f"[\n{entries}\n  ]" if lines else "[]"
    out.write(f'{{\n  "{_VERSION}": {VERSION},\n  "findings": {listed}\n}}\n')


def read(path: str) -> Baseline:
    """Read a baseline.

    Raises:
        UsageError: it cannot be read, or is none.
    """
    if not os.path.exists(path):
        raise UsageError(f"there is no baseline {path}; `nbrerun baseline PATHS --output {path}` writes one")
    whole = _load(path, "baseline")
    version = whole.get(_VERSION) if isinstance(whole, dict) else None
    if type(version) is not int:
        raise UsageError(f"{path} is no baseline of nbrerun: it has no `{_VERSION}` with a version")
    if version != VERSION:
        raise UsageError(f"{path}: {_VERSION} is {version}; the only version that this nbrerun knows is {VERSION}")
    entries = whole.get("findings")
    if not isinstance(entries, list):
        raise UsageError(f"{path}: findings has to be a list")
    return Baseline(path, _counts(path, entries))


def _counts(path: str, entries: Sequence[object]) -> dict[Key, int]:
    counts: dict[Key, int] = {}
    for number, entry in enumerate(entries):
        place = f"{path}: findings[{number}]"
        key, count = _entry(place, entry)
        if key in counts:
            raise UsageError(f"{place}: there is an entry for {key.rule} in cell {key.cell} of {key.notebook} already")
        counts[key] = count
    return counts


def _entry(place: str, entry: object) -> tuple[Key, int]:
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        raise UsageError(f"{place} has to be an object with notebook, cell, rule and count")
    for name in Key._fields:
        if not isinstance(entry[name], str) or not (entry[name] or name == "cell"):
            raise UsageError(f"{place}.{name} has to be a text, not {json.dumps(entry[name])}")
    if not _RULE.fullmatch(entry["rule"]):
        raise UsageError(f"{place}.rule has to be the code of a rule such as NBR002, not {json.dumps(entry['rule'])}")
    if type(entry["count"]) is not int or entry["count"] < 1:
        raise UsageError(f"{place}.count has to be a number of findings, not {json.dumps(entry['count'])}")
    return Key(*(entry[name] for name in Key._fields)), entry["count"]


def of_json(path: str) -> list[Found]:
    """What a JSON report found, one that `--format json` wrote.

    Raises:
        UsageError: it cannot be read, or is none.
    """
    whole = _load(path, "report")
    version = whole.get("schema_version") if isinstance(whole, dict) else None
    if version is None or not isinstance(whole.get("notebooks"), list):
        raise UsageError(f"{path} is no JSON report of nbrerun: `nbrerun check --format json={path}` writes one")
    if version != _REPORT_VERSION:
        raise UsageError(f"{path}: schema_version is {version}; the only one that this nbrerun knows is 1")
    try:
        return [found for notebook in whole["notebooks"] for found in _of_json(notebook)]
    except (AttributeError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is a damaged JSON report of nbrerun ({type(error).__name__}: {error})") from error


def _of_json(notebook: Mapping[str, Any]) -> Iterator[Found]:
    ids = {cell["index"]: cell["id"] for cell in notebook["cells"]}
    for finding in notebook["findings"]:
        cell = finding.get("cell") or ids.get(finding["index"], str(finding["index"]))
        if not _RULE.fullmatch(finding["rule"]):
            raise TypeError(f"there is no rule {finding['rule']!r}")
        yield Found(str(notebook["path"]), str(cell), finding["rule"])


def _load(path: str, what: str) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"the {what} {path} cannot be read ({error.strerror})") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}: {error.msg}"
        raise UsageError(f"the {what} {path} is not JSON ({where})") from error
    except (RecursionError, ValueError) as error:  # bytes that are no UTF-8, too
        raise UsageError(f"the {what} {path} cannot be read as JSON ({error})") from error


def _folder(path: str) -> Path:
    return Path(os.path.abspath(path)).parent


def _relative(notebook: str, baseline: str) -> str:
    return Path(os.path.relpath(os.path.abspath(notebook), _folder(baseline))).as_posix()
