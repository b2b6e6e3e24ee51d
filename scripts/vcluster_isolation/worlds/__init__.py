"""The worlds in which claims are judged."""
