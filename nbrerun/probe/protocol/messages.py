"""The states, parts and results of runs that the probe sends; nbrerun imports their types from here."""

from __future__ import annotations

from typing import Dict, List, Literal, Optional, Tuple, TypedDict

VariableKind = Literal["model", "data", "generator", "iterator", "stream", "definition"]
"""An iterator is used up as one goes through it; a stream, an open file that is read, is so unless it is put back; a
generator is one of random numbers."""

FileKind = Literal["file", "folder", "special", "gone"]
"""A special file is a pipe or a socket."""


class Variable(TypedDict):
    """One name of the namespace, as read at one moment."""

    digest: bytes
    """Equal for equal values; generators of random numbers inside are left out."""
    id: int
    """Address of the object; comparable among moments of one kernel."""
    type: str
    users: bool
    """The user wrote its class, in the notebook or in a module of their own."""
    kind: VariableKind
    atom: bool
    """A value without an identity of its own: numbers, strings, None ..."""
    opaque: List[str]
    """Why parts of it could not be read."""
    in_part: bool
    """All of those lie beyond a limit on what is read; everything before it was."""


class KnownBuffer(TypedDict):
    """Memory that was read: see `read/untouched.py`."""

    address: int
    size: int
    digest: bytes
    presence: bytes
    """Which of its pages were there."""


class KnownContainer(TypedDict):
    """A large value that was read: see `read/containers.py`."""

    bytes: bytes
    """A digest of what it holds, written out."""
    size: int
    """How many bytes that took."""
    plain: bool
    """It is a container of plain values."""
    variable: Variable
    """What was found."""


class Known(TypedDict):
    """What the reading of a state has found out that holds until something is written."""

    buffers: List[KnownBuffer]
    containers: Dict[str, KnownContainer]
    """By the name of the variable."""
    settings: Dict[str, str]
    """Of the process."""
    generators: Dict[str, bytes]
    """Digests of the global ones, by name."""


class Generator(TypedDict):
    """One generator of random numbers."""

    name: str
    """Of the generator, if it belongs to a library; else of the variable in which it was found."""
    library: bool
    """A library draws from it when it is given none; another kernel has it, too."""
    id: int
    digest: bytes
    state: bytes


class _AnyFile(TypedDict):
    kind: FileKind
    digest: bytes
    """Equal for equal contents, without timestamps and counters of the format."""
    size: int
    model: bool
    """It holds a trained model."""


class File(_AnyFile, total=False):
    """One file or folder that is not as it was before the first cell."""

    rows: int
    """Of a database, which takes space by pages, whether there are rows on them or not."""


class Opened(TypedDict):
    """What a cell did with one file."""

    read: bool
    written: bool
    kept: bool
    """It kept what was there: it opened the file to append to it or to change it."""
    written_first: bool
    """It wrote the file before it read it."""
    at: int
    """The number of statements that had begun or ended when the cell first read it; see `Marks`."""
    exists: bool
    """The file is there after the cell."""
    model: bool
    """The file holds a trained model."""


class Inputs(TypedDict):
    """What a cell looked at: environment variables and files (paths relative to the notebook's folder, or absolute)."""

    files: List[str]
    """Files that it read, or looked for."""
    folders: List[str]
    """Folders whose names it listed."""
    variables: List[str]
    """Environment variables that it looked up."""
    every_variable: bool
    """It went through all of the environment."""
    complete: bool
    """False where there were too many to record all."""


class Contact(TypedDict):
    """One thing outside of the sandbox that a cell reached."""

    kind: Literal["network", "file", "process"]
    what: str
    """`api.example.com:443`, a path, or a command."""
    how: str
    """`posts to`, `connects to`, `writes to`, `leaves running` ..."""
    reads: bool
    """It only asked for something, by GET or HEAD."""


class State(TypedDict):
    """Everything the kernel holds, at one moment."""

    variables: Dict[str, Variable]
    generators: List[Generator]
    settings: Dict[str, str]
    """Process settings by name."""
    after_imports: List[Generator]
    """Libraries' generators that imports of the last cell drew from, in the states where they left them."""
    drew_between_imports: bool
    """The last cell had drawn from one of these before."""
    imports_left: Dict[str, bytes]
    """Digests of the global generators that imports of the last cell brought or drew from, right after that."""
    by_hand: List[str]
    """Settings that the last cell changed, other than by importing."""
    by_imports: List[str]
    """Settings that imports of the last cell changed."""
    files: Dict[str, File]
    """Those that are not as before the first cell, by path: relative to the notebook's folder, or absolute."""
    beside: Dict[str, File]
    """The same for the home directory and folders for temporary files, if the sandbox covers them; by absolute path."""
    opened: Dict[str, Opened]
    """Files that the last cell opened, by path."""
    inputs: Inputs
    outside: List[Contact]
    """What the last cell reached outside of the sandbox."""
    threads: bool
    """Threads of the notebook's are running, and may change what they like."""


class Leaf(TypedDict):
    """One part of a variable, down to where it has no parts of its own."""

    digest: bytes
    id: int
    atom: bool
    """It has no identity of its own, or was created for this reading only."""
    text: str
    size: Optional[str]
    """The expression that a change of size is reported with, `len(x)` or `X.shape`, and ..."""
    length: Optional[str]
    """... its value."""
    numbers: Optional[bytes]
    """The values as native float64, where they are numbers and not too many."""
    memory: Optional[Tuple[int, int]]
    """Of an array, the addresses between which its numbers lie: a view lies within what it is a view of."""
    whole: bool
    """False for a part whose own parts are listed as well."""


class Error(TypedDict):
    """What a cell raised."""

    ename: str
    evalue: str
    traceback: List[str]


class Traced(TypedDict):
    """What the marks in a run's statements have told."""

    written: List[str]
    """Names on whose objects the run called a method, or into which it stored."""
    stores: List[str]
    """Names into whose objects the run stored an item or an attribute."""
    stores_inside: List[str]
    """Names whose objects, or parts of these, had something stored in them under another name."""
    imports: List[str]
    """Names that the run bound by import statements."""
    touched_by: Dict[str, List[str]]
    """The places of the statements that bound or wrote to each name."""
    after_read: Dict[str, List[str]]
    """Names that were bound or written to after each file was first read."""
    read_by: Dict[str, List[str]]
    """Names that the statement binds in which each file was first read."""
    blamed: Dict[str, Dict[str, str]]
    """For watched variables, by path: the last call, as the source writes it, that gave the part another value:
    `opt.step`, `train()`; nothing if it was no call. At the empty path, for the whole variable, and for parts that are
    left out."""
    acts: bool
    """Whether the run called anything that may have side effects."""
    needs: Dict[str, str]
    """Names that the run could not have gone on without, in the order of the first use, each with the function or
    class of the notebook that looked it up; nothing for the cell itself."""
    certain_needs: List[str]
    """Those among them that hold even where other files are there."""


class Exchanged(TypedDict):
    """What a run has taken out of files and put into them by means of libraries."""

    given: Dict[str, str]
    """Names whose value, or a part of it, a library gave back from a file and is as it came; with the file."""
    given_and_changed: Dict[str, str]
    """Names of objects that a library gave back from a file, and that the run changed afterwards; with the file."""
    filled: List[str]
    """Names of objects, or of objects in them, that a library's function gave a state that was saved."""
    saved: Dict[str, bool]
    """Files into which a library saved an object, with whether that was a model."""
    saved_data: List[str]
    """Those of `saved` into which neither a model was saved nor what a model consists of."""


class Rerun(Traced, Exchanged):
    """The result of running cells in a branch."""

    error: Optional[Error]
    seconds: float
    bound: List[str]
    """Names that the run bound or may have bound."""
    bound_first: List[str]
    """Those among them that it did so before it could look at what they held."""
    passed: List[str]
    """Names whose objects the run passed to a call, which may have written to them."""
    incidental: List[str]
    """Names that the cells bind as loop variables or handles only."""
    replaced: List[str]
    """Names that hold another object than before the run."""
    parted: List[str]
    """Names that had an object in common with a watched variable, which has kept it while they hold a different one."""
    gone: List[int]
    """Addresses of parts of watched variables that the run threw away."""
    parameters_in: Dict[str, List[str]]
    """For each file that was read: models whose numbers lie in it, and were not computed after it was read."""
    saved_values: Dict[str, Dict[str, List[str]]]
    """For files that the run wrote: variables that are data and whose numbers lie there, each with the models that have
    some of these numbers, too."""
    reads: List[str]
    """Names whose values the cells depend on, functions they call followed."""
    mentions: List[str]
    """Names that the cells may read or bind."""
    own_modules: bool
    """Modules of the user's own are loaded, which may have a state that no name leads to."""
    only_defines: bool
    """The cells import, and bind constants, functions and classes, and run nothing that other cells have made."""
    shows_needs: bool
    """`reads` has all the names that they can miss: they pickle nothing, and run no magics."""
    disk_full: bool
    """The run had no room left for its files."""
    shows: bytes
    """A digest of what was printed and displayed; empty if nothing was, or if the process is not a fork."""
    stopped: List[Contact]
    """What the run was about to do outside of the sandbox, and was kept from."""
    shared: List[str]
    """What the kernel shares with other processes after the run; not asked in a fork, which is discarded."""
    after: State


class Alone(TypedDict):
    """The result of running a cell without most names."""

    error: Optional[Error]
    missing: Optional[str]
    """The name that the run missed."""
    through: Optional[str]
    """The function of another cell that missed it."""
