"""A JupyterLab of the tests' own, with a notebook in it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jupyterlab
from playwright.sync_api import Locator, Page

from tests import pages

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
_TICK = 0.1
_SECONDS = 90
_APPLICATION = Path(jupyterlab.__file__).parents[4] / "share" / "jupyter" / "lab"
"""Where the package is installed, which need not be the environment of these tests."""


@contextlib.contextmanager
def served(folder: Path, theme: str, cells: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Serve a notebook; the address of JupyterLab with it.

    Args:
        folder: an empty one.
        theme: a key of `THEMES`.
    """
    work, settings = folder / "work", folder / "settings" / "@jupyterlab" / "apputils-extension"
    work.mkdir(parents=True)
    settings.mkdir(parents=True)
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": THEMES[theme]}))
    (settings / "notification.jupyterlab-settings").write_text(json.dumps({"fetchNews": "false"}))
    path = pages.write(work / "notebook.ipynb", cells)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.write_text(json.dumps({**json.loads(path.read_text()), "metadata": {"kernelspec": kernel}}))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    options = {
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": work,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "IdentityProvider.token": "",
        "LabApp.app_dir": _APPLICATION,
        "LabApp.user_settings_dir": folder / "settings",
        "LabApp.workspaces_dir": folder / "workspaces",
    }
    own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython"}
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())],
        env={**os.environ, **{name: str(folder / place) for name, place in own.items()}},
        stdout=subprocess.DEVNULL,
        stderr=(folder / "log").open("wb"),
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(f"{address}/api/status", process)
        yield f"{address}/lab/tree/notebook.ipynb"
    finally:
        process.terminate()
        process.wait()


def _wait_until_up(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            with urllib.request.urlopen(address):
                return
        except OSError:
            assert process.poll() is None, "JupyterLab did not start"
            assert time.monotonic() < deadline, "JupyterLab does not answer"
            time.sleep(_TICK)


def opened(page: Page, address: str) -> None:
    """Open the notebook, and wait for its kernel."""
    page.goto(address)
    page.locator(".jp-Notebook").wait_for()
    page.get_by_text("| Idle").wait_for()


def run_cell(page: Page, number: int) -> Locator:
    """Run a cell, counted from 0, as a user does; its output."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(number)
    cell.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Shift+Enter")
    return cell.locator(".jp-OutputArea")


def type_cell(page: Page, number: int, source: str) -> None:
    """Type into a cell that is empty."""
    page.locator(".jp-Notebook .jp-CodeCell").nth(number).locator(".jp-InputArea-editor").click()
    page.keyboard.type(source)
