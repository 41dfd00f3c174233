"""The notebook's files: kept safe from every run, kept at every moment, and seen to be read and written.

`keeper` starts the kernel and cleans up after it; `overlay` and `scratch` are the two ways of keeping
files safe, chosen in `setup`; `log` notes what a cell opens; `table` says what a file's value is.
"""
