"""Policies, ports and addresses in few words."""
