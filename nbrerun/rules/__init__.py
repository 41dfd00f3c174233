"""The rules: code, severity, and the text that `nbrerun explain` shows and `docs/findings.md` links to."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from nbrerun.model import Finding, Severity


@dataclass(frozen=True)
class Rule:
    """A rule that findings refer to by its code."""

    code: str
    severity: Severity
    summary: str
    """A clause without a full stop."""

    @property
    def text(self) -> str:
        """Markdown without a heading: why the rule matters, an example, how to fix it."""
        return _read(f"{self.code}.md")


# The texts are files of their own, so that they are written and reviewed as Markdown.
_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

RULES = {
    rule.code: rule
    for rule in (
        Rule("NBR001", _ERROR, "the rerun raises"),
        Rule("NBR002", _ERROR, "a model keeps training"),
        Rule("NBR003", _ERROR, "other state keeps changing"),
        Rule("NBR004", _WARNING, "a model is unseeded"),
        Rule("NBR005", _WARNING, "a result is nondeterministic"),
        Rule("NBR006", _ERROR, "a file grows or keeps changing"),
        Rule("NBR007", _WARNING, "an input drifts"),
        Rule("NBR008", _WARNING, "a cell reaches outside"),
        Rule("NBR009", _WARNING, "a cell could not be judged"),
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
"""The rules by code, in the order of their codes."""


def finding(code: str, index: int, name: str | None, message: str, *, is_mild: bool = False) -> Finding:
    """Make a finding of a rule, with the severity of the rule; where it is mild, as a warning."""
    severity = Severity.WARNING if is_mild else RULES[code].severity
    return Finding(code, severity, index, name, message)


def matching(prefix: str) -> list[str]:
    """List the codes with this prefix, in upper or lower case; an empty prefix matches none."""
    return [code for code in RULES if prefix and code.startswith(prefix.upper())]


def page() -> str:
    """Render the page on all rules, `docs/findings.md`, with a table that links to their texts."""
    rows = [
        f'| <a id="{rule.code.lower()}"></a>[{rule.code}](../nbrerun/rules/{rule.code}.md) '
        f"| {rule.severity} | {rule.summary} |"
        for rule in RULES.values()
    ]
    return _read("page.md").replace("{table}", "\n".join(["| code | severity | what |", "| --- | --- | --- |", *rows]))


def _read(name: str) -> str:
    return (resources.files(__name__) / name).read_text(encoding="utf-8")
