"""The one use case: check a notebook, and report."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nbrerun.analysis import watched
from nbrerun.analysis.afterwards import Afterwards, all_findings
from nbrerun.analysis.check import Check, Listener
from nbrerun.analysis.dependencies import inputs
from nbrerun.analysis.main_run import MainRun
from nbrerun.clock import running
from nbrerun.engine.choose import Choice, Chosen
from nbrerun.engine.kernelspec import resolve_kernel
from nbrerun.engine.liveness import ProbeFailure
from nbrerun.engine.requirements import declared
from nbrerun.model import NotebookReport
from nbrerun.notebooks.read import Notebook
from nbrerun.probe.files import changeset
from nbrerun.probe.protocol.messages import Generator
from nbrerun.probe.protocol.wire import Closed
from nbrerun.settings.values import Settings
from nbrerun.state.timeline import Step

__all__ = ["Examined", "Listener", "analyze", "examine", "judge"]


@dataclass(frozen=True)
class Examined:
    """The report on a notebook, with what it was concluded from."""

    report: NotebookReport
    steps: tuple[Step, ...] = ()
    """The cells of the main run whose states could be read."""
    seeds: Sequence[Generator] = ()
    """The states in which the global generators of random numbers began."""


def analyze(notebook: Notebook, settings: Settings, listener: Listener) -> NotebookReport:
    """Run the notebook, run its cells again, compare, judge.

    Raises:
        KernelError: the kernel does not exist, does not start, or cannot be read.
    """
    return examine(notebook, settings, listener).report


def examine(notebook: Notebook, settings: Settings, listener: Listener, seeds: Sequence[Generator] = ()) -> Examined:
    """Analyze a notebook, and return the states of the main run as well.

    Args:
        seeds: the states in which the global generators begin; other ones begin as they do in any fresh kernel.

    Raises:
        KernelError: the kernel does not exist, does not start, or cannot be read.
    """
    with running() as clock:
        examined = _examined(notebook, settings, listener, seeds)
        profile = clock.spent()
    seconds = sum(spent.seconds for spent in profile)
    report = replace(examined.report, seconds=seconds, profile=profile if settings.profile else ())
    listener.notebook_finished(report)
    return replace(examined, report=report)


def _examined(notebook: Notebook, settings: Settings, listener: Listener, seeds: Sequence[Generator]) -> Examined:
    kernel = resolve_kernel(notebook, settings)
    listener.notebook_started(str(notebook.path), len(notebook.cells))
    choice = Choice(notebook, settings, kernel, listener.cell_started, seeds)
    check = Check(notebook, settings, listener, choice)
    report = NotebookReport(str(notebook.path), "", "", kernel.name, kernel_reason=kernel.reason)
    try:
        report = replace(report, declared=declared(notebook.inline_metadata, choice.engine.kernel.distributions))
        lacks = choice.engine.kernel.lacks(notebook.needs) if notebook.needs else ()
        report = replace(report, lacks=lacks) if lacks else _checked(check, report)
        return Examined(report, tuple(check.steps), choice.engine.seeds)
    finally:
        choice.engine.close()


def judge(notebook: Notebook, settings: Settings, listener: Listener, choice: Chosen) -> NotebookReport:
    """Do the same in a kernel that is up already, and stays up."""
    report = NotebookReport(str(notebook.path), "", "", notebook.kernel_name or "")
    with running():
        return _checked(Check(notebook, settings, listener, choice), report)


def _checked(check: Check, report: NotebookReport) -> NotebookReport:
    interrupted = False
    try:
        _run(check)
    except KeyboardInterrupt:
        interrupted = True
    choice = check.choice
    return replace(
        report,
        engine=choice.name,
        engine_reason=choice.reason,
        sandbox=choice.sandbox["kind"],
        sandbox_reason=choice.sandbox["reason"],
        cells=tuple(watched.cell(cell, check.settings.watch) for cell in check.cells()),
        recover=tuple(check.recovered),
        whole=tuple(watched.whole(run, check.settings.watch) for run in check.whole),
        findings=tuple(all_findings(check)),
        failure=check.failure,
        interrupted=interrupted,
        over_budget=check.over_budget,
        inputs=inputs(check),
    )


def _run(check: Check) -> None:
    MainRun(check).run()
    if check.steps and check.steps[-1].cell is check.notebook.cells[-1]:
        Afterwards(check).run()
    if check.settings.write_files:
        with contextlib.suppress(Closed, ProbeFailure):  # the kernel died: its files are gone with it
            changeset.apply(check.choice.engine.keep_files(), str(check.notebook.folder))
