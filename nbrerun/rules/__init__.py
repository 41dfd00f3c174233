"""The rules: code, severity, and the text that `nbrerun explain` shows and `docs/findings.md` links to."""

from __future__ import annotations

import re
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
    fix: str
    """A short instruction without a full stop; `{it}` stands for the variable."""

    @property
    def text(self) -> str:
        """Markdown without a heading: why the rule matters, an example, how to fix it."""
        return _read(f"{self.code}.md")


# The texts are files of their own, so that they are written and reviewed as Markdown.
_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

RULES = {
    rule.code: rule
    for rule in (
        Rule("NBR001", _ERROR, "the rerun raises", "write to a new name, so that the second run still finds the input"),
        Rule(
            "NBR002",
            _ERROR,
            "a model keeps training",
            "create {it} in the cell that trains it; if it is meant to continue, tag the cell nbrerun:in-place",
        ),
        Rule(
            "NBR003",
            _ERROR,
            "other state keeps changing",
            "write to a new name, or create {it} in the cell that changes it",
        ),
        Rule(
            "NBR004", _WARNING, "a model is unseeded", "seed it: random_state=0, or numpy.random.seed(0) in this cell"
        ),
        Rule(
            "NBR005",
            _WARNING,
            "a result is nondeterministic",
            "keep clocks, ids and the order of threads out of what is computed",
        ),
        Rule(
            "NBR006",
            _ERROR,
            "a file grows or keeps changing",
            "write the whole file in the cell that computes its contents, instead of adding to it",
        ),
        Rule("NBR007", _WARNING, "an input drifts", "give the value that changes further down a name of its own"),
        Rule(
            "NBR008",
            _WARNING,
            "a cell reaches outside",
            "move what sends something to a cell of its own, tagged nbrerun:skip; or allow it with --rerun-outside",
        ),
        Rule(
            "NBR009",
            _WARNING,
            "a cell could not be judged",
            "raise the limit (--timeout, --budget), or tag a cell that need not be judged nbrerun:skip",
        ),
        Rule(
            "NBR101",
            _INFO,
            "a cell does not run alone after a restart",
            "import in the cell what it uses, and load what it needs from files",
        ),
        Rule(
            "NBR102",
            _ERROR,
            "a cell reads a file that only a later cell writes",
            "write the file in a cell above this one, or commit it",
        ),
        Rule(
            "NBR103",
            _ERROR,
            "the notebook as committed does not run from a fresh clone",
            "commit the file, or add a cell that creates or downloads it",
        ),
        Rule(
            "NBR201",
            _ERROR,
            "a cell's verdict is not the one it declares",
            "make the cell do what it declares, or change the declaration",
        ),
        Rule("NBR202", _WARNING, "a declaration is unused", "remove the declaration"),
        Rule(
            "NBR301",
            _WARNING,
            "the notebook was not executed from top to bottom",
            "restart the kernel, run all cells, and save",
        ),
        Rule("NBR302", _ERROR, "a cell uses a name before any cell defines it", "move the definition above this cell"),
        Rule(
            "NBR303",
            _ERROR,
            "a cell reads a file that no cell before it mentions, and a later one writes",
            "write the file in a cell above this one, or commit it",
        ),
    )
}
"""The rules by code, in the order of their codes."""


def fix(found: Finding) -> str:
    """Return the short instruction on how to fix a finding; empty if its rule is unknown."""
    rule = RULES.get(found.rule)
    is_variable = found.name is not None and ":" not in found.name
    return rule.fix.replace("{it}", f"`{found.name}`" if is_variable else "it") if rule else ""


def finding(code: str, index: int, name: str | None, message: str, *, is_mild: bool = False) -> Finding:
    """Make a finding of a rule, with the severity of the rule; where it is mild, as a warning."""
    severity = Severity.WARNING if is_mild else RULES[code].severity
    return Finding(code, severity, index, name, message)


def matching(prefix: str) -> list[str]:
    """List the codes with this prefix, in upper or lower case; an empty prefix matches none."""
    return [code for code in RULES if prefix and code.startswith(prefix.upper())]


def words() -> dict[str, str]:
    """Return the texts on the verdicts and the marks, by word, as Markdown without headings."""
    parts = re.split(r"^## (.+)\n+", _read("words.md"), flags=re.MULTILINE)[1:]
    return {word: text.rstrip() + "\n" for word, text in zip(parts[::2], parts[1::2], strict=True)}


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
