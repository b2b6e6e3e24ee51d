# Priorities are unique in a network security group; if one is taken, choose others with
# --first-priority.

az network nsg rule create \
  --resource-group=my-rg \
  --nsg-name=my-nsg \
  --name=allow-k8s-api-to-vcluster-platform \
  --priority=1000 \
  --direction=Inbound \
  --access=Allow \
  --protocol=Tcp \
  --source-address-prefixes 172.16.0.0/28 \
  --source-port-ranges '*' \
  --destination-address-prefixes 10.0.0.0/16 \
  --destination-port-ranges 8443 9443 9444 \
  '--description=API server to vCluster Platform: API services and webhook'

az network nsg rule create \
  --resource-group=my-rg \
  --nsg-name=my-nsg \
  --name=allow-k8s-api-to-vcluster-platform-2 \
  --priority=1001 \
  --direction=Inbound \
  --access=Allow \
  --protocol=Tcp \
  --source-address-prefixes fd00:a::/64 \
  --source-port-ranges '*' \
  --destination-address-prefixes fd00:b::/64 \
  --destination-port-ranges 8443 9443 9444 \
  '--description=API server to vCluster Platform: API services and webhook'

az network nsg rule create \
  --resource-group=my-rg \
  --nsg-name=my-nsg \
  --name=allow-vcluster-platform-to-prometheus \
  --priority=1002 \
  --direction=Inbound \
  --access=Allow \
  --protocol=Tcp \
  --source-address-prefixes 10.0.0.0/24 \
  --source-port-ranges '*' \
  --destination-address-prefixes 10.0.1.0/24 \
  --destination-port-ranges 9090 \
  '--description=Agent of vCluster Platform to Prometheus: cost metrics'

az network nsg rule create \
  --resource-group=my-rg \
  --nsg-name=my-nsg \
  --name=allow-vcluster-dns-udp \
  --priority=1003 \
  --direction=Inbound \
  --access=Allow \
  --protocol=Udp \
  --source-address-prefixes 10.0.0.0/16 \
  --source-port-ranges '*' \
  --destination-address-prefixes 10.0.0.0/16 \
  --destination-port-ranges 1053 \
  '--description=Node to node: DNS of vClusters'

az network nsg rule create \
  --resource-group=my-rg \
  --nsg-name=my-nsg \
  --name=allow-vcluster-dns-udp-2 \
  --priority=1004 \
  --direction=Inbound \
  --access=Allow \
  --protocol=Udp \
  --source-address-prefixes fd00:b::/64 \
  --source-port-ranges '*' \
  --destination-address-prefixes fd00:b::/64 \
  --destination-port-ranges 1053 \
  '--description=Node to node: DNS of vClusters'

az network nsg rule create \
  --resource-group=my-rg \
  --nsg-name=my-nsg \
  --name=allow-vcluster-dns-tcp \
  --priority=1005 \
  --direction=Inbound \
  --access=Allow \
  --protocol=Tcp \
  --source-address-prefixes 10.0.0.0/16 \
  --source-port-ranges '*' \
  --destination-address-prefixes 10.0.0.0/16 \
  --destination-port-ranges 1053 \
  '--description=Node to node: DNS of vClusters'

az network nsg rule create \
  --resource-group=my-rg \
  --nsg-name=my-nsg \
  --name=allow-vcluster-dns-tcp-2 \
  --priority=1006 \
  --direction=Inbound \
  --access=Allow \
  --protocol=Tcp \
  --source-address-prefixes fd00:b::/64 \
  --source-port-ranges '*' \
  --destination-address-prefixes fd00:b::/64 \
  --destination-port-ranges 1053 \
  '--description=Node to node: DNS of vClusters'
