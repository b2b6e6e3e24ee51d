# The module terraform-aws-eks (19 and later) opens TCP 1025 to 65535 between nodes: with it, UDP
# 1053 between nodes and TCP 9444 from the security group of the API server are what is missing.
# Left out: prometheus (Agent of vCluster Platform to Prometheus: cost metrics). Ask for it with
# --for prometheus.
# Left out: dns (Node to node: DNS of vClusters). Ask for it with --for dns.

aws ec2 authorize-security-group-ingress \
  --group-id=sg-0123456789abcdef0 \
  --ip-permissions '[
    {"IpProtocol": "tcp", "FromPort": 9443, "ToPort": 9443, "IpRanges": [{"CidrIp": "172.16.0.0/28", "Description": "API server to the agent of vCluster Platform: API service and webhook"}, {"CidrIp": "172.17.0.0/28", "Description": "API server to the agent of vCluster Platform: API service and webhook"}], "Ipv6Ranges": [{"CidrIpv6": "fd00:a::/64", "Description": "API server to the agent of vCluster Platform: API service and webhook"}]},
    {"IpProtocol": "tcp", "FromPort": 9444, "ToPort": 9444, "IpRanges": [{"CidrIp": "172.16.0.0/28", "Description": "API server to the agent of vCluster Platform: API service and webhook"}, {"CidrIp": "172.17.0.0/28", "Description": "API server to the agent of vCluster Platform: API service and webhook"}], "Ipv6Ranges": [{"CidrIpv6": "fd00:a::/64", "Description": "API server to the agent of vCluster Platform: API service and webhook"}]}
  ]'
