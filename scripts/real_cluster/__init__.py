"""A Kubernetes cluster on one Linux machine, for tests: a real API server and a real agent, pods without containers.

Nodes and pods are network namespaces. What needs the machine's own network listens on 127.0.0.1; everything else is in
namespaces that the cluster makes for itself, and that the kernel removes with its last process.
"""
