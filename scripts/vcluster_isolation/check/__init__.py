"""Everything that can be wrong with values and manifests, and who finds it."""
