"""Protect the files on disk from everything that a check runs.

`keeper` runs beside the kernel, in a process of its own: it starts the kernel in its sandbox and cleans up after it.
`choose` picks one of two implementations: `overlay` lets the system do the work (`layer` reads the changes from an
overlay's upper folder); `copy` runs the notebook in a scratch copy (`mirror` builds it, `tree` restores it to a
moment, `undo` reverts what the notebook writes elsewhere). `handles` gives a branch file descriptors of its own.
"""
