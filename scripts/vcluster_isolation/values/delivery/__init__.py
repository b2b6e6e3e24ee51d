"""Values inside the objects of delivery tools: Argo CD, Flux, vCluster Platform and others."""
