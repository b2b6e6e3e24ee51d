"""`isolate --install --take-over`: from the policies of a vCluster's own release to ours, with no moment without."""
