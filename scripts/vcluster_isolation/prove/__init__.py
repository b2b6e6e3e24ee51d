"""What `prove` says beside the claims: what they assume, and which grants other tenants can use."""
