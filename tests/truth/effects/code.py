"""State that belongs to functions and classes."""

from __future__ import annotations

from tests.truth.grammar import ANYTHING, UNTOUCHED, Block, Pick, cell, effect, follows, in_place, reset


@effect(weight=2)
def closure(pick: Pick) -> Block:
    """A closure that counts."""
    make, count, name = pick.name(("make", "build", "factory")), pick.name(), pick.name()
    head = "    state = {'n': 0}\n    def inner():\n        state['n'] += 2\n"
    body = pick.one_of(
        (
            "    n = 0\n    def inner():\n        nonlocal n\n        n += 1\n        return n\n    return inner",
            "    seen = []\n    def inner():\n        seen.append(1)\n        return len(seen)\n    return inner",
            f"{head}        return state['n']\n    return inner",
        )
    )
    return [
        cell("define a function", f"def {make}():\n{body}", verdicts="stateless"),
        cell("make a closure", f"{count} = {make}()", variables={count: reset("recreated", None)}, verdicts="reset"),
        cell("call a closure", f"{count}()", variables={count: in_place()}),
        cell("call a closure and keep", f"{name} = {count}()", variables={count: in_place(), name: follows(count)}),
        cell(
            "make and call a closure",
            f"{count} = {make}()\n{name} = {count}()",
            variables={count: reset("recreated", None), name: reset("recreated")},
        ),
    ]


@effect(weight=2)
def function_state(pick: Pick) -> Block:
    """Functions whose own state moves on are data (the contract's *stateless*)."""
    function, name = pick.name(("add", "log", "get", "predict")), pick.name()
    define = pick.one_of(
        (
            f"def {function}(x, seen=[]):\n    seen.append(x)\n    return len(seen)",
            f"def {function}(x):\n    {function}.n = getattr({function}, 'n', 0) + 1\n    return {function}.n",
            f"def {function}(x, *, table={{}}):\n    table[len(table)] = x\n    return len(table)",
        )
    )
    keeps = pick.flag()
    variables = {function: in_place()} | ({name: follows(function)} if keeps else {})
    return [
        cell("define a function", define, verdicts="stateless", features=(f"form={define.splitlines()[0]}",)),
        cell(
            "call a function with state", f"{name} = {function}(1)" if keeps else f"{function}(1)", variables=variables
        ),
    ]


@effect(weight=2)
def class_state(pick: Pick) -> Block:
    """A class that counts its instances, or is given another attribute."""
    cls, name, xs = pick.type_name(), pick.name(), pick.name()
    define = f"""
class {cls}:
    total = 0
    members = []
    def __init__(self, size=1):
        self.size = size
        {cls}.total += 1
    @classmethod
    def add(cls, item):
        cls.members.append(item)
        return cls
"""
    step, label = pick.one_of(
        ((f"{cls}.total += 5", in_place()), (f"{cls}.add(1)", in_place()), (f"{cls}.members = [7]", reset()))
    )
    return [
        cell("define a class", define, verdicts="stateless"),
        cell(
            "make an instance that is counted",
            f"{name} = {cls}()",
            # The instance itself is made anew; whether the count of its class is part of its value is left open.
            variables={name: ANYTHING, cls: in_place()},
            verdicts="in-place",
        ),
        cell("change a class", step, variables={cls: label}, features=(f"form={step.partition('.')[2]}",)),
        cell("only read", f"{xs} = [1]\nprint({cls}.total)", variables={xs: reset(), cls: UNTOUCHED}),
    ]


@effect()
def properties(pick: Pick) -> Block:
    """Objects that change by being looked at."""
    cls, name, value = pick.type_name(), pick.name(), pick.name()
    define = f"""
class {cls}:
    def __init__(self):
        self.looks = 0
        self.rows = [1, 2, 3]
    @property
    def head(self):
        self.looks += 1
        return self.rows[:1]
    def __len__(self):
        return len(self.rows)
    def __getitem__(self, index):
        return self.rows[index]
"""
    source, label = pick.one_of(
        ((f"print({name}.head)", in_place(kind=None)), (f"print(len({name}), {name}[0], list({name}))", UNTOUCHED))
    )
    return [
        cell("define a class", define, verdicts="stateless"),
        cell("create", f"{name} = {cls}()", variables={name: reset("recreated", None)}),
        cell("look at an object", source, variables={name: label}, features=(f"form={source.split(name)[1]}",)),
        cell("keep a part", f"{value} = {name}.rows", variables={name: UNTOUCHED, value: reset()}),
        cell("grow a part", f"{value}.append(4)", variables={name: in_place(kind=None), value: in_place()}),
    ]
