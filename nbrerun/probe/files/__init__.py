"""The notebook's files: kept safe from every run, kept at every moment, and seen to be read and written.

`keeper` starts the kernel and cleans up after it. There are two ways of keeping files safe, and `sandbox`
chooses: `overlay` has the system do it (what a layer holds is read by `layer`), `scratch` works in a copy
(`mirror` makes it, `tree` brings it to a moment, `originals` undoes what is written elsewhere, and `guard`
says what is about to be written). `log` notes what a cell opens, `contents` says what a file's value is,
`handles` makes what is open a branch's own, and `delta` carries changed files elsewhere.
"""
