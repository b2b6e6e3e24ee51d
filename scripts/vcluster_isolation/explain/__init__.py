"""`explain`: the policies and rules behind one verdict."""
