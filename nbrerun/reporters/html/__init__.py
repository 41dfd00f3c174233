"""One page in HTML for people: the notebook with its outputs, and beside every cell what running it again does.

`page` puts it together; one module makes each part. Whatever comes from a notebook reaches the page escaped, or through
`safe`, the one place that decides which markup may stay.
"""
