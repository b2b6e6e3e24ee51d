"""Rewriting deprecated keys of a values file, and nothing else of it."""
