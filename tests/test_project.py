"""What surrounds the code agrees with it: packaging, workflows, nox sessions, documentation site."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import nbrerun
from nbrerun.rules import RULES
from tools import mkdocs_hooks, release_notes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOXFILE = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
DECISIONS = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("docs/*.md"), *ROOT.glob("nbrerun/rules/N*.md")]
)

DISTRIBUTIONS = {"jupyter_client": "jupyter-client", "markdown_it": "markdown-it-py"}
"""Names on PyPI that differ from the names of modules."""

STARTED = {"ipykernel", "scikit-learn"}
"""Dependencies that nbrerun does not import: it starts the one as a process, and notebooks need the other."""

OPTIONAL = {"distributed": "dask", "jupytext": "jupytext", "mcp": "mcp", "ray": "ray"}
"""Modules that are imported only where a user asks for what they do, and the extras that bring them."""

OF_THE_CALLER = {"pytest", "IPython"}
"""Only pytest, or a kernel, imports the module that imports it."""


def python_files() -> Iterator[Path]:
    """Every module of the package."""
    yield from sorted((ROOT / "nbrerun").rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    """Top-level modules that code imports when it runs; what stands below `if TYPE_CHECKING` never does."""
    if isinstance(tree, ast.If) and isinstance(tree.test, ast.Name) and tree.test.id == "TYPE_CHECKING":
        return
    if isinstance(tree, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in tree.names)
    elif isinstance(tree, ast.ImportFrom) and not tree.level and tree.module:
        yield tree.module.partition(".")[0]
    for child in ast.iter_child_nodes(tree):
        yield from imported(child)


def names(requirements: list[str]) -> set[str]:
    """The names of the packages in a list of requirements."""
    found = (re.match(r"[\w-]+", requirement) for requirement in requirements)
    return {name[0] for name in found if name}


def third_party() -> set[str]:
    """Modules outside the standard library that the package imports."""
    everything = {name for path in python_files() for name in imported(ast.parse(path.read_text(encoding="utf-8")))}
    return everything - sys.stdlib_module_names - {"nbrerun", "tomllib"}


def constant(name: str) -> Any:
    """A constant of the noxfile."""
    values = (
        node.value
        for node in NOXFILE.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name
    )
    return ast.literal_eval(next(values))


def sessions() -> set[str]:
    """The sessions that nox knows, those for one Python with its number."""
    found = set()
    for node in NOXFILE.body:
        if isinstance(node, ast.FunctionDef) and any(
            "nox.session" in ast.unparse(each) for each in node.decorator_list
        ):
            per_python = any("python=PYTHONS)" in ast.unparse(each) for each in node.decorator_list)
            found |= {f"{node.name}-{python}" for python in constant("PYTHONS")} if per_python else {node.name}
    return found


def rows(job: dict[str, Any]) -> list[dict[str, str]]:
    """The rows of a job's matrix; one empty row where it has none."""
    matrix = dict(job.get("strategy", {}).get("matrix", {}))
    extra = matrix.pop("include", [])
    product: list[dict[str, str]] = [{}]
    for key, values in matrix.items():
        product = [{**row, key: value} for row in product for value in values]
    return [*(product if matrix else []), *extra] or [{}]


def test_every_import_is_declared_and_every_dependency_used() -> None:
    """pyproject.toml names what the package imports, and nothing else."""
    used = third_party() - OPTIONAL.keys() - OF_THE_CALLER
    assert {DISTRIBUTIONS.get(name, name) for name in used} | STARTED == names(PROJECT["dependencies"])
    for module, extra in OPTIONAL.items():
        assert module in third_party()
        assert module in names(PROJECT["optional-dependencies"][extra])


def test_every_file_beside_the_modules_is_in_the_wheel() -> None:
    """setuptools leaves out what no pattern of pyproject.toml matches; templates would be missing only there."""
    toml = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = toml["tool"]["setuptools"]["package-data"]["nbrerun"]
    package = ROOT / "nbrerun"
    matched = {path for pattern in patterns for path in package.glob(pattern)}
    others = (path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc"))
    assert matched == set(others)


@pytest.mark.parametrize("extra", [None, "core", "jupytext", "mcp", "samples"])
def test_every_dependency_has_a_lower_bound(extra: str | None) -> None:
    """The session `oldest` installs it; what has none would be installed in its newest version there."""
    requirements = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    for requirement in requirements:
        assert re.match(r"nbrerun\[|[\w-]+>=\d", requirement), requirement


@pytest.mark.parametrize("name", sorted(names(PROJECT["dependencies"]) | set(OPTIONAL)))
def test_every_dependency_is_a_decision(name: str) -> None:
    """The section on dependencies says why each is there."""
    section = DECISIONS.partition("\n## Dependencies\n")[2].partition("\n## ")[0]
    assert re.search(rf"^- .*\*\*{re.escape(name)}\*\*", section, re.MULTILINE)


def test_the_version_is_written_once() -> None:
    """The build reads it from the package; the citation repeats it."""
    assert "version" in PROJECT["dynamic"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == nbrerun.__version__


def test_the_classifiers_promise_only_what_a_session_runs() -> None:
    """The core runs on every Python that is promised, and on the oldest one with the oldest dependencies."""
    pythons = constant("PYTHONS")
    promised = re.findall(r"Programming Language :: Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert set(promised) <= set(pythons)
    assert PROJECT["requires-python"] == f">={promised[0]}" == f">={pythons[0]}"


def test_every_path_of_a_session_exists() -> None:
    """A file that is moved is moved in the noxfile, too."""
    for path in (*constant("CORE"), *constant("NEED_FRAMEWORKS")):
        assert (ROOT / path).exists(), path


def test_the_core_leaves_out_exactly_the_files_that_import_a_framework() -> None:
    """Files are left out when tests are collected, so that no test of the core is skipped for a missing module."""
    extras = PROJECT["optional-dependencies"]
    frameworks = names(extras["test"]) - names(extras["core"]) - {"nbrerun"}
    modules = {re.sub(r"-cpu$", "", name).replace("-", "_") for name in frameworks} | {"keras", "thinc", "srsly"}
    left_out = set(constant("NEED_FRAMEWORKS"))
    for path in sorted(ROOT.glob("tests/unit/**/test_*.py")):
        needs = set(imported(ast.parse(path.read_text(encoding="utf-8")))) & modules
        name = path.relative_to(ROOT).as_posix()
        assert not needs or name in left_out, f"{name} imports {needs}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.name))
def test_a_workflow_runs_sessions_that_exist(path: Path) -> None:
    """A name that is misspelt would only show once the workflow runs."""
    asked = []
    for job in yaml.safe_load(path.read_text())["jobs"].values():
        for step in job["steps"]:
            for session in re.findall(r"nox -s ((?:\$\{\{[^}]*\}\}|[^\s$])+)", step.get("run", "")):
                for row in rows(job):
                    asked.append(re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda found, row=row: row[found[1]], session))
    assert asked
    assert set(asked) <= sessions()


def test_ci_runs_the_core_on_every_python_and_each_session_once() -> None:
    """The matrix and the noxfile name the same Pythons; only one that no classifier promises may fail."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    assert jobs["core"]["strategy"]["matrix"]["python"] == list(constant("PYTHONS"))
    promised = re.findall(r"Programming Language :: Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    (may_fail,) = re.findall(r"'(3\.\d+)'", jobs["core"]["continue-on-error"])
    assert {may_fail} == set(constant("PYTHONS")) - set(promised)
    others = {name for name in sessions() if not name.startswith("core-")}
    assert {row["session"] for row in rows(jobs["session"])} == others
    assert {row["python"] for row in rows(jobs["session"]) if row["session"] == "oldest"} == {constant("PYTHONS")[0]}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.name))
def test_a_workflow_may_do_little_and_names_its_actions_by_version(path: Path) -> None:
    """No job can write but the one that makes the release; only the one that publishes can ask for a token."""
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] in ({}, {"contents": "read"})
    granted = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}
    expected = {"build": {"contents": "read"}, "publish": {"id-token": "write"}, "announce": {"contents": "write"}}
    assert granted == (expected if path.name == "release.yml" else {})
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] > 0
        for step in job["steps"]:
            assert re.fullmatch(r"\./|[\w-]+/[\w-]+@v\d+(\.\d+)*", step.get("uses", "a/b@v1"))
            assert "${{ github." not in step.get("run", ""), "text of an event in a script could be a command"


SCHEMAS = {
    "github-workflows": [path.relative_to(ROOT).as_posix() for path in WORKFLOWS],
    "github-issue-forms": sorted(
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")
        if path.name != "config.yml"
    ),
    "github-issue-config": [".github/ISSUE_TEMPLATE/config.yml"],
    "citation-file-format": ["CITATION.cff"],
}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_files_follow_the_published_schemas(schema: str) -> None:
    """A file that its reader would refuse is found before it is pushed."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *SCHEMAS[schema]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pre_commit_accepts_its_configuration() -> None:
    """Its own command says so, without installing a hook."""
    command = [sys.executable, "-m", "pre_commit", "validate-config", ".pre-commit-config.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


CHANGELOG = """# Changelog

## [Unreleased]

## [0.2.0] - 2026-01-02

### Added

- One thing.

## [0.1.0] - 2026-01-01

- The first.

[0.1.0]: https://example.com
"""


@pytest.mark.parametrize(
    ("version", "text"), [("0.2.0", "### Added\n\n- One thing."), ("0.1.0", "- The first."), ("0.3.0", None)]
)
def test_release_notes_are_the_section_of_the_changelog(version: str, text: str | None) -> None:
    """From the heading to the next one, or to the links at the end."""
    assert release_notes.section(CHANGELOG, version) == text


@pytest.mark.parametrize(
    ("tag", "package", "says"),
    [
        ("v0.3.0", "0.2.0", "the tag is v0.3.0"),
        ("v0.3.0", "0.3.0", "no section for 0.3.0"),
        ("v1", "", "no __version__"),
    ],
)
def test_a_release_that_does_not_agree_with_itself_is_refused(tag: str, package: str, says: str) -> None:
    """Tag, package and changelog name the same version, or nothing is released."""
    with pytest.raises(SystemExit, match=says):
        release_notes.notes(tag, CHANGELOG, f'__version__ = "{package}"\n' if package else "")


def test_the_notes_of_this_version_would_be_found() -> None:
    """The changelog keeps the form that the script reads."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    source = (ROOT / "nbrerun" / "__init__.py").read_text(encoding="utf-8")
    released = changelog.replace("## [Unreleased]", f"## [{nbrerun.__version__}]")
    assert release_notes.notes(f"v{nbrerun.__version__}", released, source).startswith("###")


def test_ci_names_paths_that_exist() -> None:
    """`.ci/run` runs a part of the core on another Python."""
    script = (ROOT / ".ci" / "run").read_text()
    paths = re.findall(r"tests/[\w/.]+", script.partition("part_of_the_core=(")[2].partition(")")[0])
    assert paths
    for path in paths:
        assert (ROOT / path).exists(), path


def menu(items: Any) -> Iterator[str]:
    """The pages of a menu."""
    if isinstance(items, str):
        yield items
    for item in items.values() if isinstance(items, dict) else items if isinstance(items, list) else ():
        yield from menu(item)


def test_the_menu_of_the_site_has_every_page_once() -> None:
    """Pages of docs/ and those that the hooks add, apart from the rules, which the hooks put into the menu."""
    pages = list(menu(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    of_docs = {page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")}
    assert len(pages) == len(set(pages))
    assert set(pages) == of_docs | set(mkdocs_hooks.PAGES.values())


@pytest.mark.parametrize(
    ("page", "link", "there"),
    [
        ("index.md", "docs/verdicts.md#rulings", "verdicts.md#rulings"),
        ("index.md", "docs/report.svg", "report.svg"),
        ("verdicts.md", "../README.md", "index.md"),
        ("verdicts.md", "#rulings", "#rulings"),
        ("verdicts.md", "https://example.com/a.md", "https://example.com/a.md"),
        ("questions.md", "../sample_notebooks/a.ipynb", "sample_notebooks/a.ipynb"),
        ("findings.md", "../nbrerun/rules/NBR001.md", "rules/NBR001.md"),
        ("configuration.md", "findings.md#nbr201", "rules/NBR201.md"),
        ("rules/NBR303.md", "NBR102.md", "NBR102.md"),
        ("rules/NBR101.md", "../../docs/restart.md", "../restart.md"),
        ("contributing.md", "docs/decisions.md", "decisions.md"),
    ],
)
def test_links_between_files_are_links_between_pages(page: str, link: str, there: str) -> None:
    """In the repository a link leads to a file; on the site the same link leads to the page that is made of it."""
    assert mkdocs_hooks.with_site_links(f"see [this]({link}).", page) == f"see [this]({there})."


@pytest.mark.parametrize("code", RULES)
def test_every_rule_has_a_page(code: str) -> None:
    """It is made of the text that `nbrerun explain` shows."""
    page = mkdocs_hooks.rule_page(code)
    assert page.startswith(f"# {code}: {RULES[code].summary}\n")
    assert page.endswith(RULES[code].text)


@pytest.mark.parametrize("page", [*PAGES, *mkdocs_hooks.PAGES])
def test_every_link_between_files_leads_somewhere(page: str) -> None:
    """As it is read in the repository; the strict build of the site checks the pages and their anchors."""
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s#]+)[^)\s]*\)", text):
        if not re.match(r"[a-z]+:", link):
            assert os.path.exists(os.path.normpath(ROOT / Path(page).parent / link)), link


@pytest.mark.parametrize("package", ["nbrerun", "nbrerun/probe"])
def test_contributing_names_every_package_and_module(package: str) -> None:
    """A stranger finds each by the tables of the tree."""
    tables = "\n".join(line for line in (ROOT / "CONTRIBUTING.md").read_text().splitlines() if line.startswith("|"))
    for path in (ROOT / package).iterdir():
        if path.is_dir() and (path / "__init__.py").exists():
            assert f"`{path.name}/`" in tables, path
        elif path.suffix == ".py" and not path.name.startswith("__"):
            assert f"`{path.stem}`" in tables, path


def test_the_list_for_language_models_names_pages_of_the_site() -> None:
    """The format (https://llmstxt.org): a title, a summary in a quotation, then sections of links, here to pages."""
    lines = (ROOT / "docs" / "llms.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# nbrerun"
    assert lines[2].startswith("> ")
    links = [re.fullmatch(r"- \[[^]]+\]\(([\w-]+)/\): .+", line) for line in lines if line.startswith("- ")]
    assert links
    for link in links:
        assert link is not None
        assert (ROOT / "docs" / f"{link[1]}.md").exists(), link[1]
