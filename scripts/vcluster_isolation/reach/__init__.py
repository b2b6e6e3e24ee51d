"""Who can reach whom: the evaluator of the NetworkPolicy v1 API, and of the cluster-scoped policies around it.

From the question down to its parts:

- `evaluate`: `Evaluator`, with the rules and what they leave open; `verdict`: its answers, and the two `Mode`s.
- `flows`, `classes`: all flows among many endpoints, class by class; `labels`: every label set that could be.
- `canonical`: tenants that differ in nothing but names are one.
- `parse` (with `parse_policy`, `parse_tiers`, `parse_tier_ports`, `parse_pod`, `fields`), `stream`: from manifests, or
  the JSON of a whole cluster.
- `model`: namespaces, pods, policies; `tiers`: cluster-scoped policies; `ports`, `addresses`: the sets they speak of,
  made of `intervals`.
- `match`, `rulebook`, `sides`, `index`: the inside of the evaluator; `tier_match`, `tier_sides`, `tier_index`: with
  tiers.
"""
