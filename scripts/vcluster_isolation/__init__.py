"""Isolate vClusters with NetworkPolicies, and prove that they are isolated."""

__version__ = "0.1.0"
