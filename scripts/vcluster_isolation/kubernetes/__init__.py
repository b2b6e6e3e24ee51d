"""What holds of every object of the Kubernetes API: JSON types, names and labels, CIDRs, one object of a name."""
