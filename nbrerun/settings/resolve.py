"""Which settings are in force: those of the command line, the notebook, or the configuration file above it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbrerun.errors import NotebookError, UsageError
from nbrerun.settings.files import File, Reader, file_in
from nbrerun.settings.values import Gate

if TYPE_CHECKING:
    from nbrerun.notebooks.read import Notebook

OF_A_NOTEBOOK = frozenset(
    [
        "cells",
        "experiment",
        "engine",
        "kernel",
        "timeout",
        "sandbox",
        "sandbox-dir",
        "sandbox-limit",
        "only",
        "watch",
        "select",
        "ignore",
        "fail-on",
    ]
)
"""Keys that may differ between notebooks; the others hold for the whole run."""

_ABOUT_RUNNING = (OF_A_NOTEBOOK | {"python", "write-files", "profile"}) - {"cells", "select", "ignore", "fail-on"}
"""Keys that have no meaning in a static check."""

COMMAND_LINE, ENVIRONMENT, DEFAULT = "command line", "environment", "default"
"""Sources of a value, as `nbrerun config` shows them; other sources are files and notebooks."""

CALL = "nbrerun.check()"
"""A call from Python, which takes the place of the command line."""

_NEEDS = "needs"
"""A key of the notebook's metadata that is not a setting: `notebooks.read` reads it."""

_ONE_QUESTION = ({"quiet", "verbose"}, {"kernel", "python"})
"""Keys that answer the same question: a source that gives one of them overrides all of them in weaker sources."""


@dataclass(frozen=True)
class Value:
    """A value and its source."""

    value: Any
    source: str


@dataclass(frozen=True)
class Layer:
    """The values that one source gives, by key."""

    source: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class InForce:
    """All settings of one notebook, or of a run."""

    values: Mapping[str, Value]
    names: Mapping[str, str]
    """Names of the command's parameters, by key."""
    file: File | None = None
    """The configuration file above the notebook, or above the paths of the run."""
    ignored: tuple[str, ...] = ()
    """Rules that the file ignores in this notebook."""

    def parameters(self) -> dict[str, Any]:
        """Return the values by parameter name, as click passes them to the command."""
        return {self.names[key]: value.value for key, value in self.values.items()}

    def gate(self) -> Gate:
        """Return which findings count."""
        select, ignore, fail_on = (self.values[key].value for key in ("select", "ignore", "fail-on"))
        return Gate(select, ignore, self.ignored, fail_on)


class Asked:
    """The options of the command line or of a call, which files and notebooks complete."""

    def __init__(self, context: click.Context, call: Mapping[str, Any] | None = None) -> None:
        """Take the options from the command line of `context`, or from a call from Python, by key.

        Raises:
            UsageError: the call gives an unknown option or an invalid value.
        """
        self._context = context
        self._options = options_of(context.command)
        self._names = {key: str(option.name) for key, option in self._options.items()}
        # What click parsed is kept by source, since files and notebooks come between the command line and the defaults.
        values = {key: context.params[name] for key, name in self._names.items()}
        sources = {key: context.get_parameter_source(name) for key, name in self._names.items()}
        self._default = Layer(DEFAULT, values)
        self._given, self._environment = (
            Layer(word, {key: value for key, value in values.items() if sources[key] is source})
            for word, source in (
                (COMMAND_LINE, click.core.ParameterSource.COMMANDLINE),
                (ENVIRONMENT, click.core.ParameterSource.ENVIRONMENT),
            )
        )
        if call is not None:
            reader = Reader(CALL, Path.cwd(), self._options, context)
            self._given = Layer(CALL, reader.values(call, list(self._options)))
        self._files: dict[Path, File | None] = {}

    def of_run(self, paths: Iterable[str | Path]) -> InForce:
        """Resolve the settings of the whole run; the configuration file is the one above all paths.

        Raises:
            UsageError: the file is invalid, or contradicts the command line.
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
        """Resolve the settings of a notebook.

        Raises:
            UsageError: its metadata, or the file above it, is invalid.
        """
        file = self.file_above(notebook.folder)
        own = Layer(f"metadata of {notebook.path}", self._of_metadata(notebook))
        ignored = file.ignored(notebook.path) if file else ()
        return self._merged([self._given, self._environment, own, *_layers(file)], file, ignored)

    def excludes(self, path: Path) -> bool:
        """Tell whether the file above a notebook excludes it."""
        file = self.file_above(_folder(path))
        return file is not None and file.excludes(path)

    def file_above(self, folder: Path) -> File | None:
        """Return the nearest configuration file in a folder or above it.

        Raises:
            UsageError: it is invalid.
        """
        if folder not in self._files:
            above = None if folder.parent == folder else folder.parent
            found = file_in(folder, self._options, self._context)
            self._files[folder] = found or (self.file_above(above) if above else None)
        return self._files[folder]

    def _of_metadata(self, notebook: Notebook) -> dict[str, Any]:
        said = {key: value for key, value in notebook.node["metadata"].get("nbrerun", {}).items() if key != _NEEDS}
        place = f"{notebook.path}: metadata.nbrerun"
        for key in said:
            if key in self._options and key not in OF_A_NOTEBOOK:
                raise NotebookError(f"{place}: `{key}` applies to a whole run: set it on the command line or in a file")
        known = [key for key in self._options if key in OF_A_NOTEBOOK]
        try:
            return Reader(place, notebook.folder, self._options, self._context).values(said, [*known, _NEEDS])
        except UsageError as error:
            raise NotebookError(str(error)) from error

    def _merged(self, layers: Sequence[Layer], file: File | None, ignored: tuple[str, ...] = ()) -> InForce:
        values = {key: _strongest(key, layers, self._default) for key in self._options}
        return InForce(values, self._names, file, ignored)


def options_of(command: click.Command) -> dict[str, click.Option]:
    """Return the options that can be configured, by their long names without the dashes."""
    options = [option for option in command.params if isinstance(option, click.Option)]
    return {
        max(option.opts, key=len).lstrip("-"): option for option in options if option.expose_value and not option.hidden
    }


def _folder(path: Path) -> Path:
    # Not resolved: a symbolic link belongs to the folder that contains it. `..` has to go all the same.
    whole = Path(os.path.abspath(path))
    return whole if os.path.isdir(whole) else whole.parent


def _layers(file: File | None) -> list[Layer]:
    return [Layer(str(file.path), file.values)] if file else []


def _strongest(key: str, layers: Sequence[Layer], default: Layer) -> Value:
    """Take a value from the first layer that gives it, or the default if a layer answers the question otherwise."""
    same = next((keys for keys in _ONE_QUESTION if key in keys), {key})
    for layer in layers:  # the strongest first
        if key in layer.values:
            return Value(layer.values[key], layer.source)
        if same & layer.values.keys():
            break
    return Value(default.values[key], default.source)
