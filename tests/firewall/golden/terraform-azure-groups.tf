# Priorities are unique in a network security group; if one is taken, choose others with
# --first-priority.
# Network security groups with rules in line cannot have the resources below as well.

resource "azurerm_network_security_rule" "allow_k8s_api_to_vcluster_platform" {
  resource_group_name                        = "my-rg"
  network_security_group_name                = "my-nsg"
  name                                       = "allow-k8s-api-to-vcluster-platform"
  description                                = "API server to vCluster Platform: API services and webhook"
  priority                                   = 300
  direction                                  = "Inbound"
  access                                     = "Allow"
  protocol                                   = "Tcp"
  source_port_range                          = "*"
  source_address_prefixes                    = ["10.9.0.0/28"]
  destination_port_ranges                    = ["8443", "9443", "9444"]
  destination_application_security_group_ids = ["/subscriptions/0-1/resourceGroups/my-rg/providers/Microsoft.Network/applicationSecurityGroups/nodes"]
}

resource "azurerm_network_security_rule" "allow_vcluster_platform_to_prometheus" {
  resource_group_name                        = "my-rg"
  network_security_group_name                = "my-nsg"
  name                                       = "allow-vcluster-platform-to-prometheus"
  description                                = "Agent of vCluster Platform to Prometheus: cost metrics"
  priority                                   = 301
  direction                                  = "Inbound"
  access                                     = "Allow"
  protocol                                   = "Tcp"
  source_port_range                          = "*"
  source_application_security_group_ids      = ["/subscriptions/0-1/resourceGroups/my-rg/providers/Microsoft.Network/applicationSecurityGroups/agents"]
  destination_port_ranges                    = ["9090"]
  destination_application_security_group_ids = ["/subscriptions/0-1/resourceGroups/my-rg/providers/Microsoft.Network/applicationSecurityGroups/nodes"]
}

resource "azurerm_network_security_rule" "allow_vcluster_dns_udp" {
  resource_group_name                        = "my-rg"
  network_security_group_name                = "my-nsg"
  name                                       = "allow-vcluster-dns-udp"
  description                                = "Node to node: DNS of vClusters"
  priority                                   = 302
  direction                                  = "Inbound"
  access                                     = "Allow"
  protocol                                   = "Udp"
  source_port_range                          = "*"
  source_application_security_group_ids      = ["/subscriptions/0-1/resourceGroups/my-rg/providers/Microsoft.Network/applicationSecurityGroups/nodes"]
  destination_port_ranges                    = ["1053"]
  destination_application_security_group_ids = ["/subscriptions/0-1/resourceGroups/my-rg/providers/Microsoft.Network/applicationSecurityGroups/nodes"]
}

resource "azurerm_network_security_rule" "allow_vcluster_dns_tcp" {
  resource_group_name                        = "my-rg"
  network_security_group_name                = "my-nsg"
  name                                       = "allow-vcluster-dns-tcp"
  description                                = "Node to node: DNS of vClusters"
  priority                                   = 303
  direction                                  = "Inbound"
  access                                     = "Allow"
  protocol                                   = "Tcp"
  source_port_range                          = "*"
  source_application_security_group_ids      = ["/subscriptions/0-1/resourceGroups/my-rg/providers/Microsoft.Network/applicationSecurityGroups/nodes"]
  destination_port_ranges                    = ["1053"]
  destination_application_security_group_ids = ["/subscriptions/0-1/resourceGroups/my-rg/providers/Microsoft.Network/applicationSecurityGroups/nodes"]
}
