"""JAX by hand: parameters, an optimizer's state, keys."""

from tests.functional.cases.case import DATA, Case, cell

CASES = [
    Case(
        "jax: parameters, an optimizer by hand, keys",
        DATA,
        cell("import jax\nimport jax.numpy as jnp\nfrom functools import partial", "stateless"),
        cell(
            """
            def loss(params):
                return jnp.mean((X @ params["w"] - y) ** 2)

            def init(params):
                return {"step": 0, "m": jax.tree.map(jnp.zeros_like, params)}

            def update(params, state):
                gradient = jax.grad(loss)(params)
                m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state["m"], gradient)
                params = jax.tree.map(lambda p, m: p - 0.1 * m, params, m)
                return params, {"step": state["step"] + 1, "m": m}
            """,
            "stateless",
        ),
        cell(
            "params = {'w': jnp.zeros(2)}\nstate = init(params)",
            "reset",
            params="reset",
            state="reset",
            how={"params": "recreated"},
            marks={"params": (), "state": ()},
        ),
        cell(
            "for epoch in range(2):\n    params, state = update(params, state)",
            "in-place",
            params="in-place",
            state="in-place",
            X="untouched",
            marks={"params": ()},
            changed=["params['w']", "state['step']"],
        ),
        cell(
            """
            fresh = {"w": jnp.zeros(2)}
            opt = init(fresh)
            for epoch in range(2):
                fresh, opt = update(fresh, opt)
            """,
            "reset",
            fresh="reset",
            opt="reset",
            params="untouched",
            marks={"fresh": (), "opt": ()},
        ),
        cell(
            "key = jax.random.key(0)\nfixed = jax.random.normal(key, (2,))",
            "reset",
            key="reset",
            fixed="reset",
            marks={"fixed": ()},
        ),
        cell("same = jax.random.normal(key, (2,))", "reset", same="reset", key="untouched"),
        cell("table = jnp.zeros(3)", "reset", table="reset"),
        cell("table = table.at[0].add(1)", "in-place", table="in-place", changed=["table"]),
        cell("table = table.at[0].set(5.0)", "reset", table="reset"),
        cell("value = float(jax.jit(loss)(params))", "reset", value="reset", params="untouched", marks={"value": ()}),
    ),
]
