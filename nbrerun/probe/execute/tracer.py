"""Records which statements of a cell have run, by calls that are added to the cell's syntax tree."""

from __future__ import annotations

import ast
import builtins
import sys
from typing import Any, Dict, List, Optional, Set

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
from .blame import Blame

_MARK = "__nbrerun_mark__"
_SKIP = "__nbrerun_skip__"

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_MARKED_AFTER = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Import, ast.ImportFrom, *_DEFINITIONS)
"""Statements that bind names, and none if they raise."""


class Tracer(ast.NodeTransformer):
    """Adds a mark to every simple statement of a cell: a call that records that the statement has run.

    Used as one of IPython's `ast_transformers`, and only in a branch. The mark of a statement that binds a name stands
    behind it, since it has bound nothing if it raises; that of any other statement stands before it. Before a statement
    that has no mark before it, one more mark stands for nothing: when it is reached, what came before is over.
    """

    def __init__(self, goes_on: bool = False, blame: Optional[Blame] = None) -> None:
        """Nothing has run yet.

        Args:
            goes_on: have a statement of the cell's top level that raises be skipped.
            blame: is told of each statement that begins or is over.
        """
        self._goes_on = goes_on
        self._blame = blame
        self._skipped: Set[int] = set()
        """Marks of the statements that raised and were skipped."""
        self.statements: List[Statement] = []
        """What each mark stands for; marks are numbered in the order of the source."""
        self.ran: Dict[int, None] = {}
        """Marks that were reached, in the order of the first time."""
        self._begun: Set[int] = set()
        """Marks that stand before their statement: when one is reached, the statement has only begun."""
        self._over: Set[int] = set()
        """Marks that stand behind their statement."""

    def install(self, shell: Any) -> None:
        """Begin to record; the mark is a builtin, so that the namespace stays as it is."""
        setattr(builtins, _MARK, self.ran.setdefault if self._blame is None else self._tell)
        setattr(builtins, _SKIP, self._skip)
        shell.ast_transformers.append(self)

    def remove(self, shell: Any) -> None:
        """Stop recording."""
        shell.ast_transformers.remove(self)
        delattr(builtins, _MARK)
        delattr(builtins, _SKIP)

    def _tell(self, mark: int) -> None:
        """Record a mark that is reached, and tell who is to blame for what has changed."""
        assert self._blame is not None
        if mark in self.ran:
            self._blame.before(None)
        elif mark in self._over:
            self._blame.after(mark)
        else:
            self._blame.before(mark)
        self.ran.setdefault(mark)

    def blamed(self) -> Dict[str, str]:
        """The call of the last statement that changed each variable, where there is one."""
        if self._blame is None:
            return {}
        self._blame.end()
        calls = {name: self.statements[mark].call for name, mark in self._blame.last.items()}
        return {name: call for name, call in calls.items() if call}

    def _skip(self) -> None:
        """The last statement that had begun has raised."""
        last = next(reversed(list(self.ran)), None)
        if last in self._begun:
            self._skipped.add(last)

    def count(self) -> int:
        """How many marks have been reached: a position in the run of the cell."""
        return len(self.ran)

    def names(self, field: str) -> Set[str]:
        """Names in one field of the statements that ran."""
        return expand({name for statement in self._ran() for name in getattr(statement, field)})

    def written(self) -> Set[str]:
        """Names on whose objects statements called methods or stored, directly or through another name for a part."""
        found = self.names("writes")
        aliases = [alias for statement in self._ran() for alias in statement.aliases]
        for name, root in reversed(aliases):
            if name in found:
                found.add(root)
        return found

    def acted(self) -> bool:
        """Whether a statement ran that may have changed anything."""
        return any(statement.acts for statement in self._ran())

    def touched_by(self, raised: bool) -> Dict[str, List[int]]:
        """Marks of the statements that bound each name or wrote to its object.

        Args:
            raised: the last statement that had begun raised, and does not count.
        """
        found: Dict[str, List[int]] = {}
        ran = list(self.ran)
        if raised and ran and ran[-1] in self._begun:
            ran.pop()
        for i in ran:
            if i in self._skipped:
                continue
            for name in expand(self.statements[i].binds | self.statements[i].writes):
                found.setdefault(name, []).append(i)
        return found

    def touched_since(self, position: int, models: Set[str]) -> Set[str]:
        """Names that were bound or stored into after a position, and models whose methods were called.

        The statement at the position counts too if it had only begun: `rows.append(read(path))`. Names that only hold
        values written out in the cell (`n = 5`) do not.

        Args:
            position: what `count` returned.
            models: names of models.
        """
        order = list(self.ran)
        ran = [self.statements[i] for i in order]
        found = {name for each in ran[position:] for name in each.binds | each.stores | (each.writes & models)}
        if position and order[position - 1] in self._begun:
            running = ran[position - 1]
            found |= running.stores | running.outermost | (running.writes & models)
        computed = {name for each in ran if not each.literal for name in each.binds | each.writes | each.passes}
        literal = {name for each in ran if each.literal for name in each.binds} - computed
        return expand(found) - literal

    def called_since(self, position: int) -> Set[str]:
        """Names that were bound, or had a method called, after the statement at a position.

        Not those that were stored into or passed to a call since.

        Args:
            position: what `count` returned.
        """
        found: Set[str] = set()
        order = list(self.ran)
        has_begun = position > 0 and order[position - 1] in self._begun
        for i in order[position if has_begun else position + 1 :]:
            statement = self.statements[i]
            found |= statement.binds | statement.writes
            found -= statement.stores | statement.passes
        return expand(found)

    def imported(self) -> Set[str]:
        """Names that import statements bound, and no other statements that ran."""
        others = {name for statement in self._ran() if not statement.imports for name in statement.binds}
        return expand({name for statement in self._ran() if statement.imports for name in statement.binds}) - others

    def _ran(self) -> List[Statement]:
        return [self.statements[i] for i in self.ran]

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """Add marks to a cell; called by IPython for each cell that runs."""
        # No other statement may stand before imports from `__future__`, apart from a docstring.
        future = [i for i, each in enumerate(node.body) if getattr(each, "module", None) == "__future__"]
        first = future[-1] + 1 if future else 0
        if not self._goes_on:
            node.body = [*node.body[:first], *self._block(node.body[first:])]
            return node
        # One by one, so that a statement that raises takes no other with it.
        handler = ast.parse(f"try: pass\nexcept Exception: {_SKIP}()").body[0]
        assert isinstance(handler, ast.Try)
        body = node.body[:first]
        for statement in node.body[first:]:
            guarded = ast.Try(self._block([statement]), handler.handlers, [], [])
            body.append(ast.fix_missing_locations(ast.copy_location(guarded, statement)))
        node.body = body
        return node

    def _block(self, body: List[ast.stmt]) -> List[ast.stmt]:
        marked: List[ast.stmt] = []
        for statement in body:
            marks = self._mark(statement)
            if marks and not isinstance(statement, _MARKED_AFTER):
                self._begun.update(range(len(self.statements) - len(marks), len(self.statements)))
                marked += [*marks, statement]
            else:
                self._over.update(range(len(self.statements) - len(marks), len(self.statements)))
                marked += [*self._emit(nothing(), statement), statement, *marks]
            self._add_inside(statement)
        return marked

    def _mark(self, statement: ast.stmt) -> List[ast.stmt]:
        if not is_compound(statement):
            return self._emit(look_at(statement), statement)
        bound = named(getattr(statement, "test", ast.Pass()))
        return self._emit(header(bound, set()), statement) if bound else []

    def _add_inside(self, statement: ast.stmt) -> None:
        """Add marks to the statements inside a compound one, and to its body one for the names that its head binds."""
        if isinstance(statement, _DEFINITIONS):
            return
        bound = header_names(statement)
        for field in ("body", "orelse", "finalbody"):
            inner = getattr(statement, field, None)
            if isinstance(inner, list) and inner and isinstance(inner[0], ast.stmt):
                heads = field == "body" and bound
                marks = self._emit(header(bound, loop_aliases(statement)), inner[0]) if heads else []
                setattr(statement, field, [*marks, *self._block(inner)])
        for part in [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]:
            part.body = self._block(part.body)

    def _emit(self, what: Statement, where: ast.stmt) -> List[ast.stmt]:
        """Make one mark, at the line of another statement, so that tracebacks show the cell's own lines."""
        self.statements.append(what)
        call = ast.Call(ast.Name(_MARK, ast.Load()), [ast.Constant(len(self.statements) - 1)], [])
        mark = ast.copy_location(ast.Expr(call), where)
        return [ast.fix_missing_locations(mark)]


def expand(names: Set[str]) -> Set[str]:
    """Replace star imports by the names that they bind, as the language reference defines them ("import")."""
    found = {name for name in names if not name.startswith(STAR)}
    for name in names - found:
        public = vars(sys.modules.get(name[len(STAR) :], object))
        found.update(public.get("__all__", (key for key in public if not key.startswith("_"))))
    return found
