"""JUnit XML as Jenkins, GitLab and others read it: a notebook is a suite, a cell a case."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from nbrerun.model import NotebookReport, Report, Verdict
from nbrerun.notebooks.text import SUFFIXES
from nbrerun.reporters.entries import TOOL, TROUBLES, UNCHECKED, Entry, of_notebook, where
from nbrerun.reporters.text import clean, one_line

# The complement of the characters of XML 1.0 (section 2.2).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SUFFIX = re.compile(rf"(?:{'|'.join(map(re.escape, ('.ipynb', *SUFFIXES)))})$")
_NOT_JUDGED = {Verdict.SKIPPED, Verdict.UNDETERMINED}


def render(report: Report, out: TextIO) -> None:
    """Write the suites; findings that fail the check are failures, the others are output of their case."""
    suites = [_suite(notebook) for notebook in report.notebooks]
    total = sum(notebook.seconds for notebook in report.notebooks)
    root = Element("testsuites", name=TOOL, time=_time(total))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.extend(suites)
    ElementTree.indent(root)
    out.write('<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n")


def _suite(notebook: NotebookReport) -> Element:
    cases = list(_cases(notebook))
    suite = Element("testsuite", name=_text(notebook.path), tests=str(len(cases)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", _time(notebook.seconds))
    suite.extend(cases)
    if notebook.incomplete:
        SubElement(suite, "system-err").text = notebook.incomplete
    return suite


def _cases(notebook: NotebookReport) -> Iterator[Element]:
    entries = of_notebook(notebook)
    # Written as a Java class: readers take the names between dots for packages.
    classname = _text(_SUFFIX.sub("", notebook.path).strip("./\\")).replace("\\", "/").replace("/", ".")
    for cell in notebook.cells:
        name = f"{where(cell.index)}: {_text(cell.first_line)}"
        spent = (cell.seconds.first or 0.0) + (cell.seconds.again or 0.0)
        case = Element("testcase", name=name, classname=classname, time=_time(spent))
        _fill(case, notebook, [entry for entry in entries if entry.index == cell.index])
        if cell.verdict in _NOT_JUDGED and len(case) == 0:
            SubElement(case, "skipped", message=_text(f"{cell.verdict}: {cell.reason}"))
        yield case
    yield from _other_cases(notebook, entries, classname)


def _other_cases(notebook: NotebookReport, entries: Sequence[Entry], classname: str) -> Iterator[Element]:
    """Yield cases for entries on no cell of the report: the cell that failed the main run, or the whole notebook."""
    known = {cell.index for cell in notebook.cells}
    for index in sorted({entry.index for entry in entries} - known):
        case = Element("testcase", name=where(index), classname=classname)
        _fill(case, notebook, [entry for entry in entries if entry.index == index])
        yield case
    if notebook.lacks:
        case = Element("testcase", name=where(-1), classname=classname)
        SubElement(case, "skipped", message=_text(notebook.reason))
        yield case


def _fill(case: Element, notebook: NotebookReport, entries: Sequence[Entry]) -> None:
    findings = [entry for entry in entries if entry.rule not in TROUBLES]
    failed = [entry for entry in findings if entry.fails]
    if notebook.problem:
        error = SubElement(case, "error", type=UNCHECKED, message=_text(notebook.problem))
        error.text = _NOT_XML.sub("", clean("\n".join(notebook.traceback)))
        failed = []
    elif notebook.failure and len(findings) < len(entries):
        message = f"the main run raised {notebook.failure.ename}: {notebook.failure.evalue}"
        error = SubElement(case, "error", type=_text(notebook.failure.ename), message=_text(message))
        error.text = _NOT_XML.sub("", clean("\n".join(notebook.failure.traceback)))
        failed = []
    elif failed:
        # All in one failure: readers show the first failure of a case and ignore the others.
        rules = ", ".join(dict.fromkeys(entry.rule for entry in failed))
        SubElement(case, "failure", type=rules, message=_text(failed[0].message)).text = _lines(failed)
    if rest := [entry for entry in findings if entry not in failed]:
        SubElement(case, "system-out").text = _lines(rest)


def _lines(entries: Iterable[Entry]) -> str:
    lines = []
    for entry in entries:
        known = " (known)" if entry.known else ""
        line = f"{entry.path}:{entry.place.line}: {entry.rule} {entry.severity}{known}: {entry.message}"
        lines.append(_text(line))
    return "\n".join(lines)


def _text(text: str) -> str:
    """Remove the characters that XML cannot represent, even as references."""
    return _NOT_XML.sub("", one_line(text))


def _time(seconds: float) -> str:
    return f"{seconds if math.isfinite(seconds) else 0.0:.3f}"
