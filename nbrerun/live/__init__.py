"""nbrerun in a kernel that somebody works in: `%load_ext nbrerun`.

`session` and `magics` run in the kernel. `analyst` is a process beside it, which judges cells with the same experiments
and rules as a check: the kernel forks itself before and after a cell, and these forks are the moments of its engine.
"""
