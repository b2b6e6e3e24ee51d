# The module terraform-aws-eks (19 and later) opens TCP 1025 to 65535 between nodes: with it, UDP
# 1053 between nodes and TCP 9444 from the security group of the API server are what is missing.

aws ec2 authorize-security-group-ingress \
  --region=eu-central-1 \
  --group-id=sg-0123456789abcdef0 \
  --ip-permissions '[
    {"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443, "UserIdGroupPairs": [{"GroupId": "sg-0fedcba9876543210", "Description": "API server to vCluster Platform: API services and webhook"}]},
    {"IpProtocol": "tcp", "FromPort": 9443, "ToPort": 9443, "UserIdGroupPairs": [{"GroupId": "sg-0fedcba9876543210", "Description": "API server to vCluster Platform: API services and webhook"}]},
    {"IpProtocol": "tcp", "FromPort": 9444, "ToPort": 9444, "UserIdGroupPairs": [{"GroupId": "sg-0fedcba9876543210", "Description": "API server to vCluster Platform: API services and webhook"}]}
  ]'

aws ec2 authorize-security-group-ingress \
  --region=eu-central-1 \
  --group-id=sg-0123456789abcdef0 \
  --ip-permissions '[
    {"IpProtocol": "tcp", "FromPort": 9090, "ToPort": 9090, "UserIdGroupPairs": [{"GroupId": "sg-0123456789abcdef0", "Description": "Agent of vCluster Platform to Prometheus: cost metrics"}]}
  ]'

aws ec2 authorize-security-group-ingress \
  --region=eu-central-1 \
  --group-id=sg-01234567 \
  --ip-permissions '[
    {"IpProtocol": "tcp", "FromPort": 9090, "ToPort": 9090, "UserIdGroupPairs": [{"GroupId": "sg-0123456789abcdef0", "Description": "Agent of vCluster Platform to Prometheus: cost metrics"}]}
  ]'

aws ec2 authorize-security-group-ingress \
  --region=eu-central-1 \
  --group-id=sg-0123456789abcdef0 \
  --ip-permissions '[
    {"IpProtocol": "udp", "FromPort": 1053, "ToPort": 1053, "UserIdGroupPairs": [{"GroupId": "sg-0123456789abcdef0", "Description": "Node to node: DNS of vClusters"}]}
  ]'

aws ec2 authorize-security-group-ingress \
  --region=eu-central-1 \
  --group-id=sg-0123456789abcdef0 \
  --ip-permissions '[
    {"IpProtocol": "tcp", "FromPort": 1053, "ToPort": 1053, "UserIdGroupPairs": [{"GroupId": "sg-0123456789abcdef0", "Description": "Node to node: DNS of vClusters"}]}
  ]'
