"""Which objects libraries gave back from files in a run, and which they were given to save.

Observed at the libraries' own functions, which are wrapped while a cell runs in a branch. Their names are API, not
choices of the user's; what they are called by (an alias, a function, a method of the user's) does not matter.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import types
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from ..describe.originals import original_of, stands_for
from ..read.parts import leaves, parts
from ..read.perturb import perturb
from ..read.walk import Reader, is_atom

_RETURN_WHAT_WAS_SAVED = {
    "pickle": ("load", "loads"),
    "dill": ("load", "loads"),
    "cloudpickle": ("load", "loads"),
    "joblib": ("load",),
    "joblib.numpy_pickle": ("load",),
    "json": ("load", "loads"),
    "torch": ("load",),
    "numpy": ("load", "loadtxt", "genfromtxt", "fromfile"),
    "pandas": ("read_pickle", "read_csv", "read_json", "read_parquet", "read_feather", "read_hdf", "read_excel"),
    "polars": ("read_parquet", "read_csv", "read_json", "read_ndjson", "read_ipc", "read_avro", "read_excel"),
    "pyarrow.parquet": ("read_table",),
    "pyarrow.feather": ("read_table", "read_feather"),
    "keras.models": ("load_model",),
    "keras.saving": ("load_model",),
    "keras": ("saving.load_model",),
    "safetensors.torch": ("load_file", "load"),
    "safetensors.numpy": ("load_file", "load"),
    "skops.io": ("load", "loads"),
    "statsmodels.iolib.smpickle": ("load_pickle",),
    "spacy": ("load",),
    "spacy.util": ("load_model", "load_model_from_path"),
}
"""Functions that return the object that was saved."""

_RETURN_PARTS = {
    "numpy.lib._npyio_impl": ("NpzFile.__getitem__",),
    "numpy.lib.npyio": ("NpzFile.__getitem__",),
    "shelve": ("Shelf.__getitem__", "Shelf.get"),
}
"""Methods that return one of the objects in a file."""

_FILL_THEIR_OBJECT = {
    "torch.nn.modules.module": ("Module.load_state_dict",),
    "torch.optim.optimizer": ("Optimizer.load_state_dict",),
    "keras.src.models.model": ("Model.load_weights",),
    "keras.src.layers.layer": ("Layer.set_weights",),
    "xgboost.core": ("Booster.__init__", "Booster.load_model"),
    "xgboost.sklearn": ("XGBModel.load_model",),
    "catboost.core": ("CatBoost.load_model",),
    "lightgbm.basic": ("Booster.__init__",),
    "spacy.language": ("Language.from_disk", "Language.from_bytes"),
    "thinc.model": ("Model.from_disk", "Model.from_bytes"),
    "tensorflow.python.checkpoint.checkpoint": ("Checkpoint.read", "Checkpoint.restore"),
}
"""Methods that give their object the state that was saved."""

_TRAIN_IN_PLACE = {"catboost.core": ("CatBoost._fit",)}
"""Methods that give their object a new state in memory of the library's own: an equal one leaves no trace."""

_SAVE_AN_ARGUMENT = {
    "pickle": ("dump",),
    "dill": ("dump",),
    "cloudpickle": ("dump",),
    "joblib": ("dump",),
    "joblib.numpy_pickle": ("dump",),
    "torch": ("save",),
    "numpy": ("save",),
    "skops.io": ("dump",),
    "spacy.language": ("Language.to_disk",),
    "thinc.model": ("Model.to_disk",),
}
"""Functions whose first argument is saved; `numpy.save` names the file first."""

_FILE_FIRST = ("numpy",)
_SAVED = ("obj", "value", "arr")
"""What these functions call that argument."""


class _Given(NamedTuple):
    """An object that came out of a file."""

    value: Any
    """Kept alive, so that its address stays its own."""
    path: bytes
    digest: bytes


class Exchanges:
    """The objects that went in and out of files in one run."""

    def __init__(
        self, last_read: Callable[[], bytes], last_written: Callable[[], bytes], changes_given: bool = False
    ) -> None:
        """Nothing is wrapped yet.

        Args:
            last_read: the path of the file that was read last.
            last_written: the path of the file that was written last.
            changes_given: change the values of models as they come out of files.
        """
        self._changes_given = changes_given
        self._last_read, self._last_written = last_read, last_written
        self._given: Dict[int, _Given] = {}
        self.saved: Dict[bytes, bool] = {}
        """Files into which an object was saved, with whether it was a model."""
        self.data: Dict[bytes, bool] = {}
        """The same files, with whether nothing was saved there that is a model or part of one."""
        self._namespace: Dict[str, Any] = {}
        self._filled: Dict[int, Any] = {}
        """Objects that were given a state, by address; kept alive, so that it stays theirs."""
        self._inside = 0

    def happened(self) -> bool:
        """Whether anything went in or out of a file."""
        return bool(self._given or self.saved or self._filled)

    @contextlib.contextmanager
    def observed(self, namespace: Dict[str, Any]) -> Iterator[None]:
        """Wrap the functions meanwhile, under the user's own names for them as well."""
        self._namespace = namespace
        undo: List[Tuple[Any, str, Any]] = []
        wrappers: Dict[int, Any] = {}
        tables: List[Tuple[Mapping[str, Tuple[str, ...]], Callable[[Any], Any]]] = [
            (_RETURN_WHAT_WAS_SAVED, self._returning),
            (_RETURN_PARTS, self._returning),
            (_FILL_THEIR_OBJECT, self._filling),
            (_TRAIN_IN_PLACE, self._training),
        ]
        for table, make in tables:
            for holder, name, function, _ in _found(table):
                if id(function) not in wrappers:  # cloudpickle's `load` is that of pickle
                    wrappers[id(function)] = make(function)
                self._replace(undo, holder, name, function, wrappers[id(function)])
        for holder, name, function, module in _found(_SAVE_AN_ARGUMENT):
            if id(function) not in wrappers:
                wrappers[id(function)] = self._saving(function, 1 if module in _FILE_FIRST else 0)
            self._replace(undo, holder, name, function, wrappers[id(function)])
        aliases = {name: value for name, value in namespace.items() if id(value) in wrappers}
        namespace.update({name: wrappers[id(value)] for name, value in aliases.items()})
        try:
            yield
        finally:
            for holder, name, function in reversed(undo):
                setattr(holder, name, function)
            for name, value in list(namespace.items()):
                namespace[name] = original_of(value)

    def given_to(self, namespace: Dict[str, Any], names: Set[str]) -> Dict[str, bytes]:
        """Names whose value, or a part of it, came out of a file and is as it came; with the file's path."""
        found: Dict[str, bytes] = {}
        if not self._given:
            return found
        reader = Reader()
        for name in sorted(names & namespace.keys()):
            models: List[str] = []
            for part in parts(name, namespace[name], reader):
                if any(part.path.startswith(model) for model in models):
                    continue  # a model that holds something from a file need not come from there itself
                if part.node.kind == "model":
                    models.append(part.path)
                given = self._given.get(id(part.value))
                if given is not None and reader.read(part.path, part.value).digest == given.digest:
                    found.setdefault(name, given.path)
                    break
        return found

    def numbers_given_to(self, namespace: Dict[str, Any], names: Set[str]) -> Dict[str, Set[bytes]]:
        """Names in whose values there are numbers that came out of files, each with the files' paths."""
        reader, found = Reader(), {}
        if any(type(given.value) is float for given in self._given.values()):
            for name in sorted(names & namespace.keys()):
                floats = [part.value for part in parts(name, namespace[name], reader) if type(part.value) is float]
                found[name] = {self._given[id(each)].path for each in floats if id(each) in self._given}
        return found

    def changed_since(self, namespace: Dict[str, Any], names: Set[str]) -> Dict[str, bytes]:
        """Names of objects that came out of a file and have another value by now, and of what holds such a model.

        Returns:
            With the file's path.
        """
        found: Dict[str, bytes] = {}
        reader = Reader()
        for name in sorted(names & namespace.keys()) if self._given else ():
            for part in parts(name, namespace[name], reader):
                given = self._given.get(id(part.value))
                if given is None or not (part.path == name or part.node.kind == "model"):
                    continue
                if reader.read(part.path, part.value).digest != given.digest:
                    found[name] = given.path
                    break
        return found

    def filled_in(self, namespace: Dict[str, Any], names: Set[str]) -> Set[str]:
        """Names of objects that were given a state that was saved; also those in `names` that hold such an object."""
        found = {name for name, value in namespace.items() if id(value) in self._filled}
        if not self._filled:
            return found
        reader = Reader()
        for name in names & namespace.keys():
            if any(id(part.value) in self._filled for part in parts(name, namespace[name], reader)):
                found.add(name)
        return found

    def _is_of_a_model(self, value: Any) -> bool:
        """Whether numbers in a value are those of a model of the notebook's: its weights, or a copy of them."""
        reader = Reader()
        of_models = {
            reader.read(part.path, part.value).digest
            for name, model in list(self._namespace.items())
            if reader.node(model).kind == "model"
            for part in parts(name, model, reader)
            if part.node.numbers
        }
        return any(reader.read(part.path, part.value).digest in of_models for part in parts("", value, reader))

    def _replace(self, undo: List[Tuple[Any, str, Any]], holder: Any, name: str, function: Any, wrapper: Any) -> None:
        functools.update_wrapper(wrapper, function)
        stands_for(wrapper, function)
        undo.append((holder, name, function))
        setattr(holder, name, wrapper)
        if isinstance(holder, types.ModuleType) and not _is_importable(wrapper):
            # Sent to another process, it is the function of this name there.
            wrapper.__module__, wrapper.__qualname__ = holder.__name__, name

    def _note(self, value: Any, path: bytes) -> None:
        if path and type(value) is float:  # two numbers that are read are two objects
            self._given[id(value)] = _Given(value, path, b"")
        elif path and type(value) not in (int, bool, str, bytes, type(None)):
            with contextlib.suppress(Exception):  # libraries convert the values, and may fail; then it is no evidence
                reader = Reader()
                whole = reader.read("", value)
                for part in parts("", value, reader):
                    if not (part.node.atom or is_atom(part.value)):
                        digest = reader.read(part.path, part.value).digest
                        self._given[id(part.value)] = _Given(part.value, path, digest)
                if self._changes_given and whole.model:
                    perturb("", value, dict.fromkeys(leaves("", value)))

    def _returning(self, function: Any) -> Any:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            self._inside += 1
            try:
                value = function(*args, **kwargs)
            finally:
                self._inside -= 1
            path = _path_in((*args, *kwargs.values()))
            self._note(value, path if path and not os.path.isdir(path) else self._last_read())
            return value

        return wrapper

    def _filling(self, function: Any) -> Any:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            # A constructor is given a file or makes a new object.
            path = _path_in((*args[1:], *kwargs.values())) if function.__name__ == "__init__" else self._last_read()
            if args:
                self._filled.update((id(each), each) for each in _models_in(args[0]))
                self._note(args[0], path)
            return result

        return wrapper

    def _training(self, function: Any) -> Any:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if args:
                self._filled[id(args[0])] = args[0]
            return function(*args, **kwargs)

        return wrapper

    def _saving(self, function: Any, argument: int) -> Any:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            self._inside += 1
            try:
                result = function(*args, **kwargs)
            finally:
                self._inside -= 1
            given = [*args[argument : argument + 1], *(kwargs[name] for name in _SAVED if name in kwargs)]
            if not self._inside and given:
                path = _path_in(tuple(each for each in (*args, *kwargs.values()) if each is not given[0]))
                with contextlib.suppress(Exception):  # as in `_note`
                    is_data = not is_model(given[0])
                    is_plain = is_data and not self._is_of_a_model(given[0])
                    for file in _files_at(path) or [self._last_written()]:
                        self.saved[file] = self.saved.get(file, False) or not is_data
                        self.data[file] = self.data.get(file, True) and is_plain
            return result

        return wrapper


def is_model(value: Any, depth: int = 3) -> bool:
    """Whether an object is a model, a network's `state_dict()`, or holds one."""
    if hasattr(type(value), "_fields") or isinstance(value, (list, tuple)):
        return depth > 0 and any(is_model(item, depth - 1) for item in value)
    if isinstance(value, dict):
        # torch marks the dicts that `Module.state_dict` returns, and those of optimizers have these keys.
        if hasattr(value, "_metadata") or {"state", "param_groups"} <= value.keys():
            return True
        return depth > 0 and any(is_model(item, depth - 1) for item in value.values())
    return Reader().read("", value).model


def _models_in(value: Any) -> Iterator[Any]:
    """An object, and the models that are parts of it: a checkpoint is restored into those that it was made for."""
    yield value
    with contextlib.suppress(Exception):  # as in `_note`
        for part in parts("", value, Reader()):
            if part.node.kind == "model":
                yield part.value


def _path_in(args: Tuple[Any, ...]) -> bytes:
    """The path that a call was given, or that of an open file."""
    for each in args[:2]:
        with contextlib.suppress(Exception):  # `name` may be a property of the user's
            path = getattr(each, "name", each)
            if isinstance(path, (str, bytes, os.PathLike)):
                found = os.path.abspath(os.fsencode(path))
                if os.path.lexists(found):
                    return found
    return b""


def _files_at(path: bytes) -> List[bytes]:
    """The file itself, or all files below a folder: some libraries save an object to a folder of files."""
    if path and not os.path.isdir(path):
        return [path]
    return [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names] if path else []


def _is_importable(function: Any) -> bool:
    """Whether a function is what pickle finds under its name."""
    module = sys.modules.get(function.__module__)
    return getattr(module, function.__qualname__, None) is function


def _found(table: Mapping[str, Tuple[str, ...]]) -> Iterator[Tuple[Any, str, Any, str]]:
    """The functions of a table whose libraries are loaded: holder, name, function and module."""
    for module, names in table.items():
        loaded: Optional[Any] = sys.modules.get(module)
        for path in names if loaded is not None else ():
            *way, name = path.split(".")
            holder = loaded
            for each in way:
                holder = getattr(holder, each, None)
            function = vars(holder).get(name) if holder is not None else None
            if callable(function) and original_of(function) is function:
                yield holder, name, function, module
