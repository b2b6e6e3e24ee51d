"""The claims: sentences about the cast with bodies that a machine checks."""
