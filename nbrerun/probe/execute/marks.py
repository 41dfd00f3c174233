"""Puts marks into the syntax tree of a cell: calls that record, when it runs, which of its statements have run."""

from __future__ import annotations

import ast
import itertools
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Set

from ..source.inputs import local_names, may_swallow
from ..source.statements import (
    Statement,
    beginning,
    header,
    header_names,
    is_compound,
    look_at,
    loop_aliases,
    name_of_call,
    named,
)
from .calls import Call, mark_calls

MARK = "__nbrerun_mark__"
MARK_IN_FUNCTION = "__nbrerun_inner_mark__"
MARK_CALL = "__nbrerun_mark_call__"
SKIP = "__nbrerun_skip__"
STORE = "__nbrerun_store__"
ADDRESS = "__nbrerun_address__"
"""The name of `id` in functions with marks, which may define a function of that name."""
HIDDEN = "#"
"""Stands in what a function's local names are called here."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
_MARKED_BEHIND = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Import, ast.ImportFrom, *_DEFINITIONS)
"""Statements that bind names, and none if they raise."""
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_UNCONDITIONAL = (ast.For, ast.AsyncFor, ast.With, ast.AsyncWith)
"""Compound statements whose body runs whatever is so, if there is anything to run it for."""
_ASKS_FOR_NAMES = frozenset({"globals", "locals", "vars", "dir"})
_numbers = itertools.count()
"""No two marks of a process are the same."""


class Mark(NamedTuple):
    """A place in the source, and what has happened when it is reached."""

    statement: Statement
    """What has begun, or is over."""
    where: str
    """The file, the line and the column of the statement: the same ones in every run."""
    begins: bool = False
    """It stands before the statement, which has only begun."""
    ends: bool = False
    """It stands behind the statement."""
    of_handle: bool = False
    """It stands for what the head of a `with` binds."""
    inner: bool = False
    """It stands inside a function."""
    owner: str = ""
    """In a function of another cell: the name of the function or class there that it belongs to."""
    conditional: bool = False
    """It is reached only if something is so."""
    handled: bool = False
    """The cell goes on after an error there."""


class Marker(ast.NodeTransformer):
    """Adds a mark to every simple statement.

    The mark of a statement that binds a name stands behind it, since it has bound nothing if it raises; that of any
    other statement stands before it. Before a statement that has no mark before it, one more mark stands for what it
    looks up at once: when it is reached, what came before is over.

    The statements inside functions have marks as well. Their local names are none of the notebook's. What they store
    into through a parameter may be one of its objects, as what is called `layer` in a loop is; the address tells.
    """

    def __init__(self, goes_on: bool = False, in_functions: bool = True, in_statements: bool = False) -> None:
        """Nothing is marked yet.

        Args:
            goes_on: have a statement that raises be skipped, unless the cell itself waits for what it raises.
            in_functions: add marks inside functions, too.
            in_statements: add marks to the calls inside the cell's statements, too.
        """
        self.goes_on = goes_on
        self.in_functions = in_functions
        self.in_statements = in_statements
        self.is_cell_next = True
        """What comes next is a cell, and not a text that a magic of the cell runs (`%%time`)."""
        self.marks: Dict[int, Mark] = {}
        self.also: Dict[int, List[int]] = {}
        """Marks that are reached together with another mark, since nothing stands between them, in their order."""
        self.calls: Dict[int, str] = {}
        """What the marks inside statements stand for: the call as written."""
        self.makes_functions = False
        """Functions with marks may come into being."""
        self.asks_for_names = False
        """The cell, or a function, may find out which names there are."""
        self._scope: Optional[Mapping[str, str]] = None
        """In a function: its local names, each with a name that no variable of the notebook can have."""
        self._others: Set[str] = set()
        """Names that may stand for objects that other variables hold: parameters, and what a loop takes out of one."""
        self._is_in_cell = False
        self._file = ""
        """Where the statements come from that get their marks."""
        self._owner = ""
        self._awaited: List[str] = []
        """Exceptions that the `try` statements around the current one wait for."""
        self._is_in_loop = False
        self._is_conditional = self._is_handled = False

    def adopt(self, other: Marker) -> None:
        """Know the marks in functions that another tracer has marked."""
        self.marks.update(other.marks)
        self.also.update(other.also)
        self.makes_functions |= other.makes_functions
        self.asks_for_names |= other.asks_for_names

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """Add marks to a cell; called by IPython for each cell that runs."""
        # No other statement may stand before imports from `__future__`, apart from a docstring.
        future = [i for i, each in enumerate(node.body) if getattr(each, "module", None) == "__future__"]
        first = future[-1] + 1 if future else 0
        heads, rest = node.body[:first], node.body[first:]
        self._is_in_cell, self._file, self._others = True, "", set()
        # IPython does not keep the text that a magic runs, so functions in it could not get their own code back.
        in_functions, self.in_functions = self.in_functions, self.in_functions and self.is_cell_next
        self.is_cell_next = False
        self._look_for_names(node)
        # They bind names like any import, and none of them raises: their marks can stand behind them all.
        marks = [each for each in self._block(heads) if each not in heads]
        node.body = [*heads, *marks, *self._body(rest)]
        self._is_in_cell, self.in_functions = False, in_functions
        return node

    def mark_functions(self, body: List[ast.stmt], file: str = "") -> None:
        """Add marks to the functions that some statements define, and to nothing else.

        Generators and coroutines have none: their code, and the place where they wait in it, are part of their value.

        Args:
            file: where the statements come from; nothing for the cell itself.
        """
        self._file, owner = file, self._owner
        for statement in body:
            if file and isinstance(statement, _DEFINITIONS):
                self._owner = owner or statement.name
            if isinstance(statement, ast.FunctionDef) and not _is_generator(statement):
                self._look_for_names(statement)
                self._function(statement)
            else:
                for inner in blocks(statement):
                    self.mark_functions(inner, file)
            self._owner = owner

    def _function(self, node: ast.FunctionDef) -> None:
        outer, number = self._scope, next(_numbers)
        docstring = ast.get_docstring(node, clean=False) is not None
        self.makes_functions |= self._is_in_cell or outer is not None
        self._scope = {**(outer or {}), **{name: f"{name}{HIDDEN}{number}" for name in local_names(node)}}
        before, self._awaited, self._is_in_loop = (self._awaited, self._is_in_loop, self._others), [], False
        self._others = {each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
        node.body = [*node.body[:docstring], *self._body(node.body[docstring:])]
        self._awaited, self._is_in_loop, self._others = before
        self._scope = outer

    def _look_for_names(self, node: ast.AST) -> None:
        names = (part.id for part in ast.walk(node) if isinstance(part, ast.Name))
        self.asks_for_names |= not _ASKS_FOR_NAMES.isdisjoint(names)

    def _body(self, body: List[ast.stmt], reached: Optional[int] = None) -> List[ast.stmt]:
        """Add marks to the body of a cell, a function or a compound statement.

        Args:
            reached: as for `_block`.
        """
        if not self.goes_on or self._is_in_loop:
            return self._block(body, reached)
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
        found = ast.parse(f"try: pass\n{waits}except Exception: {SKIP}()").body[0]
        assert isinstance(found, ast.Try)
        return found.handlers

    def _block(self, body: List[ast.stmt], reached: Optional[int] = None) -> List[ast.stmt]:
        """Add marks to statements in a row.

        Args:
            reached: the mark right before them, with which the first one can be reached together.
        """
        marked: List[ast.stmt] = []
        for statement in body:
            walrus = named(getattr(statement, "test", ast.Pass()))
            if not is_compound(statement):
                what: Optional[Statement] = look_at(statement)
            else:
                what = header(walrus, set()) if walrus else None
            stores = sorted(what.stores & self._others) if what is not None else []
            self._others |= {name for name, _ in what.aliases} if what is not None else set()
            if what is None or isinstance(statement, _MARKED_BEHIND):
                number = self._mark(beginning(statement), statement)
            else:
                number, what = self._mark(what, statement, begins=True), None
            if reached is None:
                marked.append(self._record(number, statement))
            else:
                self.also.setdefault(reached, []).append(number)
            marked += (self._store(name, statement) for name in stores)
            marked.append(statement)
            reached = None
            if what is not None:
                reached = self._mark(what, statement, ends=True)
                marked.append(self._record(reached, statement))
            if self.in_statements and self._scope is None:
                mark_calls(statement, self._mark_call)
            self._add_inside(statement)
        return marked

    def _mark_call(self, call: Call) -> ast.expr:
        number = next(_numbers)
        self.calls[number] = name_of_call(call)
        marked = ast.Call(ast.Name(MARK_CALL, ast.Load()), [ast.Constant(number), call], [])
        return ast.fix_missing_locations(ast.copy_location(marked, call))

    def _add_inside(self, statement: ast.stmt) -> None:
        """Add marks to the statements inside a compound one, and to its body one for the names that its head binds."""
        if isinstance(statement, _DEFINITIONS):
            if self.in_functions:
                self.mark_functions([statement], self._file)
            return
        bound = header_names(statement)
        self._others |= {name for name, _ in loop_aliases(statement)}
        outside = self._is_conditional, self._is_handled
        self._is_conditional |= not isinstance(statement, _UNCONDITIONAL)
        self._is_handled |= _goes_on_after_errors(statement)
        for field in ("body", "orelse", "finalbody"):
            inner = getattr(statement, field, None)
            if isinstance(inner, list) and inner and isinstance(inner[0], ast.stmt):
                heads: List[ast.stmt] = []
                head: Optional[int] = None
                if field == "body" and bound:
                    of_handle = isinstance(statement, (ast.With, ast.AsyncWith))
                    head = self._mark(header(bound, loop_aliases(statement)), inner[0], of_handle=of_handle)
                    heads = [self._record(head, inner[0])]
                before = self._awaited, self._is_in_loop
                for handler in getattr(statement, "handlers", ()) if field == "body" else ():
                    kind = ast.unparse(handler.type) if handler.type else "BaseException"
                    self._awaited = [*self._awaited, kind]
                # A loop may wait for what a statement in it does, and would never end.
                self._is_in_loop = self._is_in_loop or isinstance(statement, _LOOPS)
                setattr(statement, field, [*heads, *self._body(inner, head)])
                self._awaited, self._is_in_loop = before
        for part in [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]:
            part.body = self._body(part.body)
        self._is_conditional, self._is_handled = outside

    def _mark(
        self, what: Statement, where: ast.stmt, begins: bool = False, ends: bool = False, of_handle: bool = False
    ) -> int:
        """Make one mark, and return its number."""
        number, scope = next(_numbers), self._scope
        self.marks[number] = Mark(
            what if scope is None else _renamed(what, scope),
            f"{self._file}:{where.lineno}:{where.col_offset}",
            begins,
            ends,
            of_handle,
            inner=scope is not None,
            owner=self._owner if scope is not None else "",
            conditional=self._is_conditional,
            handled=self._is_handled,
        )
        return number

    def _store(self, name: str, where: ast.stmt) -> ast.stmt:
        """The statement that tells the address of an object, into which the next one stores something."""
        address = ast.Call(ast.Name(ADDRESS, ast.Load()), [ast.Name(name, ast.Load())], [])
        call = ast.Call(ast.Name(STORE, ast.Load()), [address], [])
        return ast.fix_missing_locations(ast.copy_location(ast.Expr(call), where))

    def _record(self, number: int, where: ast.stmt) -> ast.stmt:
        """The statement of a mark, at the line of another statement, so that tracebacks show the cell's own lines."""
        name = MARK if self._scope is None else MARK_IN_FUNCTION
        call = ast.Call(ast.Name(name, ast.Load()), [ast.Constant(number)], [])
        return ast.fix_missing_locations(ast.copy_location(ast.Expr(call), where))


def blocks(statement: ast.stmt) -> Iterator[List[ast.stmt]]:
    """The lists of statements inside a compound statement or a class."""
    for part in [statement, *getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]:
        for field in ("body", "orelse", "finalbody"):
            inner = getattr(part, field, None)
            if isinstance(inner, list):
                yield inner


def _goes_on_after_errors(statement: ast.stmt) -> bool:
    items = getattr(statement, "items", ())
    return bool(getattr(statement, "handlers", ())) or any(may_swallow(item.context_expr) for item in items)


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
        needs=tuple(names.get(name, name) for name in statement.needs),
        mentions={names.get(name, name) for name in statement.mentions},
        passes={names.get(name, name) for name in statement.passes},
        calls={names.get(name, name) for name in statement.calls},
        outermost={names.get(name, name) for name in statement.outermost},
        aliases={(names.get(name, name), names.get(root, root)) for name, root in statement.aliases},
    )
