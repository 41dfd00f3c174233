"""Make the JSON Schema of `nbrerun.toml` and of `[tool.nbrerun]` from the options of `nbrerun check`.

`python -m tools.settings_schema` writes `nbrerun/settings/nbrerun.schema.json`, in the layout of SchemaStore.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from nbrerun.cli.check import check
from nbrerun.settings.files import EXCLUDE, IGNORES
from nbrerun.settings.resolve import options_of

PATH = Path(__file__).resolve().parents[1] / "nbrerun" / "settings" / "nbrerun.schema.json"

_ALSO_NUMBERS = {"cells", "jobs", "sandbox-limit"}
"""Keys whose strings may be written as whole numbers."""


def schema() -> dict[str, Any]:
    """The schema: a key for each option, and those that only files have."""
    properties = {key: _property(key, option) for key, option in options_of(check).items()}
    rules = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    properties[EXCLUDE] = {"description": "Globs of notebooks and folders that are left out.", **rules}
    properties[IGNORES] = {
        "description": "Rules that are not reported in some notebooks, by glob.",
        "type": "object",
        "additionalProperties": rules,
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://json.schemastore.org/partial-nbrerun.json",
        "title": "nbrerun",
        "description": "Settings of nbrerun, which measures what running a notebook cell again does.",
        "type": "object",
        "additionalProperties": False,
        "properties": dict(sorted(properties.items())),
    }


def text() -> str:
    """The schema as the file has it."""
    return json.dumps(schema(), indent=2) + "\n"


def _property(key: str, option: click.Option) -> dict[str, Any]:
    described = {"description": " ".join((option.help or "").replace("`", "").split())}
    if option.is_flag:
        if option.default is True:  # the help is about the other name, such as `--no-cache`
            described["description"] = f"false: {described['description']}"
        return {**described, "type": "boolean"}
    if isinstance(option.type, click.Choice):
        one: dict[str, Any] = {"enum": list(option.type.choices)}
    elif isinstance(option.type, click.types.FloatParamType):
        one = {"type": "number", "exclusiveMinimum": 0}
    else:
        one = {"type": ["string", "integer"] if key in _ALSO_NUMBERS else "string"}
    return {**described, "oneOf": [one, {"type": "array", "items": one}]} if option.multiple else {**described, **one}


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
