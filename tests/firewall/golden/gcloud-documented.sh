# Nodes of GKE carry a tag of their own, gke-CLUSTER-HASH-node; any other tag is yours to set on
# them.
# Left out: dns (Node to node: DNS of vClusters). Ask for it with --for dns.

gcloud compute firewall-rules create allow-k8s-api-to-vcluster-platform \
  --network=my-network \
  --direction=INGRESS \
  --allow=tcp:8443,tcp:9443,tcp:9444 \
  --source-ranges=172.16.0.0/28 \
  --target-tags=vcluster-platform \
  '--description=API server to vCluster Platform: API services and webhook'

gcloud compute firewall-rules create allow-vcluster-platform-to-prometheus \
  --network=my-network \
  --direction=INGRESS \
  --allow=tcp:9090 \
  --source-ranges=10.0.0.5/32 \
  --target-tags=prometheus \
  '--description=Agent of vCluster Platform to Prometheus: cost metrics'
