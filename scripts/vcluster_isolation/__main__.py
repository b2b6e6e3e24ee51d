"""`python -m vcluster_isolation` is the same as the command `vcluster-isolation`."""

from vcluster_isolation.cli.app import main

if __name__ == "__main__":
    main()
