"""Find configuration files, and validate the values in them and in the metadata of notebooks.

Every option of `check` is a key, and the option itself validates the value: what the command line rejects, a file
cannot say either.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from nbrerun.errors import UsageError
from nbrerun.notebooks.git import tracks_any_of
from nbrerun.settings.globs import matches
from nbrerun.settings.toml import load_table, written
from nbrerun.spelling import suggestion

Options = Mapping[str, click.Option]

EXCLUDE, IGNORES = "exclude", "per-notebook-ignores"
"""Keys that only files have."""


@dataclass(frozen=True)
class File:
    """A configuration file."""

    path: Path
    values: Mapping[str, Any]
    exclude: tuple[str, ...] = ()
    """Globs."""
    ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Rules to ignore, by glob."""

    def excludes(self, path: Path) -> bool:
        """Tell whether a notebook that was found in a folder is left out."""
        return any(matches(glob, self._relative(path)) for glob in self.exclude)

    def ignored(self, path: Path) -> tuple[str, ...]:
        """List the rules that are ignored in a notebook."""
        name = self._relative(path)
        return tuple(rule for glob, rules in self.ignores.items() if matches(glob, name) for rule in rules)

    def _relative(self, path: Path) -> str:
        return Path(os.path.relpath(path.absolute(), self.path.parent)).as_posix()


def file_in(folder: Path, options: Options, context: click.Context) -> File | None:
    """Read the configuration file of a folder; None if it has none.

    Raises:
        UsageError: the file is invalid.
    """
    for name in ("nbrerun.toml", "pyproject.toml"):
        path = folder / name
        if os.path.isfile(path):
            table = load_table(path)
            if table is not None:
                return Reader(str(path), folder, options, context).file(path, table)
    return None


@dataclass(frozen=True)
class Reader:
    """Converts and validates the values of one source."""

    place: str
    """The source, for error messages."""
    folder: Path
    """The folder that relative paths start from."""
    options: Options
    context: click.Context

    def file(self, path: Path, table: Mapping[str, Any]) -> File:
        """Validate the table of a configuration file.

        Raises:
            UsageError: a key or a value is invalid.
        """
        if path.name == "nbrerun.toml" and "tool" in table:
            raise UsageError(f"{self.place}: there is no key `tool`; keys in this file stand without `[tool.nbrerun]`")
        table = self._with_dashes(table)
        own = {key: value for key, value in table.items() if key not in (EXCLUDE, IGNORES)}
        values = self.values(own, [*self.options, EXCLUDE, IGNORES])
        self._keep_inside(path, values)
        self._refuse_tracked(values.get("python"))
        exclude = table.get(EXCLUDE, [])
        exclude = exclude if isinstance(exclude, list) else [exclude]
        for glob in exclude:
            self._check(isinstance(glob, str) and bool(glob.strip("/")), EXCLUDE, exclude, "a list of globs")
        ignores, shape = table.get(IGNORES, {}), "a table of globs, each with a list of rules"
        self._check(isinstance(ignores, dict), IGNORES, ignores, shape)
        rules: dict[str, tuple[str, ...]] = {}
        for glob, codes in ignores.items():
            self._check(bool(glob.strip("/")), IGNORES, glob, shape)
            rules[glob] = replace(self, place=f"{self.place}: {IGNORES}.{written(glob)}")._value("ignore", codes)
        return File(path, values, tuple(exclude), rules)

    def _keep_inside(self, path: Path, values: Mapping[str, Any]) -> None:
        """Refuse to write outside of the folder: a configuration file may come with somebody else's notebooks."""
        targets = [("output", values.get("output")), ("cache-dir", values.get("cache-dir"))]
        targets += [("format", target.file) for target in values.get("format", ())]
        top = os.path.realpath(path.parent)
        for key, file in targets:
            if file is not None and os.path.commonpath([top, os.path.realpath(file)]) != top:
                raise UsageError(f"{self.place}: {key}: {file} is outside of this file's folder; give it with --{key}")

    def _refuse_tracked(self, python: str | None) -> None:
        """Refuse a program that is part of the repository: it would run before, and outside of, the sandbox."""
        if python and tracks_any_of(Path(python) if os.path.isdir(python) else Path(python).parent):
            raise UsageError(f"{self.place}: python: git tracks files in {python}; give it with --python")

    def values(self, table: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
        """Convert the values to what the command line would give.

        Args:
            table: values by key; `fail_on` counts as `fail-on`.
            known: keys to suggest for one that is unknown.

        Raises:
            UsageError: a key or a value is invalid.
        """
        table = self._with_dashes(table)
        for key in table:
            if key not in self.options or key not in known:
                raise UsageError(f"{self.place}: there is no key `{key}`; {suggestion(key, known)}")
        return {key: self._value(key, value) for key, value in table.items()}

    def _with_dashes(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """Rename `fail_on` to `fail-on`, since other tools write keys with underscores."""
        known = {key: key.replace("_", "-") for key in table}
        names = {key: name if name in (*self.options, EXCLUDE, IGNORES) else key for key, name in known.items()}
        for key, name in names.items():
            if key != name and name in table:
                raise UsageError(f"{self.place}: `{key}` and `{name}` are the same key, and only one may be given")
        return {names[key]: value for key, value in table.items()}

    def _value(self, key: str, value: Any) -> Any:
        option = self.options[key]
        if option.is_flag:
            self._check(isinstance(value, bool), key, value, "true or false")
            return value
        many = option.multiple
        if many:
            value = value if isinstance(value, list) else [value]
        is_number = isinstance(option.type, (click.types.FloatParamType, click.types.IntParamType))
        # A string may be written as an integer: `cells = 3`. A bool is an int to Python.
        types: tuple[type, ...] = (int, float) if is_number else (int, str)
        shape = "number" if is_number else "string"
        for one in value if many else [value]:
            fits = isinstance(one, types) and not isinstance(one, bool)
            self._check(fits, key, value, f"a list of {shape}s" if many else f"a {shape}")
        if key == "sandbox-dir":
            value = [self.folder / str(one) for one in value]
            for folder in value:
                if not os.path.isdir(folder):
                    raise UsageError(f"{self.place}: {key}: there is no folder {folder}")
        elif key in ("baseline", "cache-dir", "python"):
            value = self.folder / str(value)
        return self._converted(key, [str(one) for one in value] if many else str(value))

    def _converted(self, key: str, value: Any) -> Any:
        option = self.options[key]
        try:
            # Runs the callback of the option as well, as for a value of the command line.
            return option.process_value(self.context, value)
        except click.BadParameter as error:
            raise UsageError(f"{self.place}: {key}: {error.message.rstrip('.')}") from error

    def _check(self, fits: bool, key: str, value: Any, shape: str) -> None:
        if not fits:
            raise UsageError(f"{self.place}: {key} must be {shape}, not {written(value)}")
