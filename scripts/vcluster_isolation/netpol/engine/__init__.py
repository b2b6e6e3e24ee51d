"""The evaluation itself: matching, classes of pods and addresses, sides and tiers."""
