"""What the evaluator knows of a cluster, and what it answers."""
