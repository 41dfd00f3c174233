"""How JAX's objects are read, and the trees of parameters that libraries on top of it make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.unit.probe.looking import digest, generator_digests, moved, notebook, read, texts

ARRAYS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "float32": (lambda: jnp.arange(3.0), lambda: jnp.arange(3.0) + 1),
    "type": (lambda: jnp.arange(3), lambda: jnp.arange(3.0)),
    "bfloat16": (lambda: jnp.ones(3, jnp.bfloat16), lambda: jnp.ones(3, jnp.float16)),
    "float8": (lambda: jnp.ones(3, jnp.float8_e4m3fn), lambda: jnp.ones(3, jnp.float8_e5m2)),
    "shape": (lambda: jnp.ones((2, 3)), lambda: jnp.ones((3, 2))),
    "scalar": (lambda: jnp.float32(1.0), lambda: jnp.float32(2.0)),
    "key": (lambda: jax.random.key(0), lambda: jax.random.key(1)),
    "kind of key": (lambda: jax.random.key(0), lambda: jax.random.key(0, impl="rbg")),
    "old key": (lambda: jax.random.PRNGKey(0), lambda: jax.random.PRNGKey(1)),
    "not numpy's": (lambda: jnp.ones(3), lambda: np.ones(3, "float32")),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_and_keys_are_their_values(kind: str) -> None:
    """Type of elements, shape, values; a key is data."""
    make, other = ARRAYS[kind]
    assert digest(make()) == digest(make()) != digest(other())
    assert read(make()).kind == "data"
    assert not read(make()).opaque
    assert generator_digests(make()) == []


def test_changes_of_arrays_are_shown() -> None:
    """With the largest of them; and scalars as numbers."""
    assert moved(jnp.arange(3.0), jnp.arange(3.0).at[1].add(5))["x"].max_abs_change == 5
    assert moved(jnp.ones(3, jnp.bfloat16), jnp.zeros(3, jnp.bfloat16))["x"].max_abs_change == 1
    assert texts(jnp.float32(1.5))["x"] == "1.5"
    assert texts(jax.random.key(0))["x"] == "array([0, 0], shape=(2,), uint32)"


def test_an_array_that_was_given_away_has_no_value() -> None:
    """`donate_argnums` leaves an array that raises at every touch."""
    one, other = jnp.ones(3), jnp.zeros(4)
    one.delete()
    other.delete()
    assert digest(one) == digest(other) != digest(jnp.ones(3))
    assert not read(one).opaque


def test_a_tracer_that_escaped_is_opaque() -> None:
    """It stands for a value only while its function is being traced."""
    kept: list[Any] = []
    jax.jit(lambda x: kept.append(x) or x)(1.0)
    assert read(kept).opaque == ("jax.Tracer: it has no value outside of the function that was traced",)


def compiled(body: str, decorator: str = "jax.jit") -> Any:
    """A function of the notebook, compiled."""
    return notebook(f"import jax\n@{decorator}\ndef f(x):\n    return {body}\n")["f"]


@pytest.mark.parametrize("decorator", ["jax.jit", "jax.custom_vjp", "jax.custom_jvp"])
def test_a_compiled_function_is_a_definition(decorator: str) -> None:
    """It is what was written; what was compiled of it so far is no value."""
    one = compiled("x + 1", decorator)
    before = digest(one)
    assert before == digest(compiled("x + 1", decorator)) != digest(compiled("x + 2", decorator))
    assert read(one).kind == "definition"
    jax.jit(one) if decorator != "jax.jit" else (one(1.0), one(jnp.ones(3)))
    assert digest(one) == before


def test_what_a_compiled_function_closes_over_counts() -> None:
    """State of a closure is data, with `jit` around it as without."""
    make = notebook("import jax\ndef make():\n    seen = []\n    return jax.jit(lambda x: seen.append(1) or x)\n")
    one = make["make"]()
    before = digest(one)
    one(1.0)
    assert digest(one) != before
    assert read(one).kind == "data"


@pytest.mark.parametrize("made", ["jax.grad(f)", "jax.vmap(f)", "jax.jit(partial(f, y=2))", "jax.checkpoint(f)"])
def test_what_is_made_of_a_function_is_a_definition(made: str) -> None:
    """Equal for equal functions."""
    one, same, other = (
        notebook(f"import jax\nfrom functools import partial\ndef f(x, y=1):\n    return x * {k}\ng = {made}\n")["g"]
        for k in (2, 2, 3)
    )
    assert digest(one) == digest(same) != digest(other)
    assert read(one).kind == "definition"


def test_a_compiled_program_is_opaque() -> None:
    """Nobody can see into machine code."""
    program = jax.jit(compiled("x + 1")).lower(1.0).compile()
    assert "jaxlib.LoadedExecutable: its state cannot be read from Python" in read(program).opaque


def test_reading_leaves_a_key_and_an_array_as_they_are() -> None:
    """Drawing with a key gives the same, looked at or not."""
    key, array = jax.random.key(1), jnp.arange(3.0)
    before = jax.random.normal(key, (3,)).tolist()
    read([key, array])
    assert jax.random.normal(key, (3,)).tolist() == before
    assert (array + 1).tolist() == [1, 2, 3]


def test_where_values_lie_is_read() -> None:
    """Devices, shardings and the shapes of trees say all in their repr."""
    values = [jax.devices()[0], jnp.ones(1).sharding, jax.tree_util.tree_structure([1, {"a": 2}])]
    assert not read(values).opaque
    assert digest(jax.tree_util.tree_structure([1, 2])) != digest(jax.tree_util.tree_structure([1, [2]]))


PARAMETERS = {"w": jnp.ones((2, 1)), "b": jnp.zeros(1)}


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "lion", "rmsprop", "adafactor"])
def test_the_state_of_an_optimizer_is_read(name: str) -> None:
    """optax: namedtuples of trees; equal after the same steps, and moved by one more."""
    rule = getattr(optax, name)(0.1, momentum=0.9) if name == "sgd" else getattr(optax, name)(0.1)
    first = rule.init(PARAMETERS)
    assert digest(first) == digest(rule.init(PARAMETERS))
    assert digest(rule) == digest(
        getattr(optax, name)(0.1, momentum=0.9) if name == "sgd" else getattr(optax, name)(0.1)
    )
    assert not read([rule, first]).opaque
    _, second = rule.update(PARAMETERS, first, PARAMETERS)
    assert digest(first) != digest(second)


def test_steps_and_moments_are_named() -> None:
    """As a person would write them."""
    rule = optax.adam(0.1)
    first = rule.init(PARAMETERS)
    changes = moved(first, rule.update(PARAMETERS, first)[1])
    assert changes["x[0].count"].max_abs_change == 1
    assert changes["x[0].mu['w']"].max_abs_change == pytest.approx(0.1)
