"""The outputs of a cell as markup."""

from __future__ import annotations

from typing import Any

import pytest

from nbrerun.reporters.html.outputs import Output, outputs_of
from tests import pages


def _only(*raw: Any) -> Output:
    (output,) = outputs_of({"outputs": list(raw)})
    return output


def test_writes_to_one_stream_are_one_output() -> None:
    """Of a loop that prints; another stream begins another output."""
    found = outputs_of({"outputs": [pages.stream("a\n"), pages.stream(["b", "c\n"]), pages.stream("d", "stderr")]})
    assert [(output.kind, output.markup) for output in found] == [("plain", "a\nbc"), ("stderr", "d")]


@pytest.mark.parametrize(
    ("data", "kind", "part"),
    [
        ({"image/png": pages.PIXEL, "text/html": "<b>x</b>", "text/plain": "<Figure>"}, "rich", 'alt="&lt;Figure&gt;"'),
        ({"image/png": "broken", "text/plain": "text"}, "plain", "text"),
        ({"image/png": pages.PIXEL}, "rich", 'alt="picture without a description"'),
        ({"text/html": pages.TABLE, "text/plain": "t"}, "rich", "<td>63.04</td>"),
        ({"text/html": pages.STYLED, "text/plain": "t"}, "frame", "a diagram"),
        ({"text/html": "<script>1</script>", "text/plain": "t"}, "plain", "t"),
        ({"text/html": "<b>" * 400_000, "text/plain": "t"}, "plain", "t"),
        ({"text/html": "<div>" * 100_000, "text/plain": "t"}, "plain", "t"),
        ({"text/markdown": "*a*", "text/plain": "t"}, "rich", "<em>a</em>"),
        ({"text/latex": "$x$", "text/plain": "t"}, "plain", "$x$"),
        ({"application/json": {"a": [1]}}, "plain", "&#34;a&#34;"),
    ],
    ids=["picture", "broken", "nameless", "table", "styled", "script", "huge", "deep", "markdown", "latex", "json"],
)
def test_the_richest_that_runs_nothing_is_shown(data: dict[str, Any], kind: str, part: str) -> None:
    """A representation that cannot be shown gives way to the next."""
    output = _only({"output_type": "execute_result", "data": data})
    assert output.kind == kind
    assert part in output.markup


@pytest.mark.parametrize(
    "data",
    [
        {"application/javascript": "1"},
        {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "IntSlider()"},
        {"text/html": "<b onclick='x'>plot</b>"},
        {"text/html": "<style>a{}</style><script>1</script>plot"},
    ],
    ids=["script", "widget", "handler", "frame"],
)
def test_a_script_that_is_left_out_is_mentioned(data: dict[str, Any]) -> None:
    """Or somebody would look for the plot."""
    assert _only(pages.shown() | {"data": data}).note == "a script of this output is not run here"


def test_the_end_of_a_very_long_text_is_counted() -> None:
    """A page with millions of lines opens nowhere."""
    output = _only(pages.stream("x" * 41_000))
    assert len(output.markup) == 40_000
    assert output.note == "1,000 more characters are not shown"


def test_an_error_is_its_traceback() -> None:
    """With its colours; where there is none, its name and what it says."""
    error = {
        "output_type": "error",
        "ename": "KeyError",
        "evalue": "'a'",
        "traceback": ["\x1b[31mhere\x1b[0m", "there"],
    }
    assert _only(error).markup == '<span class="ansi1">here</span>\nthere'
    assert _only({**error, "traceback": []}).markup == "KeyError: &#39;a&#39;"


def test_secrets_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """In what was printed, in tables and in descriptions of pictures."""
    monkeypatch.setenv("API_TOKEN", "s3cr3tvalue")
    said = "s3cr3tvalue"
    found = outputs_of(
        {
            "outputs": [
                pages.stream(f"it is {said}"),
                pages.stream("password: hunter2", "stderr"),
                pages.shown(text_html=f"<td>{said}</td>"),
                pages.shown(image_png=pages.PIXEL, text_plain=said),
                pages.shown(text_markdown=f"*{said}*"),
                {"output_type": "error", "ename": "E", "evalue": "", "traceback": [f"token={said}"]},
            ]
        }
    )
    assert len(found) == 6
    assert not any(said in output.markup or "hunter2" in output.markup for output in found)


@pytest.mark.parametrize(("lines", "size"), [(1, "tiny"), (7, "small"), (15, "medium"), (90, "large")])
def test_a_frame_is_about_as_high_as_its_lines(lines: int, size: str) -> None:
    """What is folded counts as one."""
    folded = "<details><summary>x</summary>" + "<p>x</p>" * 50 + "</details>"
    markup = "<style>a{}</style>" + folded + "<p>x</p>" * lines
    assert _only(pages.shown(text_html=markup)).size == size


@pytest.mark.parametrize(
    "raw",
    [None, "text", [None, 3, "x"], [{"output_type": ["?"]}], [{"output_type": "display_data", "data": ["no"]}], [{}]],
    ids=str,
)
def test_what_is_no_output_is_not_shown(raw: Any) -> None:
    """Whoever wrote the file."""
    assert outputs_of({"outputs": raw}) == []


def test_odd_outputs_are_shown_as_far_as_they_can_be() -> None:
    """None of them raises."""
    assert len(outputs_of({"outputs": list(pages.ODD_OUTPUTS)})) >= 5
