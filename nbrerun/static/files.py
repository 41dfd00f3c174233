"""Reads of files that only a later cell writes, where their paths are written out in the source."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterator, Sequence

from nbrerun.probe.source.ipython_names import NEVER_WRITING
from nbrerun.probe.source.statements import called_word
from nbrerun.static.source import Source, sure, sure_statements

# These are signatures, and no guess at what a call does: which argument of which function is a path.
_READER = re.compile(r"read_(csv|table|parquet|pickle|json|excel|feather|hdf|fwf|orc|stata|ipc|ndjson)")
_READERS = frozenset("load loadtxt genfromtxt fromfile load_model imread".split())
"""Methods and functions of modules whose first argument is the path of a file that they read."""
_WRITER = re.compile(r"to_(csv|parquet|pickle|json|excel|feather|hdf|orc|stata)|write_(csv|parquet|json|ipc|ndjson)")
_WRITERS = frozenset("save savez savez_compressed savetxt savefig imwrite imsave save_model tofile".split())
"""Those whose first argument is the path of a file that they write."""
_OF_PATHS = frozenset("read_text read_bytes write_text write_bytes".split())
"""Methods of `pathlib.Path`."""

_BRINGS_FILES = frozenset(
    """
    system popen Popen check_call check_output chdir urlretrieve extract extractall unpack_archive get_file
    download download_url_to_file
    """.split()
)
"""Calls that may create files, or change the working folder."""
_BRING_FILES = frozenset("os shutil subprocess wget gdown".split())
"""Modules whose functions all may, except for `getcwd` and `listdir`."""
_KNOWN = sys.stdlib_module_names | frozenset(
    """
    numpy pandas scipy sklearn statsmodels matplotlib pylab seaborn plotly joblib torch tensorflow keras jax xgboost
    lightgbm polars pyarrow h5py openpyxl PIL imageio skimage cv2 networkx sympy tqdm yaml toml dill cloudpickle
    IPython ipywidgets
    """.split()
)
"""Modules that write only the files that they are told to; another module may download what is read later."""
_TO_HANDLES = frozenset("json pickle cPickle dill cloudpickle yaml marshal toml".split())
"""Modules whose `dump` takes an open file, not a path."""

_LEAVES_FILES = tuple(f"%{magic}" for magic in NEVER_WRITING)


def from_the_future(sources: Sequence[Source]) -> Iterator[tuple[int, str, int]]:
    """Find reads of files that only a later cell writes, up to the first cell that may create other files.

    Yields:
        The number of the cell that reads, the path, and the number of the first later cell that writes it.
    """
    written = [
        {path for node in source.nodes if isinstance(node, ast.Call) and (path := _path(node, writing=True))}
        for source in sources
    ]
    mentioned: set[str] = set()
    for number, source in enumerate(sources):
        if _may_bring_files(source):
            return
        texts = [node.value for node in source.nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        for path in _read(source):
            later = next((at for at in range(number + 1, len(sources)) if path in written[at]), None)
            # A name that is mentioned elsewhere may be that of a file which is written in a way not seen here.
            alone = sum(os.path.basename(path) in text for text in texts) == 1
            if later is not None and alone and not any(os.path.basename(path) in text for text in mentioned):
                yield number, path, later
        mentioned.update(texts)


def _may_bring_files(source: Source) -> bool:
    """Whether a cell may create files whose paths are not written out: every later read may find one of them."""
    if any(not line.startswith(_LEAVES_FILES) for line in source.magics):
        return True
    for node in source.nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or "."]
            if any(module.split(".")[0] not in _KNOWN for module in modules):
                return True
        elif isinstance(node, ast.Call):
            word = called_word(node)
            if word in _BRINGS_FILES or (_owner(node) in _BRING_FILES and word not in ("getcwd", "listdir")):
                return True
            if _path(node, writing=True) == "":
                return True
    return False


def _read(source: Source) -> list[str]:
    """Paths of local files that a cell certainly reads, each once."""
    nodes = (node for statement in sure_statements(source.body) for node in sure(statement))
    paths = [_path(node, writing=False) for node in nodes if isinstance(node, ast.Call)]
    return list(dict.fromkeys(path for path in paths if path and "://" not in path))


def _path(call: ast.Call, writing: bool) -> str | None:
    """The path that a call reads or writes; empty if it is not written out, None if the call does not do that."""
    word = called_word(call)
    if word == "open" and isinstance(call.func, ast.Name):
        return _literal(call.args, 0) if _opens_for(call, writing) else None
    if word in _OF_PATHS:
        return _of_path(call) if word.startswith("write") is writing else None
    if not isinstance(call.func, ast.Attribute):
        return None
    if writing:
        return _saved(call, word)
    return _literal(call.args, 0) if _READER.fullmatch(word) or word in _READERS else None


def _saved(call: ast.Call, word: str) -> str | None:
    if word == "dump" and _owner(call) in _TO_HANDLES:
        return None
    if _WRITER.fullmatch(word) and not call.args and not call.keywords:
        return None  # `frame.to_csv()` returns a string
    first_is_path = not call.args or (isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str))
    if word == "dump" or (word == "save" and len(call.args) > 1 and not first_is_path):
        return _literal(call.args, 1)  # `torch.save(model, path)`; but `np.save(path, array)`
    return _literal(call.args, 0) if _WRITER.fullmatch(word) or word in _WRITERS else None


def _of_path(call: ast.Call) -> str:
    """The path in `Path("a").read_text()`."""
    owner = getattr(call.func, "value", None)
    if isinstance(owner, ast.Call) and called_word(owner) == "Path" and len(owner.args) == 1:
        return _literal(owner.args, 0)
    return ""


def _opens_for(call: ast.Call, writing: bool) -> bool:
    modes = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    if not modes:
        return not writing
    mode = modes[0].value if isinstance(modes[0], ast.Constant) else None
    if not isinstance(mode, str):
        return writing  # an unknown mode may write
    return any(letter in mode for letter in "wxa") if writing else set(mode) <= set("rbt")


def _literal(arguments: Sequence[ast.expr], at: int) -> str:
    """The path that an argument spells out, normalized; empty if it does not."""
    node = arguments[at] if at < len(arguments) else None
    value = node.value if isinstance(node, ast.Constant) else None
    if not isinstance(value, str) or not value:
        return ""
    return value if "://" in value else os.path.normpath(value)


def _owner(call: ast.Call) -> str:
    """The name before the dot: `pickle` for `pickle.dump(x, file)`."""
    return str(getattr(getattr(call.func, "value", None), "id", ""))
