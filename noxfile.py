"""What is checked beside the tests of one environment: `nox -l` lists the sessions, `nox -s docs` runs one.

`.ci/run` and the workflows in `.github/` use these sessions, each in a fresh virtual environment.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import nox

ROOT = Path(__file__).parent
TOML = nox.project.load_toml(ROOT / "pyproject.toml")
PROJECT = TOML["project"]

PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")

CORE = (
    "tests/unit",
    "tests/functional/test_api.py",
    "tests/functional/test_cases.py",
    "tests/functional/test_copy_sandbox.py",
    "tests/functional/test_declared.py",
    "tests/functional/test_mcp.py",
    "tests/functional/test_replay.py",
    "tests/functional/test_restart.py",
    "tests/functional/test_sandbox.py",
    "tests/functional/test_watch.py",
)
"""Tests that need no machine learning framework except for scikit-learn."""

NEED_FRAMEWORKS = (
    "tests/unit/probe/adapters/test_bokeh.py",
    "tests/unit/probe/adapters/test_catboost.py",
    "tests/unit/probe/adapters/test_duckdb.py",
    "tests/unit/probe/adapters/test_gensim.py",
    "tests/unit/probe/adapters/test_jax.py",
    "tests/unit/probe/adapters/test_jupyter.py",
    "tests/unit/probe/adapters/test_keras.py",
    "tests/unit/probe/adapters/test_lightgbm.py",
    "tests/unit/probe/adapters/test_plotly.py",
    "tests/unit/probe/adapters/test_polars.py",
    "tests/unit/probe/adapters/test_polars_random.py",
    "tests/unit/probe/adapters/test_pyarrow.py",
    "tests/unit/probe/adapters/test_statsmodels.py",
    "tests/unit/probe/adapters/test_tensorflow.py",
    "tests/unit/probe/adapters/test_thinc.py",
    "tests/unit/probe/adapters/test_torch.py",
    "tests/unit/probe/adapters/test_torchmetrics.py",
    "tests/unit/probe/adapters/test_transformers.py",
    "tests/unit/probe/adapters/test_xgboost.py",
    "tests/unit/probe/execute/test_exchanges.py",
    "tests/unit/probe/file_values/test_contents.py",
    "tests/unit/probe/file_values/test_hdf5.py",
    "tests/unit/probe/files/test_corners.py",
    "tests/unit/probe/read/test_perturb.py",
)
"""Files among those of the core that import a framework, so that they are not collected there."""

SAMPLE = ROOT / "sample_notebooks" / "04_save_and_load.ipynb"

nox.options.sessions = ["lint", "tests", "docs", "wheel"]
nox.options.error_on_missing_interpreters = True

# Interpreters of pyenv are found although no shim is active for them.
_versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
_folders = [
    str(found.parent) for python in PYTHONS for found in sorted(_versions.glob(f"{python}.*/bin/python{python}"))
]
os.environ["PATH"] = os.pathsep.join([*_folders, os.environ.get("PATH", os.defpath)])


@nox.session
def tests(session: nox.Session) -> None:
    """Run the whole suite, with everything that it needs installed."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python=PYTHONS)
def core(session: nox.Session) -> None:
    """Run the core of the suite on each Python; arguments go to pytest, and take the place of the list of paths."""
    session.install("-e", ".[core]")
    _run_core(session)


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """Run the core with the oldest version of each dependency that pyproject.toml allows."""
    # Not in `create_tmp`, which becomes TMPDIR: modules in folders of an environment are not the user's own.
    constraints = Path(session.virtualenv.location) / "constraints.txt"
    constraints.write_text("\n".join(_lower_bounds()) + "\n", encoding="utf-8")
    session.install("-e", ".[core]", "--constraint", str(constraints))
    _run_core(session)


def _run_core(session: nox.Session) -> None:
    ignored = [f"--ignore={path}" for path in NEED_FRAMEWORKS]
    session.run("python", "-m", "pytest", *(session.posargs or CORE), *ignored)


def _lower_bounds() -> list[str]:
    """Pin everything that the core installs to the version behind its `>=`."""
    extras = PROJECT["optional-dependencies"]
    declared = [
        *PROJECT["dependencies"],
        *(each for name in ("core", "jupytext", "mcp", "samples") for each in extras[name]),
    ]
    found = (re.match(r"([\w-]+)>=([\w.]+)", requirement) for requirement in declared)
    return sorted({f"{bound[1]}=={bound[2]}" for bound in found if bound})


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types and layers."""
    session.install("-e", ".[lint]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation site; a broken link or a page that no menu shows is an error."""
    session.install(*PROJECT["optional-dependencies"]["docs"])
    # Material announces its successor at each build.
    quiet = {"NO_MKDOCS_2_WARNING": "1"}
    session.run("mkdocs", "build", "--strict", "--site-dir", str(ROOT / "build" / "site"), env=quiet)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the distributions, install the wheel into an empty environment, and check a notebook with it."""
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    # This environment is as fresh as one that `build` would make for itself, so it makes none.
    session.install("build", *TOML["build-system"]["requires"])
    session.run("python", "-m", "build", "--no-isolation", "--outdir", str(dist), silent=True)
    (built,) = dist.glob("*.whl")
    place = Path(session.create_tmp()).resolve()
    session.run("python", "-m", "venv", "--clear", str(place / "empty"))
    python = str(place / "empty" / "bin" / "python")
    # The sample needs scikit-learn; all else has to come with nbrerun.
    session.run(python, "-m", "pip", "install", "--quiet", str(built), "scikit-learn", external=True)
    session.run(python, "-m", "pip", "check", external=True)
    shutil.copy(SAMPLE, place)
    with session.chdir(place):
        # As if it were activated: this session's own environment is, and notebooks run in the active one.
        active = {"VIRTUAL_ENV": str(place / "empty")}
        session.run(str(place / "empty" / "bin" / "nbrerun"), "check", SAMPLE.name, external=True, env=active)
