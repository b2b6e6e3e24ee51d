"""Sets of addresses and of ports, as intervals."""
