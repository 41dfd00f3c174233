"""`nbrerun explain`: what rules, verdicts and marks mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from nbrerun import rules
from nbrerun.errors import UsageError
from nbrerun.rules import RULES
from nbrerun.spelling import closest


@dataclass(frozen=True)
class Explained:
    """A rule, a verdict or a mark with its text."""

    title: str
    text: str
    """Markdown without a heading."""


def find(word: str) -> Explained:
    """Find what a code of a rule, a verdict or a mark means, in upper or lower case.

    Raises:
        UsageError: there is no such word.
    """
    wanted = word.strip().lower()
    if rule := RULES.get(wanted.upper()):
        return Explained(f"{rule.code}: {rule.summary} ({rule.severity})", rule.text)
    if text := rules.words().get(wanted):
        return Explained(wanted, text)
    known = [*map(str.lower, RULES), *rules.words()]
    close = closest(wanted, known)
    close = close and (close.upper() if close.upper() in RULES else close)
    what = "rule" if wanted.startswith("nbr") else "rule, verdict or mark"
    raise UsageError(
        f"there is no {what} {word!r}; {f'did you mean {close}?' if close else '`nbrerun explain` lists them'}"
    )


def overview(out: TextIO) -> None:
    """Write one line for each rule, then the verdicts and the marks."""
    for rule in RULES.values():
        print(f"{rule.code}  {rule.severity!s:7}  {rule.summary}", file=out)
    kinds: dict[str, list[str]] = {"A verdict": [], "A mark": []}
    for word, text in rules.words().items():
        kinds[text.partition(":")[0]].append(word)
    print(f"\nverdicts  {', '.join(kinds['A verdict'])}\nmarks     {', '.join(kinds['A mark'])}", file=out)


def show(asked: Sequence[Explained], out: TextIO) -> None:
    """Write the texts: rendered in a terminal, plain Markdown elsewhere."""
    text = "\n".join(f"# {one.title}\n\n{one.text}" for one in asked)
    if not out.isatty():
        out.write(text)
        return
    # rich.markdown takes about 0.1 s to import; plain output does without it.
    from rich.console import Console
    from rich.markdown import Markdown

    Console(file=out).print(Markdown(text))
