# Nodes of GKE carry a tag of their own, gke-CLUSTER-HASH-node; any other tag is yours to set on
# them.
# Left out: dns (Node to node: DNS of vClusters). Ask for it with --for dns.

resource "google_compute_firewall" "allow_k8s_api_to_vcluster_platform" {
  name          = "allow-k8s-api-to-vcluster-platform"
  network       = "my-network"
  description   = "API server to vCluster Platform: API services and webhook"
  direction     = "INGRESS"
  source_ranges = ["172.16.0.0/28"]
  target_tags   = ["vcluster-platform"]

  allow {
    protocol = "tcp"
    ports    = ["8443", "9443", "9444"]
  }
}

resource "google_compute_firewall" "allow_vcluster_platform_to_prometheus" {
  name          = "allow-vcluster-platform-to-prometheus"
  network       = "my-network"
  description   = "Agent of vCluster Platform to Prometheus: cost metrics"
  direction     = "INGRESS"
  source_ranges = ["10.0.0.5/32"]
  target_tags   = ["prometheus"]

  allow {
    protocol = "tcp"
    ports    = ["9090"]
  }
}
