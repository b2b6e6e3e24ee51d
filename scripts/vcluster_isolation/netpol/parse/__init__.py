"""Manifests become objects of the evaluator, and everything without a clear meaning is refused."""
