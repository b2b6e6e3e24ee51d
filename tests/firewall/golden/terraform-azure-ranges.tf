# Priorities are unique in a network security group; if one is taken, choose others with
# --first-priority.
# Network security groups with rules in line cannot have the resources below as well.

resource "azurerm_network_security_rule" "allow_k8s_api_to_vcluster_platform" {
  resource_group_name          = "my-rg"
  network_security_group_name  = "my-nsg"
  name                         = "allow-k8s-api-to-vcluster-platform"
  description                  = "API server to vCluster Platform: API services and webhook"
  priority                     = 1000
  direction                    = "Inbound"
  access                       = "Allow"
  protocol                     = "Tcp"
  source_port_range            = "*"
  source_address_prefixes      = ["172.16.0.0/28"]
  destination_port_ranges      = ["8443", "9443", "9444"]
  destination_address_prefixes = ["10.0.0.0/16"]
}

resource "azurerm_network_security_rule" "allow_k8s_api_to_vcluster_platform_2" {
  resource_group_name          = "my-rg"
  network_security_group_name  = "my-nsg"
  name                         = "allow-k8s-api-to-vcluster-platform-2"
  description                  = "API server to vCluster Platform: API services and webhook"
  priority                     = 1001
  direction                    = "Inbound"
  access                       = "Allow"
  protocol                     = "Tcp"
  source_port_range            = "*"
  source_address_prefixes      = ["fd00:a::/64"]
  destination_port_ranges      = ["8443", "9443", "9444"]
  destination_address_prefixes = ["fd00:b::/64"]
}

resource "azurerm_network_security_rule" "allow_vcluster_platform_to_prometheus" {
  resource_group_name          = "my-rg"
  network_security_group_name  = "my-nsg"
  name                         = "allow-vcluster-platform-to-prometheus"
  description                  = "Agent of vCluster Platform to Prometheus: cost metrics"
  priority                     = 1002
  direction                    = "Inbound"
  access                       = "Allow"
  protocol                     = "Tcp"
  source_port_range            = "*"
  source_address_prefixes      = ["10.0.0.0/24"]
  destination_port_ranges      = ["9090"]
  destination_address_prefixes = ["10.0.1.0/24"]
}

resource "azurerm_network_security_rule" "allow_vcluster_dns_udp" {
  resource_group_name          = "my-rg"
  network_security_group_name  = "my-nsg"
  name                         = "allow-vcluster-dns-udp"
  description                  = "Node to node: DNS of vClusters"
  priority                     = 1003
  direction                    = "Inbound"
  access                       = "Allow"
  protocol                     = "Udp"
  source_port_range            = "*"
  source_address_prefixes      = ["10.0.0.0/16"]
  destination_port_ranges      = ["1053"]
  destination_address_prefixes = ["10.0.0.0/16"]
}

resource "azurerm_network_security_rule" "allow_vcluster_dns_udp_2" {
  resource_group_name          = "my-rg"
  network_security_group_name  = "my-nsg"
  name                         = "allow-vcluster-dns-udp-2"
  description                  = "Node to node: DNS of vClusters"
  priority                     = 1004
  direction                    = "Inbound"
  access                       = "Allow"
  protocol                     = "Udp"
  source_port_range            = "*"
  source_address_prefixes      = ["fd00:b::/64"]
  destination_port_ranges      = ["1053"]
  destination_address_prefixes = ["fd00:b::/64"]
}

resource "azurerm_network_security_rule" "allow_vcluster_dns_tcp" {
  resource_group_name          = "my-rg"
  network_security_group_name  = "my-nsg"
  name                         = "allow-vcluster-dns-tcp"
  description                  = "Node to node: DNS of vClusters"
  priority                     = 1005
  direction                    = "Inbound"
  access                       = "Allow"
  protocol                     = "Tcp"
  source_port_range            = "*"
  source_address_prefixes      = ["10.0.0.0/16"]
  destination_port_ranges      = ["1053"]
  destination_address_prefixes = ["10.0.0.0/16"]
}

resource "azurerm_network_security_rule" "allow_vcluster_dns_tcp_2" {
  resource_group_name          = "my-rg"
  network_security_group_name  = "my-nsg"
  name                         = "allow-vcluster-dns-tcp-2"
  description                  = "Node to node: DNS of vClusters"
  priority                     = 1006
  direction                    = "Inbound"
  access                       = "Allow"
  protocol                     = "Tcp"
  source_port_range            = "*"
  source_address_prefixes      = ["fd00:b::/64"]
  destination_port_ranges      = ["1053"]
  destination_address_prefixes = ["fd00:b::/64"]
}
