"""The kinds of edits, and which of them may fix a finding of which rule."""

from __future__ import annotations

from collections.abc import Iterator

from nbrerun.fix.candidates.copied import copied
from nbrerun.fix.candidates.created import created, joined
from nbrerun.fix.candidates.guarded import bound_once, guarded, path_once
from nbrerun.fix.candidates.kept import kept
from nbrerun.fix.candidates.new_name import new_name
from nbrerun.fix.candidates.seeded import seeded
from nbrerun.fix.candidates.written import written
from nbrerun.fix.edit import Candidates, Edit, Situation

KINDS: dict[str, tuple[Candidates, ...]] = {
    "NBR001": (guarded, new_name, created, copied, joined, kept),
    "NBR002": (written, new_name, created, copied, joined, kept),
    "NBR003": (path_once, new_name, created, copied, joined, kept, bound_once),
    "NBR004": (seeded,),
    "NBR006": (written, created, joined, kept),
}
"""By the code of the rule, in the order in which they are tried: what a reader would write first comes first."""


def candidates(situation: Situation) -> Iterator[Edit]:
    """Yield the edits that may fix a finding, each one once."""
    done = []
    for kind in KINDS[situation.finding.rule]:
        for edit in kind(situation):
            if edit.sources not in done:
                done.append(edit.sources)
                yield edit
