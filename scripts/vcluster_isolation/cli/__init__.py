"""One module for each command of `vcluster-isolation`; each holds a click command named `command`."""
