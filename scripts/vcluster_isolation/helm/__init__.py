"""Rendering the chart: running helm, caching renders, notes, packages, and the comments of rules."""
