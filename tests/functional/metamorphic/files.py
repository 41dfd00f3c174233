"""Which files a notebook names, and how strings that name them are rewritten."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

_EXTENSION = r"txt|csv|log|flag|jsonl?|pkl|sav|joblib|np[yz]|bin|dat|db|gz|zip|sqlite|pth?|keras|h5|safetensors|ubj|cbm"
_FILE_NAME = re.compile(rf"(?P<stem>[\w*/-][\w*./-]*)\.({_EXTENSION})")
_ENDS_LIKE_A_FILE = re.compile(rf".*\.({_EXTENSION})")
_PATH = re.compile(r"[\w*-][\w*.-]*(/[\w*-][\w*.-]*)*")

_ON_MODULES = frozenset(
    {"mkdir", "makedirs", "rename", "replace", "remove", "rmdir", "symlink", "listdir"}
    | {"copy", "copytree", "move", "rmtree"}
)
"""Functions of `os` and `shutil`."""

_OPENERS = frozenset(
    {"open", "Path", "Memory", "to_disk", "save_pretrained", "from_pretrained", "save_model", "export", "TFSMLayer"}
    | _ON_MODULES
)
"""Calls whose first argument is the name of a file, with or without an extension."""

_TAKES_TWO = frozenset({"Path", "rename", "replace", "symlink", "copytree", "move", "copy"})
"""Those of them whose second argument is one as well."""


@dataclass(frozen=True)
class Files:
    """The names of files and folders in one notebook."""

    names: frozenset[str]
    """As they stand in strings, folder by folder."""
    patterns: frozenset[str]
    """Names that are put together, or looked for, as patterns for `fnmatch`."""
    stems: frozenset[str]
    """What stands for a file without its extension, which the notebook adds."""

    def renamed(self, text: str, prefix: str) -> str | None:
        """Rename a path, or the whole text of a string; None if it names no file."""
        if text in self.stems:
            return prefix + text
        parts = text.split("/")
        if not _PATH.fullmatch(text) or not all(part in self.names for part in parts):
            return None
        return "/".join(prefix + part for part in parts)

    def renamed_label(self, path: str, prefix: str) -> str:
        """Rename a path as a label gives it: parts that the notebook does not name come from a library."""
        return "/".join(prefix + part if self._knows(part) else part for part in path.split("/"))

    def _knows(self, name: str) -> bool:
        return name in self.names or any(fnmatchcase(name, pattern) for pattern in self.patterns)


def files_of(trees: Iterable[ast.AST], labelled: Iterable[str], texts: Iterable[str]) -> Files:
    """Collect the files that code names; `labelled` are paths from labels, `texts` what only IPython reads."""
    trees = list(trees)
    nodes = [node for tree in trees for node in ast.walk(tree)]
    strings = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    words = strings | {word for text in texts for word in re.findall(r"[\w./-]+", text)}
    modules = {f"{alias.name}.py" for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    from_labels = {part for path in labelled for part in path.split("/")}
    paths = {word for word in words if _FILE_NAME.fullmatch(word)}
    paths |= {word for word in words if _PATH.fullmatch(word) and set(word.split("/")) <= from_labels}
    paths |= {text for node in nodes for text in _opened(node) if _PATH.fullmatch(text)}
    names = {part for path in paths for part in path.split("/")} - modules
    built = {pattern for node in nodes if isinstance(node, ast.JoinedStr) for pattern in _pattern(node)}
    stems = set()
    if any(isinstance(node, ast.Attribute) and node.attr == "with_suffix" for node in nodes):
        stems = strings & {name.rpartition(".")[0] for name in names}
    return Files(frozenset(names), frozenset({*built, *names}), frozenset(stems))


def _opened(node: ast.AST) -> list[str]:
    """What a call that opens, moves or lists files is given as their names."""
    if not isinstance(node, ast.Call):
        return []
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    owner = getattr(node.func.value, "id", "") if isinstance(node.func, ast.Attribute) else ""
    of_a_module = owner in {"os", "shutil"} or name not in _ON_MODULES  # text and lists have such methods, too
    if not (name in _OPENERS and of_a_module) and (owner, name) not in {("spacy", "load"), ("shelve", "open")}:
        return []
    first = node.args[:2] if name in _TAKES_TWO else node.args[:1]
    return [each.value for each in first if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def _pattern(node: ast.JoinedStr) -> list[str]:
    parts = [part.value if isinstance(part, ast.Constant) else "*" for part in node.values]
    text = "".join(map(str, parts))
    return [text.rpartition("/")[2]] if names_a_file(node) else []


def names_a_file(node: ast.JoinedStr) -> bool:
    """Whether an f-string ends as the name of a file does."""
    last = node.values[-1] if node.values else None
    return isinstance(last, ast.Constant) and bool(_ENDS_LIKE_A_FILE.fullmatch(str(last.value)))
