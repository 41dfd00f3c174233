"""The whole page: one file that loads nothing, with the policy that keeps it so.

The templates escape whatever they are given unless it is markup already, which `safe`, `words` and `pictures` make.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from nbrerun.model import Report, Verdict
from nbrerun.reporters.html import words
from nbrerun.reporters.html.notebook import Notebook, is_trouble, view
from nbrerun.reporters.summary import summary
from nbrerun.reporters.text import whole
from nbrerun.rules import RULES

_ROOM = "nbrerun.reporters.html"
SYMBOLS = {
    Verdict.ERROR: "✗",
    Verdict.IN_PLACE: "»",
    Verdict.PERSISTED: "◆",
    Verdict.RESET: "✓",
    Verdict.STATELESS: "·",
    Verdict.SKIPPED: "-",
    Verdict.UNDETERMINED: "?",
}
"""Beside the word, so that colour is never all that tells two verdicts apart."""

MEANINGS = {
    Verdict.ERROR: "can be run only once: the second run raises",
    Verdict.IN_PLACE: "continues from where the last run left off",
    Verdict.PERSISTED: "takes its state from where an earlier run left it",
    Verdict.RESET: "starts over",
    Verdict.STATELESS: "leaves nothing behind",
    Verdict.SKIPPED: "was not run again",
    Verdict.UNDETERMINED: "could not be judged",
}


def page(report: Report) -> str:
    """Render a report, with an index in front if it has several notebooks."""
    notebooks = [view(notebook, number) for number, notebook in enumerate(report.notebooks, 1)]
    style, script = _asset("page.css"), _asset("page.js")
    styles = [style, *(text for notebook in notebooks for text in notebook.styles)]
    rendered = (
        _environment()
        .get_template("page.html")
        .render(
            report=report,
            notebooks=notebooks,
            summary=summary(report),
            counts=_counts(notebooks),
            rules=_rules(notebooks),
            symbols=SYMBOLS,
            meanings=MEANINGS,
            policy=policy(styles, script),
            style=Markup(style),
            script=Markup(script),
        )
    )
    return whole(rendered)


def policy(styles: Iterable[str], script: str) -> str:
    """The content security policy: these style sheets, this script, pictures in the page, and nothing else.

    Frames inherit it (HTML, "Initialise the policy container"; CSP 3, section 7.8).
    """
    allowed = " ".join(dict.fromkeys(map(_digest, styles)))
    return (
        f"default-src 'none'; img-src data:; style-src {allowed}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    hashed = hashlib.sha256(whole(text).encode()).digest()
    return f"'sha256-{base64.b64encode(hashed).decode()}'"


def _counts(notebooks: Sequence[Notebook]) -> dict[Verdict, int]:
    found = {verdict: sum(notebook.counts.get(verdict, 0) for notebook in notebooks) for verdict in Verdict}
    return {verdict: number for verdict, number in found.items() if number}


def _rules(notebooks: Sequence[Notebook]) -> dict[str, tuple[str, Markup]]:
    """The rules that were broken: what each is about, and its text."""
    broken = {entry.rule for notebook in notebooks for entry in notebook.findings}
    return {code: (rule.summary, words.markdown(rule.text, {})) for code, rule in RULES.items() if code in broken}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(_ROOM, "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = words.prose
    environment.tests["trouble"] = is_trouble
    return environment


def _asset(name: str) -> str:
    return (resources.files(_ROOM) / "assets" / name).read_text(encoding="utf-8")
