"""Marks left while a cell runs: which of its statements have run."""

from __future__ import annotations

import ast
import builtins
import sys
from typing import Any, Dict, List, Set

from ..source.statements import (
    STAR,
    Statement,
    header,
    header_names,
    is_compound,
    look_at,
    loop_aliases,
    named,
    nothing,
)

_MARK = "__nbrerun_mark__"


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_MARKED_AFTER = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Import, ast.ImportFrom, *_DEFINITIONS)
"""What binds a name has not done so if it raises."""


class Marks(ast.NodeTransformer):
    """Rewrites a cell so that every simple statement tells when it has run.

    Used as one of IPython's syntax tree transformers, and only in a branch.
    """

    def __init__(self) -> None:
        self.statements: List[Statement] = []
        self.ran: Dict[int, None] = {}
        """In the order in which each ran for the first time."""
        self._begun: Set[int] = set()
        """Statements whose mark says that they have begun; that of the others, that they are over.

        Before the others stands a mark that says nothing else than that what came before is over.
        """

    def install(self, shell: Any) -> None:
        """Begin to record; the mark is a builtin, so that the namespace stays as it is."""
        setattr(builtins, _MARK, self.ran.setdefault)
        shell.ast_transformers.append(self)

    def remove(self, shell: Any) -> None:
        """Stop recording."""
        shell.ast_transformers.remove(self)
        delattr(builtins, _MARK)

    def count(self) -> int:
        """How many statements have run."""
        return len(self.ran)

    def names(self, field: str) -> Set[str]:
        """Names in one field of the statements that ran."""
        return expand({name for i in self.ran for name in getattr(self.statements[i], field)})

    def written(self) -> Set[str]:
        """Names on whose objects statements called methods or stored, through another name for a part as well."""
        found = self.names("writes")
        aliases = [alias for i in self.ran for alias in self.statements[i].aliases]
        for name, root in reversed(aliases):
            if name in found:
                found.add(root)
        return found

    def acted(self) -> bool:
        """Whether a statement ran that may have changed anything."""
        return any(self.statements[i].acts for i in self.ran)

    def touched_by(self, raised: bool) -> Dict[str, List[int]]:
        """Names that statements bound or wrote to, with those statements; not the one that raised."""
        found: Dict[str, List[int]] = {}
        ran = list(self.ran)
        if raised and ran and ran[-1] in self._begun:
            ran.pop()
        for i in ran:
            for name in expand(self.statements[i].binds | self.statements[i].writes):
                found.setdefault(name, []).append(i)
        return found

    def touched_since(self, begun: int, models: Set[str]) -> Set[str]:
        """Names that were bound or stored into after so many statements, and models whose methods were called.

        The last one of those counts as well if it had only begun: `rows.append(read(path))`. Names that hold what
        stands in the cell (`n = 5`) do not.
        """
        order = list(self.ran)
        ran = [self.statements[i] for i in order[begun:]]
        found = {name for what in ran for name in what.binds | what.stores | (what.writes & models)}
        if begun and order[begun - 1] in self._begun:
            running = self.statements[order[begun - 1]]
            found |= running.stores | running.outermost | (running.writes & models)
        return expand(found) - self._literal()

    def _literal(self) -> Set[str]:
        ran = [self.statements[i] for i in self.ran]
        made = {name for what in ran if not what.literal for name in what.binds | what.writes | what.passes}
        return {name for what in ran if what.literal for name in what.binds} - made

    def imported(self) -> Set[str]:
        """Names that import statements bound, and no other statements that ran."""
        ran = [self.statements[i] for i in self.ran]
        others = {name for statement in ran if not statement.imports for name in statement.binds}
        return expand({name for statement in ran if statement.imports for name in statement.binds}) - others

    def visit_Module(self, node: ast.Module) -> ast.Module:
        node.body = self._block(node.body)
        return node

    def _block(self, body: List[ast.stmt]) -> List[ast.stmt]:
        marked: List[ast.stmt] = []
        for statement in body:
            statement_marks = self._mark(statement)
            begins = statement_marks and not isinstance(statement, _MARKED_AFTER)
            if begins:
                self._begun.update(range(len(self.statements) - len(statement_marks), len(self.statements)))
            over = [] if begins or _is_future(statement) else self._emit(nothing(), statement)
            marked += [*over, *statement_marks, statement] if begins else [*over, statement, *statement_marks]
            self._inside(statement)
        return marked

    def _inside(self, statement: ast.stmt) -> None:
        if isinstance(statement, _DEFINITIONS):
            return
        bound = header_names(statement)
        for field in ("body", "orelse", "finalbody"):
            inner = getattr(statement, field, None)
            if isinstance(inner, list) and inner and isinstance(inner[0], ast.stmt):
                marks = (
                    self._emit(header(bound, loop_aliases(statement)), inner[0]) if field == "body" and bound else []
                )
                setattr(statement, field, [*marks, *self._block(inner)])
        for part in [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]:
            part.body = self._block(part.body)

    def _mark(self, statement: ast.stmt) -> List[ast.stmt]:
        if _is_future(statement):
            return []
        if is_compound(statement):
            bound = named(getattr(statement, "test", ast.Pass()))
            return self._emit(header(bound, set()), statement) if bound else []
        return self._emit(look_at(statement), statement)

    def _emit(self, what: Statement, where: ast.stmt) -> List[ast.stmt]:
        self.statements.append(what)
        call = ast.Call(ast.Name(_MARK, ast.Load()), [ast.Constant(len(self.statements) - 1)], [])
        mark = ast.copy_location(ast.Expr(call), where)
        return [ast.fix_missing_locations(mark)]


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def expand(names: Set[str]) -> Set[str]:
    """Names with those of star imports filled in."""
    found = {name for name in names if not name.startswith(STAR)}
    for name in names - found:
        public = vars(sys.modules.get(name[len(STAR) :], object))
        found.update(public.get("__all__", (key for key in public if not key.startswith("_"))))
    return found
