"""`nbrerun explain`, and the rules' texts, which the docs link to."""

from __future__ import annotations

import ast
import inspect
import io
import re
from pathlib import Path

import click.testing
import pytest

import nbrerun
from nbrerun import explain, rules
from nbrerun.classify import declared, findings
from nbrerun.cli import main
from nbrerun.errors import UsageError
from nbrerun.model import Mark, Verdict
from nbrerun.rules import RULES
from nbrerun.static import check as static_check

PAGE = Path(nbrerun.__file__).parents[1] / "docs" / "findings.md"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def run(*args: str) -> click.testing.Result:
    """Run `nbrerun explain ARGS`."""
    return click.testing.CliRunner().invoke(main, ["explain", *args])


def test_the_page_in_the_docs_is_made_of_the_rules() -> None:
    """One source: regenerate it with `python -c "from nbrerun import rules; print(rules.page(), end='')"`."""
    assert PAGE.read_text(encoding="utf-8") == rules.page()


@pytest.mark.parametrize("code", RULES)
def test_each_rule_says_why_shows_an_example_and_how_to_mend_it(code: str) -> None:
    """Every text has its three parts, and a first sentence in bold."""
    text = RULES[code].text
    assert text.startswith("**")
    assert "Why it matters: " in text
    assert "How to fix" in text
    assert re.search(r"^```(python|json)$", text, re.MULTILINE)


def test_every_text_belongs_to_a_rule_and_every_rule_that_is_raised_has_one() -> None:
    """No file without a rule, and no code in the findings that cannot be explained."""
    files = {path.stem for path in Path(rules.__file__).parent.glob("NBR*.md")}
    raised = {
        node.value
        for module in (findings, declared, static_check)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Constant) and re.fullmatch(r"NBR\d{3}", str(node.value))
    }
    assert files == set(RULES) == raised


@pytest.mark.parametrize("code", ["NBR002", "nbr002", " NBR002 "])
def test_explain_shows_the_text_of_the_rule(code: str) -> None:
    """Piped it is the Markdown of the rule, with the line of the table as heading; case does not matter."""
    result = run(code)
    assert result.exit_code == 0
    assert result.stdout == "# NBR002: a model keeps training (error)\n\n" + RULES["NBR002"].text


def test_a_terminal_gets_it_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Markup is gone and the words are there."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    explain.show([explain.find("NBR004")], out)
    assert "A model is unseeded." in out.getvalue()
    assert "**" not in out.getvalue()
    assert "```" not in out.getvalue()


def test_verdicts_and_marks_are_explained_each() -> None:
    """Every word of a report has its text, which begins with what it is."""
    words = rules.words()
    verdicts = [str(verdict) for verdict in Verdict if verdict is not Verdict.UNTOUCHED]
    assert {word for word, text in words.items() if text.startswith("A verdict: ")} == {*verdicts}
    assert {word for word, text in words.items() if text.startswith("A mark: ")} == {*map(str, Mark), "outside"}


def test_several_words_are_explained_in_their_order() -> None:
    """Rules, verdicts and marks together, in any case."""
    result = run("nbr004", "In-Place", "unseeded")
    headings = [line for line in result.stdout.splitlines() if line.startswith("# ") and "every run" not in line]
    assert headings == ["# NBR004: a model is unseeded (warning)", "# in-place", "# unseeded"]


def test_without_a_rule_all_are_listed() -> None:
    """One line each: code, severity, what; then the verdicts and the marks."""
    lines = run().stdout.splitlines()
    assert len(lines) == len(RULES) + 3
    assert lines[-2:] == [
        "verdicts  reset, in-place, persisted, error, stateless, skipped, undetermined",
        "marks     unseeded, nondeterministic, drifts, follows, settled, rounding, outside",
    ]
    assert lines[0] == "NBR001  error    the rerun raises"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("NBR02", "there is no rule 'NBR02'; did you mean NBR002?"),
        ("flake", "there is no rule, verdict or mark 'flake'; `nbrerun explain` lists them"),
        ("", "there is no rule, verdict or mark ''; `nbrerun explain` lists them"),
        ("inplace", "there is no rule, verdict or mark 'inplace'; did you mean in-place?"),
    ],
)
def test_an_unknown_rule_is_one_sentence(code: str, says: str) -> None:
    """Exit 2 with a suggestion where one is close."""
    with pytest.raises(UsageError, match="there is no rule"):
        explain.find(code)
    result = run(code)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"nbrerun: {says}\n")
