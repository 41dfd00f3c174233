"""`nbrerun mcp`, asked by the client of the official SDK over stdin and stdout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema

from tests.functional.agents_page import ask
from tests.functional.test_bad_input import write

CELLS = (
    "print('not a message of the protocol', flush=True)\nxs = []",
    "xs.append(1)",
    "import os\nos.write(1, b'nor is this')\nopen('log.txt', 'a').write('line')",
    "import sklearn\ndef area(r):\n    return r * r",
)


def test_questions_about_a_notebook(tmp_path: Path, monkeypatch: Any, cache_folder: Path) -> None:
    """One check answers them all, and every answer follows the schema that its tool has published."""
    served = tmp_path / "served"
    served.mkdir()
    write(served, *CELLS)
    (served / "nbrerun.toml").write_text("write-files = true\n")
    outside = write(tmp_path, f"open({str(tmp_path / 'ran')!r}, 'w').close()", name="outside.ipynb")
    (served / "link.ipynb").symlink_to(outside)
    calls: list[tuple[str, dict[str, Any]]] = [
        ("check_notebook", {"notebook": "nb.ipynb"}),
        ("may_i_rerun", {"notebook": "nb.ipynb", "cell": 0}),
        ("may_i_rerun", {"notebook": "nb.ipynb", "cell": "cell-1"}),
        ("may_i_rerun", {"notebook": str(served / "nb.ipynb"), "cell": 2}),
        ("may_i_rerun", {"notebook": "nb.ipynb", "cell": 3}),
        ("what_restart_loses", {"notebook": "nb.ipynb"}),
        ("explain_rule", {"word": "in-place"}),
    ]
    refused: list[tuple[str, dict[str, Any]]] = [
        ("check_notebook", {"notebook": "link.ipynb"}),
        ("may_i_rerun", {"notebook": "../outside.ipynb", "cell": 0}),
        ("may_i_rerun", {"notebook": "nb.ipynb", "cell": 9}),
        ("check_notebook", {"notebook": "nb.ipynb", "page": 2}),
        ("explain_rule", {"word": "NBR999"}),
    ]
    tools, results = ask(served, [*calls, *refused])
    schemas = {tool.name: tool.output_schema for tool in tools}
    answers: list[Any] = [result.structured_content for result in results]
    for (name, _), result, answer in zip(calls, results, answers, strict=False):
        assert not result.is_error, result.content
        jsonschema.validate(answer, schemas[name] or False)
    whole, starts, appends, writes, defines, restart, explained = answers[: len(calls)]
    assert [cell["verdict"] for cell in whole["cells"]] == ["reset", "in-place", "in-place", "stateless"]
    assert [finding["rule"] for finding in whole["findings"]] == ["NBR003", "NBR006"]
    assert [each["answer"] for each in (starts, appends, writes, defines)] == ["depends", "no", "no", "yes"]
    assert starts["replaces"] == [{"name": "xs", "written_by": [1]}]
    assert appends["would_change"][0]["changes"][0]["path"] == "len(xs)"
    assert writes["would_change"][0]["name"] == "file:log.txt"
    assert defines["hints"]["readOnlyHint"] is True
    assert [need["missing"][0]["name"] for need in restart["need_others"]] == ["xs"]
    assert explained["title"] == "in-place"
    assert [each["from_cache"] for each in answers[:6]] == [False, *[True] * 5]
    for result, says in zip(
        results[len(calls) :],
        ["leads out", "leads out", "no verdict on a cell '9'", "no page 2", "no rule"],
        strict=True,
    ):
        assert result.is_error
        assert says in str(result.content)
    # What the configuration allows is not allowed here, and what lies outside was not run.
    assert sorted(path.name for path in served.iterdir()) == ["link.ipynb", "nb.ipynb", "nbrerun.toml"]
    assert not (tmp_path / "ran").exists()


def test_a_notebook_that_has_changed_is_run_again(tmp_path: Path) -> None:
    """And one that has not is not, by the next server either."""
    question = ("may_i_rerun", {"notebook": "nb.ipynb", "cell": 1})

    def asked() -> tuple[str, bool]:
        (result,) = ask(tmp_path, [question])[1]
        answer: Any = result.structured_content
        return answer["answer"], answer["from_cache"]

    write(tmp_path, "x = 0", "x += 1")
    assert [asked(), asked()] == [("no", False), ("no", True)]
    write(tmp_path, "x = 0", "x = 1")
    assert asked() == ("yes", False)


def test_the_cells_to_run_after_an_edit(tmp_path: Path) -> None:
    """Against a copy in the folder, and for a cell of which nobody knows what it was."""
    write(tmp_path, "a = 1", "b = a + 1", "c = 3", name="old.ipynb")
    write(tmp_path, "a = 2", "b = a + 1", "c = 3")
    calls: list[tuple[str, dict[str, Any]]] = [
        ("plan_after_edit", {"notebook": "nb.ipynb", "against": "old.ipynb"}),
        ("plan_after_edit", {"notebook": "nb.ipynb", "edited": "2"}),
        ("plan_after_edit", {"notebook": "nb.ipynb"}),
    ]
    tools, results = ask(tmp_path, calls)
    schema = next(tool.output_schema for tool in tools if tool.name == "plan_after_edit")
    answers: list[Any] = [result.structured_content for result in results]
    for answer in answers[:2]:
        jsonschema.validate(answer, schema or False)
    assert [[each["cell"] for each in answer["run"]] for answer in answers[:2]] == [[0, 1], [2]]
    assert [(answer["verified"], answer["assumed"]) for answer in answers[:2]] == [(True, False), (True, True)]
    assert results[2].is_error
    assert "--against" in str(results[2].content)
