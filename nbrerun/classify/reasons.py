"""The sentences that explain a verdict, for a variable and for a cell."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from nbrerun.classify.cell import leading
from nbrerun.classify.changed import sentence
from nbrerun.classify.evidence import Evidence
from nbrerun.classify.variable import Judged
from nbrerun.model import Drift, How, Kind, Mark, Raised, VariableReport, Verdict, after_all
from nbrerun.state.observation import unrepeatable

_HOW_BY_KIND = {Kind.FILE: "rewritten", Kind.ENV: "set again", Kind.DEFINITION: "bound again"}

_NAMED = 3
"""Variables that a sentence names; it counts the others, and reports list them."""
_NAMED_TOGETHER = 6
"""Variables that share one verb."""


def variable_reason(seen: Evidence, judged: Judged) -> str:
    """Explain the verdict on a variable in a clause that begins with its name."""
    name = f"`{seen.name}`"
    if judged.verdict is Verdict.UNDETERMINED:
        return _undetermined(seen)
    if judged.verdict is Verdict.IN_PLACE:
        return _in_place(seen, judged)
    if judged.direction == "saved":
        return f"{name} holds a model, and is rewritten with the same value"
    if judged.direction == "loaded":
        return f"{name} is loaded from {seen.from_file}"
    if judged.verdict is Verdict.PERSISTED:
        return f"{name} was created by the first run, and the rerun leaves it alone"
    return _reset(seen, judged)


def _undetermined(seen: Evidence) -> str:
    name, parts = f"`{seen.name}`", "; ".join(seen.opaque)
    if seen.moved and seen.moved_pinned and seen.astray:
        return f"{name} cannot be judged: {unrepeatable(seen.astray)}"
    if seen.moved and seen.moved_pinned:
        return f"{name} differs even between two first runs, and what else changes cannot be read ({parts})"
    if seen.moved:
        return f"{name} depends on random numbers, and whether it starts over otherwise cannot be read ({parts})"
    return f"{name} cannot be read{' in full' if seen.in_part else ''} ({parts})"


def _in_place(seen: Evidence, judged: Judged) -> str:
    if Mark.SETTLED in judged.marks:
        verb = "keeps training" if seen.kind is Kind.MODEL else "keeps changing"
        return f"`{seen.name}` {verb}, but has come to rest: from another value the rerun ends elsewhere"
    if not seen.moved:
        return f"`{seen.name}` is exhausted: the second run finds it where the first one left it"
    if seen.kind is Kind.FILE and seen.changes:
        change = seen.changes[0]
        return f"`{seen.name}` keeps changing: {change.first} after the first run, {change.again} after the second"
    verb = "keeps training" if seen.kind is Kind.MODEL else "keeps changing"
    changed = sentence(seen.name, seen.changes, seen.blamed)
    if Mark.ROUNDING in judged.marks:
        changed += ", which is rounding in the last digits"
    noisy = "; it differs even between two first runs" if Mark.NONDETERMINISTIC in judged.marks else ""
    return f"`{seen.name}` {verb}: {changed}{noisy}"


def _reset(seen: Evidence, judged: Judged) -> str:
    text = f"`{seen.name}` is {_how(seen.kind, judged.how, changed=seen.moved)}"
    if Mark.FOLLOWS in judged.marks:
        return f"{text}, and follows {', '.join(f'`{name}`' for name in seen.follows)}"
    if Mark.UNSEEDED in judged.marks:
        text += ", with a different random draw each time"
    elif seen.moved and not judged.marks:
        parts = "; ".join(seen.opaque)
        text += f", with a different value each time; whether chance explains all of that cannot be read ({parts})"
    if Mark.NONDETERMINISTIC in judged.marks:
        text += ", but no two runs give the same value"
    return text


def drift(seen: Evidence, judged: Judged) -> Drift | None:
    """Return what the cell does after the whole notebook; None if the variable does not drift."""
    if Mark.DRIFTS not in judged.marks:
        return None
    return Drift(seen.later_raised.ename if seen.later_raised else None)


def _how(kind: Kind, how: How | None, *, changed: bool = False) -> str:
    """Say what the rerun did to a variable that was reset: `recreated`, `refitted` ..."""
    if kind in _HOW_BY_KIND:
        return _HOW_BY_KIND[kind]
    if how is not How.REFITTED:
        return "recreated"
    if kind is Kind.GENERATOR:
        return "advanced" if changed else "left in the same state"
    return "refitted" if kind is Kind.MODEL else "recomputed"


def cell_reason(
    verdict: Verdict,
    variables: Sequence[VariableReport],
    error: Raised | None = None,
    elsewhere: Sequence[str] = (),
) -> str:
    """Explain the verdict on a cell in one sentence.

    Args:
        elsewhere: files that it wrote and that are not judged.
    """
    if error is not None:
        text = " ".join(error.evalue.split())
        return f"can be run only once: the second run raises {error.ename}: {text}".rstrip(": ")
    if verdict is Verdict.STATELESS:
        more = f" and {len(elsewhere) - 1} more" if len(elsewhere) > 1 else ""
        if elsewhere:
            return f"leaves only `{elsewhere[0]}`{more}, which {'are' if more else 'is'} not judged"
        return "leaves nothing behind"
    shown = leading(variables, verdict)
    if verdict is Verdict.RESET and len(shown) > 1:
        return _several(shown)
    reasons = [variable.sentence for variable in shown[:_NAMED]]
    more = f"; and {len(shown) - _NAMED} more variables" if len(shown) > _NAMED else ""
    return "; ".join(reasons) + more


def _several(shown: Sequence[VariableReport]) -> str:
    """Explain several reset variables: plain ones share one clause, and what drifting ones do is said once."""
    is_plain = [not set(variable.marks) - {Mark.DRIFTS} and not variable.changes for variable in shown]
    plain = list(itertools.compress(shown, is_plain))
    texts = [variable.reason for variable, told in zip(shown, is_plain, strict=True) if not told][:_NAMED]
    together: dict[str, list[str]] = {}
    # What was recreated comes first: models and data before settings, files and generators.
    for variable in sorted(plain, key=lambda one: _how(one.kind, one.how) != "recreated"):
        together.setdefault(_how(variable.kind, variable.how), []).append(f"`{variable.name}`")
    for how, names in together.items():
        more = f" and {len(names) - _NAMED_TOGETHER} more" if len(names) > _NAMED_TOGETHER else ""
        texts.append(f"{', '.join(names[:_NAMED_TOGETHER])}{more} {'is' if len(names) == 1 else 'are'} {how}")
    drifts = [after_all(variable.drift) for variable in shown if variable.drift]
    return "; ".join(texts + drifts[:1])
