"""Process settings, the environment, and streams that a notebook keeps."""

from __future__ import annotations

from tests.truth.grammar import ANYTHING, UNTOUCHED, Block, Expected, Pick, cell, effect, in_place, reset

ENV = reset(kind="env")
SET = ("reset", "stateless")
"""A setting that another cell has set to the same value before is not changed by the first run either."""


@effect(weight=2)
def setting(pick: Pick) -> Block:
    """A setting that is set is reset, one that grows is in-place."""
    key = pick.name(("MODE", "DATA_DIR", "SEED", "API_URL"))
    env = f"env:os.environ[{key}]"
    # Two blocks that change the same setting would change each other's later run; these differ by what they add.
    source, variables, verdicts = pick.one_of(
        (
            (f"import os\nos.environ['{key}'] = 'on'", {env: ENV}, "reset"),
            (
                f"import os\nos.environ['{key}'] = os.environ.get('{key}', '') + 'x'",
                {env: in_place(kind="env")},
                "in-place",
            ),
            (f"import sys\nsys.path.append('/data/{key}')", {"env:sys.path": in_place(kind="env")}, "in-place"),
            (f"import sys\nsys.path.insert(0, '/data/{key}')", {"env:sys.path": in_place(kind="env")}, "in-place"),
            ("import numpy as np\nnp.set_printoptions(precision=3)", {}, SET),
            ("import pandas as pd\npd.set_option('display.max_rows', 7)", {}, SET),
            (
                "import logging\nlogging.getLogger().addHandler(logging.NullHandler())",
                {"env:logging.root.handlers": in_place(kind="env")},
                "in-place",
            ),
        )
    )
    return [
        cell(
            "change a setting",
            source,
            variables=variables,
            verdicts=verdicts,
            features=(f"form={source.split(chr(10))[1]}",),
        )
    ]


@effect()
def read_the_environment(pick: Pick) -> Block:
    """Reading a setting leaves a plain value."""
    name = pick.name()
    source = pick.one_of(
        (
            f"import os\n{name} = os.environ.get('HOME')",
            f"import os\n{name} = os.getenv('NOBODY_SETS_THIS', 'default')",
            f"import sys\n{name} = sys.version_info[:2]",
            f"import os\n{name} = sorted(os.environ)[:0]",
        )
    )
    return [cell("read the environment", source, variables={name: reset("recreated")}, features=(f"form={source}",))]


@effect(weight=2)
def streams(pick: Pick) -> Block:
    """The kernel's own streams have no value, whoever keeps them (ruling 19)."""
    name, logger, cls = pick.name(), pick.name(), pick.type_name()
    bound = (Expected("reset"), Expected("untouched"))
    form = pick.number(0, 4)
    if form == 0:
        return [
            cell(
                "keep a stream",
                f"import sys\n{name} = sys.stdout",
                variables={name: bound},
                verdicts=("stateless", "reset"),
            ),
            cell("print", "print('text')", verdicts="stateless", variables={name: UNTOUCHED}),
            cell("write to a kept stream", f"{name}.write('text')", verdicts="stateless", variables={name: UNTOUCHED}),
        ]
    if form == 1:
        log = f"{logger} = logging.getLogger('{cls}')\n{logger}.handlers = [logging.StreamHandler(sys.stdout)]"
        return [
            cell("make a logger", f"import logging, sys\n{log}\n{logger}.setLevel(20)", verdicts="reset"),
            cell("log", f"{logger}.info('text')", verdicts="stateless", variables={logger: UNTOUCHED}),
        ]
    if form == 2:
        tee = f"""
import sys
class {cls}:
    def __init__(self, stream):
        self.stream = stream
    def write(self, text):
        self.stream.write(text)
{name} = {cls}(sys.stdout)
"""
        return [
            cell("make a tee", tee, variables={name: reset(kind=None)}),
            cell("write to a tee", f"{name}.write('text')", verdicts="stateless", variables={name: UNTOUCHED}),
        ]
    if form == 3:
        say = f"import sys\ndef {name}(text, file=sys.stdout):\n    print(text, file=file)"
        return [
            cell("define a function", say, verdicts="stateless"),
            cell("call a function that prints", f"{name}('text')", verdicts="stateless"),
        ]
    captured = (
        f"import io, contextlib\n{name} = io.StringIO()\nwith contextlib.redirect_stdout({name}):\n    print('text')"
    )
    return [
        cell("capture output", captured, variables={name: reset("recreated")}),
        cell("write to a buffer", f"{name}.write('more')", variables={name: in_place()}),
    ]


@effect()
def nothing_left(pick: Pick) -> Block:
    """Cells that leave nothing behind."""
    name = pick.name(("helper", "show", "add"))
    source = pick.one_of(
        (
            "print('text')",
            "import math, os, json",
            f"def {name}(a, b=2):\n    return a + b",
            f"class {name.title()}:\n    size = 3\n    def run(self):\n        return self.size",
            f"{name} = lambda a: a + 1",
            "sum(range(5))",
            "for _ in range(3):\n    print(_)",
            "assert 1 + 1 == 2",
        )
    )
    # A lambda that is given a name is a function like any other; the contract names `def` only.
    verdicts = ("stateless", "reset") if "lambda" in source else ("stateless",)
    return [cell("nothing left", source, verdicts=verdicts, variables={name: ANYTHING}, features=(f"form={source}",))]
