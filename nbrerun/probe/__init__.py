"""The probe: the part of nbrerun that runs inside the notebook's kernel.

It reads the kernel's state, keeps its moments and runs cells again. The kernel may belong to another environment and
an older Python (3.9 and up), so the probe uses the standard library only and nothing else of nbrerun. It is loaded by
file path under a private name, and takes other libraries from `sys.modules` without importing them. It binds no name
in the notebook's namespace, adds nothing to its history and does not change its execution counts.
"""
