"""The rules: code, severity, and the text that `nbrerun explain` and the page in the docs share."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from nbrerun.model import Severity


@dataclass(frozen=True)
class Rule:
    """One rule of the findings."""

    code: str
    severity: Severity
    summary: str
    """Half a sentence without a full stop."""

    @property
    def text(self) -> str:
        """Why it matters, an example, how to mend it; Markdown without a heading."""
        return _read(f"{self.code}.md")


_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

RULES = {
    rule.code: rule
    for rule in (
        Rule("NBR001", _ERROR, "the rerun raises"),
        Rule("NBR002", _ERROR, "a model trains on"),
        Rule("NBR003", _ERROR, "other state moves on"),
        Rule("NBR004", _WARNING, "a model is unseeded"),
        Rule("NBR005", _WARNING, "a result is nondeterministic"),
        Rule("NBR006", _ERROR, "a file grows or moves on"),
        Rule("NBR007", _WARNING, "an input drifts"),
        Rule("NBR101", _INFO, "a cell does not run alone after a restart"),
        Rule("NBR102", _ERROR, "a cell reads a file that only a later cell writes"),
        Rule("NBR103", _ERROR, "the notebook as committed does not run from a fresh clone"),
        Rule("NBR201", _ERROR, "a cell's verdict is not the one it declares"),
        Rule("NBR202", _WARNING, "a declaration is unused"),
        Rule("NBR301", _WARNING, "the notebook was not executed from top to bottom"),
        Rule("NBR302", _ERROR, "a cell uses a name before any cell defines it"),
        Rule("NBR303", _ERROR, "a cell reads a file that no cell before it mentions, and a later one writes"),
    )
}
"""By code, in order."""


def matching(prefix: str) -> list[str]:
    """The codes that begin so; `NBR0` means seven of them."""
    return [code for code in RULES if prefix and code.startswith(prefix.upper())]


def page() -> str:
    """The page on all rules: `docs/findings.md`. Their texts stay where they are; the table links to them."""
    rows = [
        f'| <a id="{rule.code.lower()}"></a>[{rule.code}](../nbrerun/rules/{rule.code}.md) '
        f"| {rule.severity} | {rule.summary} |"
        for rule in RULES.values()
    ]
    return _read("page.md").replace("{table}", "\n".join(["| code | severity | what |", "| --- | --- | --- |", *rows]))


def _read(name: str) -> str:
    return (resources.files(__name__) / name).read_text(encoding="utf-8")
