"""Values that look like secrets are not shown."""

from __future__ import annotations

import pytest

from nbrerun.secrets import code_without_values, error_without_values, is_secret, shown, shown_code

SECRET = [
    "password",
    "DB_PASSWORD",
    "config['apiKey']",
    "client.access_key",
    "client._secret",
    "settings['AWS_SECRET_ACCESS_KEY']",
    "token",
]
PLAIN = ["tokenizer", "tokens", "passed", "author", "key", "x.keys", "compass", "passes[0]"]


@pytest.mark.parametrize("path", SECRET)
def test_a_secret_is_hidden(path: str) -> None:
    """Also where it is written in the source."""
    assert is_secret(path)
    assert shown_code(f"{path} = 'hunter2' + x") == f"{shown_code(path)} = '***' + x"


@pytest.mark.parametrize("path", PLAIN)
def test_other_values_are_shown(path: str) -> None:
    """A word that only begins like one of a secret is none."""
    assert not is_secret(path)
    assert shown_code(f"{path} = 'x'") == f"{path} = 'x'"


def test_the_password_of_an_address_is_hidden() -> None:
    """The rest of the address is shown."""
    assert shown("postgres://me:hunter2@host/db") == "postgres://me:***@host/db"
    assert shown("https://host:80/a@b") == "https://host:80/a@b"


def test_environment_variables_are_never_shown() -> None:
    """Whatever they are called; other settings are."""
    assert is_secret("env:os.environ[HOME]")
    assert not is_secret("env:cwd")


def test_nothing_is_left_where_no_value_is_shown() -> None:
    """A name is no value, be it missing or in the source."""
    assert code_without_values("x1 = f(0x1F, 1.5e3, 'a')") == "x1 = f(***, ***, '***')"
    assert error_without_values("'the value'") == "(hidden)"
    assert error_without_values("name 'x' is not defined") == "name 'x' is not defined"
    assert error_without_values("") == ""
