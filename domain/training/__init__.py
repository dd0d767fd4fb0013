"""Training jobs: from request to a registered version."""
