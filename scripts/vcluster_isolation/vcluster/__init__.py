"""What vCluster itself is to us: its names, labels and roles in a host cluster."""
