"""Notebooks that are text: what is one, what its cells are, and where they stand."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from textwrap import dedent

import jupytext  # type: ignore[import-untyped]  # it has no annotations
import nbformat
import pytest

from nbrerun.errors import NotebookError, UsageError
from nbrerun.model import Verdict
from nbrerun.notebooks import text
from nbrerun.notebooks.find import find_notebooks
from nbrerun.notebooks.lines import read_places
from nbrerun.notebooks.read import read_notebook
from nbrerun.settings.values import Settings
from nbrerun.static.check import analyze

PERCENT = """\
#!/usr/bin/env python
# ---
# title: A lesson
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python
#     language: python
#     name: mine
#   nbrerun:
#     needs: [json]
# ---

# %% [markdown]
# x = 1

# %% tags=["nbrerun:in-place"]
# %matplotlib inline
# !ls \\
#   -l
x = 1

# %% The same once more nbrerun={"expect": "reset"} id="load"
x = 1

# %% [raw]
# x = 1

# %% [markdown]
'''
x = 1
'''

# %%

x = 1
text = '''
x = 1

# %%
'''

# %% language="bash"
# echo x = 1

# %%
# %%time
x = 1


# %% tags=["skip-execution"]
x = 1
"""

MYST = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python
  language: python
  name: mine
nbrerun:
  needs: [json]
date: 2020-01-01
---

# x = 1

```python
x = 1
```

```{code-cell} ipython3
:tags: [nbrerun:in-place]

%matplotlib inline
x = 1
```

````{code-cell} ipython3
---
nbrerun:
  expect: reset
id: load
---
x = 1
text = '''
```
'''
````

+++ {"x": 1}

x = 1

```{raw-cell}
x = 1
```

```{code-cell} ipython3
x = 1
```

```{code-cell} ipython3
:tags: [skip-execution, other]
x = 1
```
"""


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def _places(path: Path) -> dict[int, tuple[int, int]]:
    """Of the code cells."""
    found, read = read_places(str(path)), read_notebook(path)
    assert len(found) == len(read.node["cells"])
    cells = sorted([*read.cells, *read.skipped], key=lambda cell: cell.index)
    return {cell.index: (found[cell.index].line, found[cell.index].end_line) for cell in cells}


def test_a_percent_script_is_a_notebook(tmp_path: Path) -> None:
    """Cells, magics, tags, metadata and ids are those of the notebook; what `%%bash` was written as is one again."""
    read = read_notebook(_write(tmp_path, "a.py", PERCENT))
    sources = [cell.source for cell in read.cells]
    assert sources[:2] == ["%matplotlib inline\n!ls \\\n  -l\nx = 1", "x = 1"]
    assert sources[3:] == ["%%bash\necho x = 1", "%%time\nx = 1"]
    assert [cell.declared.expect for cell in read.cells[:3]] == [Verdict.IN_PLACE, Verdict.RESET, None]
    assert [cell.id for cell in read.cells] == ["cell-2", "load", "cell-6", "cell-7", "cell-8"]
    assert (read.kernel_name, read.language, read.needs) == ("mine", "python", ("json",))
    assert [cell.index for cell in read.skipped] == [9]


def test_a_myst_page_is_a_notebook(tmp_path: Path) -> None:
    """The same for MyST, with metadata of the notebook at the top of the header."""
    read = read_notebook(_write(tmp_path, "a.md", MYST))
    assert [cell.source.split("\n")[0] for cell in read.cells] == ["%matplotlib inline", "x = 1", "x = 1"]
    assert [cell.declared.expect for cell in read.cells] == [Verdict.IN_PLACE, Verdict.RESET, None]
    assert [cell.id for cell in read.cells] == ["cell-1", "load", "cell-5"]
    assert (read.kernel_name, read.language, read.needs) == ("mine", "python", ("json",))
    assert [cell.tags for cell in read.skipped] == [{"skip-execution", "other"}]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_lines_of_cells_are_those_of_the_file(tmp_path: Path, ending: str, bom: str) -> None:
    """Identical cells, the same line in text and strings, and hidden magics do not mislead, nor do line ends."""
    percent = _places(_write(tmp_path, "a.py", bom + PERCENT.replace("\n", ending)))
    myst = _places(_write(tmp_path, "a.md", bom + MYST.replace("\n", ending)))
    assert percent == {2: (21, 24), 3: (27, 27), 6: (39, 44), 7: (47, 47), 8: (50, 51), 9: (55, 55)}
    assert myst == {1: (24, 25), 2: (34, 37), 5: (49, 49), 6: (54, 54)}


OTHERS = {
    "a.py": "# ---\n# jupytext: {}\n# ---\n\n# Some text\n\nx = 1\ny = 1\n\n# +\nx = 1\n\nx += 1\n# -\n\nx = 1\n",
    "b.md": "---\njupyter:\n  jupytext: {}\n---\n\nx = 1\n\n```\nx = 1\n```\n\n```python\nx = 1\n```\n",
    "c.Rmd": '---\ntitle: x = 1\n---\n\n```{python, tags=c("a")}\nx = 1\n```\n\nx = 1\n\n```{python}\nx = 1\n```\n',
    "d.myst": "x = 1\n\n```{code-cell}\nx = 1\n```\n",
    "d.md": "~~~{code-cell}\n:tags: [a]\nx = 1\n~~~\n\n```{code-cell}\nx = 1\n```\n",
    "d.markdown": "<!--\n\n---\njupyter:\n  jupytext:\n    a: 1\n---\n\n-->\n\n```python\nx = 1\n```\n",
    "e.py": "x = 1\n# %%\nx = 1\n\n# %%\n%matplotlib inline\nx = 1\n",
    "f.py": "# %%\nprint?\n\n# %%\n# print?\n\n# %%\n# only a remark\n",
    "g.py": '# %%\n"""\n---\n"""\n\n# %%\n---\n\n# %%\n\n\n\n# %%\n(\n    1\n)\n\n',
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_formats_of_jupytext_come_for_free(tmp_path: Path, name: str) -> None:
    """Light scripts, Markdown, R Markdown, bare MyST, Hydrogen: a place holds what the cell holds, or is line 1."""
    path = _write(tmp_path, name, OTHERS[name])
    lines = OTHERS[name].split("\n")
    read, places = read_notebook(path), _places(path)
    for cell in read.cells:
        line, end = places[cell.index]
        held = [each.removeprefix("# ") for each in lines[line - 1 : end]]
        wanted = [each.removeprefix("# ") for each in cell.source.strip("\n").split("\n")]
        assert held == wanted or ((line, end) == (1, 1) and "---" in cell.source)
    assert len(set(places.values())) >= len(read.cells) - 1


def test_random_notebooks_keep_their_lines(tmp_path: Path) -> None:
    """Whatever order cells that look alike come in, a place begins and ends with the lines of its cell."""
    pieces = ["x = 1", "%matplotlib inline\nx = 1", "%%time\nx = 1", "# x = 1", "!ls\n\nx = 1", "'''\nx = 1\n'''\ny"]
    for seed in range(12):
        node = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "P"}})
        for turn in range(10):
            piece = pieces[(seed * 7 + turn * (seed + 3)) % len(pieces)]
            make = "new_markdown_cell" if (seed + turn) % 4 == 0 else "new_code_cell"
            node.cells.append(getattr(nbformat.v4, make)(piece))
        for name, kind in {"a.py": "py:percent", "a.md": "md:myst"}.items():
            path = _write(tmp_path, name, jupytext.writes(node, fmt=kind))
            lines, places = path.read_text().split("\n"), _places(path)
            for cell in read_notebook(path).cells:
                line, end = places[cell.index]
                held = [each.removeprefix("# ") for each in lines[line - 1 : end]]
                assert held == [each.removeprefix("# ") for each in cell.source.split("\n")], (seed, name, cell)


def test_lines_that_only_jupytext_parts_do_not_shift_a_place(tmp_path: Path) -> None:
    """Where the lines of a cell and those of the file go apart, the place ends; it still begins at the right line."""
    first, second, third = "'''\f'''\nx = 1\n", "x = 2\ny = '\f'\nz = 1\n", "x = 3\n"
    path = _write(tmp_path, "a.py", f"# %%\n{first}\n# %%\n{second}\n# %%\n{third}")
    assert _places(path) == {0: (3, 3), 1: (6, 6), 2: (11, 11)}


def test_nothing_is_written_and_no_warning_is_let_out(tmp_path: Path) -> None:
    """Reading leaves the folder as it is; what jupytext warns of is not ours to show."""
    text = "```{code-cell} python\n1\n```\n\n```{code-cell} ipython3\n2\n```\n"
    path = _write(tmp_path, "a.md", text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_notebook(path).cells) == 2
    assert [each.name for each in tmp_path.iterdir()] == ["a.md"]
    assert path.read_text() == text


HEADER = "# ---\n# jupyter:\n#   kernelspec:\n"
REFUSED: dict[str, tuple[str, str, str]] = {
    "empty script": ("a.py", "", "is not a notebook: it has no header of Jupyter and no cells .* `# %%`"),
    "empty page": ("a.md", "", "is not a notebook: .*{code-cell}"),
    "empty MyST": ("a.mnb", "", "is not a notebook"),
    "a module": ("a.py", '"""A module."""\n\n# ---\n# jupyter:\n# ---\n\nopen("ran", "w")\n', "is not a notebook"),
    "a module with cells in a string": ("a.py", 'TEXT = """\n# %%\n"""\n', "is not a notebook"),
    "a module that begins with a line": ("a.py", "# ---\n# My module\n# ---\njupyter: int = 1\n", "is not a notebook"),
    "a page with code": ("a.md", "---\ntitle: x\n---\n\n```python\nx = 1\n```\n", "is not a notebook"),
    "a page about MyST": ("a.md", "````\n```{code-cell}\n1\n```\n````\n\n```python\n1\n```\n", "is not a notebook"),
    "R Markdown": ("a.Rmd", "```{r}\nx\n```\n", "is not a notebook: .*{python}"),
    "a header that is no YAML": ("a.py", HEADER + "#     a: b: c\n# ---\n# %%\n1\n", "damaged .*its YAML: mapping"),
    "a header without end": ("a.py", HEADER + "\n# %%\n1\n", "damaged .*no end"),
    "a page's header without end": ("a.md", "---\njupytext:\n\n```{code-cell}\n1\n```\n", "damaged .*no end"),
    "a header of another shape": ("a.py", "# ---\n# jupyter:\n#   - 1\n# ---\n# %%\n1\n", "damaged"),
    "a header for other programs": ("a.py", "# ---\n# jupyter: python3\n# ---\n\n1\n", "is not a notebook"),
    "tags that are no list": (
        "a.md",
        "```{code-cell}\n:tags: a\n1\n```\n",
        "damaged .*tags: 'a' is not of type 'array'",
    ),
    "a kernelspec that lacks something": (
        "a.py",
        HEADER + "#     name: x\n# ---\n",
        "damaged .*kernelspec: 'display_name'",
    ),
    "options that are no YAML": ("a.md", "```{code-cell}\n:tags: [a\n1\n```\n", "damaged .*Code cell 0 at line 1"),
    "another encoding": ("a.py", "# -*- coding: latin-1 -*-\n# %%\n1\n", "damaged .*utf-8"),
    "tags without quotes": (
        "a.py",
        "# %%\n1\n# %% tags=[nbrerun:skip]\n",
        r"cell 1: its options cannot .*tags=\[\"a\"",
    ),
    "metadata that is no JSON": ("a.py", "# %% nbrerun={expect: reset}\n1\n", "cell 0: its options cannot be read"),
    "an unknown tag": ("a.py", '# %% tags=["nbrerun:inplace"]\n1\n', "cell 0: there is no tag .*did you mean"),
    "another language": ("a.md", "```{code-cell} julia\n1\n```\n", "is a notebook in julia, and nbrerun reads Python"),
    "mostly R": ("a.Rmd", "```{python}\n1\n```\n\n```{r}\n1\n```\n\n```{r}\n1\n```\n", "is a notebook in R"),
    "for pandoc": ("a.md", "---\njupyter:\n  a: 1\n---\n\n::: {.cell}\n:::\n", "is a notebook for pandoc"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_one_sentence(tmp_path: Path, case: str) -> None:
    """A page or a program without cells is never run; damage is named, with the file, on one line."""
    name, text, says = REFUSED[case]
    path = _write(tmp_path, name, text)
    with pytest.raises(NotebookError, match=says) as raised:
        read_notebook(path)
    assert str(raised.value).startswith(f"{path}")
    assert "\n" not in str(raised.value)
    read_places(str(path))  # a file that is broken by now is no error


def test_bytes_that_are_no_text_are_one_sentence(tmp_path: Path) -> None:
    """As with any other notebook."""
    (tmp_path / "a.py").write_bytes(b"# %%\nx = '\xff'\n")
    with pytest.raises(NotebookError, match="is not UTF-8 text"):
        read_notebook(tmp_path / "a.py")


def test_jupytext_is_asked_for_only_where_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a notebook as text is one sentence that says what to install, and any other file what it was."""
    monkeypatch.setitem(sys.modules, "jupytext", None)
    script, module = _write(tmp_path, "a.py", PERCENT), _write(tmp_path, "b.py", "x = 1\n")
    with pytest.raises(NotebookError, match=r"a\.py is a jupytext notebook; install jupytext .*pip install jupytext$"):
        read_notebook(script)
    with pytest.raises(NotebookError, match=r"b\.py is not a notebook"):
        read_notebook(module)
    assert read_places(str(script)) == []


def test_folders_have_each_notebook_once_and_no_programs(tmp_path: Path) -> None:
    """A header of jupytext's makes a notebook in a folder; its pairs, beside it or elsewhere, count once."""
    paired = PERCENT.replace("#   jupytext:\n", "#   jupytext:\n#     formats: notebooks//ipynb,scripts//py:percent\n")
    empty = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
    files = {
        "alone.md": MYST,
        "both.ipynb": empty,
        "both.py": PERCENT,
        "cells_only.py": "# %%\nopen('ran', 'w')\n",
        "module.py": "x = 1\n",
        "notebooks/far.ipynb": empty,
        "page.md": "# Text\n",
        "scripts/far.py": paired,
        "scripts/only.py": paired,
        "scripts/both.py": PERCENT,
        "two.md": MYST,
        "two.py": PERCENT,
        ".hidden.py": PERCENT,
        "binary.py": "",
    }
    for name, content in files.items():
        _write(tmp_path, name, content)
    (tmp_path / "binary.py").write_bytes(b"# ---\n# jupytext:\n\xff")
    found = [path.relative_to(tmp_path).as_posix() for path in find_notebooks([tmp_path])]
    notebooks = ["alone.md", "both.ipynb", "notebooks/far.ipynb"]
    assert found == [*notebooks, "scripts/both.py", "scripts/only.py", "two.py"]
    assert len(find_notebooks([tmp_path / "scripts"])) == 3


def test_folders_without_jupytext_have_ipynb_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where that leaves nothing, the sentence says how to check what there is."""
    monkeypatch.setitem(sys.modules, "jupytext", None)
    _write(tmp_path, "b/a.md", MYST)
    with pytest.raises(UsageError, match=r"no notebook .*such as .*a\.md: pip install jupytext$"):
        find_notebooks([tmp_path])
    other = _write(tmp_path, "b/b.ipynb", "{}")
    assert find_notebooks([tmp_path]) == [other]


def test_the_static_check_reads_text(tmp_path: Path) -> None:
    """Names and files are looked at; execution counts there are none."""
    text = dedent(
        """\
        # %%
        # %matplotlib inline
        print(x)

        # %%
        x = 1
        """
    )
    found = analyze(read_notebook(_write(tmp_path, "a.py", text)), Settings(static=True)).findings
    assert [(one.rule, one.index, one.name) for one in found] == [("NBR302", 0, "x")]


def test_jupytext_is_not_loaded_for_other_notebooks(tmp_path: Path) -> None:
    """Looking whether it is there costs no import."""
    _write(tmp_path, "a.ipynb", '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}')
    _write(tmp_path, "a.py", PERCENT)
    code = "import sys; from nbrerun.notebooks import find, read"
    code += "; print(read.read_notebook(*find.find_notebooks([sys.argv[1]])))"
    code += "; assert 'jupytext' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True)


def test_a_header_is_found_without_reading_the_file(tmp_path: Path) -> None:
    """A long file is not searched to its end, and many lines of a header take no time."""
    path = _write(tmp_path, "a.py", "# ---\n" + "# a\n" * 200_000)
    assert text.header_of(path) == text.Header(False, False)
