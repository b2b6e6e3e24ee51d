# The module terraform-aws-eks (19 and later) opens TCP 1025 to 65535 between nodes: with it, UDP
# 1053 between nodes and TCP 9444 from the security group of the API server are what is missing.
# That module has aws_security_group_rule, which conflicts with the resources below on the same
# group: with it, write the same rules into its node_security_group_additional_rules.

resource "aws_vpc_security_group_ingress_rule" "allow_k8s_api_to_vcluster_platform_8443_from_172_16_0_0_28_to_sg_0123456789abcdef0" {
  security_group_id = "sg-0123456789abcdef0"
  description       = "API server to vCluster Platform: API services and webhook"
  ip_protocol       = "tcp"
  from_port         = 8443
  to_port           = 8443
  cidr_ipv4         = "172.16.0.0/28"
}

resource "aws_vpc_security_group_ingress_rule" "allow_k8s_api_to_vcluster_platform_8443_from_fd00_a___64_to_sg_0123456789abcdef0" {
  security_group_id = "sg-0123456789abcdef0"
  description       = "API server to vCluster Platform: API services and webhook"
  ip_protocol       = "tcp"
  from_port         = 8443
  to_port           = 8443
  cidr_ipv6         = "fd00:a::/64"
}

resource "aws_vpc_security_group_ingress_rule" "allow_k8s_api_to_vcluster_platform_9443_from_172_16_0_0_28_to_sg_0123456789abcdef0" {
  security_group_id = "sg-0123456789abcdef0"
  description       = "API server to vCluster Platform: API services and webhook"
  ip_protocol       = "tcp"
  from_port         = 9443
  to_port           = 9443
  cidr_ipv4         = "172.16.0.0/28"
}

resource "aws_vpc_security_group_ingress_rule" "allow_k8s_api_to_vcluster_platform_9443_from_fd00_a___64_to_sg_0123456789abcdef0" {
  security_group_id = "sg-0123456789abcdef0"
  description       = "API server to vCluster Platform: API services and webhook"
  ip_protocol       = "tcp"
  from_port         = 9443
  to_port           = 9443
  cidr_ipv6         = "fd00:a::/64"
}

resource "aws_vpc_security_group_ingress_rule" "allow_k8s_api_to_vcluster_platform_9444_from_172_16_0_0_28_to_sg_0123456789abcdef0" {
  security_group_id = "sg-0123456789abcdef0"
  description       = "API server to vCluster Platform: API services and webhook"
  ip_protocol       = "tcp"
  from_port         = 9444
  to_port           = 9444
  cidr_ipv4         = "172.16.0.0/28"
}

resource "aws_vpc_security_group_ingress_rule" "allow_k8s_api_to_vcluster_platform_9444_from_fd00_a___64_to_sg_0123456789abcdef0" {
  security_group_id = "sg-0123456789abcdef0"
  description       = "API server to vCluster Platform: API services and webhook"
  ip_protocol       = "tcp"
  from_port         = 9444
  to_port           = 9444
  cidr_ipv6         = "fd00:a::/64"
}

resource "aws_vpc_security_group_ingress_rule" "allow_vcluster_platform_to_prometheus_9090_from_sg_0123456789abcdef0_to_sg_01234567" {
  security_group_id            = "sg-01234567"
  description                  = "Agent of vCluster Platform to Prometheus: cost metrics"
  ip_protocol                  = "tcp"
  from_port                    = 9090
  to_port                      = 9090
  referenced_security_group_id = "sg-0123456789abcdef0"
}

resource "aws_vpc_security_group_ingress_rule" "allow_vcluster_dns_udp_1053_from_sg_0123456789abcdef0_to_sg_0123456789abcdef0" {
  security_group_id            = "sg-0123456789abcdef0"
  description                  = "Node to node: DNS of vClusters"
  ip_protocol                  = "udp"
  from_port                    = 1053
  to_port                      = 1053
  referenced_security_group_id = "sg-0123456789abcdef0"
}

resource "aws_vpc_security_group_ingress_rule" "allow_vcluster_dns_tcp_1053_from_sg_0123456789abcdef0_to_sg_0123456789abcdef0" {
  security_group_id            = "sg-0123456789abcdef0"
  description                  = "Node to node: DNS of vClusters"
  ip_protocol                  = "tcp"
  from_port                    = 1053
  to_port                      = 1053
  referenced_security_group_id = "sg-0123456789abcdef0"
}
