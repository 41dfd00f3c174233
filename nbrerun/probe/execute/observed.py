"""One run of cells in a branch, with everything that it was seen to do."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Set

from ..describe.ownership import own_modules
from ..files.session import NotebookFiles
from ..protocol.messages import Exchanged, Rerun, State, Traced
from ..read.looks import Looks
from ..read.namespace import user_names
from .blame import Blame
from .cells import Cells
from .exchanges import Exchanges
from .outputs import shown
from .parameters import parameters_in
from .proven import left_by, supposed
from .rerun import HistoryKept, Parts, run_cells
from .saved_values import saved_values
from .tracer import Tracer


async def run_observed(
    shell: Any,
    files: NotebookFiles,
    sources: List[str],
    watched: List[str],
    read: Callable[[], State],
    looks: Looks,
    goes_on: bool = False,
    changes_given: bool = False,
    repeats: Optional[State] = None,
    only_if_proven: bool = False,
) -> Rerun:
    """Run cells one after the other until one raises, and read the state after them.

    Args:
        shell: IPython's.
        files: listens to what the cells open.
        sources: of the cells.
        watched: names of variables of which the parts are found that the run throws away, and the statement that
            changes them.
        read: reads the state.
        looks: reads variables while the cells run.
        goes_on: after a statement that raises, go on with the next one.
        changes_given: change the values of models as they come out of files.
        repeats: the state, if the last thing that was run here are these very cells: what it is proven that they do
            once more need not be seen.
        only_if_proven: run nothing, and raise ValueError where that is not so.
    """
    history = HistoryKept(shell)
    cells = Cells(shell, sources)
    namespace = user_names(shell)
    there = [namespace[name] for name in watched if name in namespace]
    parts = Parts(there, bool(there) and cells.may_resize(namespace))
    del there
    del namespace  # it would keep alive what the cells delete
    marks = Tracer(goes_on, Blame(lambda: looks.digests(watched), looks.digests_of_parts) if watched else None)
    exchanges = Exchanges(files.last_read, files.last_written, changes_given)
    files.begin(marks.count)
    shown.begin()
    with files.heard(), exchanges.observed(shell.user_ns):
        plain = Tracer()
        proven = supposed(shell, cells, plain) if repeats is not None else None
        if proven is None and only_if_proven:
            raise ValueError("it is not proven what the cells do")
        marks = marks if proven is None else plain
        ran = proven or await run_cells(shell, cells, marks, watched)
    shows = shown.digest()
    shown.begin()
    namespace = user_names(shell)
    mentions = cells.touchable(namespace)
    touched = mentions | ran.bound
    exchanged, any_exchanged = _exchanged(exchanges, namespace, touched, files), exchanges.happened()
    numbers = exchanges.numbers_given_to(namespace, touched)
    del exchanges  # it keeps alive what came out of files
    gone = parts.gone()
    del parts
    history.restore()
    after = read() if repeats is None or proven is None else left_by(repeats, files)
    models = {name for name, variable in after["variables"].items() if variable["kind"] == "model"}
    return {
        **_traced(marks, marks.stored_inside(namespace, watched), after, models, raised=ran.error is not None),
        **exchanged,
        "error": ran.error,
        "seconds": ran.seconds,
        "bound": sorted(ran.bound),
        "bound_first": sorted(ran.bound_first),
        "parameters_in": parameters_in(namespace, models & touched, files, after, marks, numbers),
        "saved_values": saved_values(namespace, touched, files, after),
        "passed": sorted(ran.passed),
        "replaced": sorted(ran.replaced),
        "parted": sorted(ran.parted),
        "gone": gone,
        "incidental": sorted(cells.incidental()),
        "reads": sorted(ran.reads),
        "mentions": sorted(mentions),
        "own_modules": bool(own_modules()),
        "only_defines": cells.only_define(),
        "shows_needs": ran.error is None and cells.show_needs(namespace, ran.reads, any_exchanged),
        "disk_full": files.sandbox.is_full(),
        "shows": shows,
        "stopped": [],
        "shared": [],
        "after": after,
    }


def _exchanged(exchanges: Exchanges, namespace: Dict[str, Any], touched: Set[str], files: NotebookFiles) -> Exchanged:
    given, changed = exchanges.given_to(namespace, touched), exchanges.changed_since(namespace, touched)
    return {
        "given": {name: files.shown(path) for name, path in given.items()},
        "given_and_changed": {name: files.shown(path) for name, path in changed.items()},
        "filled": sorted(exchanges.filled_in(namespace, touched)),
        "saved": {files.shown(path): is_model for path, is_model in exchanges.saved.items()},
        "saved_data": sorted(files.shown(path) for path, is_data in exchanges.data.items() if is_data),
    }


def _traced(marks: Tracer, inside: Set[str], after: State, models: Set[str], raised: bool) -> Traced:
    read = {name: opened["at"] for name, opened in after["opened"].items() if opened["read"]}
    users = {name for name, variable in after["variables"].items() if variable["users"]} - models
    return {
        "written": sorted(marks.written()),
        "stores": sorted(marks.names("stores")),
        "stores_inside": sorted(inside),
        "imports": sorted(marks.imported()),
        "blamed": marks.blamed(),
        "touched_by": marks.touched_by(raised),
        "after_read": {name: sorted(marks.touched_since(position, models, users)) for name, position in read.items()},
        "read_by": {name: sorted(marks.bound_at(position)) for name, position in read.items()},
        "acts": marks.acted(),
        "needs": {} if raised else marks.needs(),
        "certain_needs": [] if raised else list(marks.needs(other_ways=True)),
    }
