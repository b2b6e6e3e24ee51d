"""Set-up of a checkout: `.venv` with the pinned packages, `.tools/bin` with helm and kubeconform.

Runs on the machine's own Python before anything is installed: standard library only. It belongs to the
checkout and is left out of the wheel. `scripts/bootstrap` starts it.
"""
