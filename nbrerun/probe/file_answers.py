"""Answers about the notebook's files."""

from __future__ import annotations

from .answering import answers
from .files.session import NotebookFiles
from .protocol import file_requests as ask
from .protocol.requests import Empty


class FileAnswers:
    """The part of the service that keeps, changes and hands over files."""

    files: NotebookFiles

    @answers(ask.FORGET_FILES)
    def forget_files(self, request: ask.KeptFiles) -> Empty:
        """Forget the files that are kept under a name."""
        self.files.sandbox.forget(request["name"])
        return {}

    @answers(ask.LEAVE_FILES)
    def leave_files(self, _: Empty) -> Empty:
        """In the kernel, after a branch that shares its sandbox: see the kernel's own files again."""
        self.files.leave()
        return {}

    @answers(ask.REMOVE_FILES)
    def remove_files(self, request: ask.RemoveFiles) -> Empty:
        """Remove files, as if they had never been made."""
        self.files.remove(request["names"])
        return {}

    @answers(ask.SAVE_FILES)
    def save_files(self, request: ask.FilesFolder) -> Empty:
        """Write what the notebook has changed into a folder."""
        self.files.save(request["folder"])
        return {}

    @answers(ask.RESTORE_FILES)
    def restore_files(self, request: ask.FilesFolder) -> Empty:
        """Change the files as those of another kernel had been changed."""
        self.files.restore(request["folder"])
        return {}

    @answers(ask.FILES_ARE_FULL)
    def files_are_full(self, _: Empty) -> ask.Fullness:
        """Whether there is no more room for files."""
        return {"full": self.files.sandbox.is_full()}
