"""Notebooks and repositories of somebody else's: what they cannot make nbrerun show, say or write."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat
import pytest

from nbrerun.settings.values import FORMATS
from tests.functional.test_bad_input import nbrerun


def _write(path: Path, *sources: str, **metadata: object) -> Path:
    node = nbformat.v4.new_notebook(metadata=metadata)
    node.cells = [nbformat.v4.new_code_cell(source, id=f"cell-{index}") for index, source in enumerate(sources)]
    nbformat.write(node, path)
    return path


def test_no_report_shows_a_secret(tmp_path: Path) -> None:
    """Neither as a value nor from the source."""
    path = _write(
        tmp_path / "nb.ipynb",
        "import os\nn = globals().get('n', 0) + 1\nos.environ['AWS_SECRET_ACCESS_KEY'] = 'SECRET' + str(n)",
        "password = globals().get('password', 'hunter2') + 'x'",
        "config = globals().get('config', {'apiKey': 'hunter2'})\nconfig['apiKey'] += 'x'",
    )
    targets = [part for form in FORMATS for part in ("--format", f"{form}={tmp_path / form}.txt")]
    done = nbrerun(path, "--no-cache", "-v", *targets)
    assert done.returncode == 1, done.stderr
    for form in FORMATS:
        text = (tmp_path / f"{form}.txt").read_text()
        assert "hunter2" not in text, form
        assert "SECRET1" not in text, form
        assert "SECRET2" not in text, form


def test_no_exception_tells_a_secret(tmp_path: Path) -> None:
    """Neither its text nor its traceback, of the main run or of a rerun; long names are clipped."""
    path = _write(
        tmp_path / "nb.ipynb",
        "import os\nif 'once' in globals():\n    raise ValueError('no ' + os.environ['SOME_TOKEN'])\nonce = True",
        f"globals()['{'x' * 300}'] = [1]",
        f"{'x' * 300}.append(1)",
        "def login(password):\n    raise ValueError(f'password={password} is wrong')\nlogin(password='hunter2')",
    )
    targets = [part for form in FORMATS for part in ("--format", f"{form}={tmp_path / form}.txt")]
    environment = {**os.environ, "SOME_TOKEN": "hunter2 of the environment"}
    done = nbrerun(path, "--no-cache", "-v", *targets, env=environment)
    assert done.returncode == 3, done.stderr
    for form in FORMATS:
        text = (tmp_path / f"{form}.txt").read_text()
        assert "hunter2" not in text, form
        said = re.sub('<pre class="source.*?</pre>', "", text, flags=re.DOTALL)  # which the page shows as it is
        assert "x" * 201 not in "".join(said.split()), form


@pytest.mark.parametrize("engine", ["auto", "replay"])
def test_no_report_shows_any_value(engine: str, tmp_path: Path) -> None:
    """With `--no-values`: neither of a variable, a key or a setting, nor from the source or an exception."""
    path = _write(
        tmp_path / "nb.ipynb",
        "import os\nn = globals().get('n', 7654320) + 1\nos.environ['SHELL_OF'] = 'VALUE' + str(n)",
        "text = globals().get('text', 'VALUE') + 'x'",
        "config = globals().get('config', {'a': 'VALUE'})\nconfig['a'] += 'x'",
        "if 'once' in globals():\n    raise ValueError(text)\nonce = True",
        "assert not config, text",
    )
    targets = [part for form in FORMATS for part in ("--format", f"{form}={tmp_path / form}.txt")]
    done = nbrerun(path, "--no-cache", "-v", "--no-values", "--engine", engine, *targets)
    assert done.returncode == 3, done.stderr
    for form in FORMATS:
        text = (tmp_path / f"{form}.txt").read_text()
        assert "VALUE" not in text, form
        assert "765432" not in text, form
        assert "by up to 1" in text, form
        assert "(hidden)" in text, form


@pytest.mark.parametrize(("language", "code"), [("", 2), ("python", 0)])
def test_the_name_of_a_kernel_is_nothing_to_obey(language: str, code: int, tmp_path: Path) -> None:
    """A CI service reads commands at the beginning of a line, and a terminal obeys escape sequences."""
    kernel = {"name": "no\n::error::FAKE\x1b[31m", "display_name": "x", "language": language}
    done = nbrerun(_write(tmp_path / "nb.ipynb", "a = 1", kernelspec=kernel), "--no-cache")
    assert done.returncode == code
    assert "FAKE" in done.stdout + done.stderr
    assert not any(line.startswith("::") for line in (done.stdout + done.stderr).splitlines())
    assert "\x1b" not in done.stdout + done.stderr


def test_metadata_cannot_have_files_written(tmp_path: Path) -> None:
    """Who checks a notebook decides that, and not who wrote it."""
    path = _write(tmp_path / "nb.ipynb", "open('made.txt', 'w').close()", nbrerun={"write-files": True})
    done = nbrerun(path, "--no-cache")
    assert (done.returncode, (tmp_path / "made.txt").exists()) == (2, False)
    assert "`write-files` applies to a whole run" in done.stderr


@pytest.mark.parametrize("setting", ["output = {!r}", "format = 'json={}'", "cache-dir = {!r}"])
def test_a_repository_cannot_write_outside_of_it(setting: str, tmp_path: Path) -> None:
    """Reports and the cache stay in the folder of the configuration file that asks for them; the command line may."""
    (tmp_path / "repository").mkdir()
    path = _write(tmp_path / "repository" / "nb.ipynb", "a = 1")
    outside = str(tmp_path / "outside")
    (tmp_path / "repository" / "nbrerun.toml").write_text(setting.format(outside))
    done = nbrerun(path)
    assert (done.returncode, Path(outside).exists()) == (2, False)
    assert "is outside of this file's folder" in done.stderr
    (tmp_path / "repository" / "nbrerun.toml").unlink()
    assert nbrerun(path, "--no-cache", "--format", f"json={outside}").returncode == 0
    assert Path(outside).exists()
