"""Reads of files that only a later cell writes, as far as their paths are written out."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence

from nbrerun.static.source import Source, sure, sure_statements

_READS = re.compile(r"read_(csv|table|parquet|pickle|json|excel|feather|hdf|fwf|orc|stata|ipc|ndjson)")
_LOADS = frozenset("load loadtxt genfromtxt fromfile load_model imread".split())
_WRITES = re.compile(r"to_(csv|parquet|pickle|json|excel|feather|hdf|orc|stata)|write_(csv|parquet|json|ipc|ndjson)")
_SAVES = frozenset("save savez savez_compressed savetxt savefig imwrite imsave save_model tofile".split())
_PATHS = frozenset("read_text read_bytes write_text write_bytes".split())
_ACTS = frozenset(
    """
    system popen Popen check_call check_output chdir urlretrieve extract extractall unpack_archive get_file
    download download_url_to_file
    """.split()
)
"""Calls that may bring files, or change the folder."""
_ACTS_OF = frozenset("os shutil subprocess wget gdown".split())
"""Modules all of whose functions count as such."""
_KNOWN = sys.stdlib_module_names | frozenset(
    """
    numpy pandas scipy sklearn statsmodels matplotlib pylab seaborn plotly joblib torch tensorflow keras jax xgboost
    lightgbm polars pyarrow h5py openpyxl PIL imageio skimage cv2 networkx sympy tqdm yaml toml dill cloudpickle
    IPython ipywidgets
    """.split()
)
"""Modules that write no file but those that they are told to; another one may fetch what is read later."""
_TO_HANDLES = frozenset("json pickle cPickle dill cloudpickle yaml marshal toml".split())
"""Modules whose `dump` takes an open file, and no path."""


def from_the_future(sources: Sequence[Source]) -> Iterator[tuple[int, str, int]]:
    """The number of the cell that reads, the path, and the number of the first cell that writes it, further down."""
    written = [set(_written(source.nodes)) for source in sources]
    mentioned: set[str] = set()
    for number, source in enumerate(sources):
        if _may_bring_files(source):
            return
        texts = [node.value for node in source.nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        for path in _read(source):
            later = next((at for at in range(number + 1, len(sources)) if path in written[at]), None)
            alone = sum(os.path.basename(path) in text for text in texts) == 1
            if later is not None and alone and not any(os.path.basename(path) in text for text in mentioned):
                yield number, path, later
        mentioned.update(texts)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _may_bring_files(source: Source) -> bool:
    """Whether files may come that are not written out here: every later read may find one of them."""
    if any(not line.startswith(("%matplotlib", "%config", "%autoreload", "%load_ext")) for line in source.magics):
        return True
    if any(_imports_unknown(node) for node in source.nodes):
        return True
    calls = [node for node in source.nodes if isinstance(node, ast.Call)]
    return any(_acts(call) or _path(call, writing=True) == "" for call in calls)


def _imports_unknown(node: ast.AST) -> bool:
    modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    if isinstance(node, ast.ImportFrom):
        modules = [node.module or "."]
    return any(module.split(".")[0] not in _KNOWN for module in modules)


def _acts(call: ast.Call) -> bool:
    return _word(call) in _ACTS or (_holder(call) in _ACTS_OF and _word(call) not in ("getcwd", "listdir"))


def _read(source: Source) -> list[str]:
    nodes = (node for statement in sure_statements(source.body) for node in sure(statement))
    paths = [_path(node, writing=False) for node in nodes if isinstance(node, ast.Call)]
    return list(dict.fromkeys(path for path in paths if path and "://" not in path))


def _written(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        path = _path(node, writing=True) if isinstance(node, ast.Call) else None
        if path:
            yield path


def _path(call: ast.Call, writing: bool) -> str | None:
    """The path that a call reads or writes; empty if it is not written out, None if it does no such thing."""
    word = _word(call)
    if word == "open" and isinstance(call.func, ast.Name):
        return _literal(call.args, 0) if _opens_for(call, writing) else None
    if word in _PATHS:
        return _of_path(call) if word.startswith("write") is writing else None
    if not isinstance(call.func, ast.Attribute):
        return None
    if writing:
        return _saved(call, word)
    return _literal(call.args, 0) if _READS.fullmatch(word) or word in _LOADS else None


def _saved(call: ast.Call, word: str) -> str | None:
    if word == "dump" and _holder(call) in _TO_HANDLES:
        return None
    if _WRITES.fullmatch(word) and not call.args and not call.keywords:
        return None  # gives a text
    if word == "dump" or (word == "save" and len(call.args) > 1 and not _is_text(call.args[0])):
        return _literal(call.args, 1)
    return _literal(call.args, 0) if _WRITES.fullmatch(word) or word in _SAVES else None


def _of_path(call: ast.Call) -> str:
    holder = getattr(call.func, "value", None)
    is_path = isinstance(holder, ast.Call) and _word(holder) == "Path" and len(holder.args) == 1
    return _literal(holder.args, 0) if is_path and isinstance(holder, ast.Call) else ""


def _opens_for(call: ast.Call, writing: bool) -> bool:
    modes = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    if not modes:
        return not writing
    mode = modes[0].value if isinstance(modes[0], ast.Constant) else None
    if not isinstance(mode, str):
        return writing  # it may do that
    return any(letter in mode for letter in "wxa") if writing else set(mode) <= set("rbt")


def _literal(arguments: Sequence[ast.expr], at: int) -> str:
    node = arguments[at] if at < len(arguments) else None
    value = node.value if isinstance(node, ast.Constant) else None
    if not isinstance(value, str) or not value:
        return ""
    return value if "://" in value else os.path.normpath(value)


def _holder(call: ast.Call) -> str:
    return str(getattr(getattr(call.func, "value", None), "id", ""))


def _word(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))
