"""Answers about what is installed where the kernel runs."""

from __future__ import annotations

import platform

from .answering import answers
from .plugins.discovery import installed_version
from .process.import_hook import can_be_found
from .protocol import package_requests as ask


class PackageAnswers:
    """The part of the service that looks for modules and distributions, and imports none."""

    @answers(ask.LACKS)
    def lacks(self, request: ask.AskLacks) -> ask.Lacks:
        """Which top-level modules cannot be imported."""
        return {"modules": [name for name in request["modules"] if not can_be_found(name)]}

    @answers(ask.DISTRIBUTIONS)
    def distributions(self, request: ask.AskDistributions) -> ask.Distributions:
        """Which versions of distributions are installed."""
        found = {name: installed_version(name) for name in request["names"]}
        there = {name: version for name, version in found.items() if version}
        return {"python": platform.python_version(), "versions": there}
