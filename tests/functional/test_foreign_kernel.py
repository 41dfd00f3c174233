"""The notebook's kernel is another environment: another Python, without nbrerun and all that it brings along."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nbrerun.analysis import analyze
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.functional.cases import MODULES
from tests.functional.cases.case import Case
from tests.functional.metamorphic.packs import packed
from tests.functional.test_bad_input import assert_refused, beside, nbrerun, write
from tests.functional.test_cases import disagreements, written

# An environment is made first, and several workers may make theirs at once.
pytestmark = [pytest.mark.timeout(600), pytest.mark.cold_kernel]

VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
_RUNNING = "{}.{}".format(*sys.version_info)
_ASK = """
import sys, venv, ensurepip
print(sys.implementation.name, "%d.%d" % sys.version_info[:2], sys.executable, sep=";")
"""
_LIBRARY = re.compile(r"\b(numpy|pandas|sklearn|scipy|joblib|matplotlib)\b")


def candidates(version: str) -> Iterator[str]:
    """Programs that may be this Python: those of pyenv, and what PATH says."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    yield from map(str, sorted(pyenv.glob(f"{version}.*/bin/python{version}")))
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    yield from filter(None, (shutil.which(f"python{version}", path=folder) for folder in folders))


def interpreter(version: str) -> str | None:
    """A CPython of this version that can make an environment."""
    for program in candidates(version):
        done = subprocess.run([program, "-c", _ASK], capture_output=True, text=True, check=False)
        name, found, path = [*done.stdout.strip().split(";"), "", "", ""][:3]
        if (name, found) == ("cpython", version):
            return path
    return None


def interpreters() -> dict[str, str]:
    """All others than the running one, by version; that one where there is no other."""
    found = {version: interpreter(version) for version in VERSIONS if version != _RUNNING}
    return {version: path for version, path in found.items() if path} or {_RUNNING: sys.executable}


PYTHONS = interpreters()


def install_kernel(folder: Path, name: str, *argv: str | Path) -> None:
    """Make a kernelspec below a folder that is to be the JUPYTER_PATH."""
    kernel = folder / "kernels" / name
    kernel.mkdir(parents=True)
    spec = {"argv": [*map(str, argv), "-f", "{connection_file}"], "display_name": name, "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))


def environment(folder: Path, program: str) -> None:
    """Make an environment with ipykernel and what that needs, and its kernelspec `foreign`."""
    subprocess.run([program, "-m", "venv", "--without-pip", folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python]  # to install pip itself would take as long again
    asked = subprocess.run([*pip, "--version"], capture_output=True, check=False)
    if asked.returncode:  # this pip is too new for that Python
        subprocess.run([python, "-m", "ensurepip"], check=True, capture_output=True)
        pip = [python, "-m", "pip"]
    subprocess.run(
        [*pip, "install", "--quiet", "--disable-pip-version-check", "ipykernel"], check=True, capture_output=True
    )
    install_kernel(folder, "foreign", python, "-m", "ipykernel_launcher")


@pytest.fixture(scope="session", params=PYTHONS)
def jupyter_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the kernelspec of one environment lies; the workers of a run share it, and the first one makes it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / f"foreign-{request.param}"
    with open(shared / f"foreign-{request.param}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "kernels").exists():
            shutil.rmtree(folder, ignore_errors=True)
            environment(folder, PYTHONS[request.param])
    return folder


@pytest.fixture
def foreign(jupyter_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings that choose the kernel of that environment."""
    monkeypatch.setenv("JUPYTER_PATH", str(jupyter_path))
    return Settings(kernel="foreign", experiments=frozenset({"again", "later"}))


def needs_no_library(case: Case) -> bool:
    """Only what every Python brings along is imported."""
    return not any(_LIBRARY.search(source) for source in (case.setup, *(cell.source for cell in case.cells)))


def chosen() -> list[Case]:
    """The first case of each theme that needs no library."""
    free = [[case for case in module.CASES if needs_no_library(case)] for module in MODULES]
    return [cases[0] for cases in free if cases]


def test_many_themes_need_no_library() -> None:
    """The cases that are tried are not few."""
    assert len(chosen()) >= 12
    assert sum(len(case.cells) for case in chosen()) >= 60


PACKS = [pack.together() for pack in packed("no library", chosen(), ("renamed",))]
"""The cases in few notebooks: a kernel of another Python takes a second to start."""


def assert_as_labelled(case: Case, settings: Settings, folder: Path) -> None:
    """The kernel is that of the other environment, and the report on each cell agrees with its label."""
    report = analyze(read_notebook(written(case, folder)), settings, Silent())
    assert (report.kernel, report.failure) == ("foreign", None)
    wrong = [text for label, cell in zip(case.cells, report.cells, strict=True) for text in disagreements(label, cell)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("case", PACKS, ids=str)
def test_verdicts_in_another_environment_are_as_usual(case: Case, foreign: Settings, tmp_path: Path) -> None:
    """Every case gets the verdicts of its label from a kernel that is forked."""
    engine = "fork" if case.survives_fork else "auto"
    assert_as_labelled(case, replace(foreign, engine=engine), tmp_path)


def in_turn() -> list[tuple[str, Case]]:
    """Every second case with one of the versions: replay starts a kernel for nearly every cell."""
    return list(zip(itertools.cycle(PYTHONS), chosen()[1::2], strict=False))


@pytest.mark.parametrize(("jupyter_path", "case"), in_turn(), indirect=["jupyter_path"])
def test_replay_in_another_environment_says_the_same(case: Case, foreign: Settings, tmp_path: Path) -> None:
    """The environments take turns, so that each has some cases."""
    assert_as_labelled(case, replace(foreign, engine="replay"), tmp_path)


def test_the_environment_has_nothing_of_nbreruns(foreign: Settings, tmp_path: Path) -> None:
    """What the notebook needs is looked for in its kernel, where these are missing, and not beside nbrerun."""
    path = write(tmp_path, "x = 1")
    node = json.loads(path.read_text())
    node["metadata"]["nbrerun"] = {"needs": ["IPython", "nbrerun", "numpy", "nbclient", "xxhash"]}
    path.write_text(json.dumps(node))
    report = analyze(read_notebook(path), foreign, Silent())
    assert report.lacks == ("nbrerun", "numpy", "nbclient", "xxhash")


def test_the_kernel_is_the_other_python(jupyter_path: Path, foreign: Settings, tmp_path: Path) -> None:
    """The cell sees the version and the prefix of the environment that the kernelspec names."""
    prefix, version = str(jupyter_path / "env"), next(v for v in PYTHONS if jupyter_path.name.endswith(f"-{v}"))
    source = f"import sys\nassert sys.prefix == {prefix!r}\nassert '%d.%d' % sys.version_info[:2] == {version!r}"
    report = analyze(read_notebook(write(tmp_path, source)), foreign, Silent())
    assert report.failure is None


STUB = """
import sys
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

class Stub(Kernel):
    implementation, implementation_version, banner = "stub", "1", "stub"
    language_info = {"name": "python", "version": "3.12.0", "mimetype": "text/x-python", "file_extension": ".py"}

    async def do_execute(self, code, silent, *rest, **more):
        reply = {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
        BODY
        return reply

IPKernelApp.launch_instance(kernel_class=Stub)
"""
EXECUTES = """
        try:
            exec(code, {})
        except Exception as error:
            reply = {"status": "error", "ename": type(error).__name__, "evalue": str(error), "traceback": []}
"""
OLD = """
import sys
from ipykernel.kernelapp import IPKernelApp

app = IPKernelApp.instance()
app.initialize()
sys.version_info = (3, 8, 18, "final", 0)
app.start()
"""
OLD_IPYKERNEL = OLD.replace("sys.version_info", "sys.modules['ipykernel'].version_info").replace("3, 8, 18", "5, 5, 6")

STUBS = {
    "too old a Python": (OLD, ["runs Python 3.8", "needs Python 3.9"]),
    "too old an ipykernel": (OLD_IPYKERNEL, ["no ipykernel 6", "ipykernel 6 or newer"]),
    "Python without IPython": (STUB.replace("BODY", EXECUTES.strip()), ["no get_ipython()", "ipykernel"]),
    "runs nothing": (STUB.replace("BODY", "pass"), ["does not run what it is sent"]),
    "dies when asked": (STUB.replace("BODY", "__import__('os')._exit(1)"), ["died"]),
    "ends at once": ("raise SystemExit(3)", ["did not start"]),
    "ends with a traceback": ("import no_such_module", ["did not start", "No module named 'no_such_module'"]),
}


@pytest.mark.parametrize("stub", STUBS)
def test_a_kernel_that_cannot_be_read_is_one_sentence(
    stub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the kernel and what is wrong with it; exit code 2, and no cell is run."""
    program, words = STUBS[stub]
    (tmp_path / "stub.py").write_text(program)
    install_kernel(tmp_path, "odd", sys.executable, tmp_path / "stub.py")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    path = write(tmp_path, f"open({str(beside(tmp_path))!r}, 'w').close()")
    sentence = assert_refused(nbrerun(path, "--kernel", "odd"))
    for word in ["'odd'", *words]:
        assert word in sentence
    assert not beside(tmp_path).exists()


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that has been removed leaves its kernelspec behind."""
    install_kernel(tmp_path, "gone", tmp_path / "env" / "bin" / "python", "-m", "ipykernel_launcher")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    sentence = assert_refused(nbrerun(write(tmp_path, "x = 1"), "--kernel", "gone"))
    assert f"'gone' did not start: {tmp_path}/env/bin/python: No such file or directory" in sentence


def test_an_environment_without_ipykernel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says which module is missing, and in which Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    install_kernel(tmp_path, "bare", tmp_path / "env" / "bin" / "python", "-m", "ipykernel_launcher")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    sentence = assert_refused(nbrerun(write(tmp_path, "x = 1"), "--kernel", "bare"))
    assert f"'bare' did not start: {tmp_path}/env/bin/python: No module named ipykernel_launcher" in sentence


SPECS = {
    "not JSON": ("{", ["cannot be read"]),
    "not an object": ("[]", ["cannot be read"]),
    "no list of words": ('{"argv": 3, "language": "python"}', ["cannot be read", "argv"]),
    "no program": ('{"argv": [], "language": "python"}', ["no program"]),
    "no language": ('{"argv": ["true"], "display_name": "odd"}', ["does not say that it runs Python"]),
}


@pytest.mark.parametrize("spec", SPECS)
def test_a_damaged_kernelspec_is_one_sentence(spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the notebook, the kernel and what is wrong with it; exit code 2."""
    content, words = SPECS[spec]
    (tmp_path / "kernels" / "odd").mkdir(parents=True)
    (tmp_path / "kernels" / "odd" / "kernel.json").write_text(content)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    sentence = assert_refused(nbrerun(write(tmp_path, "x = 1"), "--kernel", "odd"))
    for word in ["nb.ipynb", "'odd'", *words]:
        assert word in sentence
