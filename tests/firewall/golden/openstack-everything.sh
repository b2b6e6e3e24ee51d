openstack security group rule create \
  --ingress \
  --ethertype=IPv4 \
  --protocol=tcp \
  --dst-port=8443 \
  --remote-ip=172.16.0.0/28 \
  '--description=API server to vCluster Platform: API services and webhook' \
  my-nodes

openstack security group rule create \
  --ingress \
  --ethertype=IPv6 \
  --protocol=tcp \
  --dst-port=8443 \
  --remote-ip=fd00:a::/64 \
  '--description=API server to vCluster Platform: API services and webhook' \
  my-nodes

openstack security group rule create \
  --ingress \
  --ethertype=IPv4 \
  --protocol=tcp \
  --dst-port=9443 \
  --remote-ip=172.16.0.0/28 \
  '--description=API server to vCluster Platform: API services and webhook' \
  my-nodes

openstack security group rule create \
  --ingress \
  --ethertype=IPv6 \
  --protocol=tcp \
  --dst-port=9443 \
  --remote-ip=fd00:a::/64 \
  '--description=API server to vCluster Platform: API services and webhook' \
  my-nodes

openstack security group rule create \
  --ingress \
  --ethertype=IPv4 \
  --protocol=tcp \
  --dst-port=9444 \
  --remote-ip=172.16.0.0/28 \
  '--description=API server to vCluster Platform: API services and webhook' \
  my-nodes

openstack security group rule create \
  --ingress \
  --ethertype=IPv6 \
  --protocol=tcp \
  --dst-port=9444 \
  --remote-ip=fd00:a::/64 \
  '--description=API server to vCluster Platform: API services and webhook' \
  my-nodes

openstack security group rule create \
  --ingress \
  --ethertype=IPv4 \
  --protocol=tcp \
  --dst-port=9090 \
  --remote-group=my-nodes \
  '--description=Agent of vCluster Platform to Prometheus: cost metrics' \
  my-nodes

openstack security group rule create \
  --ingress \
  --ethertype=IPv6 \
  --protocol=tcp \
  --dst-port=9090 \
  --remote-group=my-nodes \
  '--description=Agent of vCluster Platform to Prometheus: cost metrics' \
  my-nodes

openstack security group rule create \
  --ingress \
  --ethertype=IPv4 \
  --protocol=udp \
  --dst-port=1053 \
  --remote-group=my-nodes \
  '--description=Node to node: DNS of vClusters' \
  my-nodes

openstack security group rule create \
  --ingress \
  --ethertype=IPv6 \
  --protocol=udp \
  --dst-port=1053 \
  --remote-group=my-nodes \
  '--description=Node to node: DNS of vClusters' \
  my-nodes

openstack security group rule create \
  --ingress \
  --ethertype=IPv4 \
  --protocol=tcp \
  --dst-port=1053 \
  --remote-group=my-nodes \
  '--description=Node to node: DNS of vClusters' \
  my-nodes

openstack security group rule create \
  --ingress \
  --ethertype=IPv6 \
  --protocol=tcp \
  --dst-port=1053 \
  --remote-group=my-nodes \
  '--description=Node to node: DNS of vClusters' \
  my-nodes
