"""Environment variables in the cache: what is compared, and that no value is stored."""

from __future__ import annotations

import pytest

from nbrerun.batch.cache.codec import encode
from nbrerun.batch.cache.environment import Environment, always


@pytest.mark.parametrize(
    ("names", "every", "changed", "value", "same"),
    [
        (["MODE"], False, "MODE", "a", True),
        (["MODE"], False, "MODE", "b", False),
        (["MODE"], False, "MODE", None, False),
        (["MODE"], False, "OTHER", "b", True),
        (["NOT_SET"], False, "NOT_SET", "", False),
        ([], True, "OTHER", "b", False),
        ([], False, "MODE", "b", True),
    ],
)
def test_what_was_looked_up_is_compared(
    monkeypatch: pytest.MonkeyPatch, names: list[str], every: bool, changed: str, value: str | None, same: bool
) -> None:
    """Values, absence, or everything; other variables may change."""
    monkeypatch.setenv("MODE", "a")
    then = Environment.now(names, every)
    assert then.is_still()
    if value is None:
        monkeypatch.delenv(changed)
    else:
        monkeypatch.setenv(changed, value)
    assert then.is_still() is same


def test_values_are_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a digest with a salt, so that equal values cannot be recognized."""
    monkeypatch.setenv("TOKEN", "hush-hush")
    one, other = Environment.now(["TOKEN"], False), Environment.now(["TOKEN"], False)
    assert one.digest != other.digest
    assert "hush-hush" not in str(encode(one))


@pytest.mark.parametrize("name", ["PYTHONPATH", "PYTHONHASHSEED", "LC_ALL", "LC_NUMERIC", "LANG", "LANGUAGE", "TZ"])
def test_the_interpreter_the_locale_and_the_time_zone_always_count(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """No cell looks them up, and every kernel depends on them."""
    monkeypatch.delenv(name, raising=False)
    before = always({})
    monkeypatch.setenv("SOMETHING_ELSE", "1")
    assert always({}) == before
    monkeypatch.setenv(name, "other")
    assert always({}) != before


def test_variables_that_a_kernelspec_refers_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """`${NAME}` in a kernelspec stands for a variable of nbrerun's own environment."""
    monkeypatch.setenv("PLACE", "here")
    before = always({"LIB": "${PLACE}/lib"})
    monkeypatch.setenv("PLACE", "there")
    assert always({"LIB": "${PLACE}/lib"}) != before
