"""What is judged: a vCluster or vCluster Platform, from values or from manifests."""
