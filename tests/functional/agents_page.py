"""The session on docs/agents.md: questions to `nbrerun mcp` over stdio, each with the answer that it gets.

`python -m tests.functional.agents_page` prints the current answers; with `--write` it puts them into the page.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, Tool

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "agents.md"
SAMPLES = ("03_true_continuation.ipynb", "04_save_and_load.ipynb")

Call = tuple[str, dict[str, Any]]
"""A tool and its arguments."""

_BLOCK = re.compile(
    r"^```text\n> (?P<tool>\w+) (?P<arguments>\{[^\n]*\})\n(?P<answer>.*?)^```$", re.DOTALL | re.MULTILINE
)
_ARRAY = re.compile(r"array\(\[[^\]]*\]")
_NUMBER = re.compile(r"-?\d+\.\d+(e[+-]\d+)?")


def ask(folder: Path, calls: Sequence[Call]) -> tuple[list[Tool], list[CallToolResult]]:
    """The tools of a server that is started for a folder, and its answers, in order."""

    async def session() -> tuple[list[Tool], list[CallToolResult]]:
        # The SDK's client passes on only a few variables, unless it is told others.
        arguments = ["-m", "nbrerun", "mcp", str(folder)]
        server = StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ), cwd=ROOT)
        async with Client(server) as client:
            tools = (await client.list_tools()).tools
            return tools, [await client.call_tool(*call) for call in calls]

    return asyncio.run(session())


def shown(page: str) -> dict[str, str]:
    """The answers on a page, by question."""
    return {f"{block['tool']} {block['arguments']}": block["answer"] for block in _BLOCK.finditer(page)}


def answers(page: str) -> dict[str, str]:
    """What the server answers to the questions of a page now, by question."""
    calls = [(block["tool"], json.loads(block["arguments"])) for block in _BLOCK.finditer(page)]
    with tempfile.TemporaryDirectory() as folder:
        for name in SAMPLES:
            shutil.copy(ROOT / "sample_notebooks" / name, folder)
        _, results = ask(Path(folder), calls)
        given = [_rendered(result).replace(str(Path(folder).resolve()), "/home/me/lesson") for result in results]
    return dict(zip(shown(page), given, strict=True))


def with_answers(page: str) -> str:
    """A page with what is answered now."""
    given = answers(page)

    def block(found: re.Match[str]) -> str:
        question = f"{found['tool']} {found['arguments']}"
        return f"```text\n> {question}\n{given[question]}```"

    return _BLOCK.sub(block, page)


def lasting(answer: str) -> str:
    """What an answer says on every machine: not the digits of what was computed."""
    return _NUMBER.sub("#", _ARRAY.sub("array([#]", answer))


def _rendered(result: CallToolResult) -> str:
    """One line for each field, and for each item of a list of objects."""
    content = result.structured_content
    if content is None:
        return "".join(f"error: {part.text}\n" for part in result.content if part.type == "text")
    return "".join(map(_field, content, content.values()))


def _field(name: str, value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"{name}:\n" + "".join(f"  - {json.dumps(item, ensure_ascii=False)}\n" for item in value)
    return f"{name}: {json.dumps(value, ensure_ascii=False)}\n"


if __name__ == "__main__":
    written = with_answers(PAGE.read_text(encoding="utf-8"))
    if "--write" in sys.argv[1:]:
        PAGE.write_text(written, encoding="utf-8")
    else:
        for question, answer in shown(written).items():
            print(f"> {question}\n{answer}")
