"""The JSON Schema of configuration files, for editors."""

from __future__ import annotations

import json
import sys
from typing import Any

import jsonschema
import pytest

from tools import settings_schema

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCHEMA: Any = json.loads(settings_schema.PATH.read_text(encoding="utf-8"))


def test_the_schema_has_the_options_of_today() -> None:
    """Regenerate it with `python -m tools.settings_schema`."""
    assert settings_schema.PATH.read_text(encoding="utf-8") == settings_schema.text()
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cells = [0, 'tag:train']\nwatch = 'a'\nfail-on = 'warning'\ntimeout = 3\nstrict = true",
        "jobs = 'auto'\nbudget = '90s'\nformat = ['terminal', 'json=r.json']\nexclude = 'drafts'",
        "select = ['NBR0']\n[per-notebook-ignores]\n'a/**' = ['NBR002']\n'b.ipynb' = 'NBR1'",
    ],
)
def test_what_nbrerun_accepts_is_valid(text: str) -> None:
    """Single values and lists, numbers and words."""
    jsonschema.validate(tomllib.loads(text), SCHEMA, cls=jsonschema.Draft7Validator)


@pytest.mark.parametrize(
    "text",
    ["fail-onn = 'error'", "fail-on = 'never ever'", "strict = 'yes'", "timeout = 0", "cells = [1.5]", "exclude = 3"],
)
def test_what_nbrerun_rejects_is_not(text: str) -> None:
    """Unknown keys, other words and other types."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), SCHEMA, cls=jsonschema.Draft7Validator)
