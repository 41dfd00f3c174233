"""Keeps the files on the disk safe from every run.

`keeper` runs beside the kernel: it starts the kernel in its sandbox and cleans up after it. `choose` picks one of two
ways: `overlay` has the system do it (`layer` reads what a layer holds), `copy` works in a copy (`mirror` makes it,
`tree` takes it to a moment, `undo` reverts what is written elsewhere). `handles` gives a branch its own descriptors.
"""
