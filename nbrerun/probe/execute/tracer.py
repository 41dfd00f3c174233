"""What a run of a cell was seen to do: which of its statements have run, and when."""

from __future__ import annotations

import ast
import builtins
import sys
import threading
from typing import Any, Dict, Iterable, List, Mapping, Optional, Set

from ..read.parts import parts
from ..read.walk import Reader
from ..source.statements import STAR, Statement, nothing
from .blame import WHOLE, Blame
from .marks import ADDRESS, HIDDEN, MARK, MARK_CALL, MARK_IN_FUNCTION, SKIP, STORE, Mark, Marker

_UNKNOWN = Mark(nothing(), "")


class Tracer:
    """Records which marks a run has reached.

    Used as one of IPython's `ast_transformers`, and only in a branch.
    """

    def __init__(self, goes_on: bool = False, blame: Optional[Blame] = None, in_functions: bool = True) -> None:
        """Nothing has run yet.

        Args:
            goes_on: have a statement that raises be skipped, unless the cell itself waits for what it raises.
            blame: is told of each statement that begins or is over.
            in_functions: add marks inside functions, too.
        """
        self.marker = Marker(goes_on, in_functions, in_statements=blame is not None)
        self._blame = blame
        self._skipped: Set[int] = set()
        """Marks of the statements that raised and were skipped."""
        self._first: Dict[int, None] = {}
        """Marks that were reached, in the order of the first time; others are reached together with them."""
        self._stored: Set[int] = set()
        """Addresses of objects that statements stored something into by names that are not theirs alone."""
        self._threads = 0
        """How many there were before the run."""

    def visit(self, node: ast.AST) -> Any:
        """Add marks to a cell; called by IPython for each cell that runs."""
        return self.marker.visit(node)

    def install(self, shell: Any) -> None:
        """Begin to record; the mark is a builtin, so that the namespace stays as it is."""
        setattr(builtins, MARK, self._first.setdefault if self._blame is None else self._tell)
        setattr(builtins, MARK_IN_FUNCTION, self._first.setdefault)
        setattr(builtins, MARK_CALL, self._tell_call)
        setattr(builtins, SKIP, self._skip)
        setattr(builtins, STORE, self._stored.add)
        setattr(builtins, ADDRESS, id)
        self._threads = threading.active_count()
        shell.ast_transformers.append(self)

    def remove(self, shell: Any) -> None:
        """Stop recording."""
        shell.ast_transformers.remove(self)
        has_inner = any(mark.inner for mark in self.marker.marks.values())
        for name in (MARK, MARK_CALL, MARK_IN_FUNCTION, SKIP, STORE, ADDRESS):
            # A thread of the notebook's may go on in a function with marks.
            if name in (MARK_IN_FUNCTION, STORE, ADDRESS) and has_inner and threading.active_count() > self._threads:
                setattr(builtins, name, _nothing)
            else:
                delattr(builtins, name)

    def _tell(self, mark: int) -> None:
        """Record marks that are reached, and tell who is to blame for what has changed."""
        assert self._blame is not None
        if mark in self._first:
            if not self._blame.rests:  # in a loop it mostly does
                self._blame.before(None)
            return
        for each in self._together(mark):
            if self._mark(each).ends:
                self._blame.after(each)
            else:
                self._blame.before(each)
        self._first[mark] = None

    def _tell_call(self, mark: int, value: Any) -> Any:
        """Tell that a call inside a statement has returned a value, and pass that on."""
        assert self._blame is not None
        self._blame.inside(mark)
        return value

    def blamed(self) -> Dict[str, Dict[str, str]]:
        """By variable and path: the last call that changed it; empty where it is none that changed it.

        Paths that were last changed with the variable as a whole are left out.
        """
        if self._blame is None:
            return {}
        self._blame.end()
        found: Dict[str, Dict[str, str]] = {}
        for name, last in self._blame.last.items():
            calls = {path: self._call(mark) for path, mark in last.items()}
            found[name] = {path: call for path, call in calls.items() if path == WHOLE or call != calls[WHOLE]}
        return found

    def _call(self, mark: Optional[int]) -> str:
        if mark is None:
            return ""
        return self.marker.calls.get(mark) or self._mark(mark).statement.call

    def _skip(self) -> None:
        """The last statement that had begun has raised."""
        for last in self._reached()[-1:]:
            if self._mark(last).begins:
                self._skipped.add(last)

    def _together(self, mark: int) -> List[int]:
        return [mark, *self.marker.also.get(mark, ())]

    def _reached(self) -> List[int]:
        """Marks that were reached, in the order of the first time."""
        return [number for mark in list(self._first) for number in self._together(mark)]

    def _mark(self, number: int) -> Mark:
        """What a number stands for; a thread of an earlier run may have reached one of that run's."""
        return self.marker.marks.get(number, _UNKNOWN)

    def _ran(self) -> List[Statement]:
        return [self._mark(number).statement for number in self._reached()]

    def count(self) -> int:
        """How many marks have been reached: a position in the run of the cell."""
        return len(self._reached())

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

    def stored_inside(self, namespace: Mapping[str, Any], watched: Iterable[str]) -> Set[str]:
        """Names of variables whose objects had something stored in them under another name, such as a parameter's.

        Args:
            watched: names of variables whose parts count as well: `layer` in a loop over those of `model`.
        """
        found = {name for name, value in namespace.items() if id(value) in self._stored}
        reader = Reader()
        wholes = [name for name in watched if name in namespace and name not in found] if self._stored else []
        return found | {
            name
            for name in wholes
            if any(id(part.value) in self._stored for part in parts(name, namespace[name], reader))
        }

    def needs(self, other_ways: bool = False) -> Dict[str, str]:
        """Names that the run looked up before it bound them, in that order, so that it does not go on without them.

        Each with the function or class of the notebook that looked it up first; nothing for the cell itself.

        Args:
            other_ways: leave out what another run may not come to, in other branches of the code.
        """
        found: Dict[str, str] = {}
        bound: Set[str] = set()
        reached = list(map(self._mark, self._reached()))
        # What goes on after an error, and what it calls, may do without a name.
        other_ways = other_ways or any(mark.handled for mark in reached) or self.marker.asks_for_names
        if other_ways:  # without the names, others may be bound instead
            marks = self.marker.marks.values()
            bound = {name for mark in marks if mark.conditional for name in mark.statement.binds}
        for mark in reached:
            statement = mark.statement
            if not (mark.handled or (other_ways and (mark.conditional or mark.inner))):
                for name in statement.needs:
                    if name not in bound and HIDDEN not in name:
                        found.setdefault(name, mark.owner)
            if "get_ipython" in statement.needs or any(name.startswith(STAR) for name in statement.binds):
                break  # nobody knows what else that has bound
            bound |= statement.binds
        return found

    def bound_first(self) -> Set[str]:
        """Names that the run bound before anything in it mentioned them: it did not depend on what they held."""
        mentioned: Set[str] = set()
        bound: Set[str] = set()
        for statement in self._ran():
            mentioned |= statement.mentions - bound
            bound |= statement.binds
        return set() if "get_ipython" in mentioned or self.marker.asks_for_names else expand(bound) - mentioned

    def acted(self) -> bool:
        """Whether a statement ran that may have changed anything."""
        return any(statement.acts for statement in self._ran())

    def touched_by(self, raised: bool) -> Dict[str, List[str]]:
        """Places of the statements that bound each name or wrote to its object: the same ones in every run.

        Args:
            raised: the last statement that had begun raised, and does not count.
        """
        found: Dict[str, List[str]] = {}
        ran = self._reached()
        if raised and ran and self._mark(ran[-1]).begins:
            ran.pop()
        for number in ran:
            mark = self._mark(number)
            if number not in self._skipped:
                for name in expand(mark.statement.binds | mark.statement.writes):
                    found.setdefault(name, []).append(mark.where)
        return found

    def touched_since(self, position: int, models: Set[str], users: Set[str]) -> Set[str]:
        """Names that were bound or stored into after a position, or had a method called.

        The statement at the position counts too if it had only begun: `rows.append(read(path))`. Names that only hold
        values written out in the cell (`n = 5`) do not.

        Args:
            position: what `count` returned.
            models: names of models; the statement at the position may call any method of theirs.
            users: names of objects of the user's classes, whose methods may compute anything.
        """
        ran = self._ran()
        found = {name for each in ran[position:] for name in each.binds | each.stores | (each.writes - users)}
        for number in self._running(position) & set(self._reached()[:position]):
            running = self._mark(number).statement
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
            # The mark of such a statement stands behind it, and any other block of statements begins with one that
            # neither begins nor ends a statement.
            following = [mark for mark in map(self._mark, self._reached()[position:]) if mark.inner is is_inner]
            if following and following[0].ends:
                found |= following[0].statement.binds
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
        for number in self._reached()[position:]:
            statement = self._mark(number).statement
            if self._mark(number).of_handle:
                handles |= statement.binds
            elif number not in running and not statement.passes & handles:
                found |= statement.binds | statement.writes
            found -= statement.stores | statement.passes
        return expand(found)

    def _running(self, position: int) -> Set[int]:
        """Marks of the statements that are under way at a position: one of the cell, and perhaps one of a function."""
        order = self._reached()
        found: Set[int] = set()
        for is_inner in {False, position > 0 and self._mark(order[position - 1]).inner}:
            before = [number for number in order[:position] if self._mark(number).inner is is_inner]
            # The mark of a statement that binds names stands behind it.
            after = [number for number in order[position:] if self._mark(number).inner is is_inner]
            after = [number for number in after if self._mark(number).begins or self._mark(number).ends]
            found.update(before[-1:] if before and self._mark(before[-1]).begins else after[:1])
        return found

    def imported(self) -> Set[str]:
        """Names that import statements bound, and no other statements that ran."""
        ran = self._ran()
        others = {name for statement in ran if not statement.imports for name in statement.binds}
        return expand({name for statement in ran if statement.imports for name in statement.binds}) - others


def _nothing(*_: Any) -> None:
    """What a mark does when nothing is recorded."""


def expand(names: Set[str]) -> Set[str]:
    """Replace star imports by the names that they bind, as the language reference defines them ("import")."""
    found = {name for name in names if not name.startswith(STAR) and HIDDEN not in name}
    for name in names:
        if not name.startswith(STAR):
            continue
        public = vars(sys.modules.get(name[len(STAR) :], object))
        found.update(public.get("__all__", (key for key in public if not key.startswith("_"))))
    return found
