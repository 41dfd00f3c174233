"""What can be told of cells from their source, as IPython has it run, and from the namespace."""

from __future__ import annotations

import ast
from typing import Any, Dict, List, Optional, Set

from ..source.dependencies import global_stores, pickles, reachable, resizes
from ..source.inputs import incidental, parsed, static_binds
from ..source.statements import only_defines


class Cells:
    """Some cells. IPython is asked once what they are in plain Python, which takes longer than to compile them."""

    def __init__(self, shell: Any, sources: List[str]) -> None:
        """Transform them.

        Args:
            shell: IPython's.
            sources: as the user wrote them.
        """
        self.sources = sources
        self._plain = [_plain(shell, source) for source in sources]
        self._text = "" if None in self._plain else "\n".join(map(str, self._plain))

    def reach(self, namespace: Dict[str, Any]) -> Set[str]:
        """Names whose values can matter to the cells, as the namespace is now."""
        return reachable(self._text, namespace)

    def touchable(self, namespace: Dict[str, Any]) -> Set[str]:
        """Names that the cells may read or bind."""
        reached = self.reach(namespace)
        return reached | self.may_bind(reached, namespace)

    def may_bind(self, reached: Set[str], namespace: Dict[str, Any]) -> Set[str]:
        """Names that the cells, or functions among the names that they reach, may bind."""
        return {*static_binds(self._text), *global_stores(reached, namespace)}

    def may_resize(self, namespace: Dict[str, Any]) -> bool:
        """Whether they may call `resize` of an array, which numpy refuses to one that is weakly referenced."""
        return resizes(self._text, self.reach(namespace), namespace)

    def show_needs(self, namespace: Dict[str, Any], reached: Set[str], exchanged: bool) -> bool:
        """Whether cells that reach some names can miss no others: they are plain Python that pickles nothing.

        Args:
            exchanged: objects were seen to go in or out of files.
        """
        return self._are_python() and not any(pickles(source, reached, namespace, exchanged) for source in self.sources)

    def definitions(self) -> Optional[ast.Module]:
        """A tree of the statements, if they only bind names and none of them displays a value; else None."""
        if not (self._are_python() and self.only_define()):
            return None
        tree = ast.parse(self._text)
        return tree if tree.body and not isinstance(tree.body[-1], ast.Expr) else None

    def _are_python(self) -> bool:
        return all(plain == source.strip() for plain, source in zip(self._plain, self.sources))

    def only_define(self) -> bool:
        """Whether they only bind names, without running anything that other cells have made."""
        try:
            return None not in self._plain and only_defines(parsed(self._text).body)
        except (SyntaxError, ValueError):
            return False

    def incidental(self) -> Set[str]:
        """Loop variables and targets of `with` that the cells leave behind."""
        return incidental(self._text)


def _plain(shell: Any, source: str) -> Optional[str]:
    """A cell with its magics transformed; None if IPython cannot parse it."""
    try:
        return str(shell.transform_cell(source)).strip()
    except SyntaxError:
        return None
