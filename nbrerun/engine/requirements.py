"""What a notebook declares to need (PEP 723), compared with what its kernel has. Nothing is installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from nbrerun.notebooks.inline_metadata import InlineMetadata
from nbrerun.probe.protocol.package_requests import Distributions


def declared(metadata: InlineMetadata | None, ask: Callable[[Sequence[str]], Distributions]) -> str:
    """Say in one sentence what is declared, and what of that the kernel lacks; empty if nothing is declared.

    Args:
        metadata: the notebook's.
        ask: tells which versions of distributions the kernel has.
    """
    if metadata is None:
        return ""
    if metadata.problem:
        return f"what the notebook declares (PEP 723) cannot be read: {metadata.problem}"
    needed, unread = _requirements(metadata.dependencies)
    has = ask([one.name for one in needed])
    needed = [one for one in needed if _applies(one, has["python"])]
    said = [f"Python {metadata.requires_python}"] if metadata.requires_python else []
    said += [f"{one.name}{one.specifier}" for one in needed]
    missing = _python(metadata.requires_python, has["python"])
    missing += [text for one in needed if (text := _missing(one, has["versions"].get(one.name)))]
    if unread:
        missing.append(f"{unread} of the requirements cannot be read")
    if not (said or missing):
        return "the notebook declares that it needs no package (PEP 723)"
    result = f"but {'; '.join(missing)}" if missing else "and the kernel has all of that"
    *first, last = said or ["something"]
    needs = f"{', '.join(first)} and {last}" if first else last
    return f"the notebook declares that it needs {needs} (PEP 723), {result}"


def _requirements(texts: Sequence[str]) -> tuple[list[Requirement], int]:
    """Read the requirements, and count those that cannot be read."""
    found, unread = [], 0
    for text in texts:
        try:
            found.append(Requirement(text))
        except InvalidRequirement:
            unread += 1
    return found, unread


def _applies(needed: Requirement, python: str) -> bool:
    """Tell whether the marker holds for the kernel, which runs on this machine, and maybe in another Python."""
    version = {"python_full_version": python, "python_version": ".".join(python.split(".")[:2])}
    return needed.marker is None or needed.marker.evaluate(version)


def _missing(needed: Requirement, version: str | None) -> str:
    if version is None:
        return f"the kernel has no {needed.name}"
    return "" if _holds(needed.specifier, version) else f"the kernel has {needed.name} {version}"


def _python(specifier: str, version: str) -> list[str]:
    try:
        holds = _holds(SpecifierSet(specifier), version)
    except InvalidSpecifier:
        return ["its version of Python cannot be read"]
    return [] if holds else [f"the kernel runs Python {version}"]


def _holds(specifier: SpecifierSet, version: str) -> bool:
    try:
        return specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:  # somebody's own build: nothing can be said against it
        return True
