"""Records which statements of a cell have run, by calls that are added to the cell's syntax tree."""

from __future__ import annotations

import ast
import builtins
import itertools
import sys
import threading
from typing import Any, Dict, Iterator, List, Mapping, Optional, Set

from ..source.inputs import local_names
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
MARK_IN_FUNCTION = "__nbrerun_inner_mark__"
_SKIP = "__nbrerun_skip__"

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_numbers = itertools.count()
"""No two tracers have the same mark."""
_HIDDEN = "#"
"""Stands in what a function's local names are called here."""
_MARKED_AFTER = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Import, ast.ImportFrom, *_DEFINITIONS)
"""Statements that bind names, and none if they raise."""


class Tracer(ast.NodeTransformer):
    """Adds a mark to every simple statement of a cell: a call that records that the statement has run.

    Used as one of IPython's `ast_transformers`, and only in a branch. The mark of a statement that binds a name stands
    behind it, since it has bound nothing if it raises; that of any other statement stands before it. Before a statement
    that has no mark before it, one more mark stands for nothing: when it is reached, what came before is over.

    The statements inside functions have marks as well. Their local names are none of the notebook's.
    """

    def __init__(self, goes_on: bool = False, blame: Optional[Blame] = None, in_functions: bool = True) -> None:
        """Nothing has run yet.

        Args:
            goes_on: have a statement that raises be skipped, unless the cell itself waits for what it raises.
            blame: is told of each statement that begins or is over.
            in_functions: add marks inside functions, too.
        """
        self._goes_on = goes_on
        self._blame = blame
        self.in_functions = in_functions
        self._skipped: Set[int] = set()
        """Marks of the statements that raised and were skipped."""
        self.statements: Dict[int, Statement] = {}
        """What each mark stands for."""
        self._places: Dict[int, str] = {}
        self._reached: Dict[int, None] = {}
        """Marks that were reached, in the order of the first time."""
        self._begun: Set[int] = set()
        """Marks that stand before their statement: when one is reached, the statement has only begun."""
        self._inner: Set[int] = set()
        """Marks inside functions."""
        self._heads: Set[int] = set()
        """Marks that stand for what the head of a `with` binds."""
        self._over: Set[int] = set()
        """Marks that stand behind their statement."""
        self._scope: Optional[Mapping[str, str]] = None
        """In a function: its local names, each with a name that no variable of the notebook can have."""
        self._threads = 0
        """How many there were before the run."""
        self._awaited: List[str] = []
        """Exceptions that the `try` statements around the current one wait for."""
        self._is_in_loop = False
        self._is_in_cell = False
        self._file = ""
        """Where the statements come from that get their marks."""
        self.makes_functions = False
        """Functions with marks may come into being."""

    def install(self, shell: Any) -> None:
        """Begin to record; the mark is a builtin, so that the namespace stays as it is."""
        setattr(builtins, _MARK, self._reached.setdefault if self._blame is None else self._tell)
        setattr(builtins, MARK_IN_FUNCTION, self._reached.setdefault)
        setattr(builtins, _SKIP, self._skip)
        self._threads = threading.active_count()
        shell.ast_transformers.append(self)

    def remove(self, shell: Any) -> None:
        """Stop recording."""
        shell.ast_transformers.remove(self)
        for name in (_MARK, MARK_IN_FUNCTION, _SKIP):
            # A thread of the notebook's may go on in a function with marks.
            if name == MARK_IN_FUNCTION and self._inner and threading.active_count() > self._threads:
                setattr(builtins, name, _nothing)
            else:
                delattr(builtins, name)

    def _tell(self, mark: int) -> None:
        """Record a mark that is reached, and tell who is to blame for what has changed."""
        assert self._blame is not None
        if mark in self._reached:
            self._blame.before(None)
        elif mark in self._over:
            self._blame.after(mark)
        else:
            self._blame.before(mark)
        self._reached.setdefault(mark)

    def blamed(self) -> Dict[str, str]:
        """The call of the last statement that changed each variable, where there is one."""
        if self._blame is None:
            return {}
        self._blame.end()
        calls = {name: self.statements[mark].call for name, mark in self._blame.last.items()}
        return {name: call for name, call in calls.items() if call}

    def _skip(self) -> None:
        """The last statement that had begun has raised."""
        last = next(reversed(self._reached), None)
        if last in self._begun:
            self._skipped.add(last)

    def count(self) -> int:
        """How many marks have been reached: a position in the run of the cell."""
        return len(self._reached)

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

    def touched_by(self, raised: bool) -> Dict[str, List[str]]:
        """Places of the statements that bound each name or wrote to its object: the same ones in every run.

        Args:
            raised: the last statement that had begun raised, and does not count.
        """
        found: Dict[str, List[str]] = {}
        ran = list(self._reached)
        if raised and ran and ran[-1] in self._begun:
            ran.pop()
        for i in ran:
            if i in self._skipped or i not in self.statements:
                continue
            for name in expand(self.statements[i].binds | self.statements[i].writes):
                found.setdefault(name, []).append(self._places[i])
        return found

    def touched_since(self, position: int, models: Set[str]) -> Set[str]:
        """Names that were bound or stored into after a position, and models whose methods were called.

        The statement at the position counts too if it had only begun: `rows.append(read(path))`. Names that only hold
        values written out in the cell (`n = 5`) do not.

        Args:
            position: what `count` returned.
            models: names of models.
        """
        order = list(self._reached)
        ran = [self.statements.get(i, nothing()) for i in order]
        found = {name for each in ran[position:] for name in each.binds | each.stores | (each.writes & models)}
        for mark in self._running(position) & set(order[:position]):
            running = self.statements[mark]
            found |= running.stores | running.outermost | (running.writes & models)
        computed = {name for each in ran if not each.literal for name in each.binds | each.writes | each.passes}
        literal = {name for each in ran if each.literal for name in each.binds} - computed
        return expand(found) - literal

    def bound_at(self, position: int) -> Set[str]:
        """Names that the statements bind which are under way at a position.

        Args:
            position: what `count` returned.
        """
        found: Set[str] = set()
        for is_inner in (False, True):
            # The mark of such a statement stands behind it, and that of any other block of statements begins with one
            # for nothing.
            following = [i for i in list(self._reached)[position:] if (i in self._inner) is is_inner]
            if following and following[0] in self._over:
                found |= self.statements[following[0]].binds
        return expand(found)

    def called_since(self, position: int) -> Set[str]:
        """Names that were bound, or had a method called, after the statement at a position.

        Not those that were stored into or passed to a call since; nor if the statement was given what a `with` binds
        since, as a file that is read only then.

        Args:
            position: what `count` returned.
        """
        found: Set[str] = set()
        handles: Set[str] = set()
        running = self._running(position)
        for i in list(self._reached)[position:]:
            statement = self.statements.get(i, nothing())
            if i in self._heads:
                handles |= statement.binds
            elif i not in running and not statement.passes & handles:
                found |= statement.binds | statement.writes
            found -= statement.stores | statement.passes
        return expand(found)

    def _running(self, position: int) -> Set[int]:
        """Marks of the statements that are under way at a position: one of the cell, and perhaps one of a function."""
        order = list(self._reached)
        found: Set[int] = set()
        for is_inner in {False, position > 0 and order[position - 1] in self._inner}:
            before = [i for i in order[:position] if (i in self._inner) is is_inner]
            # The mark of a statement that binds names stands behind it.
            after = [i for i in order[position:] if (i in self._inner) is is_inner and i in self._begun | self._over]
            found.update(before[-1:] if before and before[-1] in self._begun else after[:1])
        return found & self.statements.keys()

    def imported(self) -> Set[str]:
        """Names that import statements bound, and no other statements that ran."""
        others = {name for statement in self._ran() if not statement.imports for name in statement.binds}
        return expand({name for statement in self._ran() if statement.imports for name in statement.binds}) - others

    def _ran(self) -> List[Statement]:
        return [self.statements[i] for i in self._reached if i in self.statements]

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """Add marks to a cell; called by IPython for each cell that runs."""
        # No other statement may stand before imports from `__future__`, apart from a docstring.
        future = [i for i, each in enumerate(node.body) if getattr(each, "module", None) == "__future__"]
        first = future[-1] + 1 if future else 0
        self._is_in_cell, self._file = True, ""
        node.body = [*node.body[:first], *self._body(node.body[first:])]
        self._is_in_cell = False
        return node

    def mark_functions(self, body: List[ast.stmt], file: str = "") -> None:
        """Add marks to the functions that some statements define, and to nothing else.

        Generators and coroutines have none: their code, and the place where they wait in it, are part of their value.

        Args:
            file: where the statements come from; nothing for the cell itself.
        """
        self._file = file
        for statement in body:
            if isinstance(statement, ast.FunctionDef) and not _is_generator(statement):
                self._function(statement)
            else:
                for inner in blocks(statement):
                    self.mark_functions(inner, file)

    def _function(self, node: ast.FunctionDef) -> None:
        outer, number = self._scope, next(_numbers)
        docstring = ast.get_docstring(node, clean=False) is not None
        self.makes_functions = self.makes_functions or self._is_in_cell or outer is not None
        self._scope = {**(outer or {}), **{name: f"{name}{_HIDDEN}{number}" for name in local_names(node)}}
        before, self._awaited, self._is_in_loop = (self._awaited, self._is_in_loop), [], False
        node.body = [*node.body[:docstring], *self._body(node.body[docstring:])]
        self._awaited, self._is_in_loop = before
        self._scope = outer

    def _body(self, body: List[ast.stmt]) -> List[ast.stmt]:
        """Add marks to the body of a cell, a function or a compound statement."""
        if not self._goes_on or self._is_in_loop:
            return self._block(body)
        # One by one, so that a statement that raises takes no other with it.
        guarded: List[ast.stmt] = []
        for statement in body:
            marked = self._block([statement])
            if self._scope is not None and any(isinstance(node, ast.Raise) for node in ast.walk(statement)):
                guarded += marked  # what the user's own function raises, its caller may wait for
            else:
                guard = ast.Try(marked, self._handlers(), [], [])
                guarded.append(ast.fix_missing_locations(ast.copy_location(guard, statement)))
        return guarded

    def _handlers(self) -> List[ast.ExceptHandler]:
        """Handlers that skip a statement which raises, apart from what the cell itself waits for."""
        waits = "".join(f"except {kind}: raise\n" for kind in self._awaited)
        found = ast.parse(f"try: pass\n{waits}except Exception: {_SKIP}()").body[0]
        assert isinstance(found, ast.Try)
        return found.handlers

    def _block(self, body: List[ast.stmt]) -> List[ast.stmt]:
        marked: List[ast.stmt] = []
        for statement in body:
            marks = self._mark(statement)
            if marks and not isinstance(statement, _MARKED_AFTER):
                self._begun.update(map(_number, marks))
                marked += [*marks, statement]
            else:
                self._over.update(map(_number, marks))
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
            if self.in_functions:
                self.mark_functions([statement], self._file)
            return
        bound = header_names(statement)
        for field in ("body", "orelse", "finalbody"):
            inner = getattr(statement, field, None)
            if isinstance(inner, list) and inner and isinstance(inner[0], ast.stmt):
                heads = field == "body" and bound
                marks = self._emit(header(bound, loop_aliases(statement)), inner[0]) if heads else []
                if isinstance(statement, (ast.With, ast.AsyncWith)):
                    self._heads.update(map(_number, marks))
                before = self._awaited, self._is_in_loop
                for handler in getattr(statement, "handlers", ()) if field == "body" else ():
                    kind = ast.unparse(handler.type) if handler.type else "BaseException"
                    self._awaited = [*self._awaited, kind]
                # A loop may wait for what a statement in it does, and would never end.
                self._is_in_loop = self._is_in_loop or isinstance(statement, _LOOPS)
                setattr(statement, field, [*marks, *self._body(inner)])
                self._awaited, self._is_in_loop = before
        for part in [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]:
            part.body = self._body(part.body)

    def _emit(self, what: Statement, where: ast.stmt) -> List[ast.stmt]:
        """Make one mark, at the line of another statement, so that tracebacks show the cell's own lines."""
        number = next(_numbers)
        self.statements[number] = what if self._scope is None else _renamed(what, self._scope)
        self._places[number] = f"{self._file}:{where.lineno}:{where.col_offset}"
        name = _MARK
        if self._scope is not None:
            self._inner.add(number)
            name = MARK_IN_FUNCTION
        call = ast.Call(ast.Name(name, ast.Load()), [ast.Constant(number)], [])
        mark = ast.copy_location(ast.Expr(call), where)
        return [ast.fix_missing_locations(mark)]


def _nothing(*_: Any) -> None:
    """What a mark does when nothing is recorded."""


def _number(mark: Any) -> int:
    """The number of a mark that `_emit` has made."""
    number: int = mark.value.args[0].value
    return number


def blocks(statement: ast.stmt) -> Iterator[List[ast.stmt]]:
    """The lists of statements inside a compound statement or a class."""
    for part in [statement, *getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]:
        for field in ("body", "orelse", "finalbody"):
            inner = getattr(part, field, None)
            if isinstance(inner, list):
                yield inner


def _is_generator(function: ast.FunctionDef) -> bool:
    pending: List[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, (*_DEFINITIONS, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))
    return False


def _renamed(statement: Statement, names: Mapping[str, str]) -> Statement:
    """What a statement does, with other names for some variables."""
    return statement._replace(
        binds={names.get(name, name) for name in statement.binds},
        writes={names.get(name, name) for name in statement.writes},
        stores={names.get(name, name) for name in statement.stores},
        passes={names.get(name, name) for name in statement.passes},
        calls={names.get(name, name) for name in statement.calls},
        outermost={names.get(name, name) for name in statement.outermost},
        aliases={(names.get(name, name), names.get(root, root)) for name, root in statement.aliases},
    )


def expand(names: Set[str]) -> Set[str]:
    """Replace star imports by the names that they bind, as the language reference defines them ("import")."""
    found = {name for name in names if not name.startswith(STAR) and _HIDDEN not in name}
    for name in names:
        if not name.startswith(STAR):
            continue
        public = vars(sys.modules.get(name[len(STAR) :], object))
        found.update(public.get("__all__", (key for key in public if not key.startswith("_"))))
    return found
