"""Fix the findings of a notebook one after the other; each fix is proven against the version before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from nbrerun.analysis import Listener
from nbrerun.fix.candidates import KINDS, candidates
from nbrerun.fix.edit import Situation
from nbrerun.fix.prove import Failed, Proven, key_of, prove
from nbrerun.fix.version import Version
from nbrerun.model import Failure, Finding
from nbrerun.notebooks.read import Notebook
from nbrerun.settings.values import Settings
from nbrerun.state.outside import sent


@dataclass(frozen=True)
class Attempt:
    """What became of one finding."""

    finding: Finding
    proven: Proven | None
    tried: tuple[Failed, ...] = ()
    """Candidates that were not proven, in the order in which they were tried."""
    also: tuple[Finding, ...] = ()
    """Other findings that the edit has fixed."""
    reason: str = ""
    """Why there was no candidate; empty if there was one."""


@dataclass
class Fixes:
    """What became of the findings of a notebook."""

    original: Version
    attempts: list[Attempt] = field(default_factory=list)
    """In the order in which they were made: document order, as far as one fix does not remove other findings."""

    @property
    def failure(self) -> Failure | None:
        """What ended the main run of the notebook as it was, so that nothing can be proven."""
        return self.original.examined.report.failure

    @property
    def last(self) -> Version:
        """The notebook with all proven edits."""
        return next((each.proven.version for each in reversed(self.attempts) if each.proven), self.original)

    @property
    def sources(self) -> dict[int, str]:
        """New sources of the cells that change, by index."""
        old, new = self.original.texts, self.last.texts
        return {index: new.get(index, "") for index in old if new.get(index, "") != old[index]}

    @property
    def fixed(self) -> int:
        """Number of the findings that are fixed."""
        return sum(1 + len(attempt.also) for attempt in self.attempts if attempt.proven)

    @property
    def left(self) -> list[Attempt]:
        """The findings that are not fixed."""
        return [attempt for attempt in self.attempts if attempt.proven is None]


def fix(
    notebook: Notebook,
    settings: Settings,
    counts: Callable[[Finding], bool],
    listener: Listener,
    tell: Callable[[str], None] = lambda sentence: None,
) -> Fixes:
    """Find a proven edit for each finding that one of the kinds may fix.

    Args:
        counts: whether a finding is to be fixed.
        tell: is told what is tried next.

    Raises:
        KernelError: the kernel does not exist, does not start, or cannot be read.
    """
    fixes = Fixes(Version.examine(notebook, settings, listener))
    if fixes.failure:
        return fixes
    done: set[tuple[str, int, str | None]] = set()
    while found := list(_open(fixes.last, counts, done)):
        finding = found[0]
        attempt = _attempt(fixes.last, finding, listener, tell)
        if attempt.proven is not None:
            edit, report = attempt.proven.edit, attempt.proven.version.examined.report
            still = {key_of(one, edit) for one in report.findings}
            attempt = replace(attempt, also=tuple(one for one in found[1:] if key_of(one, edit) not in still))
        fixes.attempts.append(attempt)
        if attempt.proven is None:
            done.add((finding.rule, finding.index, finding.name))
    return fixes


def _open(
    version: Version, counts: Callable[[Finding], bool], done: set[tuple[str, int, str | None]]
) -> Iterator[Finding]:
    for finding in version.examined.report.findings:
        if finding.rule in KINDS and counts(finding) and (finding.rule, finding.index, finding.name) not in done:
            yield finding


def _not_provable(version: Version) -> str:
    """Why nothing can be proven about a notebook; empty if something can."""
    unread = version.texts.keys() - version.steps.keys()
    if unread:
        return f"the state after cell {min(unread)} could not be read"
    for index, step in version.steps.items():
        for act in sent(step.first["outside"]) if not version.settings.rerun_outside else ():
            return f"cell {index} {act['how']} {act['what']}, so the notebook is not run again without --rerun-outside"
    return ""


def _attempt(version: Version, finding: Finding, listener: Listener, tell: Callable[[str], None]) -> Attempt:
    if reason := _not_provable(version):
        return Attempt(finding, None, reason=reason)
    situation = Situation(finding, version.report(finding.index), version.texts, version.steps)
    if situation.source is None:
        return Attempt(finding, None, reason=f"cell {finding.index} is not Python alone, and is left as it is")
    tried: list[Failed] = []
    for edit in candidates(situation):
        tell(f"{finding.rule} in cell {finding.index}: trying to {edit.what}")
        result = prove(version, edit, finding, lambda one, stays: version.edited(one, listener, stays))
        if isinstance(result, Proven):
            return Attempt(finding, result, tuple(tried))
        tried.append(result)
    return Attempt(finding, None, tuple(tried), reason="" if tried else "no kind of edit fits the cell")
