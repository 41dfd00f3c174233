"""What the server asks of a check, what it says of its tools, and what happens without the extra."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import click.testing
import pytest
from mcp.server.mcpserver.exceptions import ToolError

import nbrerun
from nbrerun.cli import main
from nbrerun.mcp import server, skill
from nbrerun.model import NotebookReport, Report
from nbrerun.plan.answer import Plan

RUNNING = {"check_notebook", "may_i_rerun", "what_restart_loses", "plan_after_edit"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a notebook."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nb.ipynb").write_text("{}")
    return tmp_path.resolve()


def invoke(*arguments: str) -> click.testing.Result:
    """Run `nbrerun mcp ARGUMENTS`."""
    return click.testing.CliRunner().invoke(main, ["mcp", *arguments], prog_name="nbrerun")


def test_nothing_outside_is_reached_again_whatever_the_configuration_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings that let a notebook out of the sandbox are given outright, so that no file overrides them."""
    asked: dict[str, Any] = {}

    def check(path: Path, **settings: Any) -> Report:
        asked.update(settings, path=path)
        return Report("", (NotebookReport("nb.ipynb", "", "", ""),))

    monkeypatch.setattr(nbrerun, "check", check)
    server.Tools(folder).check_notebook("nb.ipynb")
    assert asked == {"path": Path("nb.ipynb"), "static": False, "rerun_outside": False, "write_files": False}


def test_a_plan_is_asked_for_without_what_a_folder_may_turn_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells are separated by commas, and the old version has to lie in the folder as well."""
    asked: list[Any] = []
    monkeypatch.setattr(nbrerun, "_plan_after_edit", lambda *args: asked.append(args) or Plan("nb.ipynb", (), (), 2))
    tools = server.Tools(folder)
    answer = tools.plan_after_edit("nb.ipynb", edited="1, two")
    assert asked == [("nb.ipynb", ["1", "two"], None, False, {"rerun_outside": False, "write_files": False})]
    assert (answer.run, answer.page, answer.pages) == ((), 1, 1)
    with pytest.raises(ToolError, match="leads out of the folder"):
        tools.plan_after_edit("nb.ipynb", against="../old.ipynb")
    assert len(asked) == 1


def test_a_notebook_outside_is_not_checked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever tool is asked."""
    monkeypatch.setattr(nbrerun, "check", lambda *_, **__: pytest.fail("it was checked"))
    tools = server.Tools(folder)
    for ask in (
        tools.check_notebook,
        lambda name: tools.may_i_rerun(name, 1),
        tools.what_restart_loses,
        tools.plan_after_edit,
    ):
        with pytest.raises(ToolError, match="leads out of the folder"):
            ask("../nb.ipynb")


def test_each_tool_says_whether_it_executes_code(folder: Path) -> None:
    """In its description and in its annotations, with a schema of what it answers."""
    tools = {tool.name: tool for tool in asyncio.run(server.server(server.Tools(folder)).list_tools())}
    assert set(tools) == {*RUNNING, "explain_rule"}
    for name, tool in tools.items():
        runs, hints = name in RUNNING, tool.annotations
        assert tool.description is not None
        assert ("EXECUTES CODE" in tool.description, "EXECUTES NO CODE" in tool.description) == (runs, not runs)
        assert hints is not None
        assert (hints.read_only_hint, hints.destructive_hint) == (not runs, runs)
        assert (hints.idempotent_hint, hints.open_world_hint) == (not runs, runs)
        assert tool.output_schema is not None
        assert tool.output_schema["type"] == "object"


def test_without_the_extra_one_sentence_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2, as for all wrong usage."""
    monkeypatch.delitem(sys.modules, "nbrerun.mcp.server")
    for name in [name for name in sys.modules if name.partition(".")[0] == "mcp"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    result = invoke()
    assert result.exit_code == 2
    assert result.stderr == "nbrerun: `nbrerun mcp` needs the package mcp, 2.3 or newer: pip install 'nbrerun[mcp]'\n"


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    """One sentence, before a client waits for an answer."""
    result = invoke(str(tmp_path / "none"))
    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_skill_is_printed_as_a_skill_folder_has_it() -> None:
    """Front matter with the two fields that the format asks for; the server's instructions are the rest."""
    result = invoke("--skill")
    assert result.stdout == skill.text()
    front = result.stdout.split("---\n")[1].splitlines()
    assert [line.partition(":")[0] for line in front] == ["name", "description"]
    assert len(front[1]) <= 1024  # https://agentskills.io/specification
    assert skill.body().startswith("# When to ask nbrerun")
    for tool in (*RUNNING, "explain_rule"):
        assert f"`{tool}`" in skill.body()
