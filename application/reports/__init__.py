"""How good a version is, in more than a few numbers."""
