"""IPython's own names, methods and magics, as the probe and the static checks know them.

The lists follow IPython 7 to 9 (`%lsmagic`, `InteractiveShell.user_ns_hidden`).
"""

from __future__ import annotations

import re

_AUTOMATIC = re.compile(r"_+|_i+|_i\d+|_\d+|_[iod]h|_exit_code|__\w+__|In|Out")

GIVEN = frozenset("get_ipython In Out exit quit display".split())
"""Names that a notebook can use from the start."""

RUNS_TEXT = frozenset("run_line_magic run_cell_magic run_cell magic".split())
"""Methods of the shell that take text and may run it as Python; `%time f()` becomes `run_line_magic("time", "f()")`."""

BINDS_NAMES = frozenset("push ex safe_execfile safe_execfile_ipy user_ns user_global_ns".split())
"""Other methods and attributes of the shell through which any name can be bound."""

LINE_MAGICS = frozenset(
    """
    alias alias_magic autoawait autocall automagic autosave bookmark cat cd clear code_wrap colors conda config
    connect_info cp debug dhist dirs doctest_mode ed edit env gui hist history killbgscripts ldir less lf lk ll load
    load_ext loadpy logoff logon logstart logstate logstop ls lsmagic lx macro magic mamba man matplotlib micromamba
    mkdir more mv notebook page pastebin pdb pdef pdoc pfile pinfo pinfo2 pip popd pprint precision prun psearch
    psource pushd pwd pycat pylab qtconsole quickref recall rehashx reload_ext rep rerun reset reset_selective rm rmdir
    run save sc set_env store subshell sx system tb time timeit unalias unload_ext uv who who_ls whos xdel xmode
    """.split()
)
"""Line magics and aliases that IPython and ipykernel define; automagic accepts them without the percent sign, too."""

BINDING_BARE = frozenset({"pylab"})
"""Line magics that bind names even without an argument."""

NEVER_BINDING = frozenset(
    """
    matplotlib config autoreload pip conda mamba micromamba uv cd pwd ls env set_env who whos precision timeit
    reset_selective history tensorboard tensorflow_version watermark nbrerun
    """.split()
)
"""Line magics that bind no name, whatever their arguments; some are an extension's or Colab's."""

NEVER_WRITING = frozenset("matplotlib config autoreload load_ext".split())
"""Line magics that neither write a file nor change the folder."""

EXTENSIONS = frozenset(
    """
    autoreload tensorboard line_profiler memory_profiler watermark dotenv autotime nb_black lab_black jupyter_black
    rpy2.ipython cython Cython sql nbrerun
    """.split()
)
"""What `%load_ext` can load without binding a name; other extensions bind some."""

CELL_MAGICS_ELSEWHERE = frozenset(
    """
    ! HTML SVG bash file html javascript js latex markdown perl pypy python python2 python3 ruby script sh svg sx
    system writefile
    """.split()
)
"""Cell magics that run nothing in the notebook's namespace."""

CELL_MAGICS_AROUND = frozenset("time timeit capture prun rerun".split())
"""Cell magics that run their cell as Python."""


def is_automatic(name: str) -> bool:
    """Whether IPython or Python binds a name in the notebook's namespace by itself: `_`, `_i3`, `_oh`, `__name__`."""
    return name[:1] in ("_", "I", "O") and _AUTOMATIC.fullmatch(name) is not None
