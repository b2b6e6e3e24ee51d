"""The one door to values: plain values files, and the values that stand inside other objects of a delivery tool.

`releases.read` sorts what files hold into Helm releases with their values, manifests, and what is passed over. Each
value keeps the file and line at which it was written, also inside a block scalar of another document. What cannot be
resolved from the files alone is a problem, never a default.
"""
