# Nodes of GKE carry a tag of their own, gke-CLUSTER-HASH-node; any other tag is yours to set on
# them.

gcloud compute firewall-rules create allow-k8s-api-to-vcluster-platform \
  --project=my-project \
  --network=my-network \
  --direction=INGRESS \
  --allow=tcp:8443,tcp:9443,tcp:9444 \
  --source-ranges=172.16.0.0/28 \
  --target-tags=gke-a-1234-node \
  '--description=API server to vCluster Platform: API services and webhook'

gcloud compute firewall-rules create allow-k8s-api-to-vcluster-platform-ipv6 \
  --project=my-project \
  --network=my-network \
  --direction=INGRESS \
  --allow=tcp:8443,tcp:9443,tcp:9444 \
  --source-ranges=fd00:a::/64 \
  --target-tags=gke-a-1234-node \
  '--description=API server to vCluster Platform: API services and webhook'

gcloud compute firewall-rules create allow-vcluster-platform-to-prometheus \
  --project=my-project \
  --network=my-network \
  --direction=INGRESS \
  --allow=tcp:9090 \
  --source-tags=gke-a-1234-node \
  --target-tags=gke-a-1234-node \
  '--description=Agent of vCluster Platform to Prometheus: cost metrics'

gcloud compute firewall-rules create allow-vcluster-dns-udp \
  --project=my-project \
  --network=my-network \
  --direction=INGRESS \
  --allow=udp:1053 \
  --source-tags=gke-a-1234-node \
  --target-tags=gke-a-1234-node \
  '--description=Node to node: DNS of vClusters'

gcloud compute firewall-rules create allow-vcluster-dns-tcp \
  --project=my-project \
  --network=my-network \
  --direction=INGRESS \
  --allow=tcp:1053 \
  --source-tags=gke-a-1234-node \
  --target-tags=gke-a-1234-node \
  '--description=Node to node: DNS of vClusters'
