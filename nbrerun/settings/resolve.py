"""What is in force for a notebook: the command line, its metadata, a file above it; and where each value came from.

Every option of `check` is a key, and its values are looked at by the option itself: what the command line refuses,
a file cannot say either.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbrerun.errors import UsageError, suggestion
from nbrerun.model import Declared
from nbrerun.settings.values import EXPERIMENTS, WHOLE, Gate

if TYPE_CHECKING:
    from nbrerun.notebooks.read import Notebook

Options = Mapping[str, click.Option]

OF_A_NOTEBOOK = frozenset(
    [
        "cells",
        "experiment",
        "restart",
        "engine",
        "kernel",
        "timeout",
        "sandbox",
        "sandbox-dir",
        "sandbox-limit",
        "write-files",
        "only",
        "watch",
        "select",
        "ignore",
        "fail-on",
    ]
)
"""Keys that may differ from notebook to notebook; the others are of the whole run."""

_ABOUT_RUNNING = OF_A_NOTEBOOK - {"cells", "select", "ignore", "fail-on"}

EXCLUDE, IGNORES = "exclude", "per-notebook-ignores"
"""Keys of files only."""

COMMAND_LINE, ENVIRONMENT, DEFAULT = "command line", "environment", "default"

CALL = "nbrerun.check()"
"""A call from Python, which takes the place of the command line."""

_NEEDS = "needs"
"""Belongs to the notebook, and is read with it."""

_ONE_QUESTION = ({"experiment", "restart"}, {"quiet", "verbose"})
"""Keys that answer the same question: whoever gives one of them answers for the others as well."""


@dataclass(frozen=True)
class Value:
    """One value, and where it came from."""

    value: Any
    source: str


@dataclass(frozen=True)
class Layer:
    """The values that one source gives, by key."""

    source: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class File:
    """One configuration file."""

    path: Path
    values: Mapping[str, Any]
    exclude: tuple[str, ...] = ()
    ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Rules to ignore, by glob."""

    def excludes(self, path: Path) -> bool:
        """Whether a folder's notebook is left out."""
        return any(_matches(glob, self._relative(path)) for glob in self.exclude)

    def ignored(self, path: Path) -> tuple[str, ...]:
        """The rules that it ignores in a notebook."""
        name = self._relative(path)
        return tuple(rule for glob, rules in self.ignores.items() if _matches(glob, name) for rule in rules)

    def _relative(self, path: Path) -> str:
        return Path(os.path.relpath(path.absolute(), self.path.parent)).as_posix()


@dataclass(frozen=True)
class InForce:
    """All values for one notebook, or for a run."""

    values: Mapping[str, Value]
    names: Mapping[str, str]
    """From keys to names of parameters."""
    file: File | None = None
    ignored: tuple[str, ...] = ()

    def parameters(self) -> dict[str, Any]:
        """As the command gets them."""
        return {self.names[key]: value.value for key, value in self.values.items()}

    def gate(self) -> Gate:
        """Which findings count."""
        select, ignore, fail_on = (self.values[key].value for key in ("select", "ignore", "fail-on"))
        return Gate(select, ignore, self.ignored, fail_on)

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Key, value and source, for people."""
        for key, value in self.values.items():
            if key == "experiment":
                value = _experiments(self.values)
            yield key, _text(value.value), value.source
        if self.file is not None and self.file.exclude:
            yield EXCLUDE, _text(self.file.exclude), str(self.file.path)
        for glob, rules in self.file.ignores.items() if self.file is not None else ():
            yield f"{IGNORES}.{_text(glob)}", _text(rules), str(self.file.path) if self.file else ""


class Asked:
    """What somebody asked for on the command line, to be completed with what files and notebooks say."""

    def __init__(self, context: click.Context, call: Mapping[str, Any] | None = None) -> None:
        """Take what the command line of `context` says, or what a call from Python says.

        Raises:
            UsageError: the call gives a setting that does not exist, or a value that it cannot have.
        """
        self._context = context
        self._options = options_of(context.command)
        names = {key: str(option.name) for key, option in self._options.items()}
        given = {key: context.params[name] for key, name in names.items() if _is_given(context, name)}
        self._names = names
        self._given = Layer(COMMAND_LINE, given)
        if call is not None:
            reader = _Reader(CALL, Path.cwd(), self._options, context)
            self._given = Layer(CALL, reader.values(call, list(self._options)))
        told = {key: context.params[name] for key, name in names.items() if _is_in_environment(context, name)}
        self._environment = Layer(ENVIRONMENT, told)
        self._default = Layer(DEFAULT, {key: context.params[name] for key, name in names.items()})
        self._files: dict[Path, File | None] = {}

    def of_run(self, paths: Iterable[str | Path]) -> InForce:
        """What is in force for the run as a whole: the file above all of its paths says it.

        Raises:
            UsageError: the file cannot be meant, or not together with the command line.
        """
        folders = [_folder(Path(path)) for path in paths]
        file = self.file_above(Path(os.path.commonpath(folders))) if folders else None
        found = self._merged([self._given, self._environment, *_layers(file)], file)
        if found.values["static"].value:
            for key, value in self._given.values.items():
                if value and key in _ABOUT_RUNNING:
                    name = f"--{key}" if self._given.source == COMMAND_LINE else self._names[key]
                    raise UsageError(f"a static check runs nothing, so {name} has no meaning: leave one of them out")
        return found

    def of_notebook(self, notebook: Notebook) -> InForce:
        """What is in force for a notebook.

        Raises:
            UsageError: its metadata, or the file above it, cannot be meant.
        """
        file = self.file_above(notebook.folder)
        own = Layer(f"metadata of {notebook.path}", self._of_metadata(notebook))
        ignored = file.ignored(notebook.path) if file else ()
        return self._merged([self._given, self._environment, own, *_layers(file)], file, ignored)

    def excludes(self, path: Path) -> bool:
        """Whether the file above a notebook excludes it."""
        file = self.file_above(_folder(path))
        return file is not None and file.excludes(path)

    def lines(self, path: str) -> Iterator[str]:
        """What is in force for a notebook or a folder, one line for each key.

        Raises:
            UsageError: there is no such path, or something there cannot be meant.
            NotebookError: it is no notebook.
        """
        where = Path(path)
        if not os.path.exists(where):
            raise UsageError(f"there is no file {path}")
        notebook = None if os.path.isdir(where) else _read(where)
        said = self.of_notebook(notebook) if notebook else self.of_run([where])
        rows = list(said.rows())
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        for key, value, source in rows:
            yield f"{key:{widths[0]}}  {value:{widths[1]}}  {source}"
        for cell in (*notebook.cells, *notebook.skipped) if notebook else ():
            if cell.declared != Declared():
                yield f"cell {cell.index} declares {_declaration(cell.declared)}"

    def file_above(self, folder: Path) -> File | None:
        """The nearest file in a folder or above it."""
        if folder not in self._files:
            above = None if folder.parent == folder else folder.parent
            found = _file_in(folder, self._options, self._context)
            self._files[folder] = found or (self.file_above(above) if above else None)
        return self._files[folder]

    def _of_metadata(self, notebook: Notebook) -> dict[str, Any]:
        said = {key: value for key, value in notebook.node["metadata"].get("nbrerun", {}).items() if key != _NEEDS}
        place = f"{notebook.path}: metadata.nbrerun"
        for key in said:
            if key in self._options and key not in OF_A_NOTEBOOK:
                raise UsageError(f"{place}: `{key}` is said for a whole run, on the command line or in a file")
        known = [key for key in self._options if key in OF_A_NOTEBOOK]
        return _Reader(place, notebook.folder, self._options, self._context).values(said, [*known, _NEEDS])

    def _merged(self, layers: Sequence[Layer], file: File | None, ignored: tuple[str, ...] = ()) -> InForce:
        values = {key: _strongest(key, [*layers, self._default]) for key in self._options}
        return InForce(values, self._names, file, ignored)


def _read(path: Path) -> Notebook:
    from nbrerun.notebooks.read import read_notebook

    return read_notebook(path)


def _declaration(declared: Declared) -> str:
    words = [str(declared.expect)] if declared.expect else []
    words += ["skip"] if declared.skip else []
    return ", ".join([*words, *(f"ignore {code}" for code in declared.ignore)])


def options_of(command: click.Command) -> dict[str, click.Option]:
    """The options that can be configured, by their long names without the dashes."""
    options = [option for option in command.params if isinstance(option, click.Option)]
    return {
        max(option.opts, key=len).lstrip("-"): option for option in options if option.expose_value and not option.hidden
    }


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _is_in_environment(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.ENVIRONMENT


def _folder(path: Path) -> Path:
    # Not resolved: a link belongs to the folder that it lies in. `..` has to go all the same.
    whole = Path(os.path.abspath(path))
    return whole if os.path.isdir(whole) else whole.parent


def _layers(file: File | None) -> list[Layer]:
    return [Layer(str(file.path), file.values)] if file else []


def _strongest(key: str, layers: Sequence[Layer]) -> Value:
    same = next((keys for keys in _ONE_QUESTION if key in keys), {key})
    *said, default = layers
    for layer in said:
        if key in layer.values:
            return Value(layer.values[key], layer.source)
        if same & layer.values.keys():
            break
    return Value(default.values[key], default.source)


def _file_in(folder: Path, options: Options, context: click.Context) -> File | None:
    for name in ("nbrerun.toml", "pyproject.toml"):
        path = folder / name
        if os.path.isfile(path):
            table = _table(path)
            if table is not None:
                return _Reader(str(path), folder, options, context).file(path, table)
    return None


def _table(path: Path) -> dict[str, Any] | None:
    """The part of the file that is ours; a pyproject.toml may have none."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        whole = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})") from error
    except (RecursionError, ValueError) as error:  # bytes that are no UTF-8, too
        raise UsageError(f"{path} is not TOML ({str(error).splitlines()[0]})") from error
    if path.name == "nbrerun.toml":
        return whole
    tool = whole.get("tool", {})
    own = tool.get("nbrerun") if isinstance(tool, dict) else None
    if own is not None and not isinstance(own, dict):
        raise UsageError(f"{path}: tool.nbrerun has to be a table")
    return own


@dataclass(frozen=True)
class _Reader:
    """Reads the values of one place, and refuses what cannot be meant."""

    place: str
    folder: Path
    """What relative folders start from."""
    options: Options
    context: click.Context

    def file(self, path: Path, table: Mapping[str, Any]) -> File:
        if path.name == "nbrerun.toml" and "tool" in table:
            raise UsageError(f"{self.place}: there is no key `tool`; here the keys stand without `[tool.nbrerun]`")
        table = self._with_dashes(table)
        own = {key: value for key, value in table.items() if key not in (EXCLUDE, IGNORES)}
        values = self.values(own, [*self.options, EXCLUDE, IGNORES])
        return File(path, values, self._globs(table.get(EXCLUDE, [])), self._ignores(table.get(IGNORES, {})))

    def values(self, table: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
        table = self._with_dashes(table)
        for key in table:
            if key not in self.options or key not in known:
                raise UsageError(f"{self.place}: there is no key `{key}`; {suggestion(key, known)}")
        return {key: self._value(key, value) for key, value in table.items()}

    def _with_dashes(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """Take `fail_on` for `fail-on`: other tools write their keys so."""
        known = {key: key.replace("_", "-") for key in table}
        names = {key: name if name in (*self.options, EXCLUDE, IGNORES) else key for key, name in known.items()}
        for key, name in names.items():
            if key != name and name in table:
                raise UsageError(f"{self.place}: `{key}` and `{name}` are one key, and it is there twice")
        return {names[key]: value for key, value in table.items()}

    def _value(self, key: str, value: Any) -> Any:
        option = self.options[key]
        if option.is_flag:
            return self._checked(isinstance(value, bool), key, value, "true or false")
        many = option.multiple
        if many:
            value = value if isinstance(value, list) else [value]
        shape = f"{'a list of ' if many else 'a '}{_shape(option)}{'s' if many else ''}"
        for one in value if many else [value]:
            self._checked(_fits(option, one), key, value, shape)
        if key == "sandbox-dir":
            value = [self._existing(key, one) for one in value]
        elif key in ("baseline", "cache-dir"):
            value = str(self.folder / str(value))
        return self._converted(key, [str(one) for one in value] if many else str(value))

    def _converted(self, key: str, value: Any) -> Any:
        option = self.options[key]
        try:
            return option.process_value(self.context, value)
        except click.BadParameter as error:
            hint = suggestion(value, option.type.choices) if isinstance(option.type, click.Choice) else ""
            close = f"; {hint}" if hint.startswith("did") else ""
            raise UsageError(f"{self.place}: {key}: {error.message.rstrip('.')}{close}") from error

    def _existing(self, key: str, name: str) -> str:
        folder = self.folder / name
        if not os.path.isdir(folder):
            raise UsageError(f"{self.place}: {key}: there is no folder {folder}")
        return str(folder)

    def _globs(self, value: Any) -> tuple[str, ...]:
        globs = value if isinstance(value, list) else [value]
        for glob in globs:
            self._checked(isinstance(glob, str) and bool(glob.strip("/")), EXCLUDE, value, "a list of globs")
        return tuple(globs)

    def _ignores(self, value: Any) -> dict[str, tuple[str, ...]]:
        self._checked(isinstance(value, dict), IGNORES, value, "a table of globs, each with a list of rules")
        for glob in value:
            self._checked(bool(glob.strip("/")), IGNORES, glob, "a table of globs, each with a list of rules")
        return {glob: self._at(f"{IGNORES}.{_text(glob)}")._value("ignore", rules) for glob, rules in value.items()}

    def _at(self, key: str) -> _Reader:
        return _Reader(f"{self.place}: {key}", self.folder, self.options, self.context)

    def _checked(self, fits: bool, key: str, value: Any, shape: str) -> Any:
        if not fits:
            raise UsageError(f"{self.place}: {key} has to be {shape}, not {_text(value)}")
        return value


def _shape(option: click.Option) -> str:
    return "number" if _is_number(option) else "string"


def _is_number(option: click.Option) -> bool:
    return isinstance(option.type, (click.types.FloatParamType, click.types.IntParamType))


def _fits(option: click.Option, value: Any) -> bool:
    """Whether it has the right type; `3` will do for the text "3"."""
    if isinstance(value, bool):
        return False
    return isinstance(value, (int, float)) if _is_number(option) else isinstance(value, (int, str))


def _matches(glob: str, name: str) -> bool:
    """Whether a glob means this path, or a folder above it.

    `*` stays within one name and `**` does not; a glob without a slash means a name anywhere.
    """
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    plain = glob.removeprefix("./").rstrip("/")
    pieces = [words.get(piece) or re.escape(piece) for piece in re.split(r"(\*\*/|\*\*|\*|\?)", plain.lstrip("/"))]
    anywhere = "" if "/" in plain else "(?:.*/)?"
    return re.fullmatch(f"{anywhere}{''.join(pieces)}(?:/.*)?", name, re.DOTALL) is not None


def _experiments(values: Mapping[str, Value]) -> Value:
    """Those that are done, of which `restart` is one."""
    own, restart = values["experiment"], values["restart"]
    asked = own.value | ({"restart"} if restart.value else set())
    source = own.source if own.value or not restart.value else restart.source
    return Value([name for name in (*EXPERIMENTS, *WHOLE) if name in (asked or EXPERIMENTS)], source)


def _text(value: Any) -> str:
    """As TOML would have it; a dash for what is not set."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, (list, tuple, set, frozenset)):
        several = sorted(value) if isinstance(value, (set, frozenset)) else value
        return f"[{', '.join(map(_text, several))}]"
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else _text(str(value))
