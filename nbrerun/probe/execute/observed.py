"""One run of cells in a branch, with everything that it was seen to do."""

from __future__ import annotations

from typing import Any, Callable, List, Optional

from ..describe.ownership import own_modules
from ..files.session import NotebookFiles
from ..protocol.messages import Rerun, State
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
    parts = Parts(namespace[name] for name in watched if name in namespace)
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
        ran = proven or await run_cells(shell, cells, marks)
    shows = shown.digest()
    shown.begin()
    namespace = user_names(shell)
    mentions = cells.touchable(namespace)
    touched = mentions | ran.bound
    given, continued = (look(namespace, touched) for look in (exchanges.given_to, exchanges.changed_since))
    filled, saved, data = exchanges.filled_in(namespace, touched), exchanges.saved, exchanges.data
    numbers = exchanges.numbers_given_to(namespace, touched)
    exchanged = exchanges.happened()
    del exchanges  # it keeps alive what came out of files
    gone = parts.gone()
    del parts
    history.restore()
    after = read() if repeats is None or proven is None else left_by(repeats, files)
    models = {name for name, variable in after["variables"].items() if variable["kind"] == "model"}
    return {
        "error": ran.error,
        "seconds": ran.seconds,
        "bound": sorted(ran.bound),
        "bound_first": sorted(ran.bound_first),
        "written": sorted(marks.written()),
        "stores": sorted(marks.names("stores")),
        "imports": sorted(marks.imported()),
        "blamed": marks.blamed(),
        "touched_by": marks.touched_by(raised=ran.error is not None),
        "after_read": {
            name: sorted(marks.touched_since(opened["at"], models))
            for name, opened in after["opened"].items()
            if opened["read"]
        },
        "read_by": {
            name: sorted(marks.bound_at(opened["at"])) for name, opened in after["opened"].items() if opened["read"]
        },
        "parameters_in": parameters_in(namespace, models & touched, files, after, marks, numbers),
        "given": {name: files.shown(path) for name, path in given.items()},
        "given_and_changed": {name: files.shown(path) for name, path in continued.items()},
        "filled": sorted(filled),
        "saved": {files.shown(path): model for path, model in saved.items()},
        "saved_values": saved_values(namespace, touched, files, after),
        "saved_data": sorted(files.shown(path) for path, is_data in data.items() if is_data),
        "acts": marks.acted(),
        "passed": sorted(ran.passed),
        "replaced": sorted(ran.replaced),
        "gone": gone,
        "incidental": sorted(cells.incidental()),
        "reads": sorted(ran.reads),
        "mentions": sorted(mentions),
        "needs": {} if ran.error else marks.needs(),
        "certain_needs": [] if ran.error else list(marks.needs(other_ways=True)),
        "own_modules": bool(own_modules()),
        "only_defines": cells.only_define(),
        "shows_needs": ran.error is None and cells.show_needs(namespace, ran.reads, exchanged),
        "disk_full": files.sandbox.is_full(),
        "shows": shows,
        "stopped": [],
        "shared": [],
        "after": after,
    }
