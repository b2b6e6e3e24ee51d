"""`diff`: which flows a change opens and closes."""
