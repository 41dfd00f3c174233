"""What runs inside the notebook's kernel: reads its state, holds its moments, runs cells again.

The kernel may be another environment and an older Python (3.9 and up), so this package uses the
standard library only and nothing of nbrerun outside of itself. It is loaded by file path under a
private name and reaches numpy and friends only through `sys.modules`. It binds no name in the
notebook's namespace, adds nothing to its history and leaves its execution counts alone.
"""
