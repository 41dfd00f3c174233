"""The server: five tools over standard input and output. The only module that imports `mcp`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

import nbrerun
from nbrerun import explain
from nbrerun.errors import NbrerunError, UsageError
from nbrerun.mcp import answers, make, skill
from nbrerun.mcp.folder import notebook_in
from nbrerun.model import NotebookReport
from nbrerun.plan.answer import Plan

# Cells write to a sandbox, but the first run of a cell may send something over the network, as Run All may.
_RUNS_CODE = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True)
_READS_TEXT = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_RUNNING = """
EXECUTES CODE: all cells of the notebook in a fresh kernel, as Restart & Run All does, and each cell once more. Files
are changed in a sandbox only; what the first run of a cell sends over the network is sent. Your own kernel is not
touched. Nothing is executed if nothing has changed since the last check (`from_cache`). Only notebooks below the folder
of this server are run."""

_PLANNING = """
EXECUTES CODE: all cells of both versions of the notebook in fresh kernels, several times. Files are changed in a
sandbox only; what the first run of a cell sends over the network is sent. Your own kernel is not touched. Only
notebooks below the folder of this server are run."""

_Answered = TypeVar("_Answered")


def serve(folder: str) -> None:
    """Answer on standard input and output until the client closes them; the folder becomes the current one.

    Raises:
        UsageError: there is no such folder, or it may not be entered.
    """
    root = Path(folder).resolve()
    try:
        os.chdir(root)  # paths, the cache and the messages are relative to it, as on a command line there
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}") from error
    server(Tools(root)).run("stdio")


def server(tools: Tools) -> MCPServer[Any]:
    """Return a server with these tools."""
    made: MCPServer[Any] = MCPServer(
        "nbrerun", version=nbrerun.__version__, instructions=skill.body(), log_level="WARNING"
    )
    for running in (tools.check_notebook, tools.may_i_rerun, tools.what_restart_loses):
        made.add_tool(running, description=f"{_said_of(running)}\n{_RUNNING}", annotations=_RUNS_CODE)
    made.add_tool(
        tools.plan_after_edit, description=f"{_said_of(tools.plan_after_edit)}\n{_PLANNING}", annotations=_RUNS_CODE
    )
    reading = f"{_said_of(tools.explain_rule)}\n\nEXECUTES NO CODE: it reads a text that comes with nbrerun."
    made.add_tool(tools.explain_rule, description=reading, annotations=_READS_TEXT)
    return made


class Tools:
    """The tools; their docstrings are what a client reads."""

    def __init__(self, folder: Path) -> None:
        """Answer for the notebooks below a folder, which is resolved and the current one."""
        self._folder = folder
        # A second question about the same notebook waits for the check of the first one, and finds it in the cache.
        self._one_check = threading.Lock()

    def check_notebook(self, notebook: str, page: int = 1) -> answers.NotebookAnswer:
        """Measure what running each cell of a notebook again would do: a verdict for each cell, and the findings.

        Verdicts: reset (starts over), in-place (continues), persisted (reuses what an earlier run left), stateless,
        error, undetermined, skipped. `notebook` is a path below the folder of this server.
        """
        return _answered(lambda: make.of_notebook(self._checked(notebook), page))

    def may_i_rerun(self, notebook: str, cell: int | str, page: int = 1) -> answers.RerunAnswer:
        """Ask this before you run a cell that has run already: would running it again change anything?

        `answer` is yes (nothing would change), depends (nothing if no later cell has been run; else those in `replaces`
        have to be run again after it), no (see `would_change`) or unknown. `hints` says the same in the words of MCP's
        tool annotations. `cell` is the index among all cells of the notebook, from 0, or the id of the cell. It is
        measured on the file, so save the notebook first.
        """
        return _answered(lambda: make.of_cell(self._checked(notebook), cell, page))

    def what_restart_loses(self, notebook: str, page: int = 1) -> answers.RestartAnswer:
        """Ask this before you restart a kernel, or when a name is missing after a restart.

        Says which cells run alone in a fresh kernel, which names the others need and where those are defined, and the
        fewest cells that restore each model.
        """
        return _answered(lambda: make.of_restart(self._checked(notebook), page))

    def plan_after_edit(
        self, notebook: str, edited: str = "", against: str = "", outputs: bool = False, page: int = 1
    ) -> answers.PlanAnswer:
        """Ask this after you have edited cells of a notebook that has been run: which cells have to be run again?

        `run` has the fewest cells after which the kernel holds what Restart & Run All would leave, in order; `restart`
        says that nothing less will do. Save the notebook first. Say what was edited with `edited` (`3`, `3,5` or ids of
        cells; their old versions are taken from git, if they differ there) or with `against`, a copy of the notebook as
        it was when it was run. With neither, the file is compared with git's. With `outputs`, cells are run as well
        that would show something else.
        """
        return _answered(lambda: make.of_plan(self._planned(notebook, edited, against, outputs), page))

    def explain_rule(self, word: str) -> explain.Explained:
        """Explain a rule (such as NBR002), a verdict (such as in-place) or a mark (such as unseeded), with a fix."""
        return _answered(lambda: explain.find(word))

    def _planned(self, notebook: str, edited: str, against: str, outputs: bool) -> Plan:
        path, old = notebook_in(self._folder, notebook), notebook_in(self._folder, against) if against else None
        cells = [word.strip() for word in edited.split(",") if word.strip()]
        with self._one_check:
            settings = {"rerun_outside": False, "write_files": False}
            return nbrerun._plan_after_edit(str(path), cells, str(old) if old else None, outputs, settings)

    def _checked(self, notebook: str) -> NotebookReport:
        path = notebook_in(self._folder, notebook)
        with self._one_check:
            # Said outright, a setting wins over configuration files, which may lie in the folder.
            report = nbrerun.check(path, static=False, rerun_outside=False, write_files=False)
        return report.notebooks[0]


def _said_of(tool: Callable[..., Any]) -> str:
    return "\n".join(line.strip() for line in (tool.__doc__ or "").strip().splitlines())


def _answered(question: Callable[[], _Answered]) -> _Answered:
    """Answer, or say in one sentence why not; the client gets the sentence as the result of a tool that failed."""
    try:
        return question()
    except NbrerunError as error:
        raise ToolError(str(error)) from error
