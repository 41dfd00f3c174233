"""What nbrerun may ask a process of the kernel: the name of each operation, its request and its answer.

An `Operation` ties the three together. nbrerun's client asks by it (`engine/client.py`), and the service has one
table that says which method answers it; mypy checks both sides against the types here. A request travels with the
operation's name under `op`. An answer is the TypedDict itself, or `Failure`.

What concerns only files, changes or packages is in `file_requests`, `change_requests` and `package_requests`.
"""

from __future__ import annotations

from typing import Any, Dict, Generic, List, Mapping, Optional, Type, TypedDict, TypeVar

from .messages import Alone, Generator, Known, Leaf, Rerun, State

DOORBELL = "nbrerun_request"
"""Type of the message on the kernel's shell channel that says: there is a request on the socket."""

OPERATION = "op"
"""The key of a request under which the operation's name travels."""


class Hello(TypedDict):
    """The first message of every process of the kernel that connects."""

    token: str
    """What nbrerun called it when it asked for it; empty for the kernel itself."""
    pid: int
    failed: str
    """Why it cannot be used; empty if it can."""


class SandboxFound(TypedDict, total=False):
    """The sandbox that a kernel was started in; `made` and its neighbours are there if one works."""

    kind: str
    """`overlay`, `copy`, or empty where none works."""
    reason: str
    home: str
    made: List[Any]
    """The arguments that it was made with."""
    covered: List[str]
    """The folders of which it keeps the files."""
    beside: List[str]
    """The folders of which it keeps them without judging them."""
    reaches_out: bool
    """Cells that are run again may do everything to the network."""


class KeeperHello(TypedDict):
    """The message of the process that has started the kernel and stays its parent."""

    token: str
    pid: int
    sandbox: SandboxFound


class Failure(TypedDict):
    """The answer where an operation raised."""

    failed: str
    """`NameError: name 'x' is not defined`"""
    traceback: List[str]


class Empty(TypedDict):
    """A request without arguments, or an answer that only says that it is done."""


class Fork(TypedDict):
    """Fork the kernel; the child says hello with this token."""

    token: str


class Hold(TypedDict):
    """Keep the files as they are, and fork the kernel for a branch that reads the state."""

    token: str
    known: Known
    """What was found at the last moment."""


class Held(TypedDict):
    """The branch is there, unless there are hazards."""

    hazards: List[str]
    """What would not survive the fork, most important first; then nothing was forked."""
    pid: int
    """Of the child; 0 if there is none."""
    files: str
    """The name under which the files of this moment are kept."""
    entropy: List[bytes]
    """The random bytes that the system gave the last cell."""
    seeds: List[Generator]
    """The state in which each global generator of a library began."""


class Branch(TypedDict):
    """Fork the kernel, a moment or a branch."""

    token: str
    files: str
    """The name of the kept files that the child sees."""


class Forked(TypedDict):
    """The process is there, unless there are hazards."""

    hazards: List[str]
    pid: int
    """Of the child; 0 if there is none."""


class Read(TypedDict):
    """Read everything that the kernel holds."""

    pins: List[Generator]
    """States that global generators of libraries are set to first."""


class Looked(TypedDict):
    """The state, and what another kernel needs to come to the same one."""

    state: State
    entropy: List[bytes]
    """The random bytes that the system gave the last cell and what ran after it."""
    seeds: List[Generator]
    """The state in which each global generator of a library began."""
    shared: List[str]
    """What the kernel shares with other processes, a clause for each."""


class Run(TypedDict):
    """Run cells one after the other, until one raises; answered with a `Rerun`."""

    sources: List[str]
    pins: List[Generator]
    """States that generators are set to first; the other global ones go back to how they began."""
    watched: List[str]
    """Variables of which the answer lists the parts that were thrown away."""
    seeds: List[Generator]
    """The state in which global generators begin that the run's imports bring into being."""
    anew: bool
    """Reseed the global generators from the system first, as a new kernel would."""
    note_parts: bool
    """Take apart what the cells can reach before they run, for `NOTED`."""
    goes_on: bool
    """After a statement that raises, go on with the next one."""
    changes_given: bool
    """Change the values of models as libraries give them back from files."""
    repeats: bool
    """The last thing that ran here is the same cell: what it is proven to do once more need not be run."""


class Foresee(TypedDict):
    """Between two cells of the main run: tell what proof there is that nothing need be run to know what they do."""

    ran: str
    """The source of the cell that has just run, if the answer before agreed on it; else nothing."""
    next: str
    """That of the cell that is about to run, if it looks as if it only binds names; else nothing."""


class Foreseen(TypedDict):
    """The answer to `Foresee`."""

    agreed: bool
    """It is proven that the next cell only binds names that nothing had bound, and that nothing runs beside it."""
    state: Optional[State]
    """What the last one left, of variables only those that it bound; None if that has to be seen."""
    run: Optional[Rerun]
    """What running it once more would come to."""


class Arrived(TypedDict):
    """The state where a branch begins."""

    state: State
    known: Known
    """What the kernel may be told when it is held again."""
    is_complete: bool
    """Every object was met, so that the process can tell which addresses were in use."""


class PastCell(TypedDict):
    """One cell of the main run, for another kernel."""

    source: str
    may_raise: bool
    pins: List[Generator]
    """Where the libraries' own generators stood before it."""
    entropy: List[bytes]
    """The random bytes that the system gave it."""


class Follow(TypedDict):
    """Run cells as the main run does, with history and counts."""

    cells: List[PastCell]
    seeds: List[Generator]
    """The state in which global generators begin that imports bring into being."""


class Followed(TypedDict):
    """How far that went."""

    raised: bool
    """A cell raised that may not; those after it were not run."""
    seconds: float


class RunAlone(TypedDict):
    """Run a cell without the names that other cells have bound; answered with an `Alone`."""

    source: str
    given: List[str]
    """The names that it is given all the same."""


class TakeApart(TypedDict):
    """Take variables apart."""

    names: List[str]
    values: bool
    """The parts' values are wanted, and not only which objects they are."""


class Apart(TypedDict):
    """The parts of variables; names that the namespace does not have are left out."""

    parts: Dict[str, Dict[str, Leaf]]
    """By name and path."""


class AskPictures(TypedDict):
    """Draw the figures that variables hold."""

    names: List[str]


class Pictures(TypedDict):
    """Small pictures of figures."""

    png: Dict[str, bytes]
    """By the name of one variable that holds the figure."""


class BeginCell(TypedDict):
    """A cell of the main run is about to run."""

    source: str
    """Of the cell: the variables that it can reach are taken apart, for `PARTS_BEFORE_CELL`."""


class AskTouchable(TypedDict):
    """Find out what cells may read or bind."""

    sources: List[str]


class Touchable(TypedDict):
    """Names that cells may read or bind."""

    names: List[str]


class PutBack(TypedDict):
    """Set generators back to where they stood."""

    pins: List[Generator]


class BegunCell(TypedDict):
    """What the last cell of the main run leaves to be known before the next one begins."""

    entropy: List[bytes]
    """The random bytes that the system gave it."""
    seeds: List[Generator]
    """The state in which each global generator of a library began."""


class AskExisted(TypedDict):
    """Find out which addresses belonged to objects that the state of an earlier moment held."""

    ids: List[int]
    read: bool
    """The moment is now: read the state first. Otherwise it is the one before the last `BEGIN_CELL`."""
    names: List[str]
    """Variables to read first: nothing else need be read if all of them belonged to these."""


class Existed(TypedDict):
    """The addresses that did."""

    ids: List[int]


class HandBack(TypedDict):
    """Hand over the values of names, for a process that has gone on."""

    names: List[str]
    unchanged: List[str]
    """Names that have the same values there."""


class HandedBack(TypedDict):
    """The values, for `hand_back.unpack`."""

    data: bytes
    lost: Dict[str, str]
    """Why some of them cannot be handed over, by name."""


Request = TypeVar("Request", bound=Mapping[str, object])
Answer = TypeVar("Answer", bound=Mapping[str, object])


class Operation(Generic[Request, Answer]):
    """One thing that a process of the kernel can be asked to do."""

    def __init__(self, name: str, request: Type[Request], answer: Type[Answer]) -> None:
        self.name = name
        self.request = request
        self.answer = answer


HOLD = Operation("hold", Hold, Held)
KEEP = Operation("keep", Fork, Forked)
BRANCH = Operation("branch", Branch, Forked)
ARRIVE = Operation("arrive", Empty, Arrived)
READ = Operation("read", Read, Looked)
FORESEE = Operation("foresee", Foresee, Foreseen)
RUN = Operation("run", Run, Rerun)
FOLLOW = Operation("follow", Follow, Followed)
RUN_ALONE = Operation("run alone", RunAlone, Alone)
GIVE_ALL_NAMES_BACK = Operation("give all names back", Empty, Empty)
TAKE_APART = Operation("take apart", TakeApart, Apart)
PICTURES = Operation("pictures", AskPictures, Pictures)
NOTED = Operation("noted", TakeApart, Apart)
PARTS_BEFORE_CELL = Operation("parts before cell", TakeApart, Apart)
TOUCHABLE = Operation("touchable", AskTouchable, Touchable)
PUT_BACK = Operation("put back", PutBack, Empty)
BEGIN_CELL = Operation("begin cell", BeginCell, BegunCell)
EXISTED = Operation("existed", AskExisted, Existed)
HAND_BACK = Operation("hand back", HandBack, HandedBack)
