"""Firewall rules for the ports of the table: one list of rules, written for each provider by a module of its own."""
