"""The lines of a cell that are IPython's, not Python's."""

from __future__ import annotations

import re
from collections.abc import Callable

_HARMLESS = frozenset(
    """
    matplotlib config autoreload pip conda mamba micromamba uv cd pwd ls env set_env who whos precision timeit
    reset_selective history tensorboard tensorflow_version watermark
    """.split()
)
"""Line magics that define no name, whatever they are given."""

_EXTENSIONS = frozenset(
    """
    autoreload tensorboard line_profiler memory_profiler watermark dotenv autotime nb_black lab_black jupyter_black
    rpy2.ipython cython Cython sql
    """.split()
)
"""What `%load_ext` may load without a name coming along; others put some into the notebook."""

_OWN = frozenset(
    """
    alias alias_magic autoawait autocall automagic autosave bookmark cat cd clear code_wrap colors conda config
    connect_info cp debug dhist dirs doctest_mode ed edit env gui hist history killbgscripts ldir less lf lk ll load
    load_ext loadpy logoff logon logstart logstate logstop ls lsmagic lx macro magic mamba man matplotlib micromamba
    mkdir more mv notebook page pastebin pdb pdef pdoc pfile pinfo pinfo2 pip popd pprint precision prun psearch
    psource pushd pwd pycat pylab qtconsole quickref recall rehashx reload_ext rep rerun reset reset_selective rm rmdir
    run save sc set_env store subshell sx system tb time timeit unalias unload_ext uv who who_ls whos xdel xmode
    """.split()
)
"""IPython's own line magics and aliases: it takes them without the percent sign, too."""

_ELSEWHERE = frozenset(
    """
    ! HTML SVG bash file html javascript js latex markdown perl pypy python python2 python3 ruby script sh svg sx
    system writefile
    """.split()
)
"""Cell magics that run nothing in the notebook's namespace."""

_AROUND = frozenset("time timeit capture prun".split())
"""Cell magics that run the cell, as Python."""

# Not where an operator or a dot follows: `cd = 1` is Python, and `ls -l` is not.
_AUTOMAGIC = re.compile(r"\s*([a-zA-Z]\w*)\b[ \t]*(?:[^\s\w=!()<>,+*/%^&|.].*|(?<=[ \t])\w.*)?\s*")
_ASSIGNMENT = re.compile(r"^(\s*[\w\s,]+=\s*)([%!].*)$")
_MAGIC = re.compile(r"^(\s*)(%|!|\?).*$|^(\s*)[\w.*%]+\?{1,2}\s*$")


def with_percent(text: str) -> str:
    """Write a magic as such where the whole cell is one and does without the percent sign."""
    word = _AUTOMAGIC.fullmatch(text)
    return f"%{text.strip()}" if word and word[1] in _OWN else text


def cell_magic(text: str) -> tuple[str, str] | None:
    """The name of a cell's magic and the text that it is given, None where it has none."""
    if not text.lstrip().startswith("%%"):
        return None
    head, _, rest = text.lstrip().partition("\n")
    return (head[2:].split() or [""])[0], rest


def is_run_here(magic: str) -> bool:
    """Whether what a cell magic is given may be run in the notebook's namespace."""
    return magic not in _ELSEWHERE


def is_python(magic: str) -> bool:
    """Whether a cell magic runs its cell as Python, and does nothing else to names."""
    return magic in _AROUND


def without_magics(text: str, is_plain: Callable[[str], bool]) -> tuple[str, list[str]]:
    """The Python of a cell, and the lines that are none.

    Args:
        is_plain: whether a text is Python as it stands.
    """
    if is_plain(text):
        return text, []
    kept, magics = [], []
    goes_on = False
    for line in text.splitlines():
        python = "" if goes_on else _python_of(line)
        if goes_on or python != line:
            magics.append(line.strip())
            goes_on = line.endswith("\\")
        kept.append(python)
    return "\n".join(kept), magics


def _python_of(line: str) -> str:
    if assigned := _ASSIGNMENT.match(line):
        return f"{assigned[1]}None"
    if magic := _MAGIC.match(line):
        return f"{magic[1] or magic[3] or ''}pass"
    return line


def is_harmless(line: str) -> bool:
    """Whether a line that is no Python defines no name but those that it is assigned to."""
    if assigned := _ASSIGNMENT.match(line):
        line = assigned[2]
    if not line.startswith("%") or line.endswith("?"):
        return True
    word, *rest = line.lstrip("%").split() or [""]
    if word == "load_ext":
        return set(rest) <= _EXTENSIONS
    return word in _HARMLESS or (not rest and word in _OWN - {"pylab"})
