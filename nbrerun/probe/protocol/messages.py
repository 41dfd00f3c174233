"""The shapes of what the probe sends; the side of nbrerun imports them from here."""

from __future__ import annotations

from typing import Dict, List, Optional, TypedDict

GLOBAL = "global "
"""What names of generators begin with that belong to a library, not to the notebook."""


ITERATOR = "iterator"
"""Kind of a variable that is used up as one goes through it."""


MORE_THAN = "more than "
"""Is in the reasons of what was read up to a limit only."""


class Variable(TypedDict):
    """One name of the namespace, as read at one moment."""

    digest: bytes
    """Equal for equal values; generators of random numbers inside are left out."""
    id: int
    """Address of the object; comparable among moments of one kernel."""
    type: str
    kind: str
    atom: bool
    """A value without an identity of its own: numbers, strings, None ..."""
    opaque: List[str]
    """Parts that could not be read, with reasons."""


class Generator(TypedDict):
    """One generator of random numbers, global or somewhere in the namespace."""

    name: str
    id: int
    digest: bytes
    state: bytes


FILE = "file:"
"""What names of files begin with; a path relative to the notebook's folder follows, or an absolute one."""


class File(TypedDict):
    """One file or folder that is not as it was before the first cell."""

    kind: str
    """`file`, `folder`, `special` (a pipe, a socket) or `gone`."""
    digest: bytes
    """Equal for equal contents, clocks and counters of the format left out."""
    size: int
    model: bool
    """It holds a trained model."""


class Opened(TypedDict):
    """What a cell did with one file."""

    read: bool
    written: bool
    kept: bool
    """What was there went into what it wrote: it opened the file to append or to change it."""
    written_first: bool
    """It wrote the file before it read it."""
    at: int
    """How many statements had begun or ended when it was first read; see `Marks`."""
    exists: bool
    """The file is there after the cell."""
    model: bool
    """The file holds a trained model."""


class Inputs(TypedDict):
    """What a cell looked at, wherever it is; names as those of files, without the `file:`."""

    files: List[str]
    """Files that it read, or looked for."""
    folders: List[str]
    """Folders whose names it listed."""
    complete: bool
    """False where there were too many."""


class State(TypedDict):
    """Everything the kernel holds, at one moment."""

    variables: Dict[str, Variable]
    generators: List[Generator]
    settings: Dict[str, str]
    """Process settings by name, without the `env:`."""
    import_drew: bool
    """An import of the last cell drew from a global generator that was there before."""
    by_hand: List[str]
    """Settings that the last cell changed, other than by importing."""
    files: Dict[str, File]
    """By name, without the `file:`: those that are not as before the first cell."""
    opened: Dict[str, Opened]
    """Files that the last cell opened, by the same names."""
    inputs: Inputs


class Leaf(TypedDict):
    """One part of a variable, down to where it has no parts of its own."""

    digest: bytes
    id: int
    atom: bool
    """It has no identity of its own, or only this reading made it."""
    text: str
    size: Optional[str]
    """What to call a change of size, `len(x)` or `X.shape`, and ..."""
    length: Optional[str]
    """... the size."""
    numbers: Optional[bytes]
    """The values as native float64, where they are numbers and not too many."""
    whole: bool
    """False for a part whose own parts are listed as well."""


class Error(TypedDict):
    """What a cell raised."""

    ename: str
    evalue: str
    traceback: List[str]


class Rerun(TypedDict):
    """What running cells in a branch came to."""

    error: Optional[Error]
    seconds: float
    bound: List[str]
    """Names that the run bound or may have bound."""
    written: List[str]
    """Names on whose objects the run called a method that may change them, or into which it stored."""
    passed: List[str]
    """Names whose objects the run passed to a call, which may have written to them."""
    asked: List[str]
    """Names of objects of the person's own classes, of which the run called a method that has the name of one that
    only tells something."""
    incidental: List[str]
    """Names that the cells bind as loop variables or handles only."""
    stores: List[str]
    """Names into whose objects the run stored an item or an attribute."""
    imports: List[str]
    """Names that the run bound by import statements."""
    replaced: List[str]
    """Names that hold another object than before the run."""
    gone: List[int]
    """Addresses of parts of watched variables that the run threw away."""
    touched_by: Dict[str, List[int]]
    """For each name that statements bound or wrote to: which of them."""
    after_read: Dict[str, List[str]]
    """For each file that was read: names that were bound or written to after that."""
    trained: List[str]
    """Names that were bound or written to by statements that train."""
    loaded: List[str]
    """Names that were given something that was learnt before, by statements that say so."""
    methods: List[str]
    """Methods that the run called on what names hold, as they are written: `clf.partial_fit`; `net()` for the object
    itself."""
    acts: bool
    """Whether the run called anything that may have changed something somewhere."""
    seeds: bool
    """Whether the cells set a generator of random numbers."""
    trains: bool
    """Whether the cells, or functions that they call, train anything."""
    reads: List[str]
    """Names whose values the cells depend on, functions they call followed."""
    mentions: List[str]
    """Names that the cells may read or bind."""
    disk_full: bool
    """The run had no room left for its files."""
    after: State


class Alone(TypedDict):
    """What running a cell without most names came to."""

    error: Optional[Error]
    missing: Optional[str]
    """The name that was missed."""
    through: Optional[str]
    """The function of another cell that missed it."""
