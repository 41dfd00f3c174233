"""A process that has imported what notebooks import, and forks a kernel where Python would be started anew.

`server` is that process. `provisioner` asks it for kernels; Jupyter's own setting
`JUPYTER_DEFAULT_PROVISIONER_NAME` puts it in place, so nothing in nbrerun knows of it.
"""
