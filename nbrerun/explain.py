"""`nbrerun explain`: what a rule means, in the words of `docs/findings.md`."""

from __future__ import annotations

from typing import TextIO

from nbrerun.errors import UsageError
from nbrerun.rules import RULES, Rule
from nbrerun.spelling import closest


def rule(code: str) -> Rule:
    """Find a rule by its code, in upper or lower case.

    Raises:
        UsageError: there is no such rule.
    """
    wanted = code.strip().upper()
    if wanted in RULES:
        return RULES[wanted]
    close = closest(wanted, RULES)
    hint = f"did you mean {close}?" if close else "`nbrerun explain` lists them"
    raise UsageError(f"there is no rule {code!r}; {hint}")


def overview(out: TextIO) -> None:
    """Write one line for each rule."""
    for rule in RULES.values():
        print(f"{rule.code}  {rule.severity!s:7}  {rule.summary}", file=out)


def show(asked: Rule, out: TextIO) -> None:
    """Write the text of a rule: rendered in a terminal, plain Markdown elsewhere."""
    text = f"# {asked.code}: {asked.summary} ({asked.severity})\n\n{asked.text}"
    if not out.isatty():
        out.write(text)
        return
    # rich.markdown takes about 0.1 s to import; plain output does without it.
    from rich.console import Console
    from rich.markdown import Markdown

    Console(file=out).print(Markdown(text))
