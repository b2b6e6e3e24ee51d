"""What is proved about a vCluster: the cast of actors, the claims about them, and the proof."""
