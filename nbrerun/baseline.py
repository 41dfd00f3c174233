"""Baselines: findings that were recorded earlier, so that a check fails only on new ones."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from nbrerun.errors import UsageError
from nbrerun.model import Finding, Gone, NotebookReport

NAME = "nbrerun-baseline.json"
"""The default file name of a baseline."""

VERSION = 1
_VERSION = "nbrerun_baseline"
"""The key of the version, which also distinguishes the file from other JSON."""

_RULE = re.compile("NBR[0-9]{3}")
_KEYS = {"notebook", "cell", "rule", "count"}


class Key(NamedTuple):
    """Identity of a finding across checks; findings with the same key are counted."""

    notebook: str
    """Path of the notebook, relative to the folder of the baseline, with forward slashes."""
    cell: str
    """The id of the cell, so that the cell may move."""
    rule: str


@dataclass(frozen=True)
class Found:
    """The part of a finding that a baseline records."""

    path: str
    """Path of the notebook, relative to the current folder."""
    cell: str
    """The id of the cell."""
    rule: str


@dataclass(frozen=True)
class Baseline:
    """The known findings, with their counts."""

    path: str
    counts: Mapping[Key, int]

    def marked(self, notebook: str, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Mark which findings of a notebook are known; if there are more of a key than known, the last are new."""
        turns: Counter[Key] = Counter()
        marked = []
        for finding in findings:
            key = Key(_relative(notebook, self.path), finding.cell, finding.rule)
            turns[key] += 1
            marked.append(replace(finding, known=turns[key] <= self.counts.get(key, 0)))
        return tuple(marked)

    def gone(self, reports: Iterable[tuple[NotebookReport, Callable[[str], bool]]]) -> tuple[Gone, ...]:
        """List the findings of the baseline that were not found again.

        Args:
            reports: each with a function that tells whether the check looked for a rule; only findings that were
                looked for can be gone. Findings of a notebook that no longer exists are gone as well.
        """
        looked_for: dict[str, Callable[[str], bool]] = {}
        now: Counter[Key] = Counter()
        for report, looks in reports:
            name = _relative(report.path, self.path)
            looked_for[name] = looks
            now.update(Key(name, finding.cell, finding.rule) for finding in report.findings)
        gone = []
        for key, count in sorted(self.counts.items()):
            if key.notebook in looked_for:
                can_tell = looked_for[key.notebook](key.rule)
            else:
                can_tell = not os.path.exists(_folder(self.path) / key.notebook)
            if can_tell and count > now[key]:
                gone.append(Gone(*key, count - now[key]))
        return tuple(gone)


def of_reports(reports: Iterable[NotebookReport]) -> Iterator[Found]:
    """Yield the findings of a check, except for those that nobody asked for."""
    for report in reports:
        yield from (Found(report.path, finding.cell, finding.rule) for finding in report.findings if finding.listed)


def render(found: Iterable[Found], path: str, out: TextIO) -> None:
    """Write a baseline, sorted, one entry per line.

    Args:
        found: the findings to record.
        path: where the baseline will be, since paths of notebooks are relative to it.
        out: the stream to write to.
    """
    counts = Counter(Key(_relative(one.path, path), one.cell, one.rule) for one in found)
    # One entry per line and sorted, so that version control shows and merges changes entry by entry.
    lines = [json.dumps({**key._asdict(), "count": count}) for key, count in sorted(counts.items())]
    entries = ",\n".join(f"    {line}" for line in lines)
    listed = f"[\n{entries}\n  ]" if lines else "[]"
    out.write(f'{{\n  "{_VERSION}": {VERSION},\n  "findings": {listed}\n}}\n')


def read(path: str) -> Baseline:
    """Read a baseline.

    Raises:
        UsageError: the file cannot be read, or is not a baseline.
    """
    if not os.path.exists(path):
        raise UsageError(f"there is no baseline {path}; `nbrerun baseline PATHS --output {path}` writes one")
    whole = load_json(path, "baseline")
    version = whole.get(_VERSION) if isinstance(whole, dict) else None
    if type(version) is not int:  # isinstance would accept true
        raise UsageError(f"{path} is not a baseline of nbrerun: it has no `{_VERSION}` with a version")
    if version != VERSION:
        raise UsageError(f"{path}: {_VERSION} is {version}; this nbrerun reads version {VERSION} only")
    entries = whole.get("findings")
    if not isinstance(entries, list):
        raise UsageError(f"{path}: findings must be a list")
    counts: dict[Key, int] = {}
    for number, entry in enumerate(entries):
        place = f"{path}: findings[{number}]"
        key, count = _entry(place, entry)
        if key in counts:
            raise UsageError(f"{place}: there is an entry for {key.rule} in cell {key.cell} of {key.notebook} already")
        counts[key] = count
    return Baseline(path, counts)


def _entry(place: str, entry: object) -> tuple[Key, int]:
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        raise UsageError(f"{place} must be an object with notebook, cell, rule and count")
    for name in Key._fields:
        if not isinstance(entry[name], str) or not (entry[name] or name == "cell"):
            raise UsageError(f"{place}.{name} must be a string, not {json.dumps(entry[name])}")
    if not _RULE.fullmatch(entry["rule"]):
        raise UsageError(f"{place}.rule must be the code of a rule such as NBR002, not {json.dumps(entry['rule'])}")
    if type(entry["count"]) is not int or entry["count"] < 1:
        raise UsageError(f"{place}.count must be a whole number, 1 or more, not {json.dumps(entry['count'])}")
    return Key(*(entry[name] for name in Key._fields)), entry["count"]


def load_json(path: str, what: str) -> Any:
    """Read a JSON file; `what` names it in messages.

    Raises:
        UsageError: the file cannot be read, or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"the {what} {path} cannot be read ({error.strerror})") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}: {error.msg}"
        raise UsageError(f"the {what} {path} is not JSON ({where})") from error
    except (RecursionError, ValueError) as error:  # including UnicodeDecodeError
        raise UsageError(f"the {what} {path} cannot be read as JSON ({error})") from error


def _folder(path: str) -> Path:
    return Path(os.path.abspath(path)).parent


def _relative(notebook: str, baseline: str) -> str:
    return Path(os.path.relpath(os.path.abspath(notebook), _folder(baseline))).as_posix()
