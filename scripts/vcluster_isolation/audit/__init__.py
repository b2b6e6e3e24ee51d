"""`audit`: which claims hold for each vCluster of a running host cluster."""
