"""`connectivity`: who reaches whom, as a matrix."""
