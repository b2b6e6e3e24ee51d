# Priorities are unique in a network security group; if one is taken, choose others with
# --first-priority.

az network nsg rule create \
  --resource-group=my-rg \
  --nsg-name=my-nsg \
  --name=allow-k8s-api-to-vcluster-platform \
  --priority=300 \
  --direction=Inbound \
  --access=Allow \
  --protocol=Tcp \
  --source-address-prefixes 10.9.0.0/28 \
  --source-port-ranges '*' \
  --destination-asgs my-asg \
  --destination-port-ranges 8443 9443 9444 \
  '--description=API server to vCluster Platform: API services and webhook'

az network nsg rule create \
  --resource-group=my-rg \
  --nsg-name=my-nsg \
  --name=allow-vcluster-platform-to-prometheus \
  --priority=301 \
  --direction=Inbound \
  --access=Allow \
  --protocol=Tcp \
  --source-asgs my-asg \
  --source-port-ranges '*' \
  --destination-asgs my-asg \
  --destination-port-ranges 9090 \
  '--description=Agent of vCluster Platform to Prometheus: cost metrics'

az network nsg rule create \
  --resource-group=my-rg \
  --nsg-name=my-nsg \
  --name=allow-vcluster-platform-to-prometheus-2 \
  --priority=302 \
  --direction=Inbound \
  --access=Allow \
  --protocol=Tcp \
  --source-asgs /subscriptions/0-1/resourceGroups/my-rg/providers/Microsoft.Network/applicationSecurityGroups/agents \
  --source-port-ranges '*' \
  --destination-asgs my-asg \
  --destination-port-ranges 9090 \
  '--description=Agent of vCluster Platform to Prometheus: cost metrics'

az network nsg rule create \
  --resource-group=my-rg \
  --nsg-name=my-nsg \
  --name=allow-vcluster-dns-udp \
  --priority=303 \
  --direction=Inbound \
  --access=Allow \
  --protocol=Udp \
  --source-asgs my-asg \
  --source-port-ranges '*' \
  --destination-asgs my-asg \
  --destination-port-ranges 1053 \
  '--description=Node to node: DNS of vClusters'

az network nsg rule create \
  --resource-group=my-rg \
  --nsg-name=my-nsg \
  --name=allow-vcluster-dns-tcp \
  --priority=304 \
  --direction=Inbound \
  --access=Allow \
  --protocol=Tcp \
  --source-asgs my-asg \
  --source-port-ranges '*' \
  --destination-asgs my-asg \
  --destination-port-ranges 1053 \
  '--description=Node to node: DNS of vClusters'
