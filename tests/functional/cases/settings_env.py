"""Process settings that a cell leaves behind."""

from tests.functional.cases.case import Case, cell

PATH = "env:sys.path"

CASES = [
    Case(
        "environment variables",
        cell("import os", "stateless"),
        cell(
            "os.environ['NBCASE_A'] = '1'",
            "reset",
            variables={"env:os.environ[NBCASE_A]": "reset"},
            kinds={"env:os.environ[NBCASE_A]": "env"},
        ),
        cell(
            "os.environ['NBCASE_P'] = os.environ.get('NBCASE_P', '') + ':/opt/x'",
            "in-place",
            variables={"env:os.environ[NBCASE_P]": "in-place", "env:os.environ[NBCASE_A]": "untouched"},
        ),
        cell("value = os.environ['NBCASE_A']", "reset", value="reset"),
        cell("del os.environ['NBCASE_A']", "error"),
        cold=True,
    ),
    Case(
        "functions that format numbers",
        cell(
            """
            import numpy as np
            import pandas as pd
            pd.options.display.float_format = "{:.2f}".format
            np.set_printoptions(formatter={"float": lambda x: f"{x:.2f}"})
            """,
            "reset",
            variables={
                "env:pandas.options[display.float_format]": "reset",
                "env:numpy.printoptions[formatter]": "reset",
            },
            marks={"env:pandas.options[display.float_format]": (), "env:numpy.printoptions[formatter]": ()},
        ),
        cell(
            "pd.set_option('display.float_format', lambda x: '%.3f' % x)",
            "reset",
            variables={"env:pandas.options[display.float_format]": "reset"},
            marks={"env:pandas.options[display.float_format]": ()},
        ),
    ),
    Case(
        "an environment variable kept if it is there",
        cell("import os", "stateless"),
        cell(
            "os.environ.setdefault('NBCASE_S', '1')",
            "persisted",
            variables={"env:os.environ[NBCASE_S]": "persisted"},
            via={"env:os.environ[NBCASE_S]": "kernel"},
        ),
        cell("os.environ['NBCASE_S'] = '2'", "reset", variables={"env:os.environ[NBCASE_S]": "reset"}),
    ),
    Case(
        "an environment variable put back",
        cell("import os", "stateless"),
        cell("os.environ['NBCASE_T'] = '1'\nprint(len(os.environ))\ndel os.environ['NBCASE_T']", "stateless"),
    ),
    Case(
        "sys.path grows",
        cell("import sys", "stateless"),
        cell("sys.path.append('/nbcase')", "in-place", variables={PATH: "in-place"}, kinds={PATH: "env"}),
        cell("sys.path.insert(0, '/nbcase2')", "in-place", variables={PATH: "in-place"}),
        cell("sys.path.remove('/nbcase2')", "error"),
    ),
    Case(
        "sys.path guarded",
        cell("import sys\nroot = '/nbcase'", "reset"),
        cell(
            "if root not in sys.path:\n    sys.path.append(root)",
            "persisted",
            variables={PATH: "persisted"},
            via={PATH: "kernel"},
            root="untouched",
        ),
        cell("sys.path.append('/nbcase3')", "in-place", variables={PATH: "in-place"}),
    ),
    Case(
        "the working directory",
        cell("import os\nstart = os.path.dirname(os.__file__)", "reset"),
        cell("os.chdir(os.sep)", "reset"),
        cell("os.chdir(start)", "reset", start="untouched"),
        cell("os.chdir('..')", "in-place"),
        cell("here = os.getcwd()", "reset", here="reset"),
    ),
    Case(
        "warning filters",
        cell("import warnings", "stateless"),
        cell("warnings.filterwarnings('ignore', message='nbcase')", "reset"),
        cell("warnings.simplefilter('ignore', ResourceWarning)", "reset"),
        cell("with warnings.catch_warnings():\n    warnings.simplefilter('error')\n    print(1)", "stateless"),
        cold=True,
    ),
    Case(
        "matplotlib rcParams",
        cell("import matplotlib.pyplot as plt", "stateless"),
        cell(
            "plt.rcParams['lines.linewidth'] = 3.5",
            "reset",
            variables={"env:rcParams[lines.linewidth]": "reset"},
            kinds={"env:rcParams[lines.linewidth]": "env"},
        ),
        cell(
            "plt.rcParams['font.size'] *= 2",
            "in-place",
            variables={"env:rcParams[font.size]": "in-place", "env:rcParams[lines.linewidth]": "untouched"},
        ),
        cell(
            "plt.rcParams.update({'axes.grid': True})",
            "reset",
            variables={"env:rcParams[axes.grid]": "reset"},
        ),
        cell("with plt.rc_context({'lines.linewidth': 9}):\n    print(1)", "stateless"),
        cell("plt.style.use('ggplot')", "reset"),
        cold=True,
    ),
    Case(
        "pandas options",
        cell("import pandas as pd", "stateless"),
        cell("pd.set_option('display.max_rows', 7)", "reset"),
        cell("pd.options.display.precision += 1", "in-place"),
        cell("with pd.option_context('display.max_columns', 3):\n    print(1)", "stateless"),
        cold=True,
    ),
    Case(
        "the original setting is forgotten",
        cell("import pandas as pd", "stateless"),
        cell(
            "previous = pd.options.display.max_columns\npd.options.display.max_columns = previous + 5",
            "in-place",
            previous="in-place",
        ),
        cell(
            "before = pd.get_option('display.max_rows')\npd.set_option('display.max_rows', 5)",
            "in-place",
            before="in-place",
        ),
        cold=True,
    ),
    Case(
        "numpy print options",
        cell("import numpy as np", "stateless"),
        cell("np.set_printoptions(precision=3)", "reset"),
        cell("with np.printoptions(precision=1):\n    print(np.pi)", "stateless"),
        cell("np.set_printoptions(precision=np.get_printoptions()['precision'] + 1)", "in-place"),
        cold=True,
    ),
    Case(
        "a logging handler added once more",
        cell("import logging\nimport sys", "stateless"),
        cell(
            "logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))",
            "in-place",
            variables={"env:logging.root.handlers": "in-place"},
            kinds={"env:logging.root.handlers": "env"},
        ),
        cell("logging.info('hello')", "stateless", variables={"env:logging.root.handlers": "untouched"}),
    ),
    Case(
        "a logger of one's own",
        cell("import logging", "stateless"),
        cell(
            "logger = logging.getLogger('nbcase')\nlogger.addHandler(logging.NullHandler())",
            "in-place",
            logger="in-place",
        ),
        cell(
            "quiet = logging.getLogger('nbcase2')\nquiet.handlers = [logging.NullHandler()]",
            "reset",
            quiet="reset",
        ),
        cell(
            "logging.getLogger().addHandler(logging.NullHandler())",
            "in-place",
            variables={"env:logging.root.handlers": "in-place"},
        ),
    ),
    Case(
        "a logger gets its level and its handlers in two cells",
        cell("import logging\nlog = logging.getLogger('mine')\nlog.setLevel(20)", "reset"),
        cell("log.handlers.clear()\nlog.addHandler(logging.StreamHandler())", "reset"),
        cell("logging.getLogger('nbcase3').setLevel(30)", "reset"),
    ),
    Case(
        "logging that is set up where nobody has done so yet",
        cell("import logging\nlogging.getLogger().handlers.clear()", None),
        cell(
            "logging.basicConfig(level=logging.INFO)",
            "persisted",
            variables={"env:logging.root.handlers": "persisted", "env:logging.root.level": "persisted"},
        ),
        cell(
            "logging.basicConfig(level=logging.DEBUG, force=True)",
            "reset",
            variables={"env:logging.root.level": "reset"},
        ),
        cell("log = logging.getLogger('mine')\nlog.setLevel(20)\nlog.handlers = [logging.StreamHandler()]", "reset"),
        cell("log.setLevel(30)", "reset", variables={"env:logging[mine].level": "reset"}),
        cell(
            "if len(log.handlers) < 2:\n    log.addHandler(logging.StreamHandler())",
            "persisted",
            variables={"env:logging[mine].handlers": "persisted"},
        ),
        cell(
            "log.addHandler(logging.StreamHandler())",
            "in-place",
            variables={"env:logging[mine].handlers": "in-place"},
        ),
    ),
    Case(
        "a setting that an import changes as well",
        cell(
            "import logging\nlogging.getLogger('loud').setLevel('ERROR')\nimport loud",
            "stateless",
            variables={"env:logging[loud].level": "untouched"},
        ),
        cell("import sys\nsys.path.append('/opt/x')\nimport far", "in-place", variables={PATH: "in-place"}),
        setup="""
            from pathlib import Path
            Path("loud.py").write_text("import logging\\nlogging.getLogger('loud').setLevel('INFO')\\n")
            Path("far.py").write_text("import sys\\nsys.path.append('/opt/y')\\n")
            """,
    ),
]
