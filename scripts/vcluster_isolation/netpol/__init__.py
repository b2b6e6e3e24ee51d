"""Network policies of every API: which kinds there are, and what is done about those that are not evaluated."""
