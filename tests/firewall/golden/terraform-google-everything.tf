# Nodes of GKE carry a tag of their own, gke-CLUSTER-HASH-node; any other tag is yours to set on
# them.

resource "google_compute_firewall" "allow_k8s_api_to_vcluster_platform" {
  project       = "my-project"
  name          = "allow-k8s-api-to-vcluster-platform"
  network       = "projects/my-host/global/networks/shared"
  description   = "API server to vCluster Platform: API services and webhook"
  direction     = "INGRESS"
  source_ranges = ["172.16.0.0/28"]
  target_tags   = ["gke-a-1234-node"]

  allow {
    protocol = "tcp"
    ports    = ["8443", "9443", "9444"]
  }
}

resource "google_compute_firewall" "allow_k8s_api_to_vcluster_platform_ipv6" {
  project       = "my-project"
  name          = "allow-k8s-api-to-vcluster-platform-ipv6"
  network       = "projects/my-host/global/networks/shared"
  description   = "API server to vCluster Platform: API services and webhook"
  direction     = "INGRESS"
  source_ranges = ["fd00:a::/64"]
  target_tags   = ["gke-a-1234-node"]

  allow {
    protocol = "tcp"
    ports    = ["8443", "9443", "9444"]
  }
}

resource "google_compute_firewall" "allow_vcluster_platform_to_prometheus" {
  project     = "my-project"
  name        = "allow-vcluster-platform-to-prometheus"
  network     = "projects/my-host/global/networks/shared"
  description = "Agent of vCluster Platform to Prometheus: cost metrics"
  direction   = "INGRESS"
  source_tags = ["gke-a-1234-node"]
  target_tags = ["gke-a-1234-node"]

  allow {
    protocol = "tcp"
    ports    = ["9090"]
  }
}

resource "google_compute_firewall" "allow_vcluster_dns_udp" {
  project     = "my-project"
  name        = "allow-vcluster-dns-udp"
  network     = "projects/my-host/global/networks/shared"
  description = "Node to node: DNS of vClusters"
  direction   = "INGRESS"
  source_tags = ["gke-a-1234-node"]
  target_tags = ["gke-a-1234-node"]

  allow {
    protocol = "udp"
    ports    = ["1053"]
  }
}

resource "google_compute_firewall" "allow_vcluster_dns_tcp" {
  project     = "my-project"
  name        = "allow-vcluster-dns-tcp"
  network     = "projects/my-host/global/networks/shared"
  description = "Node to node: DNS of vClusters"
  direction   = "INGRESS"
  source_tags = ["gke-a-1234-node"]
  target_tags = ["gke-a-1234-node"]

  allow {
    protocol = "tcp"
    ports    = ["1053"]
  }
}
