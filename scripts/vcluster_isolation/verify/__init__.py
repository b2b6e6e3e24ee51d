"""`verify`: are the ports open, from where it is run."""
