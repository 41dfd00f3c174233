"""The profile of a check in reports: the tables in the terminal, and the JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from nbrerun.model import NotebookReport, Part, Report, Spent
from nbrerun.reporters.formats import json as json_reporter
from nbrerun.reporters.formats import terminal
from nbrerun.reporters.profile import added

SECONDS = {Part.MAIN_RUN: 3.0, Part.RERUNS: 1.0}
PROFILE = tuple(Spent(part, SECONDS.get(part, 0.0), beside=2.5 if part is Part.RERUNS else 0.0) for part in Part)
ONE = NotebookReport("one.ipynb", "fork", "", "python3", seconds=4.0, profile=PROFILE)


def shown(*notebooks: NotebookReport) -> str:
    """The report in the terminal."""
    out = io.StringIO()
    terminal.render(Report("0.1.0", notebooks), out)
    return out.getvalue()


def rows(text: str) -> list[list[str]]:
    """The words of the lines that have numbers of seconds in the tables."""
    return [line.split() for line in text.partition("where the time went")[2].splitlines() if "%" in line]


def test_the_table_has_the_parts_that_took_time_and_their_sum() -> None:
    """What ran beside something else has a column of its own, with a line that says what it is."""
    text = shown(ONE)
    assert rows(text) == [
        ["main", "run", "3.00", "75", "%"],
        ["reruns", "1.00", "25", "%", "2.50"],
        ["total", "4.00", "100", "%", "2.50"],
    ]
    assert "beside: in other processes at the same time" in text


def test_there_is_no_column_for_what_did_not_happen() -> None:
    """Nothing ran beside anything."""
    text = shown(replace(ONE, profile=tuple(replace(spent, beside=0.0) for spent in PROFILE)))
    assert "beside" not in text
    assert rows(text)[-1] == ["total", "4.00", "100", "%"]


def test_several_notebooks_have_a_table_each_and_one_of_all() -> None:
    """Those that were not profiled have none."""
    text = shown(ONE, replace(ONE, path="two.ipynb"), replace(ONE, path="three.ipynb", profile=()))
    titles = [line for line in text.splitlines() if line.startswith("where the time went")]
    assert [title.partition(": ")[2].split(",")[0] for title in titles] == ["one.ipynb", "two.ipynb", "all 2 notebooks"]
    assert rows(text)[-1] == ["total", "8.00", "100", "%", "5.00"]


def test_without_a_profile_there_is_no_table() -> None:
    """It is asked for."""
    assert "where the time went" not in shown(replace(ONE, profile=()))


def test_profiles_are_added_part_by_part() -> None:
    """Each part of the sum is the sum of that part."""
    assert added([*PROFILE, *PROFILE]) == tuple(Spent(each.part, 2 * each.seconds, 2 * each.beside) for each in PROFILE)


def _json() -> tuple[Any, Any]:
    out = io.StringIO()
    json_reporter.render(Report("0.1.0", (ONE,)), out)
    schema = files("nbrerun.reporters").joinpath("report.schema.json").read_text(encoding="utf-8")
    return json.loads(out.getvalue()), json.loads(schema)


def test_the_json_report_has_every_part() -> None:
    """In the words of the schema, which lists no others."""
    found, schema = _json()
    jsonschema.validate(found, schema, cls=jsonschema.Draft202012Validator)
    profile = found["notebooks"][0]["profile"]
    assert profile[2] == {"part": "reruns", "seconds": 1.0, "beside": 2.5}
    assert [spent["part"] for spent in profile] == schema["$defs"]["spent"]["properties"]["part"]["enum"]


@pytest.mark.parametrize(("key", "value"), [("part", "lunch"), ("seconds", -1), ("beside", None)], ids=str)
def test_the_schema_refuses_other_profiles(key: str, value: Any) -> None:
    """It checks each part."""
    found, schema = _json()
    found["notebooks"][0]["profile"][0][key] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, schema, cls=jsonschema.Draft202012Validator)
